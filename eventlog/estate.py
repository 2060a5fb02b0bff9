"""The estate: its registers folded from `registry.*`, `rule.*` in the order of the log, immutable.

`Estate.with_event` gives a new estate; a replay therefore sees the registers as they were at each event.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, time
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo

from eventlog import plates
from eventlog.vocabulary import registry as r
from eventlog.vocabulary.base import Event
from eventlog.vocabulary.command import RuleActivated, RuleDeactivated


@dataclass(frozen=True)
class Estate:
    """One estate's registers. The maps are by id and must not be changed in place."""

    id: str
    settings: r.EstateSet | None = None
    zones: Mapping[str, r.ZoneSet] = field(default_factory=dict)
    devices: Mapping[str, r.DeviceSet] = field(default_factory=dict)
    doors: Mapping[str, r.DoorSet] = field(default_factory=dict)
    gates: Mapping[str, r.GateSet] = field(default_factory=dict)
    vehicles: Mapping[str, r.VehicleSet] = field(default_factory=dict)
    watch: Mapping[str, r.WatchEntrySet] = field(default_factory=dict)
    squads: Mapping[str, r.SquadSet] = field(default_factory=dict)
    rules: Mapping[str, RuleActivated] = field(default_factory=dict)

    def with_event(self, event: Event) -> Estate:
        """The estate after a registry or rule event; itself for any other event."""
        fold = _FOLDS.get(type(event))
        return fold(self, event) if fold else self

    @cached_property
    def zone_info(self) -> ZoneInfo:
        """The estate's time zone."""
        return ZoneInfo(self.settings.time_zone if self.settings else "Asia/Shanghai")

    @cached_property
    def lanes(self) -> Mapping[str, r.GateSet]:
        """The gate of each lane."""
        return {lane: gate for gate in self.gates.values() for lane in gate.lanes}

    @cached_property
    def watched_plates(self) -> Mapping[str, tuple[r.WatchEntrySet, ...]]:
        """Watch list entries by plate."""
        found: dict[str, tuple[r.WatchEntrySet, ...]] = {}
        for entry in self.watch.values():
            if entry.kind == "plate":
                found[entry.value] = (*found.get(entry.value, ()), entry)
        return found

    @cached_property
    def watched_shapes(self) -> Mapping[str, Mapping[str, tuple[r.WatchEntrySet, ...]]]:
        """Watch list entries by the shape of their plate (see `eventlog.plates`), then by normal plate."""
        found: dict[str, dict[str, tuple[r.WatchEntrySet, ...]]] = {}
        for value, entries in self.watched_plates.items():
            plate = plates.normal(value)
            bucket = found.setdefault(plates.shape(plate), {})
            bucket[plate] = (*bucket.get(plate, ()), *entries)
        return found

    @cached_property
    def vehicles_by_plate(self) -> Mapping[str, r.VehicleSet]:
        """Registered vehicles by normal plate."""
        return {plates.normal(plate): vehicle for plate, vehicle in self.vehicles.items()}

    @cached_property
    def vehicles_by_shape(self) -> Mapping[str, tuple[tuple[str, r.VehicleSet], ...]]:
        """Registered vehicles with their normal plates, by the shape of the plate."""
        found: dict[str, tuple[tuple[str, r.VehicleSet], ...]] = {}
        for plate, vehicle in self.vehicles_by_plate.items():
            shape = plates.shape(plate)
            found[shape] = (*found.get(shape, ()), (plate, vehicle))
        return found

    @cached_property
    def doors_of(self) -> Mapping[str, tuple[str, ...]]:
        """The registered doors of each controller."""
        found: dict[str, tuple[str, ...]] = {}
        for door in self.doors.values():
            found[door.device] = (*found.get(door.device, ()), door.door)
        return found

    @cached_property
    def children(self) -> Mapping[str, tuple[str, ...]]:
        """The devices behind each controller or recorder."""
        found: dict[str, tuple[str, ...]] = {}
        for device in self.devices.values():
            if device.parent:
                found[device.parent] = (*found.get(device.parent, ()), device.device)
        return found

    def door_zone(self, door: str) -> str:
        """The zone of a door: its own, else its device's, else the estate itself."""
        if door in self.doors:
            return self.doors[door].zone
        return self.device_zone(door)

    def door_kind(self, door: str) -> str:
        """building, gate, lift or other; a door not in the register counts as building."""
        return self.doors[door].kind if door in self.doors else "building"

    def lane_zone(self, lane: str) -> str:
        """The zone of a lane: its gate's, else that of the device of that name."""
        return self.lanes[lane].zone if lane in self.lanes else self.device_zone(lane)

    def device_zone(self, device: str) -> str:
        """The zone of a device, or the estate's own id where it is not in the register."""
        return self.devices[device].zone if device in self.devices else self.id

    def squad_for(self, zone: str) -> str | None:
        """The squad that a zone has by default, else the estate's."""
        named = self.zones[zone].squad if zone in self.zones else None
        return named or (self.settings.default_squad if self.settings else None)

    def local(self, moment: datetime) -> datetime:
        """A moment on the estate's wall clock."""
        return moment.astimezone(self.zone_info)

    def within(self, hours: r.Hours, moment: datetime) -> bool:
        """Whether a moment falls into hours of the local day; hours may go over midnight."""
        start, end = time.fromisoformat(hours.start), time.fromisoformat(hours.end)
        now = self.local(moment).time()
        return start <= now < end if start < end else now >= start or now < end

    def is_night(self, moment: datetime) -> bool:
        """Whether a moment falls into the estate's night."""
        return self.within(self.settings.night if self.settings else _NIGHT, moment)


