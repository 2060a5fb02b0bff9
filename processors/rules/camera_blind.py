"""`camera_blind`: a camera can't see as it should, or a zone is left with no camera that works. Pure.

All cameras are one key: whether a zone is left blind depends on every camera that sees it, and a recorder
that is lost must be one alert for all of its zones. Only what is wrong is kept: the state is nearly always
empty.
"""

from __future__ import annotations

from dataclasses import field, replace
from typing import cast

from pydantic import Field

from eventlog.estate import Estate
from eventlog.ports import Recorded
from eventlog.vocabulary import CameraRestored, CameraTamper, DeviceOffline, DeviceOnline
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

DISORDER_US = 10_000_000
KEY = "cameras"


@value
class Fault:
    """What is wrong with a camera or recorder: since when, by which event."""

    at_us: int
    event: Evidence
    late: bool = False


@value
class Cameras:
    """What is wrong: offline and tampered devices; whom a tampering was told under; zones told as blind and
    under which key; when a camera last saw again."""

    offline: dict[str, Fault] = field(default_factory=dict)
    tampered: dict[str, Fault] = field(default_factory=dict)
    told: dict[str, str] = field(default_factory=dict)
    blind: dict[str, str] = field(default_factory=dict)
    sighted: dict[str, int] = field(default_factory=dict)


class Settings(RuleSettings):
    settle_s: Seconds = Field(20, description="offline by its status this long, seconds")
    together_s: Seconds = Field(
        10, description="cameras of one recorder tampered with this close together are one alert, seconds"
    )
    planned_s: Seconds = Field(600, description="after planned work, looked at again this often, seconds")


