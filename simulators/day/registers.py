"""The registers of a simulated estate as `registry.*` events: what stands, in the order of an import. Pure.

Values are known to be good, so they are made without validation; a test validates each of them once.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from eventlog.vocabulary import (
    CheckpointSet,
    CredentialSet,
    DeviceSet,
    DoorSet,
    EstateSet,
    Event,
    GateSet,
    HomeSet,
    Hours,
    Neighbour,
    PassRule,
    PersonSet,
    RadioSet,
    RoundSet,
    SegmentSet,
    ShopSet,
    SquadMember,
    SquadSet,
    VehicleSet,
    WatchEntrySet,
    Words,
    ZoneSet,
)
from eventlog.vocabulary import Stop as StopSet
from simulators.day.world import NIGHT_HOURS, EstateWorld, Person, Zone

SINCE = datetime(2025, 1, 1, tzinfo=UTC)
"""When leases and permits that hold began."""
UNTIL = datetime(2031, 1, 1, tzinfo=UTC)
OVER = datetime(2026, 6, 30, tzinfo=UTC)
"""When those ended that have run out."""
LEASES_RUN_OUT = 37
"""Of so many tenants one has a lease that ran out, and has stayed."""
SHOPS = 20
STOLEN = 4
CENTRE_OPEN = Hours.model_construct(start="06:30", end="22:00")
WATCHED = Hours.model_construct(start="23:00", end="05:00")
ARMED = Hours.model_construct(start=NIGHT_HOURS[0], end=NIGHT_HOURS[1])
ON_TIME_MIN, COUNTED_MIN = 5.0, 15.0


def both_languages(zh: str, en: str) -> Words:
    """A text in both languages."""
    return Words.model_construct(zh=zh, en=en)


def standing(estate: EstateWorld) -> Iterator[Event]:
    """Everything that holds before the first day."""
    yield EstateSet.model_construct(
        name=both_languages(estate.zh, estate.en),
        time_zone="Asia/Shanghai",
        night=ARMED,
        default_squad="squad-1",
    )
    yield from _squads(estate)
    yield from (_zone(estate, zone) for zone in estate.zones)
    yield from _installed(estate)
    yield from _gates(estate)
    yield from _homes(estate)
    yield from _vehicles(estate)
    yield from _credentials(estate)
    yield from _patrols(estate)


def _squads(estate: EstateWorld) -> Iterator[Event]:
    for number, squad in enumerate(estate.squads, 1):
        members = tuple(SquadMember.model_construct(member=member) for member in squad.members)
        yield SquadSet.model_construct(
            squad=squad.id,
            name=both_languages(f"{number}队", f"squad {number}"),
            kind=squad.kind,
            members=members,
        )


def _zone(estate: EstateWorld, zone: Zone) -> Event:
    beside = tuple(
        Neighbour.model_construct(zone=each.zone, walk_m=each.walk_m, drive_m=each.drive_m)
        for each in zone.adjacent
    )
    lingering = zone.kind in {"building", "gate", "yard", "playground"}
    return ZoneSet.model_construct(
        zone=zone.id,
        name=both_languages(zone.zh, zone.en),
        kind=zone.kind,
        adjacent=beside,
        squad=zone.squad,
        open_hours=(CENTRE_OPEN,) if zone.id == estate.centre else None,
        armed_hours=(ARMED,) if zone.kind == "perimeter" else (),
        watch_hours=(WATCHED,) if lingering else (),
        sensitive=zone.kind in {"perimeter", "yard"},
    )


def _installed(estate: EstateWorld) -> Iterator[Event]:
    for device in estate.devices:
        yield DeviceSet.model_construct(
            device=device.id,
            family=device.family,
            zone=device.zone,
            sees=device.sees,
            parent=device.parent,
            heartbeat_s=float(device.heartbeat_s) if device.heartbeat_s else None,
            status=device.heartbeat_s > 0,
        )
    for door in estate.doors:
        yield DoorSet.model_construct(
            door=door.id, device=door.device, zone=door.zone, kind=door.kind, reader_out=door.reader_out
        )
    for segment in estate.segments:
        yield SegmentSet.model_construct(
            segment=segment.id, device=segment.device, zone=segment.zone, beside=segment.beside
        )


def _gates(estate: EstateWorld) -> Iterator[Event]:
    by_day = Hours.model_construct(start="06:00", end="23:00")
    allow = (
        PassRule.model_construct(groups=("resident", "service")),
        PassRule.model_construct(groups=("visitor",), direction="in", hours=by_day),
        PassRule.model_construct(classes=("fire_engine", "ambulance", "police")),
        PassRule.model_construct(direction="out"),
    )
    for gate, lanes in estate.gates.items():
        zone = estate.lane[lanes[0]].zone
        yield GateSet.model_construct(gate=gate, zone=zone, lanes=lanes, allow=allow)


def _homes(estate: EstateWorld) -> Iterator[Event]:
    for home in estate.homes:
        yield HomeSet.model_construct(home=home.id, zone=home.building, floor=home.floor, use=home.use)
    for number, person in enumerate(estate.people):
        yield _person(person, number)
    for each in estate.staff:
        helps = each.kind == "grid_worker"
        yield PersonSet.model_construct(person=each.id, role="grid_worker" if helps else "staff")
    for number in range(1, SHOPS + 1):
        yield ShopSet.model_construct(
            shop=f"shop-{number:02d}", zone="road", name=both_languages(f"{number}号商铺", f"shop {number}")
        )


def _person(person: Person, number: int) -> Event:
    lease = person.role == "tenant"
    ends = (OVER if number % LEASES_RUN_OUT == 0 else UNTIL) if lease else None
    return PersonSet.model_construct(
        person=person.id,
        role=person.role,
        home=person.home,
        child=person.child,
        lives_alone=person.lives_alone,
        lease_from=SINCE if lease else None,
        lease_until=ends,
    )


def _vehicles(estate: EstateWorld) -> Iterator[Event]:
    for vehicle in estate.vehicles:
        yield VehicleSet.model_construct(
            plate=vehicle.plate,
            groups=(vehicle.group,),
            vehicle_class=vehicle.vehicle_class,
            owner=vehicle.owner,
        )
    for number, plate in enumerate(estate.watched_plates):
        stolen = number < STOLEN
        yield WatchEntrySet.model_construct(
            list="stolen" if stolen else "banned",
            kind="plate",
            value=plate,
            severity="high" if stolen else "medium",
        )
    for person in estate.watched_people:
        yield WatchEntrySet.model_construct(list="wanted", kind="person", value=person, severity="high")


def _credentials(estate: EstateWorld) -> Iterator[Event]:
    for person in estate.people:
        for name in person.credentials:
            face = name.startswith("face-")
            yield CredentialSet.model_construct(
                credential=name, kind="face" if face else "card", person=person.id
            )
        if person.phone is not None:
            yield RadioSet.model_construct(address=person.phone, person=person.id)
    for each in estate.staff:
        yield CredentialSet.model_construct(credential=each.credential, kind="card", person=each.id)
    for name in estate.dead_credentials["lost"]:
        yield CredentialSet.model_construct(credential=name, kind="card", state="lost")
    for name in estate.dead_credentials["revoked"]:
        yield CredentialSet.model_construct(credential=name, kind="card", state="revoked")
    for name in estate.dead_credentials["expired"]:
        yield CredentialSet.model_construct(credential=name, kind="card", valid_until=OVER)


def _patrols(estate: EstateWorld) -> Iterator[Event]:
    for point, zone in estate.checkpoints.items():
        yield CheckpointSet.model_construct(checkpoint=point, zone=zone)
    for plan in estate.rounds:
        stops = tuple(
            StopSet.model_construct(
                checkpoint=stop.checkpoint,
                after_min=stop.after_min,
                buffer_min=ON_TIME_MIN,
                extended_min=COUNTED_MIN,
            )
            for stop in plan.stops
        )
        starts = tuple(f"{start // 60:02d}:{start % 60:02d}" for start in plan.starts)
        yield RoundSet.model_construct(
            plan=plan.plan, squad=plan.squad, stops=stops, starts=starts, lone=plan.lone
        )
