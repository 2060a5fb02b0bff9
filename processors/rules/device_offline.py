"""`device_offline`: a device is gone, by its last will or by heartbeats that stopped. Pure.

Whoever stands behind a controller or recorder also hears of it, and keeps silent while it is gone: one
alert stands for all. Times are the log's own: presence is what we see. Only status and heartbeats count
as life; listening to every event would mean decoding every event.
"""

from __future__ import annotations

from dataclasses import field, replace
from typing import Annotated, cast

from pydantic import Field

from eventlog.estate import Estate
from eventlog.ports import Recorded
from eventlog.vocabulary import DeviceHeartbeat, DeviceOffline, DeviceOnline, Severity
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
    us,
    value,
)
from processors.rules.titles import device_name, title, zone_name

PARENTS_MAX = 4
"""How many controllers may stand above each other."""


@value
class Presence:
    """Last heartbeat or session; since when offline by its status (None: not); the heartbeat expected."""

    heard_us: int | None = None
    offline_us: int | None = None
    session: str | None = None
    beat_s: float | None = None
    last: Evidence | None = None


@value
class Chain:
    """A device and those it stands behind, by id, and whether it was told of."""

    devices: dict[str, Presence] = field(default_factory=dict)
    told: bool = False


class Settings(RuleSettings):
    settle_s: Seconds = Field(20, description="offline by its status this long, seconds")
    missed: Annotated[int, Field(ge=1, le=100)] = Field(3, description="heartbeats missed")
    slack_s: float = Field(2, ge=0, le=600, description="a heartbeat may be this late, seconds")


_UNKNOWN = Presence()
_BEAT = DeviceHeartbeat.TYPE


