"""`door_forced`: a door opens and nobody let anyone through. Pure; knows doors, grants and exits only.

An opening without a release is judged a little later, since the release may come after it; what the
controller itself calls forced is told at once. Where the device's counter shows that a message just before
the opening is missing, that may have been the release: the opening waits for it. Where it never comes,
`sequence_gap` tells of it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, cast

from pydantic import Field

from eventlog.estate import Estate
from eventlog.ports import Recorded
from eventlog.vocabulary import (
    AccessGranted,
    DeviceOnline,
    DoorClosed,
    DoorEvent,
    DoorForcedByDevice,
    DoorOpened,
    ExitRequested,
)
from processors.measured import CounterFilled, CounterJumped
from processors.rules.base import (
    Clear,
    Evidence,
    Raise,
    Rule,
    RuleSettings,
    Seconds,
    Step,
    evidence_of,
    value,
)
from processors.rules.doors import controller
from processors.rules.missing import COUNTER_TYPES, Missing, noted, shown_within
from processors.rules.titles import door_name, title, zone_name

RELEASES_MAX = 32
"""Releases of one door kept, the newest."""
OPENS_MAX = 16
"""Openings of one door under judgement at once (an upload of history brings many)."""
DISORDER_US = 65_000_000
"""Events come out of order by less than this: what a line lost is sent again within a minute."""
CLOSES_MAX = 16
"""Closes of one door kept, the newest."""
_OF_DEVICES = COUNTER_TYPES | {DeviceOnline.TYPE}


@value
class Open:
    """An opening that nothing explains so far."""

    at_us: int
    event: Evidence
    late: bool = False
    recorded_us: int = 0


@value
class Releases:
    """A door's last releases, its openings under judgement, when its device came online, whether it was
    told as forced and is open still, its last closes, what its device's counter says is missing, and when its
    contact bounced open the last time."""

    at_us: tuple[int, ...] = ()
    opens: tuple[Open, ...] = ()
    online_us: int = 0
    told: bool = False
    closed_us: tuple[int, ...] = ()
    missing: tuple[Missing, ...] = ()
    bounced_us: int = 0


class Settings(RuleSettings):
    grant_s: Seconds = Field(5, description="a release this long before the opening explains it, seconds")
    settle_s: Seconds = Field(2, description="an opening is judged this long after it, seconds")
    filled_s: Seconds = Field(
        60, description="a message missing before an opening is waited for this long, seconds"
    )
    online_s: float = Field(
        10, ge=0, le=3_600, description="silent this long after the door's device came online, seconds"
    )
    bounce_s: float = Field(
        0.5, ge=0, le=5, description="open again this soon after it closed, the contact bounced, seconds"
    )
    maintenance: bool = Field(False, description="true while people work on the doors, unplanned: silent")


class DoorForced(Rule[Releases]):
    """One key a door."""

    name = "door_forced"
    version = 1
    listens_to = frozenset(
        {
            AccessGranted,
            ExitRequested,
            DoorOpened,
            DoorClosed,
            DoorForcedByDevice,
            DeviceOnline,
            CounterJumped,
            CounterFilled,
        }
    )
    Settings = Settings
    State = Releases

    def keys(self, event: Recorded, estate: Estate) -> tuple[str, ...]:
        if event.type in _OF_DEVICES:
            device = cast(DeviceOnline | CounterJumped | CounterFilled, event.event).device
            return estate.doors_of.get(device) or (device,)
        return (cast(DoorEvent, event.event).door,)

    def on_event(self, key: str, state: Releases, event: Recorded, estate: Estate) -> Step[Releases] | None:
        match event.type:
            case "access.granted" | "access.exit_requested":
                return self._released(key, state, event.effective_us, estate)
            case "access.door_opened":
                return self._opened(key, state, event, estate)
            case "access.door_closed":
                return self._closed(key, state, event, estate)
            case "access.door_forced":
                return self._forced(key, state, event, estate)
            case "measured.counter_jumped" | "measured.counter_filled":
                return self._counted(key, state, event, estate)
        return self._online(key, state, event.effective_us, estate)

    def on_time(self, key: str, state: Releases, due_us: int, estate: Estate) -> Step[Releases]:
        limits = self.door_limits(key, estate)
        missing, grant_us = state.missing, limits.grant_us
        rest = tuple(each for each in state.opens if _due_us(each, missing, limits) > due_us)
        judged = tuple(
            each for each in state.opens if each not in rest and not _unheard(each, missing, grant_us)
        )
        signals: list[Raise | Clear] = [
            self._raise(key, each.at_us, each.event, estate, late=each.late, by_device=False)
            for each in judged
        ]
        told = state.told
        if judged and not told:
            last = judged[-1]
            open_us = max(last.at_us + limits.bounce_us, state.bounced_us)
            closed_us = min((at_us for at_us in state.closed_us if at_us > open_us), default=None)
            told = closed_us is None
            if closed_us is not None:
                zone = estate.door_zone(key)
                signals.append(Clear(key, zone, closed_us, (last.event,), late=last.late))
        after = replace(state, opens=rest, told=told)
        return self._step(key, after, estate, tuple(signals), due_us)

    def _released(self, key: str, state: Releases, at_us: int, estate: Estate) -> Step[Releases]:
        window_us = self.door_limits(key, estate).grant_us
        opens = state.opens
        if opens:
            opens = tuple(each for each in opens if not 0 <= each.at_us - at_us <= window_us)
        releases = (*state.at_us[1 - RELEASES_MAX :], at_us)
        after = Releases(  # not `replace`: it takes seven times as long, and this is every grant
            releases, opens, state.online_us, state.told, state.closed_us, state.missing, state.bounced_us
        )
        return self._step(key, after, estate)

    def _opened(self, key: str, state: Releases, event: Recorded, estate: Estate) -> Step[Releases] | None:
        limits = self.door_limits(key, estate)
        at_us = event.effective_us
        window_us, online_us = limits.grant_us, limits.online_us
        for released_us in reversed(state.at_us):  # nearly always the last one
            if 0 <= at_us - released_us <= window_us:
                return None
        if state.online_us and 0 <= at_us - state.online_us <= online_us:
            return None
        if any(0 <= at_us - closed_us <= limits.bounce_us for closed_us in state.closed_us):
            bounced_us = max(state.bounced_us, at_us)
            return self._step(key, replace(state, bounced_us=bounced_us), estate)
        if _worked_on(key, at_us, estate) or limits.maintenance:
            return None
        opened = Open(at_us, evidence_of(event), event.late, event.recorded_us)
        return self._step(key, replace(state, opens=(*state.opens[1 - OPENS_MAX :], opened)), estate)

    def _online(self, key: str, state: Releases, at_us: int, estate: Estate) -> Step[Releases]:
        silent_us = self.door_limits(key, estate).online_us
        opens = tuple(each for each in state.opens if not 0 <= each.at_us - at_us <= silent_us)
        return self._step(key, replace(state, opens=opens, online_us=at_us), estate)

    def _closed(self, key: str, state: Releases, event: Recorded, estate: Estate) -> Step[Releases] | None:
        at_us = event.effective_us
        bounce_us = self.door_limits(key, estate).bounce_us
        opens, bounced_us = state.opens, state.bounced_us
        if opens:
            opens = tuple(each for each in opens if not 0 <= each.at_us - at_us <= bounce_us)
            if len(opens) < len(state.opens):
                bounced_us = max(bounced_us, state.opens[-1].at_us)
        closed_us = (*state.closed_us[1 - CLOSES_MAX :], at_us)
        after = Releases(state.at_us, opens, state.online_us, False, closed_us, state.missing, bounced_us)
        if not state.told:
            return self._step(key, after, estate)
        clear = Clear(key, estate.door_zone(key), at_us, (evidence_of(event),))
        return self._step(key, after, estate, (clear,))

    def _counted(self, key: str, state: Releases, event: Recorded, estate: Estate) -> Step[Releases] | None:
        missing = noted(state.missing, event)
        return None if missing == state.missing else self._step(key, replace(state, missing=missing), estate)

    def _forced(self, key: str, state: Releases, event: Recorded, estate: Estate) -> Step[Releases] | None:
        if _worked_on(key, event.effective_us, estate) or self.door_limits(key, estate).maintenance:
            return None
        signal = self._raise(
            key, event.effective_us, evidence_of(event), estate, late=event.late, by_device=True
        )
        return self._step(key, replace(state, told=True), estate, (signal,))

    def _step(
        self,
        key: str,
        state: Releases,
        estate: Estate,
        signals: tuple[Raise | Clear, ...] = (),
        due_us: int = 0,
    ) -> Step[Releases]:
        if state.opens:
            limits = self.door_limits(key, estate)
            return Step(state, signals, min(_due_us(each, state.missing, limits) for each in state.opens))
        if state.told:
            return Step(state, signals)
        limits = self.door_limits(key, estate)
        last_us = max(due_us, state.online_us + limits.online_us)
        for at_us, span_us in ((state.at_us, limits.grant_us), (state.closed_us, limits.bounce_us)):
            if at_us and (until_us := max(at_us) + span_us) > last_us:
                last_us = until_us
        if state.missing:
            last_us = max(last_us, max(each.at_us for each in state.missing) + limits.grant_us)
        return Step(state, signals, None, last_us + DISORDER_US)

    def _raise(
        self, door: str, at_us: int, event: Evidence, estate: Estate, *, late: bool, by_device: bool
    ) -> Raise:
        zone = estate.door_zone(door)
        text = "door_forced.title_device" if by_device else "door_forced.title"
        return Raise(
            key=door,
            zone=zone,
            severity="high",
            title=title(text, zone=zone_name(estate, zone), door=door_name(estate, door)),
            at_us=at_us,
            devices=(controller(estate, door),),
            evidence=(event,),
            late=late,
        )


def _due_us(opened: Open, missing: tuple[Missing, ...], limits: Any) -> int:
    """When an opening is judged: later where its release may be on its way, and then by the log's time, since
    history has all its messages late."""
    settled_us: int = opened.at_us + limits.settle_us
    if not _unheard(opened, missing, limits.grant_us):
        return settled_us
    filled_us: int = max(opened.at_us, opened.recorded_us) + limits.filled_us
    return max(settled_us, filled_us)


def _unheard(opened: Open, missing: tuple[Missing, ...], grant_us: int) -> bool:
    """Whether what would explain an opening may be missing: what showed that was neither earlier than a
    release would be nor later than the opening."""
    return shown_within(missing, opened.at_us - grant_us, opened.at_us)


def _worked_on(door: str, at_us: int, estate: Estate) -> bool:
    return estate.in_maintenance(at_us, device=controller(estate, door), zone=estate.door_zone(door))
