"""`perimeter_breach`: the fence alarms; cameras and segments beside confirm it; wind does not. Pure.

One key is the whole fence, since wind shows only where many segments are looked at together; an alert's key
is its segment. A vibration is judged later, so that a gust is known as one, unless a camera of its zone sees
somebody in the armed hours; what was told before the rest of the gust came is taken back. Cut, climb and
short always stay, and what a camera confirmed. A patrol that walks along the fence confirms nothing; a
gardener by day makes no breach of a gust.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import field, replace
from typing import Annotated, cast

from pydantic import Field

from eventlog.estate import Estate
from eventlog.ports import Recorded
from eventlog.times import from_us
from eventlog.vocabulary import CameraObject, FenceAlarm, FenceRestored, PatrolCheckpoint, PatrolPosition
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
from processors.rules.patrols import patrol_zone
from processors.rules.titles import title, zone_name

FENCE = "fence"
"""The one key of the states."""
WEATHER = "weather"
"""The key of the notice about wind."""
PERSON = "person"
VIBRATION = "vibration"
ALARMS_MAX = 128
"""Alarms of the whole fence kept, the newest."""
SIGHTINGS_MAX = 64
"""Sightings of people near the fence kept, the newest; two of a zone."""
DISORDER_US = 10_000_000
"""Events come out of order by less than this."""
MEDIUM, CRITICAL = 1, 2
_PATROL = (PatrolCheckpoint, PatrolPosition)


@value
class Alarm:
    """One alarm of a segment, judged from `ripe_us` on and remembered until `kept_us`.

    `rank`: how it was told (0: not yet), `hushed`: it was not, since one like it had just been, `seen`: a
    camera confirmed it, `blown`: it is put down to wind, `ended_us`: when the segment was quiet again.
    """

    segment: str
    zone: str
    device: str
    kind: str
    at_us: int
    event: Evidence
    ripe_us: int
    kept_us: int
    late: bool = False
    rank: int = 0
    hushed: bool = False
    seen: bool = False
    blown: bool = False
    ended_us: int | None = None


@value
class Sighting:
    """A person near the fence."""

    zone: str
    camera: str
    at_us: int
    event: Evidence
    kept_us: int
    late: bool = False


@value
class Fence:
    """The fence's last alarms and the people seen near it; segments told and not quiet again since, and those
    of them that stay whatever the wind does; when and where the last gust was, 0 in calm weather; when a
    patrol was last heard of, by zone."""

    alarms: tuple[Alarm, ...] = ()
    sightings: tuple[Sighting, ...] = ()
    told: tuple[str, ...] = ()
    firm: tuple[str, ...] = ()
    gust_us: int = 0
    gust_zone: str = ""
    patrols: dict[str, int] = field(default_factory=dict)


class Settings(RuleSettings):
    confirm_s: Seconds = Field(
        30, description="a camera or a segment beside confirms within this time, seconds"
    )
    adjacent: bool = Field(False, description="cameras of the zones beside the segment's confirm, too")
    patrol_s: Seconds = Field(
        300, description="a patrol heard of in the zone this long before is whom the camera sees, seconds"
    )
    sure_confidence: float = Field(
        0.65, ge=0, le=1, description="below this, a person in the picture is none"
    )
    settle_s: Seconds = Field(
        15,
        description="a vibration is judged this long after it, in armed hours at once where a camera of its "
        "zone confirms it, seconds",
    )
    wind_segments: Annotated[int, Field(ge=2, le=64)] = Field(
        4, description="this many segments that vibrate together are wind"
    )
    wind_s: Seconds = Field(30, description="together means within this time, seconds")
    calm_s: Seconds = Field(300, description="without a gust for this long, the wind is over, seconds")
    again_s: Seconds = Field(
        60, description="a segment that goes on alarming is not told again within this time, seconds"
    )


class PerimeterBreach(Rule[Fence]):
    """The state's key is the fence; the alerts' are segments, and `weather`."""

    name = "perimeter_breach"
    version = 1
    listens_to = frozenset({FenceAlarm, FenceRestored, CameraObject, PatrolCheckpoint, PatrolPosition})
    Settings = Settings
    State = Fence

    def keys(self, event: Recorded, estate: Estate) -> tuple[str, ...]:
        what = event.event
        if type(what) is CameraObject:
            near = what.label == PERSON and what.zone in estate.segment_zones
            sure = near and what.confidence >= self.for_zone(what.zone).sure_confidence
            return (FENCE,) if sure else ()
        if type(what) in _PATROL:
            return (FENCE,) if patrol_zone(event, estate) in estate.segment_zones else ()
        return (FENCE,)

    def on_event(self, key: str, state: Fence, event: Recorded, estate: Estate) -> Step[Fence] | None:
        what = event.event
        at_us, now_us = min(event.effective_us, event.recorded_us), event.recorded_us
        if type(what) is FenceRestored:
            after, over = _restored(state, what, at_us, event, estate)
            return None if after is state else self._judged(after, over, now_us, estate)
        if type(what) in _PATROL:
            return self._patrol(state, at_us, event, estate)
        if type(what) is CameraObject:
            limits = self.limits(what.zone)
            patrol_us = state.patrols.get(what.zone)
            if patrol_us is not None and -DISORDER_US <= at_us - patrol_us <= limits.patrol_us:
                return None
            kept_us = now_us + limits.confirm_us + limits.settle_us + DISORDER_US
            seen = Sighting(what.zone, event.device, at_us, evidence_of(event), kept_us, event.late)
            after = replace(state, sightings=_with(state.sightings, seen, now_us))
            if after.alarms or after.gust_us or after.told:
                return self._judged(after, [], now_us, estate)
            return Step(
                after, (), None, self._kept_us(after, now_us)
            )  # somebody walks, no fence says a thing
        segment, zone = cast(FenceAlarm, what).segment, _zone_of(estate, event)
        if estate.in_maintenance(at_us, device=event.device, zone=zone):
            return None
        limits = self.limits(zone)
        longest_us = max(limits.confirm_us, limits.wind_us, limits.again_us) + limits.settle_us
        new = Alarm(
            segment,
            zone,
            event.device,
            cast(FenceAlarm, what).kind,
            at_us,
            evidence_of(event),
            now_us + (limits.settle_us if cast(FenceAlarm, what).kind == VIBRATION else 0),
            now_us + longest_us + DISORDER_US,
            event.late,
        )
        fresh = tuple(each for each in state.alarms if each.kept_us > now_us)
        return self._judged(replace(state, alarms=(*fresh[1 - ALARMS_MAX :], new)), [], now_us, estate)

    def _patrol(self, state: Fence, at_us: int, event: Recorded, estate: Estate) -> Step[Fence] | None:
        zone = patrol_zone(event, estate) or ""
        if at_us <= state.patrols.get(zone, 0):
            return None
        return self._judged(
            replace(state, patrols={**state.patrols, zone: at_us}), [], event.recorded_us, estate
        )

    def on_time(self, key: str, state: Fence, due_us: int, estate: Estate) -> Step[Fence]:
        signals: list[Signal] = []
        over_us = state.gust_us + self.limits(state.gust_zone).calm_us
        if state.gust_us and over_us <= due_us:
            signals.append(Clear(WEATHER, state.gust_zone, over_us))
            state = replace(state, gust_us=0, gust_zone="")
        return self._judged(state, signals, due_us, estate)

    def _judged(self, state: Fence, signals: list[Signal], now_us: int, estate: Estate) -> Step[Fence]:
        """First what is wind, then every alarm that is ripe, in the light of all that is known by now."""
        state = self._gusts(state, signals, estate)
        alarms = list(state.alarms)
        told, firm = dict.fromkeys(state.told), dict.fromkeys(state.firm)
        wakes = [state.gust_us + self.limits(state.gust_zone).calm_us] if state.gust_us else []
        for index, alarm in enumerate(alarms):
            if alarm.ripe_us > now_us and not self._seen_here(alarm, state.sightings, estate):
                wakes.append(alarm.ripe_us)
                continue
            if alarm.rank == CRITICAL:
                continue
            rank, by = self._rank(alarm, alarms, state.sightings, now_us, estate)
            if rank <= alarm.rank:
                continue
            seen = isinstance(by, Sighting) and _guarded(alarm, estate)
            after = replace(alarm, rank=rank, seen=seen)
            after = alarms[index] = replace(after, hushed=self._hushed(after, alarms))
            if not after.hushed:
                signals.append(_raise(after, by, estate))
            if alarm.ended_us is not None:
                if alarm.segment not in told:  # by another alarm, that stands
                    signals.append(Clear(alarm.segment, alarm.zone, alarm.ended_us, late=alarm.late))
                continue
            told[alarm.segment] = None
            if seen or alarm.kind != VIBRATION:
                firm[alarm.segment] = None
        state = replace(state, alarms=tuple(alarms), told=tuple(told), firm=tuple(firm))
        if wakes:
            return Step(state, tuple(signals), min(wakes))
        if state.told:
            return Step(state, tuple(signals))
        return Step(state, tuple(signals), None, self._kept_us(state, now_us))

    def _kept_us(self, state: Fence, now_us: int) -> int:
        """Until when something of it may still matter."""
        kept = [each.kept_us for each in state.alarms] + [each.kept_us for each in state.sightings]
        kept += [at_us + self.limits(zone).patrol_us + DISORDER_US for zone, at_us in state.patrols.items()]
        return max((*kept, now_us))

    def _gusts(self, state: Fence, signals: list[Signal], estate: Estate) -> Fence:
        """Puts down to wind what shook together, takes back what was told of it, and tells the wind once."""
        alarms = list(state.alarms)
        gust = self._gust(alarms)
        blown = {
            i for i, each in enumerate(alarms) if not each.blown and (i in gust or self._hold(each, state))
        }
        if not blown:
            return state
        told = dict.fromkeys(state.told)
        for index in sorted(blown):
            alarm = alarms[index]
            if alarm.seen:
                continue
            alarms[index] = replace(alarm, blown=True, rank=0)
            if alarm.rank and alarm.segment in told and not self._stands(alarm.segment, alarms, state):
                evidence = (alarm.event,)
                signals.append(
                    Clear(alarm.segment, alarm.zone, alarm.at_us, evidence, withdrawn=True, late=alarm.late)
                )
                del told[alarm.segment]
        state = replace(state, alarms=tuple(alarms), told=tuple(told))
        if all(alarms[index].seen for index in gust & blown):  # those stay what they are: no new gust
            return state
        shaken = [alarms[index] for index in sorted(gust)]
        last = max(shaken, key=lambda each: each.at_us)
        zone = Counter(sorted(each.zone for each in shaken)).most_common(1)[0][0]
        if last.late:  # history: told, and over by now
            notice = _notice(shaken, zone, estate)
            over = () if state.gust_us else (Clear(WEATHER, zone, last.at_us, late=True),)
            signals += (notice, *over) if gust <= blown else ()
            return state
        if not state.gust_us:
            signals.append(_notice(shaken, zone, estate))
        return replace(state, gust_us=max(last.at_us, state.gust_us), gust_zone=zone)

    def _gust(self, alarms: list[Alarm]) -> set[int]:
        """The places of the vibrations that shook together with the newest one, if they are many enough."""
        shaken = [i for i, each in enumerate(alarms) if each.kind == VIBRATION]
        if not shaken:
            return set()
        newest = alarms[shaken[-1]]
        limits = self.limits(newest.zone)
        near = [i for i in shaken if alarms[i].late == newest.late]
        found: set[int] = set()
        for first in near:
            since_us = alarms[first].at_us
            span = {i for i in near if 0 <= alarms[i].at_us - since_us <= limits.wind_us}
            if len({alarms[i].segment for i in span}) >= limits.wind_segments:
                found |= span
        return found

    def _hold(self, alarm: Alarm, state: Fence) -> bool:
        """Whether an alarm is a vibration in wind that is known already."""
        if alarm.kind != VIBRATION or alarm.late or not state.gust_us:
            return False
        limits = self.limits(alarm.zone)
        return bool(-limits.wind_us <= alarm.at_us - state.gust_us < limits.calm_us)

    def _stands(self, segment: str, alarms: list[Alarm], state: Fence) -> bool:
        """Whether a segment's alert rests on more than wind."""
        return segment in state.firm or any(
            each.segment == segment and each.rank and not each.blown for each in alarms
        )

    def _rank(
        self,
        alarm: Alarm,
        alarms: list[Alarm],
        sightings: tuple[Sighting, ...],
        now_us: int,
        estate: Estate,
    ) -> tuple[int, Sighting | Alarm | None]:
        """How an alarm is to be told, and what confirms it. In wind only a camera of its own zone does, and
        only while nobody may be there."""
        confirm_us = self.limits(alarm.zone).confirm_us
        zones = {alarm.zone} if not alarm.blown or _guarded(alarm, estate) else set()
        if self.for_zone(alarm.zone).adjacent and not alarm.blown:
            zones |= estate.plan.beside(alarm.zone)
        for seen in sightings:
            if seen.zone in zones and abs(seen.at_us - alarm.at_us) <= confirm_us:
                return CRITICAL, seen
        if alarm.blown:
            return 0, None
        beside = estate.segments_beside.get(alarm.segment, frozenset())
        for other in alarms:
            near = other.segment in beside and abs(other.at_us - alarm.at_us) <= confirm_us
            if near and not other.blown and other.ripe_us <= now_us:
                return CRITICAL, other
        return MEDIUM, None

    def _seen_here(self, alarm: Alarm, sightings: tuple[Sighting, ...], estate: Estate) -> bool:
        """Whether a camera of its own zone shows somebody who may not be there: nothing needs to be waited
        for then."""
        confirm_us = self.limits(alarm.zone).confirm_us
        return _guarded(alarm, estate) and any(
            seen.zone == alarm.zone and abs(seen.at_us - alarm.at_us) <= confirm_us for seen in sightings
        )

    def _hushed(self, alarm: Alarm, alarms: list[Alarm]) -> bool:
        """Whether the same was told of the segment a little while ago, and it has not been quiet since."""
        again_us = self.limits(alarm.zone).again_us
        return any(
            other.event != alarm.event
            and not other.hushed
            and (other.segment, other.late) == (alarm.segment, alarm.late)
            and other.rank >= alarm.rank
            and other.ended_us is None
            and abs(other.at_us - alarm.at_us) <= again_us
            for other in alarms
        )


