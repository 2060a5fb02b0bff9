"""`intrusion`: a person in a zone where nobody may be at these hours. Pure; knows cameras and patrols only.

A patrol is seen by the camera before it reaches its point: where it shows itself soon after, the alert is
withdrawn. Where its round leads here next, the alert waits for it to show itself: its phone tells every two
minutes where it is. Where it was heard of here, nothing is told. Patrols climb no fence: after one was
climbed or cut here, whom a camera sees is not taken for one.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import Any, cast

from pydantic import Field

from eventlog.estate import Estate
from eventlog.ports import Recorded
from eventlog.times import from_us
from eventlog.vocabulary import CameraObject, FenceAlarm, PatrolCheckpoint, PatrolPosition
from processors.rules.base import Clear, Evidence, Raise, Rule, Seconds, Signal, Step, evidence_of, value
from processors.rules.patrols import patrol_zone, point_zone
from processors.rules.seen import DISORDER_US, Glance, SeenSettings, confirmed
from processors.rules.titles import title, zone_name

BREACHES = frozenset({"climb", "cut"})
MEMBERS_MAX = 8
"""Members heard of lately."""
GONE_US = 30_000_000
"""So long after a member was heard of elsewhere it is no longer here."""


@value
class Member:
    """When a member of a patrol was last heard of here, elsewhere near, and where its round leads here next,
    or 0."""

    member: str
    here_us: int = 0
    away_us: int = 0
    coming_us: int = 0


@value
class Waiting:
    """Somebody was seen whom a patrol may explain: since when, and at what moment, by which camera.
    `until_us`: told unless a patrol shows itself by then; None: told only if the fence is climbed."""

    since_us: int
    at_us: int
    camera: str
    evidence: tuple[Evidence, ...]
    until_us: int | None
    late: bool = False
    last_us: int = 0
    """When somebody was seen last meanwhile."""


@value
class Guarded:
    """Unsure findings, when it was last told of, the patrols heard of here or next door, who waits for one to
    explain them, and when the fence was last climbed or cut."""

    unsure: tuple[Glance, ...] = ()
    told_us: int | None = None
    told_late_us: int | None = None
    members: tuple[Member, ...] = ()
    waiting: Waiting | None = None
    breach_us: int | None = None


class Settings(SeenSettings):
    sure_confidence: float = Field(0.7, ge=0, le=1, description="from this confidence on, once is enough")
    low_confidence: float = Field(0.55, ge=0, le=1, description="below this one a finding is none")
    patrol_s: Seconds = Field(300, description="a patrol heard of in the zone this long before, seconds")
    coming_s: Seconds = Field(
        720, description="one heard of where its round leads to the zone next, this long before, seconds"
    )
    shows_s: Seconds = Field(
        118,
        description="a patrol on its way is waited for this long, seconds",
    )
    withdraw_s: Seconds = Field(
        150, description="a patrol that shows itself this soon after it was seen withdraws it, seconds"
    )
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
        """The zones with armed hours where a patrol is, those next door, and those on its squad's rounds: it
        may come there, or have gone from there."""
        here = patrol_zone(event, estate)
        if here is None:
            return ()
        ways = _ways(cast(PatrolCheckpoint, event.event).squad, estate)
        near = {here, *estate.plan.beside(here), *(zone for way in ways for zone in way)}
        return tuple(sorted(each for each in near if each in estate.zones and estate.zones[each].armed_hours))

    def on_event(self, key: str, state: Guarded, event: Recorded, estate: Estate) -> Step[Guarded] | None:
        seen = event.event
        at_us = event.effective_us
        limits = self.limits(key)
        if type(seen) is FenceAlarm:
            return self._breach(key, state, event, estate)
        if type(seen) is not CameraObject:
            return self._patrol(key, state, event, estate)
        since_us = at_us - round((seen.dwell_s or 0) * 1_000_000)
        lasting = at_us - since_us > limits.twice_us  # followed for so long: it counts as if seen twice
        told_before = state.told_us is not None and state.told_us >= since_us - DISORDER_US
        # Who goes was there: it counts where the camera is sure, and nobody was told during the stay.
        sure = lasting or seen.confidence >= limits.sure_confidence
        gone = seen.event == "leave" and (told_before or not sure)
        if gone or seen.confidence < limits.low_confidence:
            return None
        confidence = max(seen.confidence, limits.sure_confidence) if lasting else seen.confidence
        found, unsure = _found(state.unsure, event, confidence, limits)
        after = replace(state, unsure=unsure)
        if not found:
            return self._step(key, after, (), at_us)
        hours = estate.zones[key].armed_hours
        begun_us = at_us if told_before or not estate.within_any(hours, from_us(since_us)) else since_us
        until_us = self._until_us(key, state, since_us, at_us)
        sighting = Waiting(begun_us, at_us, event.device, found, until_us, event.late, at_us)
        if until_us == at_us or _near_breach(state, at_us, limits.breach_us):
            return self._tell(key, after, sighting, at_us, estate)
        known = state.waiting
        if known is None or known.until_us is None or (known.late and not event.late):
            after = replace(after, waiting=sighting)
        elif known.late == event.late:
            after = replace(after, waiting=replace(known, last_us=max(known.last_us, at_us)))
        return self._step(key, after, (), at_us)

    def on_time(self, key: str, state: Guarded, due_us: int, estate: Estate) -> Step[Guarded]:
        sighting = state.waiting
        if sighting is None or sighting.until_us is None or sighting.until_us > due_us:
            return self._step(key, state, (), due_us)
        return self._tell(key, replace(state, waiting=None), sighting, due_us, estate)

    def _until_us(self, key: str, state: Guarded, since_us: int, at_us: int) -> int | None:
        """Until when a patrol is to show itself: at once where none is about; None where one is here."""
        limits = self.limits(key)

        def about(heard_us: int, within_us: int) -> bool:
            return -DISORDER_US <= at_us - heard_us <= within_us

        for each in state.members:
            left = each.away_us > each.here_us and since_us > each.away_us + GONE_US
            if about(each.here_us, limits.patrol_us) and not left:
                return None
        if any(
            each.coming_us > each.here_us
            and each.coming_us >= each.away_us
            and about(each.coming_us, limits.coming_us)
            for each in state.members
        ):
            return int(at_us + limits.shows_us)
        return at_us

    def _tell(
        self, key: str, state: Guarded, sighting: Waiting, now_us: int, estate: Estate
    ) -> Step[Guarded]:
        at_us = sighting.at_us
        limits = self.limits(key)
        times = (state.told_us, state.told_late_us) if sighting.late else (state.told_us,)
        if any(each is not None and abs(at_us - each) < limits.again_us for each in times):
            if not sighting.late and _near_breach(state, at_us, limits.breach_us):
                state = replace(state, told_us=max(at_us, state.told_us or 0))  # no patrol withdraws it
            return self._step(key, state, (), now_us)
        night = estate.is_night(from_us(at_us))
        text = "intrusion.title_night" if night else "intrusion.title"
        signal = Raise(
            key=key,
            zone=key,
            severity="high",
            title=title(text, zone=zone_name(estate, key)),
            at_us=sighting.since_us,
            devices=(sighting.camera,),
            evidence=sighting.evidence,
            late=sighting.late,
        )
        told = replace(state, told_late_us=at_us) if sighting.late else replace(state, told_us=at_us)
        return self._step(key, told, (signal,), now_us)

    def _breach(self, key: str, state: Guarded, event: Recorded, estate: Estate) -> Step[Guarded] | None:
        at_us = min(event.effective_us, event.recorded_us)
        if estate.in_maintenance(at_us, device=event.device, zone=key):
            return None
        after = replace(state, breach_us=max(at_us, state.breach_us or 0))
        sighting = state.waiting
        if sighting is not None and _near_breach(after, sighting.last_us, self.limits(key).breach_us):
            seen = replace(sighting, at_us=sighting.last_us)
            return self._tell(key, replace(after, waiting=None), seen, at_us, estate)
        return self._step(key, after, (), at_us)

    def _patrol(self, key: str, state: Guarded, event: Recorded, estate: Estate) -> Step[Guarded] | None:
        limits = self.limits(key)
        at_us = event.effective_us
        zone = patrol_zone(event, estate)
        members = _heard(state.members, event, zone or "", key, estate)
        if members is state.members:
            return None
        after = replace(state, members=members)
        told_us, sighting = state.told_us, state.waiting
        if zone != key:
            return self._step(key, after, (), at_us)
        if sighting is not None and -DISORDER_US <= at_us - sighting.at_us <= limits.shows_us:
            after = replace(after, waiting=replace(sighting, until_us=None))
        soon = told_us is not None and -DISORDER_US <= at_us - told_us <= limits.withdraw_us
        if soon and not _near_breach(state, told_us, limits.breach_us):
            clear = Clear(key, key, at_us, (evidence_of(event),), withdrawn=True)
            return self._step(key, replace(after, told_us=None), (clear,), at_us)
        return self._step(key, after, (), at_us)

    def _step(self, key: str, state: Guarded, signals: tuple[Signal, ...], at_us: int) -> Step[Guarded]:
        limits = self.limits(key)
        longest_us: int = max(
            limits.patrol_us, limits.coming_us, limits.again_us, limits.twice_us, limits.breach_us,
            limits.shows_us, limits.withdraw_us,
        )  # fmt: skip
        wake_us = state.waiting.until_us if state.waiting else None
        return Step(state, signals, wake_us, at_us + longest_us + DISORDER_US)


def _heard(
    members: tuple[Member, ...], event: Recorded, zone: str, key: str, estate: Estate
) -> tuple[Member, ...]:
    """With a member of a patrol heard of in a zone, the last heard of last; who neither was here nor comes is
    nobody's concern."""
    heard = cast(PatrolCheckpoint, event.event)
    at_us = min(event.effective_us, event.recorded_us)
    before = next((each for each in members if each.member == heard.member), None)
    known = before or Member(heard.member)
    if zone == key:
        known = replace(known, here_us=max(at_us, known.here_us))
    else:
        coming = key in _next_of(zone, _ways(heard.squad, estate), estate)
        if before is None and not coming:
            return members
        known = replace(known, away_us=max(at_us, known.away_us))
        if coming:
            known = replace(known, coming_us=max(at_us, known.coming_us))
    others = tuple(each for each in members if each.member != heard.member)
    return (*others[1 - MEMBERS_MAX :], known)


