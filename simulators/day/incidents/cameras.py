"""Incidents that cameras see, and their harmless doubles."""

from __future__ import annotations

from datetime import timedelta

from eventlog.times import from_us
from eventlog.vocabulary import (
    CameraCrowd,
    CameraFall,
    CameraFireSmoke,
    CameraObjectLeft,
    CameraRestored,
    CameraTamper,
    FaceUnknown,
    GatheringSet,
    MaintenanceSet,
    PatrolCheckpoint,
    PatrolPosition,
    ProbeSighting,
)
from simulators.day.incidents.tools import HOUR_US, MINUTE_US, SECOND_US, Cast, Tale
from simulators.day.patrols import position


def intrusion(c: Cast) -> Tale:
    """Somebody is in the perimeter strip at night; who has eyes waits until the patrol is past."""
    at_us = c.unpatrolled(lambda: c.at(22.2, 29.8))
    camera = c.camera("perimeter")
    c.sees(camera, "perimeter", at_us, at_us + c.seconds(8, 240))
    return c.tell("perimeter", camera, at_us, "somebody is inside the fence at night")


def intrusion_double(c: Cast) -> Tale:
    """A cat or a dog at night; a gardener by day; a guard who looks after a noise."""
    camera = c.camera("perimeter")
    pick = c.numbers.random()
    if pick < 0.5:
        at_us = c.at(22.2, 29.8)
        c.sees(camera, "perimeter", at_us, at_us + c.seconds(5, 60), c.choice(("cat", "dog")))
        return c.tell("perimeter", camera, at_us, "an animal at the fence")
    if pick < 0.75:
        at_us = c.at(8, 17)
        c.sees(camera, "perimeter", at_us, at_us + c.seconds(300, 1_800))
        return c.tell("perimeter", camera, at_us, "a gardener at the fence by day")
    at_us = c.at(22.5, 29.5)
    squad = c.choice(each for each in c.estate.squads if each.kind == "full_time")
    point = c.choice(p for p, zone in c.estate.checkpoints.items() if zone == "perimeter")
    member = c.choice(squad.members)
    checks_us = at_us - c.seconds(15, 100)
    who = {"member": member, "squad": squad.id}
    # As on a round: the phone tells where it is on coming into the zone, too.
    place = position(c.estate, "perimeter", c.numbers)
    c.say(
        checks_us - 5 * SECOND_US, member, "patrol", PatrolPosition, **who, position=place, zone="perimeter"
    )
    c.say(checks_us, member, "patrol", PatrolCheckpoint, **who, checkpoint=point, method="nfc")
    c.sees(camera, "perimeter", at_us, at_us + c.seconds(20, 90))
    return c.tell("perimeter", camera, at_us, "a guard looks after a noise")


def loitering(c: Cast) -> Tale:
    """Somebody hangs about a building at night, as who looks for a door."""
    door = c.building()
    camera, at_us = c.camera(door.zone), c.at(23.2, 28.5)
    stays_s = c.numbers.triangular(100, 900, 300)
    c.sees(camera, door.zone, at_us, at_us + int(stays_s * SECOND_US))
    story = f"somebody hangs about for {stays_s:.0f} s"
    return c.tell(door.zone, camera, at_us + 60 * SECOND_US, story)


def loitering_double(c: Cast) -> Tale:
    """A resident who smokes before the door, at night for a moment, by day for long."""
    door = c.building()
    camera = c.camera(door.zone)
    if c.numbers.random() < 0.5:
        at_us, stays_s = c.at(23.2, 28.5), c.numbers.triangular(20, 118, 60)
    else:
        at_us, stays_s = c.at(7, 21), c.numbers.uniform(120, 1_200)
    c.sees(camera, door.zone, at_us, at_us + int(stays_s * SECOND_US))
    return c.tell(door.zone, camera, at_us, f"a resident is before the door for {stays_s:.0f} s")