class DeviceOfflineRule(Rule[Chain]):
    """One key a device."""

    name = "device_offline"
    version = 1
    listens_to = frozenset({DeviceOnline, DeviceOffline, DeviceHeartbeat})
    Settings = Settings
    State = Chain
    _last_beat: tuple[Recorded | None, str | None, float | None, Presence] = (None, None, None, _UNKNOWN)
    """The last heartbeat, and what it makes of its device: the same for each that stands behind it."""

    def keys(self, event: Recorded, estate: Estate) -> tuple[str, ...]:
        device = _device(event)
        if device not in estate.devices:
            return ()
        return (device, *behind(estate, device)) if device in estate.children else (device,)

    def on_event(self, key: str, state: Chain, event: Recorded, estate: Estate) -> Step[Chain] | None:
        device = _device(event)
        before = state.devices.get(device, _UNKNOWN)
        if event.type == _BEAT and not state.told:
            one_more = self._one_more(device, before, state, event, estate)
            if one_more is not None:  # nearly always
                return one_more
        after = self._presence(device, before, event, estate)
        if after is None:
            return None
        devices = {**state.devices, device: after}
        was_gone = self._gone(device, before, event, estate)
        undisturbed = before.heard_us is not None and before.offline_us is None and not was_gone
        if undisturbed and not state.told and after.offline_us is None and after.beat_s == before.beat_s:
            return Step(Chain(devices), wake_us=KEEP_WAKE)  # the standing wake-up will look again
        now_us = event.recorded_us
        if device != key:
            if after.offline_us is None and was_gone and not state.told:
                devices[key] = _begin_anew(devices.get(key, _UNKNOWN), now_us)
            return self._step(key, Chain(devices, state.told), estate)
        if state.told and after.offline_us is None:
            clear = Clear(key, estate.device_zone(key), now_us, (evidence_of(event),))
            return self._step(key, Chain(devices), estate, (clear,))
        return self._step(key, Chain(devices, state.told), estate)

    def _one_more(
        self, device: str, before: Presence, state: Chain, event: Recorded, estate: Estate
    ) -> Step[Chain] | None:
        """A heartbeat of a device that is there: it says so again, and the standing wake-up will look again.
        None where there is more to it."""
        heard_us, beat_s, now_us = before.heard_us, before.beat_s, event.recorded_us
        if heard_us is None or before.offline_us is not None or not beat_s:
            return None
        if beat_s != estate.devices[device].heartbeat_s:
            return None
        same, session, every_s, after = self._last_beat
        if same is not event or session != before.session or every_s != beat_s:
            after = Presence(now_us, None, before.session, beat_s, Evidence(event.id, event.position))
            self._last_beat = event, before.session, beat_s, after
        devices = state.devices
        if len(devices) == 1:
            return Step(Chain({device: after}), (), KEEP_WAKE)
        limits = self.device_limits(device, estate)
        if heard_us + int(limits.missed * beat_s * 1_000_000) + limits.slack_us <= now_us:
            return None
        devices = devices.copy()
        devices[device] = after
        return Step(Chain(devices), (), KEEP_WAKE)

    def on_time(self, key: str, state: Chain, due_us: int, estate: Estate) -> Step[Chain]:
        if key not in estate.devices:
            return Step(self.initial())  # taken off the register meanwhile
        judged_us = self._judged_us(key, state, estate)
        if state.told or judged_us is None or judged_us > due_us:
            return Step(state, (), None if state.told else judged_us)
        if self._behind_gone(key, state, due_us, estate):
            return Step(state)  # heard of again when what it stands behind is
        signal = self._raise(key, state.devices[key], due_us, estate)
        return Step(Chain(state.devices, told=True), (signal,))

    def _presence(self, device: str, before: Presence, event: Recorded, estate: Estate) -> Presence | None:
        """What the event makes of the device's presence; None when it says nothing new."""
        beat_s = estate.devices[device].heartbeat_s
        now_us = event.recorded_us
        if event.type == _BEAT:
            if beat_s is None and before.offline_us is None:
                return None
            return Presence(now_us, None, before.session, beat_s, evidence_of(event))
        session = cast(DeviceOnline, event.event).session
        if event.type == DeviceOnline.TYPE:
            return Presence(now_us, None, session, beat_s, evidence_of(event))
        stale = session is not None and before.session not in (None, session)
        if stale or before.offline_us is not None:
            return None
        return Presence(before.heard_us, now_us, session, beat_s, evidence_of(event))

    def _step(self, key: str, state: Chain, estate: Estate, signals: tuple[Signal, ...] = ()) -> Step[Chain]:
        wake_us = None if state.told else self._judged_us(key, state, estate)
        return Step(state, signals, wake_us)

    def _judged_us(self, key: str, state: Chain, estate: Estate) -> int | None:
        """When the device is gone for good, unless it is heard of. What it stands behind comes first: while
        that is missing too, its own time is awaited."""
        judged_us = self._gone_us(key, state.devices.get(key, _UNKNOWN), estate)
        if judged_us is None:
            return None
        for above in above_of(estate, key):
            presence = state.devices.get(above)
            if presence is None:
                continue
            above_us = self._gone_us(above, presence, estate)
            overdue_us = (presence.heard_us or 0) + us(presence.beat_s or 0)
            missing = presence.offline_us is not None or (presence.beat_s and overdue_us < judged_us)
            if above_us is not None and missing:
                judged_us = max(judged_us, above_us)
        return judged_us

    def _gone_us(self, device: str, presence: Presence, estate: Estate) -> int | None:
        """When a device is gone for good by what is known of it alone."""
        limits = self.device_limits(device, estate)
        offline_us, heard_us, beat_s = presence.offline_us, presence.heard_us, presence.beat_s
        gone_us: int | None = None
        if offline_us is not None:
            gone_us = offline_us + limits.settle_us
        elif heard_us is not None and beat_s is not None:
            gone_us = heard_us + int(limits.missed * beat_s * 1_000_000) + limits.slack_us
        return gone_us

    def _gone(self, device: str, presence: Presence, event: Recorded, estate: Estate) -> bool:
        gone_us = self._gone_us(device, presence, estate)
        return gone_us is not None and gone_us <= event.recorded_us

    def _behind_gone(self, key: str, state: Chain, due_us: int, estate: Estate) -> bool:
        for above in above_of(estate, key):
            presence = state.devices.get(above)
            gone_us = self._gone_us(above, presence, estate) if presence else None
            if gone_us is not None and gone_us <= due_us:
                return True
        return False

    def _raise(self, device: str, presence: Presence, due_us: int, estate: Estate) -> Raise:
        zone = estate.device_zone(device)
        others = behind(estate, device)
        names = {"zone": zone_name(estate, zone), "device": device_name(estate, device)}
        text = "device_offline.title_behind" if others else "device_offline.title"
        return Raise(
            key=device,
            zone=zone,
            severity=_severity(device, estate),
            title=title(text, **names, count=len(others)),
            at_us=presence.offline_us or presence.heard_us or due_us,
            devices=(device, *others),
            evidence=(presence.last,) if presence.last else (),
        )


def above_of(estate: Estate, device: str) -> tuple[str, ...]:
    """What a device stands behind: its controller or recorder, and that one's, …"""
    entry = estate.devices.get(device)
    if entry is None or entry.parent is None:  # nearly always
        return ()
    found: list[str] = []
    while entry is not None and entry.parent in estate.devices and len(found) < PARENTS_MAX:
        found.append(entry.parent)
        entry = estate.devices[entry.parent]
    return tuple(found)


def behind(estate: Estate, device: str, depth: int = PARENTS_MAX) -> tuple[str, ...]:
    """The devices behind a controller or recorder, and behind those, …"""
    found: tuple[str, ...] = ()
    for child in estate.children.get(device, ()) if depth else ():
        found += (child, *behind(estate, child, depth - 1))
    return found


def _begin_anew(presence: Presence, now_us: int) -> Presence:
    """What it stands behind is back: it has as long as ever to be heard of."""
    return replace(
        presence,
        heard_us=None if presence.heard_us is None else now_us,
        offline_us=None if presence.offline_us is None else now_us,
    )


def _device(event: Recorded) -> str:
    return event.device if event.type == _BEAT else cast(DeviceOnline, event.event).device


def _severity(device: str, estate: Estate) -> Severity:
    """Medium for what guards an edge or stands above others, low for the rest."""
    at_gate = any(estate.doors[door].kind == "gate" for door in estate.doors_of.get(device, ()))
    edge = estate.devices[device].family in {"fence", "vehicle"}
    return "medium" if at_gate or edge or device in estate.children else "low"