def _found(
    unsure: tuple[Glance, ...], event: Recorded, confidence: float, limits: Any
) -> tuple[tuple[Evidence, ...], tuple[Glance, ...]]:
    """The evidence that somebody is there, and the unsure findings to keep. Two things that do not last are
    not one that does; three of one camera soon after each other are somebody whom it loses."""
    track = f"{event.device}/{cast(CameraObject, event.event).track}"
    found, kept = confirmed(unsure, event, confidence, limits, track)
    if found:
        return found, kept
    at_us = event.effective_us
    own = (each for each in unsure if each.by.startswith(f"{event.device}/"))
    near = [each.event for each in own if abs(each.at_us - at_us) <= 2 * limits.twice_us]
    return ((*near[-2:], evidence_of(event)) if len(near) > 1 else ()), kept


def _near_breach(state: Guarded, at_us: int | None, breach_us: int) -> bool:
    """Whether the fence was climbed or cut shortly before."""
    if state.breach_us is None or at_us is None:
        return False
    return -DISORDER_US <= at_us - state.breach_us <= breach_us


def _ways(squad: str, estate: Estate) -> list[list[str]]:
    """The zones that each of a squad's rounds leads through, in order."""
    rounds = (each for each in estate.rounds.values() if each.squad == squad)
    found = ([point_zone(stop.checkpoint, estate) for stop in each.stops] for each in rounds)
    return [[zone for zone in way if zone is not None] for way in found]


def _next_of(zone: str, ways: list[list[str]], estate: Estate) -> set[str]:
    """Where the ways lead from a zone, and where those begin that begin next door."""
    begins = {way[0] for way in ways if way} & estate.plan.beside(zone)
    return begins | {after for way in ways for before, after in pairwise(way) if before == zone != after}