def crowd(c: Cast) -> Tale:
    """A crowd gathers at a gate: a quarrel, a protest."""
    zone = c.choice(c.estate.zones_of("gate"))
    at_us = c.at(7, 22)
    _counts(c, zone, at_us, c.numbers.uniform(4, 40), (24, 70))
    return c.tell(zone, zone, at_us + 30 * SECOND_US, "a crowd gathers at the gate")


def crowd_double(c: Cast) -> Tale:
    """A school class that passes; a removal that was announced."""
    zone = c.choice(c.estate.zones_of("gate"))
    at_us = c.at(8, 18)
    if c.numbers.random() < 0.5:
        _counts(c, zone, at_us, c.numbers.uniform(0.4, 0.9), (22, 40))
        return c.tell(zone, zone, at_us, "a school class passes")
    moment = from_us(at_us)
    known = GatheringSet.model_construct(
        gathering=c.name, zones=(zone,), starts_at=moment - timedelta(minutes=20),
        ends_at=moment + timedelta(hours=2),
    )  # fmt: skip
    _counts(c, zone, at_us, c.numbers.uniform(5, 60), (24, 60))
    return c.tell(zone, zone, at_us, "an announced gathering", registers=(known,))


def _counts(c: Cast, zone: str, at_us: int, minutes: float, people: tuple[int, int]) -> None:
    camera, end_us = c.camera(zone), at_us + int(minutes * MINUTE_US)
    for moment_us in range(at_us, end_us, 10 * SECOND_US):
        c.say(moment_us, camera, "camera", CameraCrowd, zone=zone, count=c.numbers.randint(*people))
    c.say(end_us, camera, "camera", CameraCrowd, zone=zone, count=c.numbers.randint(0, 4))


def camera_blind(c: Cast) -> Tale:
    """A camera is covered, turned away, sprayed."""
    zone = c.choice(each for each in c.estate.cameras if not each.startswith("fire-lane"))
    camera, at_us = c.camera(zone), c.at(0, 24)
    kind = c.choice(("covered", "moved", "defocused", "dark", "frozen"))
    c.say(at_us, camera, "camera", CameraTamper, zone=zone, kind=kind)
    restored_us = at_us + c.seconds(300, 5_400)
    c.say(restored_us, camera, "camera", CameraRestored, zone=zone, kind=kind)
    return c.tell(zone, camera, at_us, f"a camera is {kind}")


def camera_blind_double(c: Cast) -> Tale:
    """A camera is cleaned: planned, and known beforehand."""
    zone = c.choice(each for each in c.estate.cameras if not each.startswith("fire-lane"))
    camera, at_us = c.camera(zone), c.at(9, 16)
    moment, half = from_us(at_us), timedelta(minutes=30)
    works = MaintenanceSet.model_construct(
        maintenance=c.name, starts_at=moment - half, ends_at=moment + half, devices=(camera,)
    )
    c.say(at_us, camera, "camera", CameraTamper, zone=zone, kind="covered")
    c.say(at_us + c.seconds(60, 600), camera, "camera", CameraRestored, zone=zone, kind="covered")
    return c.tell(zone, camera, at_us, "a camera is cleaned as planned", registers=(works,))


def fire_smoke(c: Cast) -> Tale:
    """Smoke, then fire; told again and again while it burns."""
    zone = c.choice((*c.estate.zones_of("corridor"), *c.estate.zones_of("building"), "yard"))
    camera, at_us = c.camera(zone), c.at(0, 24)
    for number in range(c.numbers.randint(3, 12)):
        sure = round(min(0.45 + 0.07 * number + c.numbers.uniform(0, 0.2), 0.98), 2)
        c.say(
            at_us + number * c.seconds(3, 6), camera, "camera", CameraFireSmoke, zone=zone,
            kind="smoke" if number < 3 else "fire", confidence=sure,
        )  # fmt: skip
    return c.tell(zone, camera, at_us, "smoke, then fire")


