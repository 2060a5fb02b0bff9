"""`fire_lane_blocked`: a vehicle stays in a fire lane. Pure; knows zones and what cameras see in them only.

Every vehicle that a camera follows is one stay, by effective time. A camera loses a vehicle and finds it
again under another number: one that comes as another goes is the same. A stay is judged a little after its
limit, so that a leave that was in time and comes late is heard; one that comes later withdraws the alert.
Cameras miss a leave now and then: one that tells of stays and falls silent about a vehicle has lost it. One
that proves to be silent about vehicles that are there is no longer taken at its word.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, cast

from pydantic import Field

from eventlog.estate import Estate
from eventlog.ports import Recorded
from eventlog.vocabulary import CameraObject
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
from processors.rules.titles import title, zone_name

FIRE_LANE = "fire_lane"
VEHICLES = frozenset(
    {"car", "truck", "van", "bus", "motorcycle", "motorbike", "tricycle", "pickup", "suv", "vehicle"}
)
"""What cameras call vehicles, in lower case."""
EXEMPT = frozenset({"fire_engine", "fire_truck", "firetruck", "ambulance"})
"""Those that may stand there."""
STAYS_MAX = 32
"""Vehicles of one zone kept, the newest."""
FORGOTTEN_US = 60_000_000
"""How long the end of a stay is remembered, for its enter, or the vehicle under another number."""
CAMERAS_MAX = 16
"""Cameras of one zone known to tell of stays, or not to."""
PATIENCE = 3
"""So many times as long may a camera be silent about a vehicle that was told, before it has lost it."""
LOST_KEPT_US = 6 * 3_600_000_000
"""How long a vehicle that was lost may show up again."""


@value
class Stay:
    """One vehicle as one camera follows it: since when it stays, when it was seen last, when it left (None:
    still there), whether nobody saw it leave, whether it was told, and whether it may stand there after all.
    Once it has left it is remembered until `kept_us` by the log's time.
    """

    camera: str
    track: str
    since_us: int
    event: Evidence
    late: bool = False
    left_us: int | None = None
    lost: bool = False
    told: bool = False
    exempt: bool = False
    last_us: int = 0
    kept_us: int = 0


@value
class Lane:
    """The vehicles of a fire lane in the order in which they were heard of; the cameras that tell of stays,
    not of enters and leaves only; those of them that were silent about one that was there."""

    stays: tuple[Stay, ...] = ()
    telling: tuple[str, ...] = ()
    silent: tuple[str, ...] = ()


class Settings(RuleSettings):
    limit_s: Seconds = Field(180, description="longest stay of a vehicle, seconds")
    settle_s: Seconds = Field(5, description="judged this long after the limit, seconds")
    rejoin_s: float = Field(
        2, ge=0, le=60, description="a vehicle that comes this soon as another goes is the same, seconds"
    )
    silent_s: Seconds = Field(
        63,
        description="a camera that tells of stays and is silent about a vehicle for longer has lost it, "
        "seconds",
    )


class FireLaneBlocked(Rule[Lane]):
    """One key a zone of the kind `fire_lane`."""

    name = "fire_lane_blocked"
    version = 1
    listens_to = frozenset({CameraObject})
    Settings = Settings
    State = Lane

    def keys(self, event: Recorded, estate: Estate) -> tuple[str, ...]:
        seen = cast(CameraObject, event.event)
        zone = estate.zones.get(seen.zone)
        if zone is None or zone.kind != FIRE_LANE:
            return ()
        label = seen.label.lower()
        return (seen.zone,) if label in VEHICLES or label in EXEMPT else ()

    def on_event(self, key: str, state: Lane, event: Recorded, estate: Estate) -> Step[Lane] | None:
        seen = cast(CameraObject, event.event)
        signals: tuple[Signal, ...] = ()
        before = _pruned(state, event.recorded_us, self.limits(key))
        if seen.event == "leave":
            after, signals = self._left(key, before, event)
        else:
            after = self._seen(key, _telling(before, event), event)
            if _told(state) and not _told(after):  # it may stand there after all
                signals = (Clear(key, key, event.effective_us, (evidence_of(event),), withdrawn=True),)
        return None if after is state else self._step(key, after, signals)

    def on_time(self, key: str, state: Lane, due_us: int, estate: Estate) -> Step[Lane]:
        limits = self.limits(key)
        signals: list[Signal] = []
        kept: list[Stay] = []
        ended: Stay | None = None
        for stay in state.stays:
            if self._is_lost(key, stay, state, due_us):
                kept_us = max(stay.kept_us, due_us + LOST_KEPT_US)
                stay = replace(stay, left_us=stay.last_us, lost=True, kept_us=kept_us)
            if not stay.told and _too_long(stay, limits) and _judged_us(stay, limits) <= due_us:
                signals.append(self._raise(key, stay, estate))
                stay = replace(stay, told=True)
            if stay.told and stay.left_us is not None and stay.left_us + limits.rejoin_us <= due_us:
                ended = stay
                if stay.lost:  # it may show up again
                    kept.append(replace(stay, told=False, since_us=stay.last_us))
            else:
                kept.append(stay)
        after = replace(state, stays=tuple(kept))
        if ended is not None and ended.left_us is not None and not _told(after, late=ended.late):
            signals.append(Clear(key, key, ended.left_us, (ended.event,), late=ended.late))
        return self._step(key, _pruned(after, due_us, limits), tuple(signals))

    def _is_lost(self, key: str, stay: Stay, state: Lane, now_us: int) -> bool:
        """Whether a camera that tells of stays has been silent about a vehicle for too long."""
        limits = self.limits(key)
        if stay.left_us is not None or stay.camera not in state.telling:
            return False
        if stay.told:
            return bool(now_us - stay.last_us >= PATIENCE * limits.silent_us)
        return _judged_us(stay, limits) <= now_us and now_us - stay.last_us > limits.silent_us

    def _seen(self, key: str, state: Lane, event: Recorded) -> Lane:
        seen = cast(CameraObject, event.event)
        at_us, limits = event.effective_us, self.limits(key)
        exempt = seen.label.lower() in EXEMPT
        known = _of_track(state, event.device, seen.track, event.late)
        if known is not None and known.left_us is not None:
            if at_us <= known.left_us:
                return state  # its leave overtook it
            back = (
                _was_there(known, event, limits) if known.lost else at_us - known.left_us <= limits.rejoin_us
            )
            state = _unheard(state, known, at_us, limits) if back and known.lost else state
            known = known if back else None
        if known is None:
            since_us = at_us - round((seen.dwell_s or 0) * 1_000_000)
            track = (event.device, seen.track)
            new = Stay(*track, since_us, evidence_of(event), event.late, exempt=exempt, last_us=at_us)
            gone = _partner(state, new, limits.rejoin_us)
            return _with(state, new) if gone is None else _with(_without(state, gone), _heir(new, gone))
        exempt = exempt or known.exempt
        told = known.told and not exempt
        since_us, last_us = min(known.since_us, at_us), max(known.last_us, at_us)
        back_again = replace(
            known, since_us=since_us, last_us=last_us, left_us=None, lost=False, exempt=exempt, told=told
        )
        return state if back_again == known else _with(_without(state, known), back_again)

    def _left(self, key: str, state: Lane, event: Recorded) -> tuple[Lane, tuple[Signal, ...]]:
        seen = cast(CameraObject, event.event)
        at_us, limits = event.effective_us, self.limits(key)
        kept_us = event.recorded_us + FORGOTTEN_US
        track = (event.device, seen.track)
        known = _of_track(state, *track, event.late) or _of_track(state, *track, not event.late)
        if known is not None and known.lost:
            if _was_there(known, event, limits):
                state = _unheard(state, known, at_us, limits)
            else:
                known = None
        if known is None:  # it overtook its enter
            new = Stay(*track, at_us, evidence_of(event), event.late, at_us, last_us=at_us, kept_us=kept_us)
            return _with(state, new), ()
        if (known.left_us is not None and not known.lost) or at_us < known.since_us:
            return state, ()
        gone = replace(known, left_us=at_us, lost=False, kept_us=kept_us)
        after = _without(state, known)
        heir = _partner(after, gone, limits.rejoin_us)
        if heir is not None:
            return _with(_without(after, heir), _heir(heir, gone)), ()
        if known.told and not _too_long(gone, limits):
            after = _with(after, replace(gone, told=False))
            evidence = (known.event, evidence_of(event))
            back = Clear(key, key, at_us, evidence, withdrawn=True, late=known.late)
            return after, () if _told(after, late=known.late) else (back,)
        return _with(after, gone), ()

    def _step(self, key: str, state: Lane, signals: tuple[Signal, ...]) -> Step[Lane]:
        cameras = state.telling or state.silent
        if not state.stays and not cameras:
            return Step(self.initial(), signals)
        wakes = [each for stay in state.stays if (each := self._wake_us(key, stay, state)) is not None]
        if wakes:
            return Step(state, signals, min(wakes))
        if cameras or any(stay.told for stay in state.stays):
            return Step(state, signals)
        left_us = max(stay.left_us or stay.since_us for stay in state.stays)
        return Step(state, signals, None, left_us + FORGOTTEN_US)

    def _wake_us(self, key: str, stay: Stay, state: Lane) -> int | None:
        """When a stay is to be looked at: whether it is too long, whether it is lost, whether its end is
        one."""
        limits = self.limits(key)
        if not stay.told:
            return _judged_us(stay, limits) if _too_long(stay, limits) else None
        if stay.left_us is not None:
            return int(stay.left_us + limits.rejoin_us)
        return int(stay.last_us + PATIENCE * limits.silent_us) if stay.camera in state.telling else None

    def _raise(self, zone: str, stay: Stay, estate: Estate) -> Raise:
        return Raise(
            key=zone,
            zone=zone,
            severity="high",
            title=title("fire_lane_blocked.title", zone=zone_name(estate, zone)),
            at_us=stay.since_us,
            devices=(stay.camera,),
            evidence=(stay.event,),
            late=stay.late,
        )


def _too_long(stay: Stay, limits: Any) -> bool:
    if stay.exempt:
        return False
    return stay.left_us is None or bool(stay.left_us - stay.since_us > limits.limit_us)


def _judged_us(stay: Stay, limits: Any) -> int:
    judged_us: int = stay.since_us + limits.limit_us + limits.settle_us
    return judged_us


def _of_track(state: Lane, camera: str, track: str, late: bool) -> Stay | None:
    """The last stay of this camera's track, of the present or of history."""
    own = (each for each in reversed(state.stays) if each.camera == camera and each.track == track)
    return next((each for each in own if each.late == late), None)


