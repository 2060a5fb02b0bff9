"""The simulated estates: who lives there, what is installed, and the registers that say so.

Values only; `simulators.day.making` makes them from a preset and a seed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from eventlog.plan import Plan
from eventlog.vocabulary import Event, ZoneSet
from eventlog.vocabulary.registry import Family

Pattern = Literal["work", "night", "school", "home", "retired"]
"""Leaves by day for work, by night for work, for school, now and then, for a walk."""

NIGHT_HOURS = ("22:00", "06:00")


@dataclass(frozen=True, slots=True)
class Beside:
    """A zone that touches another, and how far it is on foot and by car."""

    zone: str
    walk_m: float | None = None
    drive_m: float | None = None


@dataclass(frozen=True, slots=True)
class Zone:
    """A part of the estate; `kind` as in the estate file."""

    id: str
    kind: str
    zh: str
    en: str
    squad: str
    adjacent: tuple[Beside, ...] = ()


@dataclass(frozen=True, slots=True)
class Door:
    """A door with its controller; pedestrian gates have readers both ways, building doors a button inside.
    `counts`: a people counter hangs over it."""

    id: str
    device: str
    zone: str
    kind: Literal["building", "gate"]
    reader_out: bool
    counts: bool


@dataclass(frozen=True, slots=True)
class Lane:
    """One lane of a vehicle gate, the camera that reads plates there, and which way it leads."""

    id: str
    gate: str
    device: str
    zone: str
    direction: Literal["in", "out"]


@dataclass(frozen=True, slots=True)
class FaceTerminal:
    """A face terminal; `door` is the door beside it."""

    id: str
    zone: str
    door: str


@dataclass(frozen=True, slots=True)
class Segment:
    """A segment of the fence, its device, the segments beside it, the camera that looks along it."""

    id: str
    device: str
    zone: str
    beside: tuple[str, ...]
    camera: str


@dataclass(frozen=True, slots=True)
class Device:
    """An installed device as the register has it. `heartbeat_s` 0: it has no connection of its own."""

    id: str
    family: Family
    zone: str
    sees: tuple[str, ...] = ()
    parent: str | None = None
    heartbeat_s: int = 0


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who lives here. `phone` is the address their phone shows to probes (as the wire has it):
    None for a phone that makes up a new one every time (`phone_random`) or for nobody's phone."""

    id: str
    home: str
    building: str
    door: str
    side: str
    role: Literal["owner", "family", "tenant"]
    pattern: Pattern
    credentials: tuple[str, ...]
    phone: str | None
    phone_random: bool
    vehicle: str | None
    lives_alone: bool
    child: bool


@dataclass(frozen=True, slots=True)
class Home:
    """A home in a building (its zone)."""

    id: str
    building: str
    floor: int
    use: Literal["owner", "let", "empty"]
    people: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Vehicle:
    """A registered vehicle; `owner` a person's id, None for a service vehicle."""

    plate: str
    owner: str | None
    group: Literal["resident", "service", "visitor"]
    vehicle_class: str
    color: str


@dataclass(frozen=True, slots=True)
class Staff:
    """Somebody who works here and lives elsewhere."""

    id: str
    kind: Literal["cleaner", "courier", "keeper", "grid_worker"]
    credential: str
    side: str


@dataclass(frozen=True, slots=True)
class Squad:
    """A patrol squad and its members."""

    id: str
    kind: Literal["full_time", "volunteer", "company"]
    members: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Stop:
    """A checkpoint of a round and the minutes after the start it is due."""

    checkpoint: str
    after_min: float


@dataclass(frozen=True, slots=True)
class Round:
    """A round's plan, as the register has it; `starts` are minutes of the local day."""

    plan: str
    squad: str
    starts: tuple[int, ...]
    stops: tuple[Stop, ...]
    lone: bool


