"""What goes on around people: heartbeats, short breaks of the line, planned work, passers-by and animals,
lifts, gatherings in the yard, reports of residents. Pure.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from random import Random

from eventlog.vocabulary import (
    CameraCrowd,
    DeviceHeartbeat,
    DeviceOffline,
    DeviceOnline,
    Event,
    GatheringRemoved,
    GatheringSet,
    MaintenanceRemoved,
    MaintenanceSet,
    ReportSubmitted,
)
from simulators.day.moments import DAY_US, HOUR_US, MINUTE_US, SECOND_US, midnight_us, share, utc
from simulators.day.registers import both_languages
from simulators.day.scene import Scene
from simulators.day.truth import Emission
from simulators.day.weather import Span, festive
from simulators.day.world import Device, EstateWorld

BREAKS_A_DAY = 5
"""Short breaks of a device's line; the device is back before anybody need care."""
BREAK_S_MAX = 14.0
WORK_SHARE = 1 / 6
"""Days with planned work on a camera."""
WORK_FROM_H, WORK_UNTIL_H = 10.0, 11.0
PASSERS_BY_A_GATE = 110
AT_FENCE_A_NIGHT = 40
ANIMALS_A_NIGHT = 5
RIDES_A_LIFT = 60
STOPS_A_FIRE_LANE = 5
FESTIVAL_FROM_H, FESTIVAL_UNTIL_H = 18.0, 21.5
FESTIVAL_COUNT = (55, 130)
DANCE_FROM_H, DANCE_UNTIL_H = 19.5, 20.5
DANCE_COUNT = (9, 17)
HOMES_A_REPORT = 150
CATEGORIES = ("noise", "parking", "lighting", "stairwell", "rubbish", "lift")


def planned(estate: EstateWorld, on: date, seed: int) -> Iterator[tuple[int, Event]]:
    """The announced gatherings and the planned work of a date, known from midnight; yesterday's go."""
    start_us = midnight_us(on)
    if festive(estate.id, on, seed):
        yield (
            start_us,
            GatheringSet.model_construct(
                gathering=f"festival-{on:%m%d}",
                zones=("yard",),
                starts_at=utc(start_us + int((FESTIVAL_FROM_H - 0.5) * HOUR_US)),
                ends_at=utc(start_us + int((FESTIVAL_UNTIL_H + 0.5) * HOUR_US)),
                name=both_languages("节日活动", "festival"),
            ),
        )
    if camera := camera_at_work(estate, on, seed):
        yield (
            start_us,
            MaintenanceSet.model_construct(
                maintenance=f"work-{on:%m%d}",
                starts_at=utc(start_us + int(WORK_FROM_H * HOUR_US)),
                ends_at=utc(start_us + int(WORK_UNTIL_H * HOUR_US)),
                devices=(camera,),
            ),
        )
    before = on - timedelta(days=1)
    if festive(estate.id, before, seed):
        yield start_us, GatheringRemoved.model_construct(entry=f"festival-{before:%m%d}")
    if camera_at_work(estate, before, seed):
        yield start_us, MaintenanceRemoved.model_construct(entry=f"work-{before:%m%d}")


def camera_at_work(estate: EstateWorld, on: date, seed: int) -> str | None:
    """The camera that is worked on that day, if any: one of the perimeter's, where others see as well."""
    if share(seed, estate.id, on, "work") >= WORK_SHARE:
        return None
    cameras = estate.cameras["perimeter"]
    return cameras[int(share(seed, estate.id, on, "which") * len(cameras))]


def surround(scene: Scene) -> None:
    """All of it for the day of a scene."""
    away = _breaks(scene, scene.numbers("breaks"))
    for device in scene.estate.devices:
        if device.heartbeat_s:
            scene.out += _beats(scene, device, away.get(device.id, ()))
    _passers_by(scene, scene.numbers("passers-by"))
    _animals(scene, scene.numbers("animals"))
    _lifts(scene, scene.numbers("lifts"))
    _fire_lanes(scene, scene.numbers("fire lanes"))
    _yard(scene, scene.numbers("yard"))
    _reports(scene, scene.numbers("reports"))


