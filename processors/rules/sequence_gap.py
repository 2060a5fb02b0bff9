"""`sequence_gap`: numbers are missing in a device's counter. Pure; the step counts, this waits and tells.

A counter that begins anew, by a restart of its device or because it is full, is no hole: the step knows.
"""

from __future__ import annotations

from dataclasses import replace
from typing import cast

from pydantic import Field

from eventlog.estate import Estate
from eventlog.ports import Recorded
from eventlog.vocabulary import DeviceSequenceGap
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
from processors.rules.titles import device_name, title, zone_name

HOLES_MAX = 16
"""Holes of one device kept at once; the oldest goes first."""
KEEP_US = 86_400_000_000
"""How long a hole that was told of is kept, for events that come after all."""


@value
class Hole:
    """Numbers `first` to `last` are missing since `since_us` (by the log's time), shown by an event."""

    first: int
    last: int
    since_us: int
    event: Evidence
    at_us: int
    late: bool = False
    told: bool = False


@value
class Holes:
    """A device's holes in order of their numbers' appearance."""

    open: tuple[Hole, ...] = ()


class Settings(RuleSettings):
    fill_s: Seconds = Field(60, description="what is missing may still come within this time, seconds")


class SequenceGap(Rule[Holes]):
    """One key a device."""

    name = "sequence_gap"
    version = 1
    listens_to = frozenset({CounterJumped, CounterFilled})
    Settings = Settings
    State = Holes

    def keys(self, event: Recorded, estate: Estate) -> tuple[str, ...]:
        return (cast(CounterJumped, event.event).device,)

    def on_event(self, key: str, state: Holes, event: Recorded, estate: Estate) -> Step[Holes] | None:
        if event.type == CounterJumped.TYPE:
            jump = cast(CounterJumped, event.event)
            seen = evidence_of(event)
            hole = Hole(jump.first, jump.last, event.recorded_us, seen, event.effective_us, event.late)
            return self._step(key, (*state.open[1 - HOLES_MAX :], hole), estate)
        holes = _without(state.open, cast(CounterFilled, event.event).seq)
        if holes == state.open:
            return None
        signals: tuple[Signal, ...] = ()
        if any(hole.told for hole in state.open) and not any(hole.told for hole in holes):
            zone = estate.device_zone(key)
            signals = (Clear(key, zone, event.recorded_us, (evidence_of(event),)),)
        return self._step(key, holes, estate, signals)

    def on_time(self, key: str, state: Holes, due_us: int, estate: Estate) -> Step[Holes]:
        fill_us = self.device_limits(key, estate).fill_us
        due = tuple(each for each in state.open if not each.told and each.since_us + fill_us <= due_us)
        after = tuple(replace(each, told=True) if each in due else each for each in state.open)
        return self._step(key, after, estate, tuple(self._raise(key, hole, estate) for hole in due))

    def _step(
        self, key: str, holes: tuple[Hole, ...], estate: Estate, signals: tuple[Signal, ...] = ()
    ) -> Step[Holes]:
        if not holes:
            return Step(self.initial(), signals)
        fill_us = self.device_limits(key, estate).fill_us
        wake_us = min((hole.since_us + fill_us for hole in holes if not hole.told), default=None)
        return Step(Holes(holes), signals, wake_us, holes[-1].since_us + fill_us + KEEP_US)

    def _raise(self, key: str, hole: Hole, estate: Estate) -> Raise:
        zone = estate.device_zone(key)
        return Raise(
            key=key,
            zone=zone,
            severity="low",
            title=title(
                "sequence_gap.title",
                zone=zone_name(estate, zone),
                device=device_name(estate, key),
                count=hole.last - hole.first + 1,
            ),
            at_us=hole.at_us,
            devices=(key,),
            evidence=(hole.event,),
            late=hole.late,
            says=DeviceSequenceGap(device=key, first=hole.first, last=hole.last),
        )


def _without(holes: tuple[Hole, ...], seq: int) -> tuple[Hole, ...]:
    """The holes after a number has come after all; it may split one."""
    left: list[Hole] = []
    for hole in holes:
        if not hole.first <= seq <= hole.last:
            left.append(hole)
            continue
        if hole.first < seq:
            left.append(replace(hole, last=seq - 1))
        if seq < hole.last:
            left.append(replace(hole, first=seq + 1))
    return tuple(left[-HOLES_MAX:])
