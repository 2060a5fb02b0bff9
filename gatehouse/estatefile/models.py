"""What may stand in an estate file: one model an entry, unknown fields refused.

Only the form of single entries is checked here; what refers to what is checked in `checks`. The fields are
described in docs/estate-file.md, which a test holds to this file.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

from eventlog.vocabulary.alert import Severity
from eventlog.vocabulary.registry import Clock

Id = Annotated[str, StringConstraints(pattern=r"^[\w-]{1,64}$")]
"""Ids become parts of MQTT topics and of user names: letters, digits, `_` and `-`."""
PlateText = Annotated[str, StringConstraints(min_length=1, max_length=32)]


class Entry(BaseModel):
    """An entry of the file."""

    model_config = ConfigDict(frozen=True, extra="forbid", coerce_numbers_to_str=True)


def _both_languages(value: Any) -> Any:
    return {"zh": value, "en": value} if isinstance(value, str) else value


def _hours(value: Any) -> Any:
    if isinstance(value, str) and "-" in value:
        start, _, end = value.partition("-")
        return {"start": start.strip(), "end": end.strip()}
    return value


def _as(name: str) -> BeforeValidator:
    """A plain text where an entry with one needed field may stand."""
    return BeforeValidator(lambda value: value if isinstance(value, dict) else {name: value})


class BothLanguages(Entry):
    """A name in Chinese and English; a plain text counts for both."""

    zh: str
    en: str


class HoursEntry(Entry):
    """From `start` to `end` on the estate's clock, over midnight too; `22:00-06:00` for short."""

    start: Clock
    end: Clock


NameEntry = Annotated[BothLanguages, BeforeValidator(_both_languages)]
Hours = Annotated[HoursEntry, BeforeValidator(_hours)]


class HeadEntry(Entry):
    """The estate itself. `plates: cn` checks plates after GA 36-2018, `any` does not."""

    estate: Id
    name: NameEntry
    time_zone: str = "Asia/Shanghai"
    night: Hours = HoursEntry(start="22:00", end="06:00")
    default_squad: Id | None = None
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
    adjacent: tuple[Annotated[NeighbourEntry, _as("zone")], ...] = ()
    squad: Id | None = None


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
    valid_from: datetime | None = None
    valid_until: datetime | None = None


class WatchEntry(Entry):
    """One entry of a watch list; `severity` is the list's when not given."""

    value: Annotated[str, StringConstraints(min_length=1, max_length=128)]
    severity: Severity | None = None
    note: str | None = None


class WatchListEntry(Entry):
    """A watch list; its name is the key it stands under."""

    kind: Literal["plate", "person", "credential"]
    severity: Severity = "high"
    entries: tuple[Annotated[WatchEntry, _as("value")], ...] = ()


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
    members: tuple[Annotated[MemberEntry, _as("id")], ...] = ()


SECTIONS: dict[str, type[Entry]] = {
    "zones": ZoneEntry,
    "doors": DoorEntry,
    "gates": GateEntry,
    "vehicles": VehicleEntry,
    "squads": SquadEntry,
}
"""The sections that are lists. `devices`, `watch_lists` and `rules` are maps and read by hand."""