def _partner(state: Lane, stay: Stay, rejoin_us: int) -> Stay | None:
    """The other half of a vehicle that a camera lost and found: of a stay that began the one that ended as it
    did, of one that ended the one that began then."""
    for other in state.stays:
        alike = other.camera == stay.camera and other.exempt == stay.exempt
        if not alike or (other.left_us is None) == (stay.left_us is None):
            continue
        gone, new = (stay, other) if other.left_us is None else (other, stay)
        left_us = gone.left_us or 0
        if abs(new.since_us - left_us) <= rejoin_us and gone.since_us < min(left_us, new.since_us):
            return other
    return None


def _heir(new: Stay, gone: Stay) -> Stay:
    """The stay that goes on from the one that ended."""
    return replace(new, since_us=gone.since_us, event=gone.event, told=new.told or gone.told)


def _told(state: Lane, *, late: bool = True) -> bool:
    """Whether a vehicle that is there was told; for the end of one of now (not `late`) only those of now."""
    return any(stay.told and (late or not stay.late) for stay in state.stays)


def _telling(state: Lane, event: Recorded) -> Lane:
    """With the camera of the event, where it tells of a stay."""
    camera = event.device
    if cast(CameraObject, event.event).event != "stay" or camera in (*state.telling, *state.silent):
        return state
    return replace(state, telling=(*state.telling[1 - CAMERAS_MAX :], camera))


