"""`loitering`: somebody stays where nobody should linger. Pure; knows what cameras follow only.

A track is judged a little after the zone's limit; it is over when it leaves or is not heard of any more.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, cast

from pydantic import Field

from eventlog.estate import Estate
from eventlog.ports import Recorded
from eventlog.times import from_us
from eventlog.vocabulary import CameraObject, ZoneSet
from processors.rules.base import (
    KEEP_WAKE,
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
from processors.rules.titles import title, zone_name

KEEP_US = 3_600_000_000
"""A track that is not heard of for so long is over."""


@value
class Stay:
    """One track: here since, last heard of, left at (an enter that was overtaken by it), by which event;
    `sure` when it was seen well, or more than once (`again`)."""

    since_us: int = 0
    last_us: int = 0
    left_us: int | None = None
    device: str = ""
    zone: str = ""
    event: Evidence | None = None
    late: bool = False
    told: bool = False
    sure: bool = False
    again: bool = False


class Settings(RuleSettings):
    limit_s: Seconds = Field(120, description="longest stay of one track, seconds")
    settle_s: Seconds = Field(2, description="judged this long after the limit, seconds")
    sure_confidence: float = Field(
        0.6, ge=0, le=1, description="seen below this confidence, and once only, it is nobody"
    )
    lost_s: Annotated[float, Field(gt=0, le=86_400)] = Field(
        600, description="a track that was heard of again and again and not for this long is gone, seconds"
    )


class Loitering(Rule[Stay]):
    """Key `{zone}:{camera}:{track}`."""

    name = "loitering"
    version = 1
    listens_to = frozenset({CameraObject})
    Settings = Settings
    State = Stay

    def keys(self, event: Recorded, estate: Estate) -> tuple[str, ...]:
        seen = cast(CameraObject, event.event)
        zone = estate.zones.get(seen.zone)
        if zone is None or not zone.watch_hours or seen.label != "person":
            return ()
        return (f"{seen.zone}:{event.device}:{seen.track}",)

    def on_event(self, key: str, state: Stay, event: Recorded, estate: Estate) -> Step[Stay] | None:
        seen = cast(CameraObject, event.event)
        at_us = event.effective_us
        since_us = at_us - round((seen.dwell_s or 0) * 1_000_000)
        if seen.event == "leave":
            return self._left(key, state, event, since_us, estate)
        if state.left_us is not None and at_us <= state.left_us:  # its leave overtook it
            return self._over(key, replace(state, since_us=since_us), state.left_us, event, estate)
        apart_us = at_us - state.last_us
        if state.event is not None and apart_us < -KEEP_US:
            return None  # history of another who had the same number
        signals: tuple[Signal, ...] = ()
        if state.event is None or state.left_us is not None or apart_us > KEEP_US:
            if state.told:
                signals = (Clear(key, state.zone, state.last_us, late=state.late),)
            sure = seen.confidence >= self.limits(seen.zone).sure_confidence
            state = Stay(
                since_us, at_us, None, event.device, seen.zone, evidence_of(event), event.late, sure=sure
            )
        else:
            since_us = min(state.since_us, since_us)
            last_us = max(state.last_us, at_us)
            late = state.late and event.late
            told = state.told and late == state.late  # what history told was told to nobody
            state = replace(
                state, since_us=since_us, last_us=last_us, late=late, told=told, sure=True, again=True
            )
        if not state.told and at_us - since_us > self.limits(seen.zone).limit_us:  # it says so itself
            step = self._judge(key, state, max(at_us, event.recorded_us), estate)
            return Step(step.state, signals + step.signals, step.wake_us, step.forget_us)
        wake_us = KEEP_WAKE if state.told else self._judged_us(state)
        return Step(state, signals, wake_us, self._forget_us(state, event.recorded_us))

    def on_time(self, key: str, state: Stay, due_us: int, estate: Estate) -> Step[Stay]:
        if state.event is None or state.left_us is not None or state.told:
            return Step(state, (), None, self._forget_us(state, due_us))
        limits = self.limits(state.zone)
        # A camera that told of it once only may tell of coming and going only.
        lost_us = limits.lost_us if state.again else max(limits.lost_us, limits.limit_us + limits.settle_us)
        gone = due_us - state.last_us > lost_us
        if gone:
            return Step(self.initial())
        if not state.sure:
            return Step(state, (), None, self._forget_us(state, due_us))
        return self._judge(key, state, due_us, estate)

    def _judge(self, key: str, state: Stay, now_us: int, estate: Estate) -> Step[Stay]:
        """Tells of a stay beyond its limit, where its zone is watched now; else looks again later."""
        limits = self.limits(state.zone)
        zone = estate.zones.get(state.zone)
        forget_us = self._forget_us(state, now_us)
        reached_us = max(state.since_us + limits.limit_us, min(now_us, state.last_us))
        if zone is None or not estate.within_any(zone.watch_hours, from_us(reached_us)):
            return Step(state, (), now_us + limits.limit_us, forget_us)
        signal = self._raise(key, state, estate)
        return Step(replace(state, told=True), (signal,), None, forget_us)

    def _left(
        self, key: str, state: Stay, event: Recorded, since_us: int, estate: Estate
    ) -> Step[Stay] | None:
        at_us = event.effective_us
        if state.event is not None and at_us < state.last_us:
            return None  # it came again since
        if state.event is None or (state.left_us is not None and since_us > state.left_us):
            seen = cast(CameraObject, event.event)
            state = Stay(since_us, at_us, at_us, event.device, seen.zone, evidence_of(event), event.late)
        return self._over(key, state, at_us, event, estate)

    def _over(self, key: str, state: Stay, at_us: int, event: Recorded, estate: Estate) -> Step[Stay]:
        limits = self.limits(state.zone)
        signals: tuple[Signal, ...] = ()
        zone = estate.zones.get(state.zone)
        if state.told:
            signals = (Clear(key, state.zone, at_us, (evidence_of(event),), late=state.late),)
        elif at_us - state.since_us > limits.limit_us and self._watched(zone, state, estate):
            raised = self._raise(key, state, estate)
            signals = (raised, Clear(key, state.zone, at_us, (evidence_of(event),), late=state.late))
        after = replace(state, left_us=at_us, last_us=at_us, told=False)
        return Step(after, signals, None, at_us + 10_000_000)

    def _watched(self, zone: ZoneSet | None, state: Stay, estate: Estate) -> bool:
        """Whether the zone is watched at the moment when the stay became too long."""
        reached_us = state.since_us + self.limits(state.zone).limit_us
        return zone is not None and estate.within_any(zone.watch_hours, from_us(reached_us))

    def _judged_us(self, state: Stay) -> int:
        limits = self.limits(state.zone)
        judged_us: int = state.since_us + limits.limit_us + limits.settle_us
        return judged_us

    def _forget_us(self, state: Stay, now_us: int) -> int:
        return max(state.last_us, now_us) + KEEP_US

    def _raise(self, key: str, state: Stay, estate: Estate) -> Raise:
        limits = self.limits(state.zone)
        reached_us = state.since_us + limits.limit_us
        night = estate.is_night(from_us(reached_us))
        return Raise(
            key=key,
            zone=state.zone,
            severity="medium" if night else "low",
            title=title("loitering.title", zone=zone_name(estate, state.zone), seconds=round(limits.limit_s)),
            at_us=reached_us,
            devices=(state.device,),
            evidence=(state.event,) if state.event else (),
            late=state.late,
        )