class CameraBlind(Rule[Cameras]):
    """One key, `cameras`; what is told has the camera, the recorder or the zone as its key."""

    name = "camera_blind"
    version = 1
    listens_to = frozenset({CameraTamper, CameraRestored, DeviceOffline, DeviceOnline})
    Settings = Settings
    State = Cameras

    def keys(self, event: Recorded, estate: Estate) -> tuple[str, ...]:
        entry = estate.devices.get(_device(event))
        return (KEY,) if entry is not None and entry.family == "camera" else ()

    def on_event(self, key: str, state: Cameras, event: Recorded, estate: Estate) -> Step[Cameras] | None:
        device = _device(event)
        if event.type == CameraTamper.TYPE:
            return self._tampered(device, state, event, estate)
        if event.type == CameraRestored.TYPE:
            return self._sighted(device, state, event, estate)
        if event.type == DeviceOffline.TYPE:
            if device in state.offline:
                return None
            fault = Fault(event.recorded_us, evidence_of(event))
            after = replace(state, offline={**state.offline, device: fault})
            return self._step(after, (), estate, event.recorded_us)
        if device not in state.offline:
            return None
        offline = {name: each for name, each in state.offline.items() if name != device}
        return self._settled(replace(state, offline=offline), event, estate)

    def on_time(self, key: str, state: Cameras, due_us: int, estate: Estate) -> Step[Cameras]:
        blind = dict(state.blind)
        signals: list[Signal] = []
        found: dict[str, list[str]] = {}
        for zone in self._dark(state, due_us, estate):
            if zone not in blind and not self._planned(zone, state, due_us, estate):
                found.setdefault(self._key_of(zone, state, due_us, estate), []).append(zone)
        for group, zones in sorted(found.items()):
            signals.append(self._raise_blind(group, zones, state, estate))
            blind.update(dict.fromkeys(zones, group))
        return self._step(replace(state, blind=blind), tuple(signals), estate, due_us)

    # Tampering.

    def _tampered(self, camera: str, state: Cameras, event: Recorded, estate: Estate) -> Step[Cameras] | None:
        at_us = event.effective_us
        known = state.tampered.get(camera)
        told = known is not None and (event.late or not known.late)  # history alone was told to nobody
        if told or at_us <= state.sighted.get(camera, -1) <= at_us + DISORDER_US:
            return None
        fault = Fault(at_us, evidence_of(event), event.late)
        after = replace(state, tampered={**state.tampered, camera: fault})
        if estate.in_maintenance(at_us, device=camera):
            return self._step(after, (), estate, event.recorded_us)
        under = self._beside(camera, state, at_us, estate)
        after = replace(after, told={**state.told, camera: under})
        group = tuple(sorted(name for name, each in after.told.items() if each == under))
        zone = estate.device_zone(under)
        text = "camera_blind.title_many" if len(group) > 1 else "camera_blind.title"
        signal = Raise(
            key=under,
            zone=zone,
            severity="high",
            title=title(
                text,
                zone=zone_name(estate, zone),
                camera=device_name(estate, under),
                count=len(group),
            ),
            at_us=min(after.tampered[name].at_us for name in group),
            devices=group,
            evidence=tuple(after.tampered[name].event for name in group),
        )
        signals: tuple[Signal, ...] = (signal,)
        before = state.told.get(camera)
        if before is not None and before not in after.told.values():  # by history, and now by itself
            signals = (Clear(before, estate.device_zone(before), at_us, late=True), signal)
        return self._step(after, signals, estate, event.recorded_us)

    def _beside(self, camera: str, state: Cameras, at_us: int, estate: Estate) -> str:
        """The key that a tampering is told under: that of a camera of the same recorder just before."""
        parent = estate.devices[camera].parent
        together_us = self.device_limits(camera, estate).together_us
        for other, under in state.told.items():
            fault, entry = state.tampered.get(other), estate.devices.get(other)
            same = entry is not None and parent is not None and entry.parent == parent
            if same and fault is not None and abs(fault.at_us - at_us) <= together_us:
                return under
        return camera

    def _sighted(self, camera: str, state: Cameras, event: Recorded, estate: Estate) -> Step[Cameras] | None:
        at_us = event.effective_us
        fault = state.tampered.get(camera)
        if fault is not None and at_us < fault.at_us:
            return None
        recent = {name: each for name, each in state.sighted.items() if at_us - each <= DISORDER_US}
        after = replace(state, sighted={**recent, camera: at_us})
        if fault is None:
            return self._step(after, (), estate, event.recorded_us)
        under = state.told.get(camera)
        told = {name: each for name, each in state.told.items() if name != camera}
        tampered = {name: each for name, each in state.tampered.items() if name != camera}
        signals: tuple[Signal, ...] = ()
        if under is not None and under not in told.values():
            zone = estate.device_zone(under)
            signals = (Clear(under, zone, at_us, (evidence_of(event),), late=fault.late),)
        after = replace(after, told=told, tampered=tampered)
        return self._settled(after, event, estate, signals)

    # Zones without a camera that works.

    def _dark(self, state: Cameras, now_us: int, estate: Estate) -> list[str]:
        """The zones none of whose cameras works."""
        gone = {name for name in state.offline if self._gone(name, state, now_us, estate)}
        out = gone | state.tampered.keys()
        for recorder in gone:
            out |= set(estate.children.get(recorder, ()))
        zones = {zone for name in out for zone in _seen_by(name, estate)}
        return sorted(zone for zone in zones if out.issuperset(_cameras(zone, estate)))

    def _gone(self, device: str, state: Cameras, now_us: int, estate: Estate) -> bool:
        return device in state.offline and self._gone_us(device, state, estate) <= now_us

    def _gone_us(self, device: str, state: Cameras, estate: Estate) -> int:
        """When a device that is offline is gone for good; one whose recorder is too waits for that."""
        entry = estate.devices.get(device)
        above = state.offline.get(entry.parent) if entry is not None and entry.parent is not None else None
        since_us = state.offline[device].at_us
        settle_us: int = self.device_limits(device, estate).settle_us
        return max(since_us, above.at_us if above is not None else 0) + settle_us

    def _planned(self, zone: str, state: Cameras, now_us: int, estate: Estate) -> bool:
        """Whether planned work explains it, or every camera of the zone is told of as tampered with."""
        cameras = _cameras(zone, estate)
        if all(camera in state.told for camera in cameras):
            return True
        return estate.in_maintenance(now_us, zone=zone) or all(
            camera in state.told or estate.in_maintenance(now_us, device=camera) for camera in cameras
        )

    def _key_of(self, zone: str, state: Cameras, now_us: int, estate: Estate) -> str:
        """The recorder that is lost, if it is that, else the zone."""
        for camera in _cameras(zone, estate):
            parent = estate.devices[camera].parent
            if parent is not None and self._gone(parent, state, now_us, estate):
                return parent
        return zone

    def _raise_blind(self, group: str, zones: list[str], state: Cameras, estate: Estate) -> Raise:
        recorder = _is_recorder(group, estate)
        place = _place(group, estate)
        cameras = sorted({camera for zone in zones for camera in _cameras(zone, estate)})
        faults = [state.offline[name] for name in (group, *cameras) if name in state.offline]
        text = "camera_blind.title_recorder" if recorder else "camera_blind.title_zone"
        return Raise(
            key=group,
            zone=place,
            severity="high",
            title=title(
                text,
                zone=zone_name(estate, place),
                recorder=device_name(estate, group),
                count=len(zones),
            ),
            at_us=min((each.at_us for each in faults), default=0),
            devices=(group, *cameras) if recorder else tuple(cameras),
            evidence=tuple(each.event for each in faults),
        )

    def _settled(
        self,
        state: Cameras,
        event: Recorded,
        estate: Estate,
        signals: tuple[Signal, ...] = (),
    ) -> Step[Cameras]:
        """Something works again: what is no longer blind is cleared."""
        now_us = event.recorded_us
        if not state.blind:
            return self._step(state, signals, estate, now_us)
        dark = set(self._dark(state, now_us, estate))
        blind = {zone: group for zone, group in state.blind.items() if zone in dark}
        over = sorted(set(state.blind.values()) - set(blind.values()))
        clears = tuple(Clear(group, _place(group, estate), now_us, (evidence_of(event),)) for group in over)
        return self._step(replace(state, blind=blind), (*signals, *clears), estate, now_us)

    def _step(
        self, state: Cameras, signals: tuple[Signal, ...], estate: Estate, now_us: int
    ) -> Step[Cameras]:
        if not (state.offline or state.tampered or state.blind or state.sighted):
            return Step(self.initial(), signals)
        due = [self._gone_us(name, state, estate) for name in state.offline]
        ahead = [each for each in due if each > now_us]
        if not state.offline and not state.tampered and not state.blind:
            return Step(state, signals, None, max(state.sighted.values()) + DISORDER_US)
        dark = set(self._dark(state, now_us, estate)) - state.blind.keys()
        if any(camera not in state.told for zone in dark for camera in _cameras(zone, estate)):
            ahead.append(now_us + self.limits("").planned_us)
        return Step(state, signals, min(ahead, default=None))


def _device(event: Recorded) -> str:
    if event.type in (DeviceOffline.TYPE, DeviceOnline.TYPE):
        return cast(DeviceOffline, event.event).device
    return event.device


def _cameras(zone: str, estate: Estate) -> tuple[str, ...]:
    """The cameras that see a zone, without the recorders that stand there."""
    return tuple(each for each in estate.cameras_of.get(zone, ()) if each not in estate.children)


def _seen_by(camera: str, estate: Estate) -> tuple[str, ...]:
    entry = estate.devices.get(camera)
    if entry is None or camera in estate.children:
        return ()
    return entry.sees or (entry.zone,)


def _is_recorder(group: str, estate: Estate) -> bool:
    entry = estate.devices.get(group)
    return entry is not None and entry.family == "camera" and group in estate.children


def _place(group: str, estate: Estate) -> str:
    return estate.device_zone(group) if _is_recorder(group, estate) else group
