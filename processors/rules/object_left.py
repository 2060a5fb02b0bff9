"""`object_left`: something was left behind. Pure; knows what cameras say only.

In a corridor people put things down for a while: there it counts as blocked when it is not gone in time.
"""

from __future__ import annotations

from dataclasses import replace
from typing import cast

from pydantic import Field

from eventlog.estate import Estate
from eventlog.ports import Recorded
from eventlog.vocabulary import CameraObject, CameraObjectLeft
from processors.rules.base import Clear, Evidence, Raise, Rule, Seconds, Signal, Step, evidence_of, value
from processors.rules.seen import DISORDER_US, Glance, SeenSettings, confirmed, zone_of
from processors.rules.titles import title, zone_name


@value
class Left:
    """A thing left behind: since when, last seen when, by which events, how often, when it was told."""

    at_us: int
    last_us: int
    evidence: tuple[Evidence, ...]
    device: str
    track: str | None = None
    late: bool = False
    reports: int = 1
    told_us: int | None = None


@value
class Place:
    """What lies in a zone (the last thing found), unsure findings, and when a thing was last taken away."""

    left: Left | None = None
    unsure: tuple[Glance, ...] = ()
    taken_us: int = 0


class Settings(SeenSettings):
    corridor_s: Seconds = Field(600, description="in a corridor it may lie this long, seconds")
    settle_s: Seconds = Field(2, description="judged this long after that, seconds")
    lost_s: Seconds = Field(
        150, description="what a camera reported again and again and not for this long is gone, seconds"
    )


class ObjectLeft(Rule[Place]):
    """One key a zone. What a camera follows by the same track is taken away when that track leaves."""

    name = "object_left"
    version = 1
    listens_to = frozenset({CameraObjectLeft, CameraObject})
    Settings = Settings
    State = Place

    def keys(self, event: Recorded, estate: Estate) -> tuple[str, ...]:
        seen = event.event
        if type(seen) is not CameraObject:
            return (zone_of(event, estate),)
        return (seen.zone,) if seen.event == "leave" and seen.label != "person" else ()

    def on_event(self, key: str, state: Place, event: Recorded, estate: Estate) -> Step[Place] | None:
        if type(event.event) is CameraObject:
            return self._taken(key, state, event, estate)
        limits = self.limits(key)
        said = cast(CameraObjectLeft, event.event)
        at_us = event.effective_us
        if at_us <= state.taken_us <= at_us + DISORDER_US:  # taken away already
            return None
        found, unsure = confirmed(state.unsure, event, said.confidence, limits)
        forget_us = at_us + limits.again_us + limits.corridor_us + DISORDER_US
        if not found:
            return self._step(key, Place(state.left, unsure, state.taken_us), (), forget_us)
        since_us = at_us if len(found) == 1 else min(at_us, _when(state.unsure, found[0]))
        left = state.left
        apart_us = at_us - left.last_us if left else 0
        lost = left is not None and left.reports > 1 and apart_us > limits.lost_us
        signals: tuple[Signal, ...] = ()
        if apart_us < -(limits.again_us + limits.corridor_us):
            return None  # history of another thing
        if left is None or lost or apart_us > limits.again_us + limits.corridor_us:
            if left is not None and left.told_us is not None:
                signals = (Clear(key, key, left.last_us, late=left.late),)
            left = Left(since_us, at_us, found, event.device, said.track, event.late)
        else:
            late = left.late and event.late
            left = replace(left, last_us=max(left.last_us, at_us), reports=left.reports + 1, late=late)
        again = left.told_us is None or at_us - left.told_us >= limits.again_us
        if again and not self._waits(key, left, at_us, estate):
            left = replace(left, told_us=at_us)
            signals += (self._raise(key, left, estate),)
        return self._step(key, Place(left, unsure, state.taken_us), signals, forget_us)

    def on_time(self, key: str, state: Place, due_us: int, estate: Estate) -> Step[Place]:
        left, limits = state.left, self.limits(key)
        if left is None or left.told_us is not None:
            return Step(state)
        forget_us = due_us + limits.again_us + limits.corridor_us + DISORDER_US
        if left.reports > 1 and due_us - limits.settle_us - left.last_us > limits.lost_us:
            return Step(Place(None, state.unsure, state.taken_us), (), None, forget_us)
        told = Place(replace(left, told_us=due_us), state.unsure, state.taken_us)
        return Step(told, (self._raise(key, left, estate),), None, forget_us)

    def _taken(self, key: str, state: Place, event: Recorded, estate: Estate) -> Step[Place] | None:
        gone = cast(CameraObject, event.event)
        at_us, left = event.effective_us, state.left
        after = Place(None, state.unsure, max(state.taken_us, at_us))
        if left is None:  # perhaps it overtook what it takes away
            if not _is_corridor(key, estate):
                return None
            return Step(after, (), None, at_us + 2 * DISORDER_US)
        if at_us < left.at_us or left.track not in (None, gone.track):
            return None
        signals: tuple[Signal, ...] = ()
        if left.told_us is not None:
            signals = (Clear(key, key, at_us, (evidence_of(event),), late=left.late),)
        return Step(after, signals, None, at_us + 2 * DISORDER_US)

    def _waits(self, key: str, left: Left, at_us: int, estate: Estate) -> bool:
        """Whether it lies where people put things down, and not long enough yet."""
        limit_us: int = self.limits(key).corridor_us
        return _is_corridor(key, estate) and at_us - left.at_us <= limit_us

    def _step(self, key: str, state: Place, signals: tuple[Signal, ...], forget_us: int) -> Step[Place]:
        left, limits = state.left, self.limits(key)
        wake_us = None
        if left is not None and left.told_us is None:
            wake_us = left.at_us + limits.corridor_us + limits.settle_us
        return Step(state, signals, wake_us, forget_us)

    def _raise(self, key: str, left: Left, estate: Estate) -> Raise:
        text = "object_left.title_corridor" if _is_corridor(key, estate) else "object_left.title"
        return Raise(
            key=key,
            zone=key,
            severity="medium",
            title=title(text, zone=zone_name(estate, key)),
            at_us=left.at_us,
            devices=(left.device,),
            evidence=left.evidence,
            late=left.late,
        )


def _is_corridor(zone: str, estate: Estate) -> bool:
    return zone in estate.zones and estate.zones[zone].kind == "corridor"


def _when(unsure: tuple[Glance, ...], event: Evidence) -> int:
    return next(each.at_us for each in unsure if each.event == event)
