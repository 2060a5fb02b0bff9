"""`door_held_open`: a door stays open beyond its limit. Pure; knows doors and their contacts only.

A door's openings are kept by effective time, since events come up to a few seconds out of order. An
opening is judged a little after its limit, so that a close that was in time and comes late is heard. Where
the device's counter shows that a message since the opening is missing, that may have been the close: nothing
is told before it comes, and `sequence_gap` tells of it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import cast

from pydantic import Field

from eventlog.estate import Estate
from eventlog.ports import Recorded
from eventlog.vocabulary import DoorClosed, DoorEvent, DoorOpened, Event
from processors.measured import CounterFilled, CounterJumped
from processors.rules.base import (
    Clear,
    Evidence,
    Raise,
    Rule,
    RuleSettings,
    Seconds,
    Signal,
    Step,
    evidence_of,
    value,
)
from processors.rules.doors import controller
from processors.rules.missing import COUNTER_TYPES, Missing, noted, shown_within
from processors.rules.titles import door_name, title, zone_name

OPENINGS_MAX = 16
"""Openings of one door under judgement at once (an upload of history brings many)."""

DISORDER_US = 65_000_000
"""Events come out of order by less than this: what a line lost is sent again within a minute."""

_OPENED, _CLOSED = DoorOpened.TYPE, DoorClosed.TYPE
_CONTACTS = frozenset({_OPENED, _CLOSED})

NEVER_US = 2**62
"""A time that does not come."""


@value
class Opening:
    """One opening: when, by which event, when it closed (None: still open), how often it was raised."""

    at_us: int
    event: Evidence
    late: bool = False
    closed_us: int | None = None
    raised: int = 0


@value
class Doorway:
    """A door's openings in order of time, the last contact seen while open already, a close that had
    no opening, what its device's counter says is missing since."""

    openings: tuple[Opening, ...] = ()
    again: Opening | None = None
    loose_close_us: int = 0
    missing: tuple[Missing, ...] = ()


class Settings(RuleSettings):
    building_s: Seconds = Field(
        30, description="longest opening of a building's door (and of lifts), seconds"
    )
    gate_s: Seconds = Field(60, description="longest opening of a gate's door, seconds")
    settle_s: Seconds = Field(2, description="judged this long after the limit, seconds")
    repeat_s: Seconds = Field(600, description="told again this often while it stays open, seconds")


