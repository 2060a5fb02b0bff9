"""`intrusion`: a person in a zone where nobody may be at these hours. Pure; knows cameras and patrols only.

A patrol is seen by the camera before it reaches its point: where it shows itself soon after, the alert is
withdrawn. Where it comes from next door on a round that leads here, nothing is told at all. Patrols climb no
fence: after one was climbed or cut here, whom a camera sees is not taken for one.
"""

from __future__ import annotations

from dataclasses import replace
from typing import cast

from pydantic import Field

from eventlog.estate import Estate
from eventlog.ports import Recorded
from eventlog.times import from_us
from eventlog.vocabulary import CameraObject, FenceAlarm, PatrolCheckpoint, PatrolPosition
from processors.rules.base import Clear, Raise, Rule, Seconds, Step, evidence_of, value
from processors.rules.patrols import patrol_zone, point_zone
from processors.rules.seen import DISORDER_US, Glance, SeenSettings, confirmed
from processors.rules.titles import title, zone_name

BREACHES = frozenset({"climb", "cut"})
PATROLS_MAX = 8
"""Patrols heard of lately, kept for events that come out of order."""


@value
class Guarded:
    """Unsure findings, when it was last told of, when patrols were heard of here or on their way here, when
    the fence was last climbed or cut."""

    unsure: tuple[Glance, ...] = ()
    told_us: int | None = None
    patrols: tuple[int, ...] = ()
    breach_us: int | None = None


class Settings(SeenSettings):
    sure_confidence: float = Field(0.7, ge=0, le=1, description="from this confidence on, once is enough")
    low_confidence: float = Field(0.55, ge=0, le=1, description="below this one a finding is none")
    patrol_s: Seconds = Field(
        300, description="a patrol heard of in the zone, or next door on its way, this long before, seconds"
    )
    shows_s: Seconds = Field(60, description="a patrol that shows itself this soon withdraws it, seconds")
    breach_s: Seconds = Field(
        60, description="this long after the fence was climbed or cut nobody is taken for a patrol, seconds"
    )


class Intrusion(Rule[Guarded]):
    """One key a zone."""

    name = "intrusion"
    version = 1
    listens_to = frozenset({CameraObject, FenceAlarm, PatrolCheckpoint, PatrolPosition})
    Settings = Settings
    State = Guarded

    def keys(self, event: Recorded, estate: Estate) -> tuple[str, ...]:
        seen = event.event
        if type(seen) is FenceAlarm:
            return self._breached(seen, estate)
        if type(seen) is not CameraObject:
            return self._guarded(event, estate)
        zone = estate.zones.get(seen.zone)
        if zone is None or not zone.armed_hours or seen.label != "person":
            return ()
        return (seen.zone,) if estate.within_any(zone.armed_hours, event.effective_at) else ()

    def _breached(self, alarm: FenceAlarm, estate: Estate) -> tuple[str, ...]:
        """The zone with armed hours whose fence somebody climbs or cuts; wind only shakes it."""
        segment = estate.segments.get(alarm.segment)
        zone = estate.zones.get(segment.zone) if segment and alarm.kind in BREACHES else None
        return (zone.zone,) if zone and zone.armed_hours else ()

    def _guarded(self, event: Recorded, estate: Estate) -> tuple[str, ...]:
        """The zones with armed hours where a patrol is, or where its round leads from next door."""
        here = patrol_zone(event, estate)
        if here is None:
            return ()
        squad = cast(PatrolCheckpoint, event.event).squad
        near = {here, *(estate.plan.beside(here) & _round_zones(squad, estate))}
        return tuple(sorted(each for each in near if each in estate.zones and estate.zones[each].armed_hours))

    def on_event(self, key: str, state: Guarded, event: Recorded, estate: Estate) -> Step[Guarded] | None:
        seen = event.event
        at_us = event.effective_us
        if type(seen) is FenceAlarm:
            breach_us = at_us if state.breach_us is None else max(at_us, state.breach_us)
            return Step(replace(state, breach_us=breach_us), forget_us=self._forget_us(key, event))
        if type(seen) is not CameraObject:
            return self._patrol(key, state, event, estate)
        limits = self.limits(key)
        since_us = at_us - round((seen.dwell_s or 0) * 1_000_000)
        lasting = at_us - since_us > limits.twice_us  # followed for so long: it counts as if seen twice
        told_before = state.told_us is not None and state.told_us >= since_us - DISORDER_US
        # Who goes was there: it counts where the camera is sure, and nobody was told during the stay.
        sure = lasting or seen.confidence >= limits.sure_confidence
        gone = seen.event == "leave" and (told_before or not sure)
        if gone or seen.confidence < limits.low_confidence:
            return None
        confidence = max(seen.confidence, limits.sure_confidence) if lasting else seen.confidence
        found, unsure = confirmed(state.unsure, event, confidence, limits, event.device)
        after = replace(state, unsure=unsure)
        forget_us = self._forget_us(key, event)
        patrolled = any(-DISORDER_US <= at_us - each <= limits.patrol_us for each in state.patrols)
        if patrolled and not _near_breach(state, at_us, limits.breach_us):
            return Step(after, forget_us=forget_us)
        told = state.told_us is not None and abs(at_us - state.told_us) < limits.again_us
        if not found or told:
            return Step(after, forget_us=forget_us)
        night = estate.is_night(from_us(at_us))
        text = "intrusion.title_night" if night else "intrusion.title"
        signal = Raise(
            key=key,
            zone=key,
            severity="high",
            title=title(text, zone=zone_name(estate, key)),
            at_us=at_us if told_before else since_us,
            devices=(event.device,),
            evidence=found,
        )
        return Step(replace(after, told_us=at_us), (signal,), forget_us=forget_us)

    def _patrol(self, key: str, state: Guarded, event: Recorded, estate: Estate) -> Step[Guarded]:
        limits = self.limits(key)
        at_us = event.effective_us
        patrols = tuple(sorted((*state.patrols, at_us))[-PATROLS_MAX:])
        forget_us = self._forget_us(key, event)
        told_us = state.told_us
        here = patrol_zone(event, estate) == key
        soon = told_us is not None and -DISORDER_US <= at_us - told_us <= limits.shows_us
        if soon and here and not _near_breach(state, told_us, limits.breach_us):
            clear = Clear(key, key, at_us, (evidence_of(event),), withdrawn=True)
            after = replace(state, told_us=None, patrols=patrols)
            return Step(after, (clear,), forget_us=forget_us)
        return Step(replace(state, patrols=patrols), forget_us=forget_us)

    def _forget_us(self, key: str, event: Recorded) -> int:
        limits = self.limits(key)
        longest_us: int = max(limits.patrol_us, limits.again_us, limits.twice_us, limits.breach_us)
        return event.effective_us + longest_us + DISORDER_US


def _near_breach(state: Guarded, at_us: int | None, breach_us: int) -> bool:
    """Whether the fence was climbed or cut shortly before."""
    if state.breach_us is None or at_us is None:
        return False
    return -DISORDER_US <= at_us - state.breach_us <= breach_us


def _round_zones(squad: str, estate: Estate) -> set[str]:
    """The zones that a squad's rounds lead through."""
    points = {
        stop.checkpoint for each in estate.rounds.values() if each.squad == squad for stop in each.stops
    }
    return {zone for point in points if (zone := point_zone(point, estate)) is not None}
