"""What a door and a lane report when people and cars pass: grants, openings, counts; reads and barriers.

Ordinary passes only: every opening has its reason, and closes in time. Pure.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from random import Random
from typing import Literal, NamedTuple

from eventlog.vocabulary import (
    AccessGranted,
    BarrierClosed,
    BarrierOpened,
    DoorClosed,
    DoorOpened,
    ExitRequested,
    FaceRecognised,
    PeopleCounted,
    PlateRead,
)
from simulators.day.moments import SECOND_US
from simulators.day.truth import Emission
from simulators.day.world import Door, Lane

OPEN_S_MAX = {"building": 18.0, "gate": 40.0}
"""No ordinary opening is longer: who comes then waits for the next."""
RESIDENTS_LIST = "residents"

Way = Literal["in", "out"]


class Pass(NamedTuple):
    """Somebody goes through a door: by a credential (`method`), or by the button inside where it is None.
    `terminal` sees the face that it recognises."""

    at_us: int
    way: Way
    method: Literal["card", "face", "qr", "remote"] | None
    credential: str = ""
    holder: str | None = None
    terminal: str | None = None


class Drive(NamedTuple):
    """A car goes through a lane."""

    at_us: int
    plate: str
    vehicle_class: str
    color: str


def use_door(door: Door, passes: Iterable[Pass], numbers: Random) -> Iterator[Emission]:
    """The events of a door that people pass; those who come while it is open go through the same opening."""
    waiting: list[Pass] = []
    closes_us = 0
    for each in sorted(passes, key=_moment):
        if waiting:
            longest_us = waiting[0].at_us + int(OPEN_S_MAX[door.kind] * SECOND_US)
            if each.at_us >= closes_us or each.at_us > longest_us:
                yield from _opening(door, waiting, closes_us, numbers)
                waiting = []
        if not waiting and each.at_us < closes_us + SECOND_US:
            each = each._replace(at_us=closes_us + SECOND_US)
        elif waiting and each.at_us < waiting[0].at_us:
            each = each._replace(at_us=waiting[0].at_us + SECOND_US)
        waiting.append(each)
        closes_us = max(closes_us, each.at_us + int(numbers.uniform(4.0, 7.5) * SECOND_US))
    if waiting:
        yield from _opening(door, waiting, closes_us, numbers)


def _opening(door: Door, passes: list[Pass], closed_us: int, numbers: Random) -> Iterator[Emission]:
    at = door.device
    for number, each in enumerate(passes):
        yield from _leave(door, each, first=number == 0)
    opened_us = passes[0].at_us + int(numbers.uniform(0.4, 1.3) * SECOND_US)
    yield Emission(opened_us, at, "access", DoorOpened.model_construct(door=door.id))
    yield Emission(closed_us, at, "access", DoorClosed.model_construct(door=door.id))
    if door.counts:  # who went through is known when it is over
        counted_us = closed_us + int(numbers.uniform(0.2, 0.9) * SECOND_US)
        inward = sum(each.way == "in" for each in passes)
        if inward:
            event = PeopleCounted.model_construct(door=door.id, count=inward, direction="in")
            yield Emission(counted_us, at, "access", event)
        if inward < len(passes):
            event = PeopleCounted.model_construct(door=door.id, count=len(passes) - inward, direction="out")
            yield Emission(counted_us + 1, at, "access", event)


def _leave(door: Door, each: Pass, *, first: bool) -> Iterator[Emission]:
    """By what right somebody passes. Nobody presses the button of an open door."""
    if each.method is None:
        if first:
            yield Emission(each.at_us, door.device, "access", ExitRequested.model_construct(door=door.id))
        return
    if each.terminal is not None and each.holder is not None:
        score = 0.84 + each.at_us % 997 / 997 * 0.15
        face = FaceRecognised.model_construct(person=each.holder, list=RESIDENTS_LIST, score=round(score, 3))
        yield Emission(each.at_us - SECOND_US // 4, each.terminal, "face", face)
    event = AccessGranted.model_construct(
        door=door.id, credential=each.credential, holder=each.holder, method=each.method, direction=each.way
    )
    yield Emission(each.at_us, door.device, "access", event)


def use_lane(lane: Lane, drives: Iterable[Drive], numbers: Random) -> Iterator[Emission]:
    """The events of a lane that cars pass; the barrier stays up while the next one follows."""
    closes_us = 0
    for each in sorted(drives, key=_moment):
        at_us = each.at_us
        if closes_us and at_us >= closes_us:
            yield Emission(closes_us, lane.device, "vehicle", BarrierClosed.model_construct(lane=lane.id))
            closes_us = 0
        read = PlateRead.model_construct(
            plate=each.plate,
            confidence=round(numbers.uniform(0.91, 0.99), 3),
            lane=lane.id,
            direction=lane.direction,
            color=each.color,
            vehicle_class=each.vehicle_class,
        )
        yield Emission(at_us, lane.device, "vehicle", read)
        if not closes_us:
            opens_us = at_us + int(numbers.uniform(0.7, 1.6) * SECOND_US)
            event = BarrierOpened.model_construct(lane=lane.id, by="plate")
            yield Emission(opens_us, lane.device, "vehicle", event)
        closes_us = at_us + int(numbers.uniform(6.0, 9.5) * SECOND_US)
    if closes_us:
        yield Emission(closes_us, lane.device, "vehicle", BarrierClosed.model_construct(lane=lane.id))


def _moment(each: Pass | Drive) -> int:
    return each.at_us
