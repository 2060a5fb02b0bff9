"""A checked estate file as the events that set each entry of the registers, in a fixed order."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from zoneinfo import ZoneInfo

from eventlog.vocabulary import (
    DeviceSet,
    DoorSet,
    EstateSet,
    Event,
    GateSet,
    Neighbour,
    PassRule,
    RuleActivated,
    SquadMember,
    SquadSet,
    VehicleSet,
    WatchEntrySet,
    ZoneSet,
)
from gatehouse.estatefile import models as m
from gatehouse.estatefile.draft import Draft, Rules
from gatehouse.estatefile.duty_events import duty_events
from gatehouse.estatefile.entry import both, hours_of, maybe
from gatehouse.estatefile.home_events import Hash, home_events
from gatehouse.estatefile.moments import on_clock


def events_of(draft: Draft, rules: Rules, hashed: Hash) -> Iterator[Event]:
    """The registers' entries: the estate, zones, devices, doors, gates, squads, vehicles, lists, homes and
    people, what is planned, rules. `hashed` makes the keyed hash of a radio's address."""
    head = draft.head
    if head is None:
        raise ValueError("a draft with mistakes has no events")
    yield EstateSet(
        name=both(head.name, head.estate), time_zone=head.time_zone, night=hours_of(head.night),
        default_squad=head.default_squad, operators=head.operators,
    )  # fmt: skip
    yield from _zones(draft)
    zone_of = {placed.entry.id: placed.entry.zone for placed in draft.devices}
    for device in draft.devices:
        yield _device(device.entry, device.group)
    for door in draft.doors:
        yield _door(door.entry, zone_of)
    for gate in draft.gates:
        yield _gate(gate.entry)
    for squad in draft.squads:
        yield _squad(squad.entry)
    for vehicle in draft.vehicles:
        yield _vehicle(vehicle.entry, draft.zone_info)
    for watch in draft.watch_lists:
        yield from _watch(watch.group, watch.entry)
    yield from home_events(draft, hashed)
    yield from duty_events(draft)
    for rule in draft.rules:
        if rule.enabled:
            version = rules[rule.name].version
            yield RuleActivated(rule=rule.name, version=version, settings=rule.settings, zones=rule.zones)


def _zones(draft: Draft) -> Iterator[ZoneSet]:
    """Neighbours count for both sides, whichever of the two names the other."""
    beside: dict[str, dict[str, Neighbour]] = {zone.entry.id: {} for zone in draft.zones}
    for zone in draft.zones:
        for said in zone.entry.adjacent:
            for here, there in ((zone.entry.id, said.zone), (said.zone, zone.entry.id)):
                known = beside[here].get(there)
                beside[here][there] = Neighbour(
                    zone=there,
                    walk_m=said.walk_m or (known.walk_m if known else None),
                    drive_m=said.drive_m or (known.drive_m if known else None),
                )
    for zone in draft.zones:
        entry = zone.entry
        adjacent = tuple(beside[entry.id][name] for name in sorted(beside[entry.id]))
        name = both(entry.name, entry.id)
        yield ZoneSet(
            zone=entry.id, name=name, kind=entry.kind, adjacent=adjacent, squad=entry.squad,
            open_hours=None if entry.open_hours is None else tuple(map(hours_of, entry.open_hours)),
            armed_hours=tuple(map(hours_of, entry.armed_hours)),
            watch_hours=tuple(map(hours_of, entry.watch_hours)), sensitive=entry.sensitive,
            key=entry.key,
        )  # fmt: skip


def _device(entry: m.DeviceEntry, family: Any) -> DeviceSet:
    return DeviceSet(
        device=entry.id, family=family, zone=entry.zone, name=maybe(entry.name), maker=entry.maker,
        sees=entry.sees, parent=entry.parent, heartbeat_s=entry.heartbeat_s, status=entry.status,
        clock=entry.clock,
    )  # fmt: skip


def _door(entry: m.DoorEntry, zone_of: dict[str, str]) -> DoorSet:
    device = entry.device or entry.id
    return DoorSet(
        door=entry.id, device=device, zone=entry.zone or zone_of[device], kind=entry.kind,
        name=maybe(entry.name), reader_out=entry.reader_out,
    )  # fmt: skip


def _gate(entry: m.GateEntry) -> GateSet:
    allow = None if entry.allow is None else tuple(map(_allowed, entry.allow))
    return GateSet(
        gate=entry.id, zone=entry.zone, lanes=entry.lanes, name=maybe(entry.name), allow=allow,
        boundary=entry.boundary,
    )  # fmt: skip


def _allowed(entry: m.PassEntry) -> PassRule:
    return PassRule(
        classes=entry.classes, groups=entry.groups, plates=entry.plates, lanes=entry.lanes,
        direction=entry.direction, hours=hours_of(entry.hours) if entry.hours else None,
    )  # fmt: skip


def _squad(entry: m.SquadEntry) -> SquadSet:
    members = tuple(SquadMember(member=one.id, name=one.name, phone=one.phone) for one in entry.members)
    return SquadSet(squad=entry.id, name=both(entry.name, entry.id), kind=entry.kind, members=members)


def _vehicle(entry: m.VehicleEntry, zone: ZoneInfo) -> VehicleSet:
    return VehicleSet(
        plate=entry.plate, groups=entry.groups, vehicle_class=entry.vehicle_class, owner=entry.owner,
        valid_from=on_clock(entry.valid_from, zone), valid_until=on_clock(entry.valid_until, zone),
    )  # fmt: skip


def _watch(name: str, entry: m.WatchListEntry) -> Iterator[WatchEntrySet]:
    for one in entry.entries:
        yield WatchEntrySet(
            list=name,
            kind=entry.kind,
            value=one.value,
            severity=one.severity or entry.severity,
            note=one.note,
        )