def fire_smoke_double(c: Cast) -> Tale:
    """Steam from a kitchen, sunset in a window: once, and unsure."""
    zone = c.choice(c.estate.zones_of("building"))
    camera, at_us = c.camera(zone), c.at(11, 20)
    c.say(
        at_us, camera, "camera", CameraFireSmoke, zone=zone, kind="smoke",
        confidence=round(c.numbers.uniform(0.3, 0.59), 2),
    )  # fmt: skip
    return c.tell(zone, camera, at_us, "steam looks like smoke")


def fall(c: Cast) -> Tale:
    """Somebody falls and lies."""
    zone = c.choice((*c.estate.zones_of("building"), "yard"))
    camera, at_us = c.camera(zone), c.at(6, 23)
    sure = c.numbers.uniform(0.6, 0.97)
    for number in range(c.numbers.randint(2, 4)):
        c.say(
            at_us + number * c.seconds(3, 4.5), camera, "camera", CameraFall, zone=zone, track=c.name,
            confidence=round(sure, 2),
        )  # fmt: skip
    return c.tell(zone, camera, at_us, "somebody falls and lies")


def fall_double(c: Cast) -> Tale:
    """Somebody bends to tie a shoe: once, and unsure."""
    zone = c.choice((*c.estate.zones_of("building"), "yard"))
    camera, at_us = c.camera(zone), c.at(6, 23)
    sure = round(c.numbers.uniform(0.3, 0.59), 2)
    c.say(at_us, camera, "camera", CameraFall, zone=zone, track=c.name, confidence=sure)
    return c.tell(zone, camera, at_us, "somebody ties a shoe")


def object_left(c: Cast) -> Tale:
    """A bag is left in the yard; furniture stands in a corridor."""
    corridors = c.estate.zones_of("corridor")
    if corridors and c.numbers.random() < 0.5:
        zone = c.choice(corridors)
        camera, at_us = c.camera(zone), c.at(8, 21)
        for number in range(c.numbers.randint(14, 40)):
            _left(c, camera, zone, at_us + number * MINUTE_US, "furniture")
        return c.tell(zone, camera, at_us + 570 * SECOND_US, "furniture blocks a corridor")
    zone = c.choice(("yard", *c.estate.zones_of("gate")))
    camera, at_us = c.camera(zone), c.at(6, 23)
    for number in range(c.numbers.randint(2, 5)):
        _left(c, camera, zone, at_us + number * c.seconds(3, 4.5), "bag")
    return c.tell(zone, camera, at_us, "a bag is left")


def object_left_double(c: Cast) -> Tale:
    """A parcel set down for a moment; a delivery that stands in the corridor for some minutes."""
    corridors = c.estate.zones_of("corridor")
    if corridors and c.numbers.random() < 0.6:
        zone = c.choice(corridors)
        camera, at_us = c.camera(zone), c.at(8, 21)
        for number in range(c.numbers.randint(2, 8)):
            _left(c, camera, zone, at_us + number * MINUTE_US, "box")
    else:
        zone = "yard"
        camera, at_us = c.camera(zone), c.at(6, 23)
        _left(c, camera, zone, at_us, "box", round(c.numbers.uniform(0.3, 0.59), 2))
    return c.tell(zone, camera, at_us, "a parcel is set down for a moment")


def _left(c: Cast, camera: str, zone: str, at_us: int, label: str, sure: float | None = None) -> None:
    sure = sure or round(c.numbers.uniform(0.72, 0.97), 2)
    c.say(at_us, camera, "camera", CameraObjectLeft, zone=zone, label=label, track=c.name, confidence=sure)


def ebike_in_lift(c: Cast) -> Tale:
    """Somebody takes an electric bicycle upstairs to charge it."""
    zone = c.choice(c.estate.zones_of("lift"))
    camera, at_us = c.camera(zone), c.at(6, 24)
    c.sees(camera, zone, at_us, at_us + c.seconds(15, 60), "ebike")
    c.sees(camera, zone, at_us + SECOND_US, at_us + c.seconds(15, 60), "ebike")
    return c.tell(zone, camera, at_us, "an electric bicycle is in the lift")


