"""The squads' day: who is on duty, the rounds they walk, what their phones and the cameras tell. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from random import Random

from eventlog.vocabulary import DutyRemoved, DutySet, Event, PatrolCheckpoint, PatrolPosition
from eventlog.vocabulary.people import GeoPoint
from simulators.day.moments import HOUR_US, MINUTE_US, SECOND_US, midnight_us, share, utc
from simulators.day.scene import Scene
from simulators.day.truth import Emission
from simulators.day.world import EstateWorld, Round, Squad

SHIFT_H = 8
POSITION_EVERY_S = 120
ON_TIME_SPREAD_S = 70.0
OFF_BY_S_MAX = 220.0
"""On an ordinary round every point is reached within its five minutes."""
ALONG_FENCE_S = 240.0
BASE_LAT, BASE_LON = 34.5, 113.6
METRES_A_DEGREE = 111_000.0
VOLUNTEERS_FROM_H, VOLUNTEERS_UNTIL_H = 18, 22
COMPANY_FROM_H, COMPANY_UNTIL_H = 8, 20
STAFF_FROM_H, STAFF_UNTIL_H = 5, 23


def shift_of(squad: Squad, on: date, hour: int) -> tuple[str, ...]:
    """The members of a full-time squad on duty at an hour of a date; shifts change by the day."""
    third = (on.toordinal() + hour // SHIFT_H) % 3
    return squad.members[third::3]


def duties(estate: EstateWorld, on: date) -> Iterator[tuple[int, Event]]:
    """The duty rosters of a date, in the register an hour before it, and those of the day before yesterday
    taken away."""
    start_us = midnight_us(on)
    staff = tuple(each.id for each in estate.staff if each.kind != "courier")
    for squad in estate.squads:
        for number, (from_h, until_h, members) in enumerate(_shifts(squad, on)):
            yield (
                start_us - HOUR_US,
                DutySet.model_construct(
                    duty=_duty(squad, on, number),
                    squad=squad.id,
                    starts_at=utc(start_us + from_h * HOUR_US),
                    ends_at=utc(start_us + until_h * HOUR_US),
                    members=members,
                    leader=members[0],
                    manager=estate.squads[0].members[0],
                    persons=staff if squad.id == "squad-1" else (),
                ),
            )
            before = on - timedelta(days=2)
            yield start_us + 3 * HOUR_US, DutyRemoved.model_construct(entry=_duty(squad, before, number))


def _duty(squad: Squad, on: date, number: int) -> str:
    return f"{squad.id}-{on:%m%d}-{number}"


def _shifts(squad: Squad, on: date) -> tuple[tuple[int, int, tuple[str, ...]], ...]:
    if squad.kind == "full_time":
        return tuple((hour, hour + SHIFT_H, shift_of(squad, on, hour)) for hour in range(0, 24, SHIFT_H))
    if squad.kind == "volunteer":
        return ((VOLUNTEERS_FROM_H, VOLUNTEERS_UNTIL_H, squad.members[on.toordinal() % 4 :: 4]),)
    return ((COMPANY_FROM_H, COMPANY_UNTIL_H, squad.members[on.toordinal() % 2 :: 2]),)


def walk(scene: Scene) -> None:
    """Every round of the day; one that goes over midnight belongs to the day it starts on."""
    squads = {squad.id: squad for squad in scene.estate.squads}
    for plan in scene.estate.rounds:
        for start in plan.starts:
            _round(scene, plan, squads[plan.squad], start, scene.numbers(plan.plan, start))


def walker_of(estate: EstateWorld, plan: Round, squad: Squad, on: date, start_min: int) -> str:
    """The member who walks a round."""
    members = shift_of(squad, on, start_min // 60)
    return members[int(share(estate.id, plan.plan, on, start_min) * len(members))]


def _round(scene: Scene, plan: Round, squad: Squad, start_min: int, numbers: Random) -> None:
    estate = scene.estate
    member = walker_of(estate, plan, squad, scene.on, start_min)
    start_us = scene.start_us + start_min * MINUTE_US
    zone, at_us = estate.checkpoints[plan.stops[0].checkpoint], start_us
    for stop in plan.stops:
        off_s = min(max(numbers.gauss(0.0, ON_TIME_SPREAD_S), -OFF_BY_S_MAX), OFF_BY_S_MAX)
        reached_us = start_us + int((stop.after_min * 60 + off_s) * SECOND_US)
        before, zone = zone, estate.checkpoints[stop.checkpoint]
        _on_the_way(scene, member, squad.id, (before, zone), (at_us, reached_us), numbers)
        event = PatrolCheckpoint.model_construct(
            member=member, squad=squad.id, checkpoint=stop.checkpoint, method="nfc"
        )
        scene.out.append(Emission(reached_us, member, "patrol", event))
        if zone == "perimeter":
            _along_fence(scene, reached_us, numbers)
        else:
            scene.see(zone, reached_us - 15 * SECOND_US, numbers.uniform(25.0, 55.0), numbers)
        scene.probe(zone, reached_us, None, numbers)
        at_us = reached_us


def _along_fence(scene: Scene, at_us: int, numbers: Random) -> None:
    """The guard passes the cameras along the fence, one after the other, around the point."""
    cameras = len(scene.estate.cameras["perimeter"])
    from_us = at_us - int(ALONG_FENCE_S * SECOND_US)
    step_us = int(2 * ALONG_FENCE_S / cameras * SECOND_US)
    for number in range(cameras):
        scene.see("perimeter", from_us + number * step_us, numbers.uniform(14.0, 26.0), numbers, which=number)


def _on_the_way(
    scene: Scene, member: str, squad: str, zones: tuple[str, str], span: tuple[int, int], numbers: Random
) -> None:
    """The phone tells where it is, every two minutes."""
    at_us, until_us = span
    start_us = at_us
    while at_us < until_us:
        done = (at_us - start_us) / max(until_us - start_us, 1)
        event = PatrolPosition.model_construct(
            member=member, squad=squad, position=_position(scene.estate, *zones, done, numbers)
        )
        scene.out.append(Emission(at_us, member, "patrol", event))
        at_us += POSITION_EVERY_S * SECOND_US


def _position(estate: EstateWorld, start: str, end: str, done: float, numbers: Random) -> GeoPoint:
    """A place between two zones, with some metres of error; where zones lie is made up."""
    (lat_a, lon_a), (lat_b, lon_b) = _place(estate, start), _place(estate, end)
    wrong = numbers.gauss(0.0, 4.0 / METRES_A_DEGREE)
    return GeoPoint.model_construct(
        lat=round(lat_a + (lat_b - lat_a) * done + wrong, 6),
        lon=round(lon_a + (lon_b - lon_a) * done + wrong, 6),
        accuracy_m=round(3.0 + 9.0 * numbers.random(), 1),
    )


def _place(estate: EstateWorld, zone: str) -> tuple[float, float]:
    north_m = 400.0 * share(estate.id, zone, "north") - 200.0
    east_m = 400.0 * share(estate.id, zone, "east") - 200.0
    return BASE_LAT + north_m / METRES_A_DEGREE, BASE_LON + east_m / METRES_A_DEGREE
