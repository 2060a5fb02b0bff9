"""Takes out of an ordinary day what a story replaces: a person's ways, a device's time away. Pure.

A door that only they would have opened stays shut; one that others pass as well counts fewer people, and
opens for the first of those.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace

from eventlog.vocabulary import (
    AccessGranted,
    DoorClosed,
    DoorOpened,
    ExitRequested,
    FaceRecognised,
    PatrolCheckpoint,
    PatrolPosition,
    PeopleCounted,
    PlateRead,
)
from simulators.day.incidents.tools import Mute
from simulators.day.truth import Emission

OPENS_AFTER_US = 800_000
"""A door opens so long after what lets somebody in."""
_OF_OPENINGS = (AccessGranted, ExitRequested, DoorOpened, DoorClosed, PeopleCounted)


def without(ordinary: Sequence[Emission], mutes: Sequence[Mute]) -> Sequence[Emission]:
    """A day (in order of time) with what is muted left out."""
    if not mutes:
        return ordinary
    doors = {
        each.event.door for each in ordinary if isinstance(each.event, AccessGranted) and _hit(each, mutes)
    }
    gone: set[int] = set()
    changed: dict[int, Emission] = {}
    for opening in _openings(ordinary, doors):
        _shrink(opening, mutes, gone, changed)
    kept = []
    for each in ordinary:
        number = id(each)
        if number in gone or _hit(each, mutes):
            continue
        kept.append(changed.get(number, each))
    kept.sort(key=lambda each: each.at_us)
    return kept


def _openings(ordinary: Sequence[Emission], doors: set[str]) -> Iterable[list[Emission]]:
    """What belongs to each opening of these doors, from what lets people in to the count after its close."""
    open_: dict[str, list[Emission]] = {door: [] for door in doors}
    closed: set[str] = set()
    for each in ordinary:
        event = each.event
        if not isinstance(event, _OF_OPENINGS) or event.door not in open_:
            continue
        if event.door in closed and not isinstance(event, PeopleCounted):
            yield open_[event.door]
            open_[event.door] = []
            closed.discard(event.door)
        open_[event.door].append(each)
        if isinstance(event, DoorClosed):
            closed.add(event.door)
    yield from (open_[door] for door in sorted(closed))


def _shrink(
    opening: list[Emission], mutes: Sequence[Mute], gone: set[int], changed: dict[int, Emission]
) -> None:
    """An opening without those who are not there."""
    reasons = [each for each in opening if isinstance(each.event, AccessGranted | ExitRequested)]
    missing = Counter(
        each.event.direction
        for each in reasons
        if isinstance(each.event, AccessGranted) and _hit(each, mutes)
    )
    if not missing:
        return
    if sum(missing.values()) == len(reasons):
        gone.update(id(each) for each in opening)
        return
    reason_us = min(each.at_us for each in reasons if not _hit(each, mutes))
    for each in opening:
        if isinstance(each.event, DoorOpened) and each.at_us < reason_us:
            changed[id(each)] = replace(each, at_us=reason_us + OPENS_AFTER_US)
        if isinstance(each.event, PeopleCounted):
            left = each.event.count - missing[each.event.direction]
            if left > 0:
                changed[id(each)] = replace(each, event=each.event.model_copy(update={"count": left}))
            else:
                gone.add(id(each))


def _hit(emission: Emission, mutes: Sequence[Mute]) -> bool:
    at_us = emission.at_us
    who = _who(emission)
    for mute in mutes:
        if mute.from_us <= at_us < mute.until_us and (
            emission.device in mute.devices or (who and not mute.who.isdisjoint(who))
        ):
            return True
    return False


def _who(emission: Emission) -> tuple[str, ...]:
    """Whose an emission is: a person, a plate, a member, a member at a point."""
    event = emission.event
    if isinstance(event, AccessGranted):
        return (event.holder,) if event.holder else ()
    if isinstance(event, FaceRecognised):
        return (event.person,)
    if isinstance(event, PlateRead):
        return (event.plate,)
    if isinstance(event, PatrolCheckpoint):
        return (event.member, f"{event.member}@{event.checkpoint}")
    if isinstance(event, PatrolPosition):
        return (event.member,)
    return ()