def ebike_in_lift_double(c: Cast) -> Tale:
    """A child's bicycle, a pram, a wheelchair."""
    zone = c.choice(c.estate.zones_of("lift"))
    camera, at_us = c.camera(zone), c.at(6, 22)
    c.sees(camera, zone, at_us, at_us + c.seconds(15, 60), c.choice(("bicycle", "pram", "wheelchair")))
    return c.tell(zone, camera, at_us, "a child's bicycle or a pram is in the lift")


def stranger_returns(c: Cast) -> Tale:
    """A phone that nobody knows is about on three nights of the week; a face as well, where it is seen."""
    zone = c.choice(each for each in c.estate.probes if each != "perimeter")
    probe = c.choice(c.estate.probes[zone])
    nights = sorted(c.numbers.sample(range(6), 3))
    last_us = 0
    for night in nights:
        last_us = c.day_us(night) + int(c.numbers.uniform(22.5, 28.5) * HOUR_US)
        _phone(c, probe, f"3c:{_hex(c.name)}", last_us)
        for face in (f for f in c.estate.faces if f.zone == zone):
            c.say(last_us + 5 * SECOND_US, face.id, "face", FaceUnknown, score=0.31, face=f"who-{c.name}")
            break
    return c.tell(zone, probe, last_us, "an unknown phone is about on three nights")


def stranger_returns_double(c: Cast) -> Tale:
    """A phone that nobody registered passes on two nights, or on three days."""
    zone = c.choice(each for each in c.estate.probes if each != "perimeter")
    probe = c.choice(c.estate.probes[zone])
    by_day = c.numbers.random() < 0.5
    days = sorted(c.numbers.sample(range(6), 3 if by_day else 2))
    at_us = 0
    for day in days:
        hour = c.numbers.uniform(9, 18) if by_day else c.numbers.uniform(22.5, 28.5)
        at_us = c.day_us(day) + int(hour * HOUR_US)
        _phone(c, probe, f"3c:{_hex(c.name)}", at_us)
    return c.tell(zone, probe, at_us, "a courier's phone comes again")


def unknown_radio_lingers(c: Cast) -> Tale:
    """A phone that nobody registered stays by the fence at night."""
    return _lingers(c, c.at(22.3, 26.0), c.numbers.triangular(25, 120, 60))


def unknown_radio_lingers_double(c: Cast) -> Tale:
    """A courier waits a while at night, or for long by day."""
    if c.numbers.random() < 0.5:
        return _lingers(c, c.at(22.3, 27.0), c.numbers.uniform(4, 26))
    return _lingers(c, c.at(9, 15), c.numbers.uniform(40, 120))


def _lingers(c: Cast, at_us: int, minutes: float) -> Tale:
    zone = c.choice(("perimeter", "yard"))
    probe = c.choice(c.estate.probes[zone])
    moment_us, end_us = at_us, at_us + int(minutes * MINUTE_US)
    while moment_us <= end_us:
        _phone(c, probe, f"3c:{_hex(c.name)}", moment_us)
        moment_us += c.seconds(30, 90)
    story = f"an unknown phone stays for {minutes:.0f} min"
    return c.tell(zone, probe, at_us + 30 * MINUTE_US, story)


def _phone(c: Cast, probe: str, address: str, at_us: int) -> None:
    rssi = -40 - c.numbers.randrange(40)
    c.say(at_us, probe, "probe", ProbeSighting, address=address, randomised=False, rssi=rssi, radio="wifi")


def _hex(name: str) -> str:
    """Five bytes that a name always gives."""
    from zlib import crc32

    value = crc32(name.encode()) << 8 | len(name) & 0xFF
    return ":".join(f"{byte:02x}" for byte in value.to_bytes(5, "big"))
