"""The map file of `gatehouse play`: how a table's columns become events. docs/play.md describes it.

Shape and checks only; `simulators.play.rows` makes events with it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from eventlog.marked import read_marked
from eventlog.problems import FileError, Findings, near
from eventlog.vocabulary import TYPES, Role
from eventlog.vocabulary.registry import Family

Column = Annotated[str, Field(min_length=1)]


class MapError(FileError):
    """The map file can't be used: all its mistakes, in the order of the file."""


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Alternate(_Model):
    """Values in turn, counted for each value of the columns `by`: the first reading of a car is the first
    value, its second the second, then the first again. Only rows whose column `where` has one of `among`
    are counted; the others get `otherwise`."""

    values: Annotated[tuple[Any, ...], Field(min_length=2)]
    by: Annotated[tuple[Column, ...], Field(min_length=1)]
    where: Column | None = None
    among: tuple[str, ...] = ()
    otherwise: Any = None


class FieldMap(_Model):
    """Where a field's value comes from: a column (through `values`, if given), a constant, or in turn."""

    column: Column | None = None
    values: dict[str, Any] | None = None
    default: Any = None
    value: Any = None
    alternate: Alternate | None = None

    @model_validator(mode="after")
    def _one_origin(self) -> FieldMap:
        if sum(given is not None for given in (self.column, self.value, self.alternate)) != 1:
            raise ValueError("expected exactly one of column, value, alternate")
        return self


class DeviceMap(_Model):
    """Which device a row comes from: the value of a column, through `values` if given."""

    family: Family
    column: Column
    values: dict[str, str] | None = None


class TimeMap(_Model):
    """When: a column, its format (as of strptime, or `iso`), and the zone of times that name none."""

    column: Column
    format: str = "iso"
    zone: str = "UTC"

    @model_validator(mode="after")
    def _known_zone(self) -> TimeMap:
        try:
            ZoneInfo(self.zone)
        except (KeyError, ValueError, OSError):
            raise ValueError(f"{self.zone!r} is no IANA time zone, such as UTC or Asia/Shanghai") from None
        return self


class TableMap(_Model):
    """A whole map file. `name` goes into the ids: files of different names are different recordings."""

    estate: Column
    name: str | None = None
    delimiter: Annotated[str, Field(min_length=1, max_length=1)] = ","
    encoding: str = "utf-8-sig"
    event: str
    device: DeviceMap
    time: TimeMap
    data: dict[str, FieldMap]
    ends_after_s: Annotated[float, Field(gt=0)] = 3_600.0

    def columns(self) -> set[str]:
        """Every column that the map reads."""
        found = {self.device.column, self.time.column}
        for field in self.data.values():
            if field.column:
                found.add(field.column)
            if field.alternate:
                found |= {*field.alternate.by, *([field.alternate.where] if field.alternate.where else [])}
        return found


def read_map(path: Path) -> TableMap:
    """Reads and checks a map file. Raises MapError with all mistakes, OSError when it can't be read."""
    return parse_map(path.read_text("utf-8-sig"), name=str(path))


def parse_map(text: str, *, name: str = "map.yaml") -> TableMap:
    """Checks the text of a map file. Raises MapError."""
    marked = read_marked(text)
    findings = Findings(marked)
    table: TableMap | None = None
    if not findings.problems:
        try:
            table = TableMap.model_validate(marked.value)
        except ValidationError as error:
            for details in error.errors(include_url=False):
                findings.add_pydantic((), details)
        else:
            _check(table, findings)
    if table is None or findings.problems:
        raise MapError(name, findings.problems)
    return table


def _check(table: TableMap, findings: Findings) -> None:
    kind = TYPES.get(table.event)
    sent = [name for name, cls in TYPES.items() if cls.ROLE is Role.DEVICE]
    if kind is None or kind.ROLE is not Role.DEVICE:
        findings.add(("event",), table.event, "one_of", expected=near(table.event, sent))
        return
    for name, model_field in kind.model_fields.items():
        if model_field.is_required() and name not in table.data:
            findings.add(("data", name), None, "missing")
