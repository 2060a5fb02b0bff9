"""The squads' day: who is on duty, the rounds they walk, what their phones and the cameras tell. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from random import Random
from typing import NamedTuple

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
ALONG_FENCE_S = 150.0
AT_POINT_S = 40.0
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


class _Leg(NamedTuple):
    """A guard in a zone from when until when."""

    zone: str
    from_us: int
    until_us: int


def _round(scene: Scene, plan: Round, squad: Squad, start_min: int, numbers: Random) -> None:
    estate = scene.estate
    member = walker_of(estate, plan, squad, scene.on, start_min)
    start_us = scene.start_us + start_min * MINUTE_US
    legs: list[_Leg] = []
    at_us = start_us - MINUTE_US
    for stop in plan.stops:
        off_s = min(max(numbers.gauss(0.0, ON_TIME_SPREAD_S), -OFF_BY_S_MAX), OFF_BY_S_MAX)
        reached_us = start_us + int((stop.after_min * 60 + off_s) * SECOND_US)
        zone = estate.checkpoints[stop.checkpoint]
        event = PatrolCheckpoint.model_construct(
            member=member, squad=squad.id, checkpoint=stop.checkpoint, method="nfc"
        )
        scene.out.append(Emission(reached_us, member, "patrol", event))
        stays_us = int((ALONG_FENCE_S if zone == "perimeter" else AT_POINT_S) * SECOND_US)
        legs.append(_Leg(zone, max(at_us, reached_us - stays_us), reached_us + stays_us))
        if zone == "perimeter":
            _along_fence(scene, legs[-1], numbers)
        else:
            scene.see(zone, reached_us - 15 * SECOND_US, numbers.uniform(25.0, 55.0), numbers)
        scene.probe(zone, reached_us, None, numbers)
        at_us = legs[-1].until_us
    _phone(scene, member, squad.id, legs, numbers)


def _along_fence(scene: Scene, leg: _Leg, numbers: Random) -> None:
    """The guard passes the cameras along the fence, one after the other, around the point."""
    cameras = len(scene.estate.cameras["perimeter"])
    step_us = (leg.until_us - leg.from_us - 30 * SECOND_US) // cameras
    for number in range(cameras):
        at_us = leg.from_us + 4 * SECOND_US + number * step_us
        scene.see("perimeter", at_us, numbers.uniform(14.0, 26.0), numbers, which=number)


def _phone(scene: Scene, member: str, squad: str, legs: list[_Leg], numbers: Random) -> None:
    """The phone tells where it is: on coming into a zone, and every two minutes."""
    for leg, after in zip(legs, [*legs[1:], None], strict=True):
        until_us = after.from_us if after else leg.until_us
        at_us = leg.from_us
        while at_us < until_us:
            event = PatrolPosition.model_construct(
                member=member,
                squad=squad,
                position=position(scene.estate, leg.zone, numbers),
                zone=leg.zone if at_us <= leg.until_us else None,
            )
            scene.out.append(Emission(at_us, member, "patrol", event))
            at_us += POSITION_EVERY_S * SECOND_US


def position(estate: EstateWorld, zone: str, numbers: Random) -> GeoPoint:
    """A place in a zone, some metres off; where zones lie on the globe is made up."""
    north_m = 400.0 * share(estate.id, zone, "north") - 200.0 + numbers.gauss(0.0, 8.0)
    east_m = 400.0 * share(estate.id, zone, "east") - 200.0 + numbers.gauss(0.0, 8.0)
    return GeoPoint.model_construct(
        lat=round(BASE_LAT + north_m / METRES_A_DEGREE, 6),
        lon=round(BASE_LON + east_m / METRES_A_DEGREE, 6),
        accuracy_m=round(3.0 + 9.0 * numbers.random(), 1),
    )
