"""What may stand in an estate file: one model an entry, unknown fields refused.

Only the form of single entries is checked here; what refers to what is checked in `checks`. The fields are
described in docs/estate-file.md, which a test holds to this file.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, StringConstraints

from eventlog.vocabulary.alert import Severity
from gatehouse.estatefile import duty_models as d
from gatehouse.estatefile import home_models as h
from gatehouse.estatefile.entry import Entry, Hours, HoursEntry, Id, NameEntry, PlateText, as_field
from gatehouse.estatefile.moments import From, Until

HoursList = Annotated[
    tuple[Hours, ...],
    BeforeValidator(lambda value: (value,) if isinstance(value, (str, dict)) else value),
]
"""Several hours of the day, or one without the list around it."""


class HeadEntry(Entry):
    """The estate itself. `plates: cn` checks plates after GA 36-2018, `any` does not."""

    estate: Id
    name: NameEntry
    time_zone: str = "Asia/Shanghai"
    night: Hours = HoursEntry(start="22:00", end="06:00")
    default_squad: Id | None = None
    operators: Annotated[int, Field(ge=1, le=100)] = 1
    plates: Literal["cn", "any"] | None = None


class NeighbourEntry(Entry):
    """A zone that touches another; distances in metres. It counts for both of them."""

    zone: Id
    walk_m: Annotated[float, Field(gt=0)] | None = None
    drive_m: Annotated[float, Field(gt=0)] | None = None


class ZoneEntry(Entry):
    """A part of the estate."""

    id: Id
    name: NameEntry | None = None
    kind: Id = "area"
    adjacent: tuple[Annotated[NeighbourEntry, as_field("zone")], ...] = ()
    squad: Id | None = None
    open_hours: HoursList | None = None
    armed_hours: HoursList = ()
    watch_hours: HoursList = ()
    sensitive: bool = False
    key: Literal["road", "unit"] | None = None


class DeviceEntry(Entry):
    """A device; its family is the key it stands under."""

    id: Id
    zone: Id
    name: NameEntry | None = None
    maker: Id = "gatehouse"
    sees: tuple[Id, ...] = ()
    parent: Id | None = None
    heartbeat_s: Annotated[float, Field(gt=0, le=604_800)] | None = None
    status: bool = True
    clock: str | None = None


class DoorEntry(Entry):
    """A door; `device` is its controller (the one of the same id when not given)."""

    id: Id
    device: Id | None = None
    zone: Id | None = None
    kind: Literal["building", "gate", "lift", "other"] = "building"
    name: NameEntry | None = None
    reader_out: bool = False


class PassEntry(Entry):
    """Who may pass: every field given must fit."""

    classes: tuple[str, ...] | None = None
    groups: tuple[Id, ...] | None = None
    plates: tuple[PlateText, ...] | None = None
    lanes: tuple[Id, ...] | None = None
    direction: Literal["in", "out"] | None = None
    hours: Hours | None = None


class GateEntry(Entry):
    """A vehicle gate. Without `allow` everybody may pass."""

    id: Id
    zone: Id
    lanes: Annotated[tuple[Id, ...], Field(min_length=1)]
    name: NameEntry | None = None
    allow: tuple[PassEntry, ...] | None = None
    boundary: bool = True


class VehicleEntry(Entry):
    """A registered vehicle; a date or time without an offset is on the estate's clock."""

    plate: PlateText
    groups: tuple[Id, ...] = ()
    vehicle_class: str | None = None
    owner: str | None = None
    valid_from: From | None = None
    valid_until: Until | None = None


class WatchEntry(Entry):
    """One entry of a watch list; `severity` is the list's when not given."""

    value: Annotated[str, StringConstraints(min_length=1, max_length=128)]
    severity: Severity | None = None
    note: str | None = None


class WatchListEntry(Entry):
    """A watch list; its name is the key it stands under."""

    kind: Literal["plate", "person", "credential"]
    severity: Severity = "high"
    entries: tuple[Annotated[WatchEntry, as_field("value")], ...] = ()


class MemberEntry(Entry):
    """A member of a squad; the id is unique in the estate."""

    id: Id
    name: str | None = None
    phone: str | None = None


class SquadEntry(Entry):
    """A squad with its members."""

    id: Id
    name: NameEntry | None = None
    kind: Literal["full_time", "volunteer", "company"] = "full_time"
    members: tuple[Annotated[MemberEntry, as_field("id")], ...] = ()


SECTIONS: dict[str, type[Entry]] = {
    "zones": ZoneEntry,
    "doors": DoorEntry,
    "gates": GateEntry,
    "vehicles": VehicleEntry,
    "squads": SquadEntry,
    "homes": h.HomeEntry,
    "people": h.PersonEntry,
    "credentials": h.CredentialEntry,
    "visitors": h.VisitorEntry,
    "shops": h.ShopEntry,
    "radios": h.RadioEntry,
    "duties": d.DutyEntry,
    "checkpoints": d.CheckpointEntry,
    "rounds": d.RoundEntry,
    "maintenance": d.MaintenanceEntry,
    "gatherings": d.GatheringEntry,
    "drills": d.DrillEntry,
    "segments": d.SegmentEntry,
}
"""The sections that are lists. `devices`, `watch_lists` and `rules` are maps and read by hand."""