def _guarded(alarm: Alarm, estate: Estate) -> bool:
    """Whether nobody may be in the alarm's zone at its moment: in its armed hours, always if it has none."""
    zone = estate.zones.get(alarm.zone)
    hours = zone.armed_hours if zone else ()
    return not hours or estate.within_any(hours, from_us(alarm.at_us))


def _zone_of(estate: Estate, event: Recorded) -> str:
    segment = estate.segments.get(cast(FenceAlarm, event.event).segment)
    return segment.zone if segment else estate.device_zone(event.device)


def _with(sightings: tuple[Sighting, ...], seen: Sighting, now_us: int) -> tuple[Sighting, ...]:
    """A sighting more; of each zone the one before it is kept, since they come out of order."""
    same = [each for each in sightings if (each.zone, each.late) == (seen.zone, seen.late)]
    kept = (each for each in sightings if each.kept_us > now_us and (each not in same or each is same[-1]))
    return (*tuple(kept)[1 - SIGHTINGS_MAX :], seen)


def _restored(
    state: Fence, what: FenceRestored, at_us: int, event: Recorded, estate: Estate
) -> tuple[Fence, list[Signal]]:
    """A segment is quiet again, as far as it had alarmed by then."""
    segment = what.segment
    alarms = tuple(
        replace(each, ended_us=at_us)
        if each.segment == segment
        and each.ended_us is None
        and each.at_us <= at_us
        and what.kind in (None, each.kind)
        else each
        for each in state.alarms
    )
    alarming = any(each.segment == segment and each.ended_us is None for each in alarms)
    if segment not in state.told or alarming:
        return (state, []) if alarms == state.alarms else (replace(state, alarms=alarms), [])
    after = replace(
        state,
        alarms=alarms,
        told=tuple(each for each in state.told if each != segment),
        firm=tuple(each for each in state.firm if each != segment),
    )
    return after, [Clear(segment, _zone_of(estate, event), at_us, (evidence_of(event),))]