@dataclass(frozen=True)
class EstateWorld:
    """One estate: everything in it, and the registers (`registry.*`) to import before its first day. What is
    registered for one day only (duty, permits, gatherings) comes from `simulators.day.ordinary.registers`;
    the rules are not the simulation's to activate."""

    id: str
    zh: str
    en: str
    registers: tuple[Event, ...]
    zones: tuple[Zone, ...]
    devices: tuple[Device, ...]
    doors: tuple[Door, ...]
    lanes: tuple[Lane, ...]
    gates: Mapping[str, tuple[str, ...]]
    """Lanes by vehicle gate."""
    cameras: Mapping[str, tuple[str, ...]]
    """Cameras by the zone they see."""
    faces: tuple[FaceTerminal, ...]
    segments: tuple[Segment, ...]
    probes: Mapping[str, tuple[str, ...]]
    """Probes by zone."""
    help_buttons: Mapping[str, str]
    """Zones by help button."""
    checkpoints: Mapping[str, str]
    """Zones by checkpoint."""
    homes: tuple[Home, ...]
    people: tuple[Person, ...]
    vehicles: tuple[Vehicle, ...]
    staff: tuple[Staff, ...]
    squads: tuple[Squad, ...]
    rounds: tuple[Round, ...]
    watched_plates: tuple[str, ...]
    watched_people: tuple[str, ...]
    dead_credentials: Mapping[str, tuple[str, ...]]
    """Lost, revoked and expired credentials that people still carry: by state."""

    centre: str
    """The building with the neighbourhood's rooms: nobody lives there, at night it is closed."""

    @cached_property
    def person(self) -> Mapping[str, Person]:
        """People by id."""
        return {person.id: person for person in self.people}

    @cached_property
    def door(self) -> Mapping[str, Door]:
        """Doors by id."""
        return {door.id: door for door in self.doors}

    @cached_property
    def zone(self) -> Mapping[str, Zone]:
        """Zones by id."""
        return {zone.id: zone for zone in self.zones}

    @cached_property
    def device(self) -> Mapping[str, Device]:
        """Devices by id."""
        return {device.id: device for device in self.devices}

    @cached_property
    def lane(self) -> Mapping[str, Lane]:
        """Lanes by id."""
        return {lane.id: lane for lane in self.lanes}

    @cached_property
    def doors_of_side(self) -> Mapping[str, tuple[Door, ...]]:
        """The pedestrian gates by side (the last letter of their zone)."""
        found: dict[str, tuple[Door, ...]] = {}
        for door in self.doors:
            if door.kind == "gate":
                side = door.zone.rpartition("-")[2]
                found[side] = (*found.get(side, ()), door)
        return found

    @cached_property
    def terminal_of(self) -> Mapping[str, str]:
        """Face terminals by the door beside them."""
        return {terminal.door: terminal.id for terminal in self.faces}

    @cached_property
    def metres(self) -> Mapping[str, Mapping[str, float]]:
        """Metres on foot between zones that touch."""
        found: dict[str, dict[str, float]] = {}
        for zone in self.zones:
            for beside in zone.adjacent:
                if beside.walk_m is not None:
                    found.setdefault(zone.id, {})[beside.zone] = beside.walk_m
                    found.setdefault(beside.zone, {})[zone.id] = beside.walk_m
        return found

    def walk_m(self, start: str, end: str) -> float:
        """Metres on foot between two zones: straight where they touch, else by way of the yard."""
        if start == end:
            return 0.0
        ways = self.metres
        straight = ways[start].get(end)
        return straight if straight is not None else ways[start]["yard"] + ways["yard"][end]

    @cached_property
    def plan(self) -> Plan:
        """The plan as the registers have it, with the shortest ways."""
        return Plan(each for each in self.registers if isinstance(each, ZoneSet))

    def zones_of(self, kind: str) -> tuple[str, ...]:
        """Zones of a kind: gate, building, yard, perimeter, fire_lane, lift, corridor, garage, …"""
        return tuple(zone.id for zone in self.zones if zone.kind == kind)


@dataclass(frozen=True)
class World:
    """The estates of a preset."""

    preset: str
    seed: int
    estates: tuple[EstateWorld, ...]

    def estate(self, name: str) -> EstateWorld:
        """The estate of that id. Raises LookupError."""
        for estate in self.estates:
            if estate.id == name:
                return estate
        raise LookupError(f"there is no estate {name!r} in {self.preset}")


PRESETS = ("pilot", "community", "city")


def make(preset: str, seed: int = 0) -> World:
    """The estates of a preset; the same preset and seed give the same world. Raises LookupError."""
    from simulators.day.making import make_world

    return make_world(preset, seed)
