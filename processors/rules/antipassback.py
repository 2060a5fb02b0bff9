"""`antipassback`: somebody goes in who is in already, so another went in on the credential. Pure; knows
grants at doors with a reader on the way out, and forgiveness.

An area is what such doors lead into: all gates lead into the estate, another door into its zone. An entry is
judged a little later, since the exit before it may come after it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import cast

from pydantic import Field

from eventlog.estate import Estate
from eventlog.ids import reference
from eventlog.ports import Recorded
from eventlog.vocabulary import AccessGranted, CommandForgive
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
from processors.rules.titles import door_name, title, zone_name

PASSES_MAX = 8
"""Passes of one credential kept, the newest."""
DISORDER_US = 10_000_000
"""Events come out of order by less than this."""
GATES = "gates"
"""The area that all gates lead into."""


@value
class Pass:
    """One pass: when, through which door, in or out; `judged` when it was held against the one before."""

    at_us: int
    door: str
    inwards: bool
    event: Evidence
    late: bool = False
    judged: bool = False


@value
class Passes:
    """The last passes of a credential in order of time; of the entry that was told of and nothing has mended
    since, when it was and when the one before it (0: none)."""

    last: tuple[Pass, ...] = ()
    told_us: int = 0
    before_us: int = 0


class Settings(RuleSettings):
    forget_s: Seconds = Field(43_200, description="an entry is forgotten after this, seconds")
    impatient_s: float = Field(
        2, ge=0, le=60, description="one card again at one door within this time is one entry, seconds"
    )
    settle_s: Seconds = Field(5, description="an entry is judged this long after it, seconds")


class Antipassback(Rule[Passes]):
    """Key `{area}:{reference of the credential}`."""

    name = "antipassback"
    version = 1
    listens_to = frozenset({AccessGranted, CommandForgive})
    Settings = Settings
    State = Passes

    def keys(self, event: Recorded, estate: Estate) -> tuple[str, ...]:
        what = event.event
        if type(what) is CommandForgive:
            card = reference(estate.id, what.credential)
            return tuple(f"{area}:{card}" for area in _areas(estate))
        granted = cast(AccessGranted, what)
        door = estate.doors.get(granted.door)
        if door is None or not door.reader_out or granted.method == "remote":
            return ()
        area = GATES if door.kind == "gate" else door.zone
        return (f"{area}:{reference(estate.id, granted.credential)}",)

    def on_event(self, key: str, state: Passes, event: Recorded, estate: Estate) -> Step[Passes] | None:
        granted = event.event
        if type(granted) is not AccessGranted:
            return self._forgiven(key, state, event, estate)
        at_us, inwards = event.effective_us, granted.direction == "in"
        limits = self.door_limits(granted.door, estate)
        new = Pass(at_us, granted.door, inwards, evidence_of(event), event.late, judged=not inwards)
        if any(
            each.door == new.door
            and each.inwards == inwards
            and abs(at_us - each.at_us) <= limits.impatient_us
            for each in state.last
        ):
            return None
        if not state.last and not inwards:
            return None
        last = tuple(sorted((*state.last[1 - PASSES_MAX :], new), key=lambda each: each.at_us))
        if state.told_us and not inwards and at_us > state.before_us:
            withdrawn = at_us <= state.told_us  # the exit belonged before it and came late
            clear = Clear(key, estate.door_zone(new.door), at_us, (new.event,), withdrawn, new.late)
            return self._step(Passes(last), (clear,), estate)
        return self._step(replace(state, last=last), (), estate)

    def on_time(self, key: str, state: Passes, due_us: int, estate: Estate) -> Step[Passes]:
        signals: list[Signal] = []
        last: list[Pass] = []
        after = state
        for each in state.last:
            if each.judged or self._judged_us(each, estate) > due_us:
                last.append(each)
                continue
            before = last[-1] if last else None
            last.append(replace(each, judged=True))
            limits = self.door_limits(each.door, estate)
            if before and before.inwards and each.at_us - before.at_us < limits.forget_us:
                signals.append(self._raise(key, before, each, estate))
                after = Passes((), each.at_us, before.at_us)
        return self._step(replace(after, last=tuple(last)), tuple(signals), estate)

    def _step(self, state: Passes, signals: tuple[Signal, ...], estate: Estate) -> Step[Passes]:
        wake_us = min((self._judged_us(each, estate) for each in state.last if not each.judged), default=None)
        newest = state.last[-1]
        limits = self.door_limits(newest.door, estate)
        forget_us = newest.at_us + limits.forget_us + DISORDER_US
        return Step(state, signals, wake_us, forget_us)

    def _judged_us(self, each: Pass, estate: Estate) -> int:
        settle_us: int = self.door_limits(each.door, estate).settle_us
        return each.at_us + settle_us

    def _forgiven(self, key: str, state: Passes, event: Recorded, estate: Estate) -> Step[Passes] | None:
        if not state.last:
            return None
        signals: tuple[Signal, ...] = ()
        if state.told_us:
            zone = estate.door_zone(state.last[-1].door)
            signals = (Clear(key, zone, event.effective_us, (evidence_of(event),)),)
        return Step(self.initial(), signals)

    def _raise(self, key: str, before: Pass, again: Pass, estate: Estate) -> Raise:
        zone = estate.door_zone(again.door)
        return Raise(
            key=key,
            zone=zone,
            severity="low",
            title=title(
                "antipassback.title", zone=zone_name(estate, zone), door=door_name(estate, again.door)
            ),
            at_us=again.at_us,
            devices=tuple(sorted({controller(estate, each.door) for each in (before, again)})),
            evidence=(before.event, again.event),
            late=again.late,
        )


def _areas(estate: Estate) -> tuple[str, ...]:
    """The areas that have doors with a reader on the way out."""
    doors = (door for door in estate.doors.values() if door.reader_out)
    return tuple(sorted({GATES if door.kind == "gate" else door.zone for door in doors}))