_NIGHT = r.Hours(start="22:00", end="06:00")

Fold = Callable[[Estate, Any], Estate]


def _setter(register: str, key: Callable[[Any], str]) -> Fold:
    def fold(estate: Estate, event: Any) -> Estate:
        changed: dict[str, Any] = {register: {**getattr(estate, register), key(event): event}}
        return replace(estate, **changed)

    return fold


def _remover(register: str, key: Callable[[Any], str]) -> Fold:
    def fold(estate: Estate, event: Any) -> Estate:
        kept = dict(getattr(estate, register))
        kept.pop(key(event), None)
        changed: dict[str, Any] = {register: kept}
        return replace(estate, **changed)

    return fold


def watch_key(entry: r.WatchEntrySet | r.WatchEntryRemoved) -> str:
    """The id of a watch list's entry."""
    return f"{entry.list}/{entry.kind}/{entry.value}"


_FOLDS: dict[type[Event], Fold] = {
    r.EstateSet: lambda estate, event: replace(estate, settings=event),
    r.ZoneSet: _setter("zones", lambda e: e.zone),
    r.ZoneRemoved: _remover("zones", lambda e: e.entry),
    r.DeviceSet: _setter("devices", lambda e: e.device),
    r.DeviceRemoved: _remover("devices", lambda e: e.entry),
    r.DoorSet: _setter("doors", lambda e: e.door),
    r.DoorRemoved: _remover("doors", lambda e: e.entry),
    r.GateSet: _setter("gates", lambda e: e.gate),
    r.GateRemoved: _remover("gates", lambda e: e.entry),
    r.VehicleSet: _setter("vehicles", lambda e: e.plate),
    r.VehicleRemoved: _remover("vehicles", lambda e: e.plate),
    r.WatchEntrySet: _setter("watch", watch_key),
    r.WatchEntryRemoved: _remover("watch", watch_key),
    r.SquadSet: _setter("squads", lambda e: e.squad),
    r.SquadRemoved: _remover("squads", lambda e: e.entry),
    RuleActivated: _setter("rules", lambda e: e.rule),
    RuleDeactivated: _remover("rules", lambda e: e.rule),
}

FOLDED_TYPES = frozenset(kind.TYPE for kind in _FOLDS)
"""The event types that change an estate."""