class DoorHeldOpen(Rule[Doorway]):
    """One key a door."""

    name = "door_held_open"
    version = 1
    listens_to = frozenset[type[Event]]((DoorOpened, DoorClosed, CounterJumped, CounterFilled))
    Settings = Settings
    State = Doorway

    def keys(self, event: Recorded, estate: Estate) -> tuple[str, ...]:
        if event.type in COUNTER_TYPES:
            device = cast(CounterJumped | CounterFilled, event.event).device
            return estate.doors_of.get(device) or (device,)
        return (cast(DoorEvent, event.event).door,)

    def on_event(self, key: str, state: Doorway, event: Recorded, estate: Estate) -> Step[Doorway] | None:
        signals: tuple[Signal, ...] = ()
        if event.type == _OPENED:
            after = self._opened(key, state, event, estate)
        elif event.type == _CLOSED:
            after, signals = self._closed(key, state, event, estate)
        elif not state.openings:
            return None
        else:
            after = replace(state, missing=noted(state.missing, event))
        if after is state:
            return None
        if state.missing and after.openings and event.type in _CONTACTS:
            after = replace(after, missing=state.missing)
        return self._step(key, after, signals, estate)

    def on_time(self, key: str, state: Doorway, due_us: int, estate: Estate) -> Step[Doorway]:
        kept: list[Opening] = []
        signals: list[Signal] = []
        for opening in state.openings:
            if self._judged_us(key, opening, estate) > due_us:
                kept.append(opening)
                continue
            if _unknown(opening, state):
                if opening.closed_us is None:
                    kept.append(opening)
                continue
            told = not estate.in_maintenance(
                due_us, device=controller(estate, key), zone=estate.door_zone(key)
            )  # else it is looked at again later, as if it had been told of
            if told:
                signals.append(self._raise(key, opening, estate))
            if opening.closed_us is None:
                kept.append(replace(opening, raised=self._raised_by(key, opening, due_us, estate)))
            elif told:
                zone = estate.door_zone(key)
                signals.append(Clear(key, zone, opening.closed_us, (opening.event,), late=opening.late))
        return self._step(key, replace(state, openings=tuple(kept)), tuple(signals), estate)

    def _opened(self, key: str, state: Doorway, event: Recorded, estate: Estate) -> Doorway:
        at_us = event.effective_us
        opening = Opening(at_us, evidence_of(event), event.late)
        closed_us = state.loose_close_us
        if 0 <= closed_us - at_us <= DISORDER_US:  # its close overtook it
            state = Doorway(state.openings, state.again)
            if closed_us - at_us <= self._limit_us(key, estate):
                return state
            return _with(state, replace(opening, closed_us=closed_us))
        standing = _standing(state, event.late) if state.openings else None
        if standing is None:
            return _with(state, opening)
        # Open already: a repeated contact, or the close between is still on its way.
        if at_us > standing.at_us:
            return replace(state, again=opening)
        if standing.at_us - at_us > DISORDER_US:
            return state
        return _with(replace(state, openings=_without(state, standing), again=standing), opening)

    def _closed(
        self, key: str, state: Doorway, event: Recorded, estate: Estate
    ) -> tuple[Doorway, tuple[Signal, ...]]:
        at_us = event.effective_us
        over = [each for each in state.openings if each.closed_us is None and each.at_us <= at_us]
        if not over:
            if at_us <= state.loose_close_us:
                return state, ()
            return Doorway(state.openings, state.again, at_us), ()
        again = state.again
        limit_us = self._limit_us(key, estate)
        only = again is None and len(state.openings) == 1 and not over[0].raised
        if only and at_us - over[0].at_us <= limit_us:  # nearly always
            return Doorway(loose_close_us=state.loose_close_us), ()
        after = Doorway(state.openings, None, state.loose_close_us)
        signals: list[Signal] = []
        for opening in over:
            after = replace(after, openings=_without(after, opening))
            in_time = at_us - opening.at_us <= limit_us
            if opening.raised:
                evidence = (opening.event, evidence_of(event))
                signals.append(Clear(key, estate.door_zone(key), at_us, evidence, in_time, opening.late))
            elif not in_time:
                after = _with(after, replace(opening, closed_us=at_us))
        if again is not None and at_us < again.at_us:
            after = _with(after, again)
        return after, tuple(signals)

    def _step(self, key: str, state: Doorway, signals: tuple[Signal, ...], estate: Estate) -> Step[Doorway]:
        openings = state.openings
        if openings:
            if len(openings) == 1 and not state.missing:
                wake_us = self._judged_us(key, openings[0], estate)
            else:
                waiting = (each for each in openings if each.closed_us or not _unknown(each, state))
                wake_us = min((self._judged_us(key, each, estate) for each in waiting), default=NEVER_US)
            return Step(state, signals, None if wake_us == NEVER_US else wake_us)
        if state.loose_close_us:
            return Step(state, signals, None, state.loose_close_us + DISORDER_US)
        return Step(self.initial(), signals)

    def _limit_us(self, door: str, estate: Estate) -> int:
        limits = self.door_limits(door, estate)
        limit_us: int = limits.gate_us if estate.door_kind(door) == "gate" else limits.building_us
        return limit_us

    def _judged_us(self, door: str, opening: Opening, estate: Estate) -> int:
        limits = self.door_limits(door, estate)
        limit_us = limits.gate_us if estate.door_kind(door) == "gate" else limits.building_us
        judged_us: int = opening.at_us + limit_us + limits.settle_us
        if not opening.raised:
            return judged_us
        return NEVER_US if opening.late else judged_us + opening.raised * limits.repeat_us

    def _raised_by(self, door: str, opening: Opening, due_us: int, estate: Estate) -> int:
        """How often it has been told of by then. Limits may have become shorter since the wake-up was set:
        what was missed by that is not told one by one."""
        limits = self.door_limits(door, estate)
        since_us = due_us - self._judged_us(door, replace(opening, raised=0), estate)
        return max(opening.raised, since_us // int(limits.repeat_us)) + 1

    def _raise(self, door: str, opening: Opening, estate: Estate) -> Raise:
        zone = estate.door_zone(door)
        key = "door_held_open.title_again" if opening.raised else "door_held_open.title"
        settings = self.for_zone(zone)
        minutes = round(opening.raised * settings.repeat_s / 60)
        return Raise(
            key=door,
            zone=zone,
            severity="medium",
            title=title(key, zone=zone_name(estate, zone), door=door_name(estate, door), minutes=minutes),
            at_us=opening.at_us,
            devices=(controller(estate, door),),
            evidence=(opening.event,),
            late=opening.late,
        )


def _unknown(opening: Opening, state: Doorway) -> bool:
    """Whether it was not told of yet and its close may be among what is missing."""
    return not opening.raised and shown_within(state.missing, opening.at_us + 1, NEVER_US)


def _standing(state: Doorway, late: bool) -> Opening | None:
    return next((each for each in state.openings if each.closed_us is None and each.late == late), None)


def _without(state: Doorway, opening: Opening) -> tuple[Opening, ...]:
    return tuple(each for each in state.openings if each is not opening)


def _with(state: Doorway, opening: Opening) -> Doorway:
    if not state.openings:
        return Doorway((opening,), state.again, state.loose_close_us)
    openings = sorted((*state.openings, opening), key=lambda each: each.at_us)[-OPENINGS_MAX:]
    return replace(state, openings=tuple(openings))