def _was_there(known: Stay, event: Recorded, limits: Any) -> bool:
    """Whether a vehicle that was lost is the one that the camera tells of now."""
    seen = cast(CameraObject, event.event)
    at_us, last_us = event.effective_us, known.last_us
    if seen.event == "enter":
        return False
    if seen.dwell_s is not None:
        return at_us - round(seen.dwell_s * 1_000_000) <= last_us
    return seen.event == "stay" or bool(at_us - last_us <= PATIENCE * limits.silent_us)


def _unheard(state: Lane, known: Stay, at_us: int, limits: Any) -> Lane:
    """Without the camera among those that tell, where it was silent for so long about one that was there."""
    if at_us - known.last_us <= PATIENCE * limits.silent_us:
        return state  # one report may get lost
    telling = tuple(each for each in state.telling if each != known.camera)
    return replace(state, telling=telling, silent=(*state.silent[1 - CAMERAS_MAX :], known.camera))


def _without(state: Lane, stay: Stay) -> Lane:
    return replace(state, stays=tuple(each for each in state.stays if each is not stay))


def _with(state: Lane, stay: Stay) -> Lane:
    stays = (*state.stays, stay)
    if len(stays) > STAYS_MAX:
        first = next((each for each in stays if each.left_us is not None), stays[0])
        stays = tuple(each for each in stays if each is not first)
    return replace(state, stays=stays)


def _pruned(state: Lane, now_us: int, limits: Any) -> Lane:
    """Without what ended untold so long ago that nothing can come back to it."""
    stays = tuple(
        each
        for each in state.stays
        if each.told or each.left_us is None or each.kept_us > now_us or _too_long(each, limits)
    )
    return state if len(stays) == len(state.stays) else replace(state, stays=stays)
