"""The estate: its registers folded from `registry.*`, `rule.*` in the order of the log, immutable.

`Estate.with_event` gives a new estate; a replay therefore sees the registers as they were at each event.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, time
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo

from eventlog import plates
from eventlog.folds import FOLDED_TYPES, FOLDS, watch_key
from eventlog.ids import reference
from eventlog.plan import Plan
from eventlog.times import from_us, to_us
from eventlog.vocabulary import duty as d
from eventlog.vocabulary import homes as h
from eventlog.vocabulary import registry as r
from eventlog.vocabulary.base import Event
from eventlog.vocabulary.command import RuleActivated

__all__ = ["FOLDED_TYPES", "Estate", "Planned", "watch_key", "within_us"]


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
    homes: Mapping[str, h.HomeSet] = field(default_factory=dict)
    people: Mapping[str, h.PersonSet] = field(default_factory=dict)
    credentials: Mapping[str, h.CredentialSet] = field(default_factory=dict)
    visitors: Mapping[str, h.VisitorSet] = field(default_factory=dict)
    shops: Mapping[str, h.ShopSet] = field(default_factory=dict)
    radios: Mapping[str, h.RadioSet] = field(default_factory=dict)
    duties: Mapping[str, d.DutySet] = field(default_factory=dict)
    checkpoints: Mapping[str, d.CheckpointSet] = field(default_factory=dict)
    rounds: Mapping[str, d.RoundSet] = field(default_factory=dict)
    maintenance: Mapping[str, d.MaintenanceSet] = field(default_factory=dict)
    gatherings: Mapping[str, d.GatheringSet] = field(default_factory=dict)
    drills: Mapping[str, d.DrillSet] = field(default_factory=dict)
    segments: Mapping[str, d.SegmentSet] = field(default_factory=dict)

    def with_event(self, event: Event) -> Estate:
        """The estate after a registry or rule event; itself for any other event."""
        return self.with_events((event,))

    def with_events(self, events: Iterable[Event]) -> Estate:
        """The estate after these, one after the other. A register that changes is copied once for all."""
        changed: dict[str, Any] = {}
        for event in events:
            if isinstance(event, r.EstateSet):
                changed["settings"] = event
            elif fold := FOLDS.get(type(event)):
                register = changed.get(fold.register)
                if register is None:
                    register = changed[fold.register] = dict(getattr(self, fold.register))
                if fold.removes:
                    register.pop(fold.key(event), None)
                else:
                    register[fold.key(event)] = event
        return replace(self, **changed) if changed else self

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
    def doors_of(self) -> Mapping[str, tuple[str, ...]]:
        """The registered doors of each controller."""
        found: dict[str, tuple[str, ...]] = {}
        for door in self.doors.values():
            found[door.device] = (*found.get(door.device, ()), door.door)
        return found

    @cached_property
    def zones_with_doors(self) -> frozenset[str]:
        """The zones that have registered doors."""
        return frozenset(door.zone for door in self.doors.values())

    @cached_property
    def children(self) -> Mapping[str, tuple[str, ...]]:
        """The devices behind each controller or recorder."""
        found: dict[str, tuple[str, ...]] = {}
        for device in self.devices.values():
            if device.parent:
                found[device.parent] = (*found.get(device.parent, ()), device.device)
        return found

    @cached_property
    def plan(self) -> Plan:
        """Which zones touch which, and how far it is between them."""
        return Plan(self.zones.values())

    @cached_property
    def cameras_of(self) -> Mapping[str, tuple[str, ...]]:
        """The cameras that see each zone."""
        found: dict[str, tuple[str, ...]] = {}
        for device in self.devices.values():
            if device.family == "camera":
                for zone in device.sees or (device.zone,):
                    found[zone] = (*found.get(zone, ()), device.device)
        return found

    @cached_property
    def segments_of(self) -> Mapping[str, tuple[str, ...]]:
        """The fence segments of each device."""
        found: dict[str, tuple[str, ...]] = {}
        for segment in self.segments.values():
            found[segment.device] = (*found.get(segment.device, ()), segment.segment)
        return found

    @cached_property
    def segments_beside(self) -> Mapping[str, frozenset[str]]:
        """The fence segments beside each; one that is named on one side only is beside on both."""
        found: dict[str, frozenset[str]] = {}
        for segment in self.segments.values():
            for other in segment.beside:
                for one, two in ((segment.segment, other), (other, segment.segment)):
                    found[one] = found.get(one, frozenset()) | {two}
        return found

    @cached_property
    def segment_zones(self) -> frozenset[str]:
        """The zones with fence segments, and the zones that touch them."""
        own = {segment.zone for segment in self.segments.values()}
        return frozenset(own.union(*(self.plan.beside(zone) for zone in own)))

    @cached_property
    def plates_by_gap(self) -> Mapping[str, tuple[str, ...]]:
        """The normal plates of registered vehicles and of visitors, by what is left of each when any one
        character is not looked at: plates that differ in one character share an entry."""
        found: dict[str, tuple[str, ...]] = {}
        for plate in {**self.vehicles_by_plate, **self.visitors_by_plate}:
            for gap in plates.gaps(plate):
                found[gap] = (*found.get(gap, ()), plate)
        return found

    @cached_property
    def visitors_by_plate(self) -> Mapping[str, tuple[h.VisitorSet, ...]]:
        """Visitors' permits by normal plate."""
        found: dict[str, tuple[h.VisitorSet, ...]] = {}
        for visitor in self.visitors.values():
            if visitor.plate:
                plate = plates.normal(visitor.plate)
                found[plate] = (*found.get(plate, ()), visitor)
        return found

    @cached_property
    def visitors_by_person(self) -> Mapping[str, tuple[h.VisitorSet, ...]]:
        """Visitors' permits by person, where a permit names one."""
        found: dict[str, tuple[h.VisitorSet, ...]] = {}
        for visitor in self.visitors.values():
            if visitor.person:
                found[visitor.person] = (*found.get(visitor.person, ()), visitor)
        return found

    @cached_property
    def watched_people(self) -> Mapping[str, tuple[r.WatchEntrySet, ...]]:
        """Watch list entries by person."""
        found: dict[str, tuple[r.WatchEntrySet, ...]] = {}
        for entry in self.watch.values():
            if entry.kind == "person":
                found[entry.value] = (*found.get(entry.value, ()), entry)
        return found

    @cached_property
    def people_lists(self) -> frozenset[str]:
        """The names of the watch lists of people."""
        return frozenset(entry.list for entry in self.watch.values() if entry.kind == "person")

    @cached_property
    def credentials_of(self) -> Mapping[str, tuple[str, ...]]:
        """The credentials of each person."""
        found: dict[str, tuple[str, ...]] = {}
        for credential in self.credentials.values():
            if credential.person:
                found[credential.person] = (*found.get(credential.person, ()), credential.credential)
        return found

    @cached_property
    def living_alone(self) -> Mapping[str, h.PersonSet]:
        """Those who live alone and may be looked in on, by the reference that stands for them in keys."""
        return {
            reference(self.id, each.person): each
            for each in self.people.values()
            if each.lives_alone and each.look_in
        }

    def in_maintenance(self, at_us: int, *, device: str | None = None, zone: str | None = None) -> bool:
        """Whether work is planned at that moment on a device (or its parent, or its zone), or in a zone."""
        if not self.maintenance:
            return False
        devices, zones = {device}, {zone}
        if device is not None and device in self.devices:
            devices.add(self.devices[device].parent)
            zones.add(self.devices[device].zone)
        return any(
            within_us(each, at_us) and not (devices.isdisjoint(each.devices) and zones.isdisjoint(each.zones))
            for each in self.maintenance.values()
        )

    def gathering_at(self, zone: str, at_us: int) -> d.GatheringSet | None:
        """The announced gathering in a zone at a moment, if there is one."""
        for each in self.gatherings.values():
            if zone in each.zones and within_us(each, at_us):
                return each
        return None

    def drill_at(self, zone: str, rule: str, at_us: int) -> bool:
        """Whether what a rule raises in a zone at a moment belongs to a drill."""
        return any(
            within_us(each, at_us)
            and (not each.zones or zone in each.zones)
            and (not each.rules or rule in each.rules)
            for each in self.drills.values()
        )

    def duties_at(self, at_us: int, squad: str | None = None) -> tuple[d.DutySet, ...]:
        """The shifts on duty at a moment, of one squad or of all, in order of their ids."""
        found = (each for each in self.duties.values() if squad in (None, each.squad))
        return tuple(sorted((each for each in found if self._on(each, at_us)), key=lambda each: each.duty))

    def _on(self, duty: d.DutySet, at_us: int) -> bool:
        """Whether a shift is on at a moment; hours over midnight belong to the day on which they begin."""
        if not within_us(duty, at_us):
            return False
        if duty.hours is None:
            return True
        now = self.local(from_us(at_us))
        start, end = time.fromisoformat(duty.hours.start), time.fromisoformat(duty.hours.end)
        if start < end:
            return start <= now.time() < end and now.isoweekday() in duty.days
        yesterday = (now.isoweekday() + 5) % 7 + 1
        return (now.time() >= start and now.isoweekday() in duty.days) or (
            now.time() < end and yesterday in duty.days
        )

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

    def checkpoint_zone(self, checkpoint: str) -> str | None:
        """The zone of a patrol point: the register's, else that of the device of that name."""
        if checkpoint in self.checkpoints:
            return self.checkpoints[checkpoint].zone
        return self.devices[checkpoint].zone if checkpoint in self.devices else None

    def device_zone(self, device: str) -> str:
        """The zone of a device, or the estate's own id where it is not in the register."""
        return self.devices[device].zone if device in self.devices else self.id

    def place_zone(self, place: str) -> str:
        """The zone of whatever a person names as a place (a zone, a home, a door, a patrol point, a device),
        or the estate's own id where no register has it."""
        if place in self.zones:
            return place
        named = self.homes.get(place) or self.doors.get(place) or self.checkpoints.get(place)
        return named.zone if named else self.device_zone(place)

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

    def within_any(self, hours: Iterable[r.Hours], moment: datetime) -> bool:
        """Whether a moment falls into any of these hours."""
        return any(self.within(each, moment) for each in hours)

    def is_night(self, moment: datetime) -> bool:
        """Whether a moment falls into the estate's night."""
        return self.within(self.settings.night if self.settings else _NIGHT, moment)


_NIGHT = r.Hours(start="22:00", end="06:00")

Planned = d.DutySet | d.MaintenanceSet | d.GatheringSet | d.DrillSet


def within_us(planned: Planned, at_us: int) -> bool:
    """Whether a moment (µs since 1970) falls into what is planned; the end no longer does."""
    return to_us(planned.starts_at) <= at_us < to_us(planned.ends_at)