def _raise(alarm: Alarm, by: Sighting | Alarm | None, estate: Estate) -> Raise:
    where = zone_name(estate, alarm.zone)
    if by is None:
        text = title("perimeter_breach.title", zone=where, segment=alarm.segment)
    else:
        text = title("perimeter_breach.title_confirmed", zone=where, segment=alarm.segment)
    more = () if by is None else (by.camera if isinstance(by, Sighting) else by.device,)
    return Raise(
        key=alarm.segment,
        zone=alarm.zone,
        severity="medium" if by is None else "critical",
        title=text,
        at_us=alarm.at_us,
        devices=tuple(dict.fromkeys((alarm.device, *more))),
        evidence=(alarm.event,) if by is None else (alarm.event, by.event),
        late=alarm.late,
    )


def _notice(shaken: list[Alarm], zone: str, estate: Estate) -> Raise:
    """The one notice that stands for all alarms of a gust."""
    segments = {each.segment for each in shaken}
    return Raise(
        key=WEATHER,
        zone=zone,
        severity="low",
        title=title("perimeter_breach.title_weather", zone=zone_name(estate, zone), count=len(segments)),
        at_us=min(each.at_us for each in shaken),
        devices=tuple(sorted({each.device for each in shaken})),
        evidence=tuple(each.event for each in shaken),
        late=shaken[-1].late,
    )