def _beats(scene: Scene, device: Device, away: tuple[Span, ...]) -> Iterator[Emission]:
    every_us = device.heartbeat_s * SECOND_US
    first_us = int(share(scene.estate.id, device.id, "beat") * every_us)
    age_s = int(share(scene.estate.id, device.id, "age") * 8_000_000)
    for at_us in range(scene.start_us + first_us, scene.end_us, every_us):
        if any(start <= at_us < end for start, end in away):
            continue
        uptime_s = float(age_s + (at_us - scene.start_us) // SECOND_US)
        event = DeviceHeartbeat.model_construct(battery=None, uptime_s=uptime_s)
        yield Emission(at_us, device.id, device.family, event)


def _breaks(scene: Scene, numbers: Random) -> dict[str, tuple[Span, ...]]:
    """When which devices have no line."""
    estate = scene.estate
    found: dict[str, tuple[Span, ...]] = {}
    devices = [each for each in estate.devices if each.heartbeat_s and not each.id.startswith("nvr-")]
    for device in numbers.sample(devices, min(BREAKS_A_DAY, len(devices) // 8)):
        at_us = scene.start_us + int(numbers.random() * (DAY_US - MINUTE_US))
        span = (at_us, at_us + int(numbers.uniform(2.0, BREAK_S_MAX) * SECOND_US))
        found[device.id] = (span,)
    if camera := camera_at_work(estate, scene.on, scene.seed):
        from_us = scene.start_us + int((WORK_FROM_H + 0.1) * HOUR_US)
        found[camera] = ((from_us, from_us + int(numbers.uniform(20.0, 40.0) * MINUTE_US)),)
    for name, spans in found.items():
        device = estate.device[name]
        for number, (start_us, end_us) in enumerate(spans):
            session = f"{scene.on:%m%d}-{number}"
            off = DeviceOffline.model_construct(device=name, session=f"{session}-before")
            on = DeviceOnline.model_construct(device=name, session=f"{session}-after")
            scene.out.append(Emission(start_us, name, device.family, off))
            scene.out.append(Emission(end_us, name, device.family, on))
    return found


def _passers_by(scene: Scene, numbers: Random) -> None:
    """Phones in the street: nearly all make up their addresses."""
    for zone in scene.estate.probes:
        if zone in scene.estate.zones_of("gate"):
            for _ in range(PASSERS_BY_A_GATE):
                hour = numbers.triangular(5.5, 23.5, 17.0)
                scene.probe(zone, scene.start_us + int(hour * HOUR_US), None, numbers)
    for _ in range(AT_FENCE_A_NIGHT):
        hour = numbers.choice((numbers.uniform(0.0, 6.0), numbers.uniform(20.0, 24.0)))
        scene.probe("perimeter", scene.start_us + int(hour * HOUR_US), None, numbers)


def _animals(scene: Scene, numbers: Random) -> None:
    for _ in range(ANIMALS_A_NIGHT):
        hour = numbers.choice((numbers.uniform(0.0, 5.5), numbers.uniform(22.0, 23.9)))
        at_us = scene.start_us + int(hour * HOUR_US)
        which = numbers.randrange(100)
        label = numbers.choice(("cat", "dog"))
        scene.see("perimeter", at_us, numbers.uniform(3.0, 40.0), numbers, label=label, which=which)


def _lifts(scene: Scene, numbers: Random) -> None:
    for zone in scene.estate.zones_of("lift"):
        for _ in range(RIDES_A_LIFT):
            hour = numbers.choice((numbers.gauss(7.8, 0.8), numbers.gauss(18.2, 1.4), numbers.uniform(6, 23)))
            at_us = scene.start_us + int(hour * HOUR_US)
            label = "bicycle" if numbers.random() < 0.02 else "person"
            scene.see(zone, at_us, numbers.uniform(12.0, 45.0), numbers, label=label)


def _fire_lanes(scene: Scene, numbers: Random) -> None:
    """Cars that stop to let somebody out, and drive on."""
    for zone in scene.estate.zones_of("fire_lane"):
        for _ in range(STOPS_A_FIRE_LANE):
            at_us = scene.start_us + int(numbers.uniform(7.0, 22.0) * HOUR_US)
            scene.see(zone, at_us, numbers.uniform(8.0, 90.0), numbers, label="car")


def _yard(scene: Scene, numbers: Random) -> None:
    """The evening's dance, or the festival: cameras count the people."""
    if festive(scene.estate.id, scene.on, scene.seed):
        _count(scene, (FESTIVAL_FROM_H, FESTIVAL_UNTIL_H), FESTIVAL_COUNT, 60, numbers)
    elif not scene.weather.rain and not scene.weather.storm:
        _count(scene, (DANCE_FROM_H, DANCE_UNTIL_H), DANCE_COUNT, 120, numbers)


def _count(
    scene: Scene, hours: tuple[float, float], people: tuple[int, int], every_s: int, numbers: Random
) -> None:
    camera = scene.estate.cameras["yard"][0]
    from_us, until_us = (scene.start_us + int(hour * HOUR_US) for hour in hours)
    for at_us in range(from_us, until_us, every_s * SECOND_US):
        event = CameraCrowd.model_construct(zone="yard", count=numbers.randint(*people))
        scene.out.append(Emission(at_us, camera, "camera", event))


def _reports(scene: Scene, numbers: Random) -> None:
    estate = scene.estate
    for _ in range(len(estate.homes) // HOMES_A_REPORT + 1):
        at_us = scene.start_us + int(numbers.triangular(7.0, 22.5, 19.0) * HOUR_US)
        category = numbers.choice(CATEGORIES)
        event = ReportSubmitted.model_construct(
            channel=numbers.choice(("phone", "app", "hotline", "grid_worker")),
            category=category,
            text=f"{category}, made up for the simulation",
            location=numbers.choice(estate.homes).building,
        )
        scene.out.append(Emission(at_us, "desk", "report", event))
