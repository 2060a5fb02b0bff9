"""`barrier_forced`: a barrier goes up and nobody let anyone through. Pure; knows lanes, reads and barriers.

An opening without a reason is judged a little later, since the read that is its reason may come after it; a
reason that comes later still takes the alert back.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, cast

from pydantic import Field

from eventlog.estate import Estate
from eventlog.ports import Recorded
from eventlog.vocabulary import BarrierClosed, BarrierOpened, PlateRead
from eventlog.vocabulary.vehicle import LaneEvent
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
from processors.rules.titles import lane_name, title, zone_name

REASONS_MAX = 8
"""Reasons of one lane kept, the newest."""
OPENS_MAX = 16
"""Openings of one lane under judgement at once (an upload of history brings many)."""
DISORDER_US = 10_000_000
"""Events come out of order by less than this."""


@value
class Lift:
    """An opening that nothing explains so far; when the barrier came down again (None: still up)."""

    at_us: int
    event: Evidence
    device: str
    late: bool = False
    closed_us: int | None = None


@value
class Lane:
    """A lane's last reasons to open, its openings under judgement, and the last one that was told."""

    reasons_us: tuple[int, ...] = ()
    lifts: tuple[Lift, ...] = ()
    told: Lift | None = None


class Settings(RuleSettings):
    reason_s: Seconds = Field(15, description="a reason this long before the opening explains it, seconds")
    settle_s: Seconds = Field(5, description="an opening is judged this long after it, seconds")


class BarrierForced(Rule[Lane]):
    """One key a lane."""

    name = "barrier_forced"
    version = 1
    listens_to = frozenset({PlateRead, BarrierOpened, BarrierClosed})
    Settings = Settings
    State = Lane

    def keys(self, event: Recorded, estate: Estate) -> tuple[str, ...]:
        return (cast(LaneEvent, event.event).lane,)

    def on_event(self, key: str, state: Lane, event: Recorded, estate: Estate) -> Step[Lane] | None:
        what = event.event
        if type(what) is PlateRead:
            return self._reason(key, state, event.effective_us, estate) if what.has_plate else None
        if type(what) is BarrierClosed:
            return self._closed(key, state, event, estate)
        if cast(BarrierOpened, what).by is not None:
            return self._reason(key, state, event.effective_us, estate)
        return self._opened(key, state, event, estate)

    def on_time(self, key: str, state: Lane, due_us: int, estate: Estate) -> Step[Lane]:
        settle_us = self._limits_at(key, estate).settle_us
        rest = tuple(each for each in state.lifts if each.at_us + settle_us > due_us)
        signals: list[Signal] = []
        told = state.told
        for lift in state.lifts:
            if lift in rest:
                continue
            signals.append(self._raise(key, lift, estate))
            told = lift
            if lift.closed_us is not None:
                signals.append(Clear(key, estate.lane_zone(key), lift.closed_us, late=lift.late))
        return self._step(key, Lane(state.reasons_us, rest, told), estate, tuple(signals))

    def _reason(self, key: str, state: Lane, at_us: int, estate: Estate) -> Step[Lane]:
        window_us = self._limits_at(key, estate).reason_us
        lifts = tuple(each for each in state.lifts if not 0 <= each.at_us - at_us <= window_us)
        reasons = (*state.reasons_us[1 - REASONS_MAX :], at_us)
        told, signals = state.told, ()
        if told is not None and 0 <= told.at_us - at_us <= window_us:
            back = Clear(key, estate.lane_zone(key), at_us, (told.event,), withdrawn=True, late=told.late)
            return self._step(key, Lane(reasons, lifts), estate, (back,))
        return self._step(key, Lane(reasons, lifts, told), estate, signals)

    def _opened(self, key: str, state: Lane, event: Recorded, estate: Estate) -> Step[Lane] | None:
        at_us = event.effective_us
        window_us = self._limits_at(key, estate).reason_us
        if any(0 <= at_us - reason_us <= window_us for reason_us in state.reasons_us):
            return None
        if estate.in_maintenance(at_us, device=event.device):
            return None
        lift = Lift(at_us, evidence_of(event), event.device, event.late)
        return self._step(key, replace(state, lifts=(*state.lifts[1 - OPENS_MAX :], lift)), estate)

    def _closed(self, key: str, state: Lane, event: Recorded, estate: Estate) -> Step[Lane] | None:
        at_us = event.effective_us
        lifts = tuple(
            replace(each, closed_us=at_us) if each.closed_us is None and each.at_us <= at_us else each
            for each in state.lifts
        )
        told = state.told
        if told is None or told.closed_us is not None or at_us < told.at_us:
            return self._step(key, replace(state, lifts=lifts), estate) if lifts != state.lifts else None
        clear = Clear(key, estate.lane_zone(key), at_us, (evidence_of(event),), late=told.late)
        after = Lane(state.reasons_us, lifts, replace(told, closed_us=at_us))
        return self._step(key, after, estate, (clear,))

    def _step(self, key: str, state: Lane, estate: Estate, signals: tuple[Signal, ...] = ()) -> Step[Lane]:
        limits = self._limits_at(key, estate)
        if state.lifts:
            return Step(state, signals, min(each.at_us for each in state.lifts) + limits.settle_us)
        if state.told is not None and state.told.closed_us is None:
            return Step(state, signals)
        last_us = max((*state.reasons_us, state.told.at_us if state.told else 0))
        return Step(state, signals, None, last_us + limits.reason_us + DISORDER_US)

    def _limits_at(self, lane: str, estate: Estate) -> Any:
        return self.limits(estate.lane_zone(lane))

    def _raise(self, lane: str, lift: Lift, estate: Estate) -> Raise:
        zone = estate.lane_zone(lane)
        if zone == estate.id:
            zone = estate.device_zone(lift.device)
        gate = lane_name(estate, lane)
        return Raise(
            key=lane,
            zone=zone,
            severity="medium",
            title=title("barrier_forced.title", zone=zone_name(estate, zone), gate=gate),
            at_us=lift.at_us,
            devices=(lift.device,),
            evidence=(lift.event,),
            late=lift.late,
        )
