"""The registers as events: what the estate is made of, from the estate file or a register's import.

Each `…_set` event carries the whole entry; the last one counts. `…_removed` takes it away.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, Field, StringConstraints

from eventlog.vocabulary.alert import Severity
from eventlog.vocabulary.base import Event, Member, Name, Part, Personal, Plate, Role, Words, event

Clock = Annotated[str, StringConstraints(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")]
Family = Literal["access", "vehicle", "camera", "face", "fence", "probe", "help", "patrol", "report"]


class Neighbour(Part):
    """A zone that touches another; distances on the plan in metres where measured."""

    zone: Name
    walk_m: Annotated[float, Field(gt=0)] | None = None
    drive_m: Annotated[float, Field(gt=0)] | None = None


class Hours(Part):
    """From `start` to `end` of the estate's local day; over midnight when end is not after start."""

    start: Clock
    end: Clock


class PassRule(Part):
    """Who may pass a gate: every field given must fit; an empty rule fits everybody."""

    classes: tuple[Name, ...] | None = None
    groups: tuple[Name, ...] | None = None
    plates: tuple[Plate, ...] | None = None
    lanes: tuple[Name, ...] | None = None
    direction: Literal["in", "out"] | None = None
    hours: Hours | None = None


@event("registry.estate_set", role=Role.INPUT)
class EstateSet(Event):
    """The estate itself; `time_zone` is an IANA name, `night` the hours rules call night, `operators` how
    many people sit at its desk at a time."""

    name: Words
    time_zone: Name = "Asia/Shanghai"
    night: Hours = Hours(start="22:00", end="06:00")
    default_squad: str | None = None
    operators: Annotated[int, Field(ge=1, le=100)] = 1


@event("registry.zone_set", role=Role.INPUT, version=2)
class ZoneSet(Event):
    """A part of the estate. Version 1 had `adjacent` as a list of zone ids, with no distances.

    `open_hours`: when people may be here; None for always. `armed_hours`: when nobody may. `watch_hours`:
    when lingering here matters. `sensitive`: phones that nobody knows matter here at night. `key`: a key
    road or unit (重点道路, 重点部位), which is to have eyes on it every hour.
    """

    zone: Name
    name: Words
    kind: Name = "area"
    adjacent: tuple[Neighbour, ...] = ()
    squad: str | None = None
    open_hours: tuple[Hours, ...] | None = None
    armed_hours: tuple[Hours, ...] = ()
    watch_hours: tuple[Hours, ...] = ()
    sensitive: bool = False
    key: Literal["road", "unit"] | None = None


@event("registry.device_set", role=Role.INPUT)
class DeviceSet(Event):
    """A device; `sees` are the zones it watches (its own when empty), `parent` its controller or recorder."""

    device: Name
    family: Family
    zone: Name
    name: Words | None = None
    maker: str = "gatehouse"
    sees: tuple[Name, ...] = ()
    parent: str | None = None
    heartbeat_s: Annotated[float, Field(gt=0)] | None = None
    status: bool = True
    clock: str | None = None


@event("registry.door_set", role=Role.INPUT)
class DoorSet(Event):
    """A door, its controller, and whether a reader stands on the way out."""

    door: Name
    device: Name
    zone: Name
    kind: Literal["building", "gate", "lift", "other"] = "building"
    name: Words | None = None
    reader_out: bool = False


@event("registry.gate_set", role=Role.INPUT)
class GateSet(Event):
    """A vehicle gate: its lanes, and who may pass; `allow` None lets everybody pass."""

    gate: Name
    zone: Name
    lanes: tuple[Name, ...]
    name: Words | None = None
    allow: tuple[PassRule, ...] | None = None
    boundary: bool = True


@event("registry.vehicle_set", role=Role.INPUT)
class VehicleSet(Event):
    """A registered vehicle, its groups (resident, visitor, service, …) and how long they hold."""

    plate: Plate
    groups: tuple[Name, ...] = ()
    vehicle_class: str | None = None
    owner: Annotated[str | None, Personal("person")] = None
    valid_from: AwareDatetime | None = None
    valid_until: AwareDatetime | None = None


@event("registry.watch_entry_set", role=Role.INPUT)
class WatchEntrySet(Event):
    """One entry of a watch list."""

    list: Name
    kind: Literal["plate", "person", "credential"]
    value: Annotated[Name, Personal("plate")]
    severity: Severity = "high"
    note: str | None = None


class SquadMember(Part):
    """A member of a squad."""

    member: Member
    name: Annotated[str | None, Personal("person")] = None
    phone: Annotated[str | None, Personal("person")] = None


@event("registry.squad_set", role=Role.INPUT)
class SquadSet(Event):
    """A patrol squad: full-time, volunteers or company guards."""

    squad: Name
    name: Words
    kind: Literal["full_time", "volunteer", "company"] = "full_time"
    members: tuple[SquadMember, ...] = ()


class Removed(Event):
    """An entry that is no more; `entry` is the id it was set with."""

    entry: Name
    detail: dict[str, Any] | None = None


@event("registry.zone_removed", role=Role.INPUT)
class ZoneRemoved(Removed): ...


@event("registry.device_removed", role=Role.INPUT)
class DeviceRemoved(Removed): ...


@event("registry.door_removed", role=Role.INPUT)
class DoorRemoved(Removed): ...


@event("registry.gate_removed", role=Role.INPUT)
class GateRemoved(Removed): ...


@event("registry.vehicle_removed", role=Role.INPUT)
class VehicleRemoved(Event):
    plate: Plate


@event("registry.watch_entry_removed", role=Role.INPUT)
class WatchEntryRemoved(Event):
    list: Name
    kind: Literal["plate", "person", "credential"]
    value: Annotated[Name, Personal("plate")]


@event("registry.squad_removed", role=Role.INPUT)
class SquadRemoved(Removed): ...
