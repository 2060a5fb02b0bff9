"""From a table's rows to messages, in the table's order: ids from the file's name and the row's number.

Pure but for reading the file. A row that can't be an event comes out as a `BadRow` with its line and the
reason; the rows around it are none the worse.
"""

from __future__ import annotations

import csv
import gzip
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from pathlib import Path
from typing import Any, NamedTuple, TextIO
from zoneinfo import ZoneInfo

import orjson
from pydantic import ValidationError

from eventlog import codec, topics
from eventlog.times import to_us
from eventlog.vocabulary import TYPES
from simulators.play.mapping import Alternate, FieldMap, TableMap, TimeMap

Row = Sequence[str]


class Sent(NamedTuple):
    """A row as a message, and when it occurred."""

    line: int
    topic: str
    payload: bytes
    at_us: int


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row that can't be an event."""

    file: str
    line: int
    reason: str


class TableError(Exception):
    """The table as a whole can't be read."""


def recording_name(path: Path, table: TableMap) -> str:
    """What stands for the table in the ids: the map's `name`, else the file's, packed or not."""
    return table.name or path.name.removesuffix(".gz")


def rows(path: Path, table: TableMap) -> Iterator[Sent | BadRow]:
    """Every row as a message or as what is wrong with it. Raises TableError, OSError."""
    with _open(path, table.encoding) as stream:
        reader = csv.reader(stream, delimiter=table.delimiter, strict=True)
        header = next(reader, None)
        if header is None:
            raise TableError(f"{path} is empty: expected a first line with the names of the columns")
        missing = sorted(table.columns() - set(header))
        if missing:
            raise TableError(f"{path} has no column {', '.join(missing)}; it has {', '.join(header)}")
        make = _Maker(table, recording_name(path, table), header)
        number = 0
        while True:
            number += 1
            try:
                fields = next(reader)
            except StopIteration:
                return
            except (csv.Error, UnicodeError) as error:
                yield BadRow(str(path), reader.line_num, f"not readable as CSV: {error}")
                continue
            except EOFError as error:
                raise TableError(
                    f"{path} ends in the middle, after line {reader.line_num}: {error}"
                ) from error
            if not fields:
                continue
            if len(fields) != len(header):
                reason = f"{len(fields)} fields where the first line names {len(header)}"
                yield BadRow(str(path), reader.line_num, reason)
                continue
            try:
                yield make(number, reader.line_num, fields)
            except _RowError as error:
                yield BadRow(str(path), reader.line_num, str(error))
            except ValidationError as error:
                yield BadRow(str(path), reader.line_num, codec.describe(error))


def _open(path: Path, encoding: str) -> TextIO:
    if path.suffix == ".gz":
        return gzip.open(path, "rt", encoding=encoding, newline="")
    return path.open("r", encoding=encoding, newline="")


class _RowError(Exception):
    """What is wrong with a row."""


class _Maker:
    """Makes messages; what doesn't change from row to row is made once."""

    def __init__(self, table: TableMap, name: str, header: Sequence[str]) -> None:
        self._table = table
        self._name = name
        self._kind = TYPES[table.event]
        self._time = time_reader(table.time)
        self._time_index = header.index(table.time.column)
        self._device_index = header.index(table.device.column)
        self._fields = [(field, _field(field, what, header)) for field, what in table.data.items()]
        self._devices: dict[str, tuple[str, str]] = {}

    def __call__(self, number: int, line: int, row: Row) -> Sent:
        at = self._time(row[self._time_index])
        topic, source = self._device(row[self._device_index])
        data = {name: value for name, read in self._fields if (value := read(row)) is not None}
        self._kind.model_validate(data)
        document = {
            "specversion": "1.0",
            "id": f"{self._name}:{number}",
            "source": source,
            "type": self._table.event,
            "time": at,
            "data": data,
        }
        return Sent(line, topic, orjson.dumps(document), to_us(at))

    def _device(self, value: str) -> tuple[str, str]:
        """Topic and source of a device."""
        known = self._devices.get(value)
        if known is None:
            values = self._table.device.values
            device = value if values is None else values.get(value, "")
            if not device or any(character in device for character in "/+#\0"):
                raise _RowError(f"{self._table.device.column}: {value!r} is no device's name")
            where = (self._table.estate, self._table.device.family, device)
            known = self._devices[value] = topics.device_events(*where), topics.device_source(*where)
        return known


def time_reader(what: TimeMap) -> Callable[[str], datetime]:
    """A function from a column's text to an aware moment."""
    zone: tzinfo = UTC if what.zone == "UTC" else ZoneInfo(what.zone)
    # fromisoformat reads this very format forty times faster than strptime.
    iso = what.format in {"iso", "%Y-%m-%d %H:%M:%S"}

    def read(text: str) -> datetime:
        try:
            moment = datetime.fromisoformat(text) if iso else datetime.strptime(text, what.format)  # noqa: DTZ007
        except ValueError:
            raise _RowError(f"{what.column}: {text!r} is not a time of the form {what.format}") from None
        return moment.replace(tzinfo=zone) if moment.tzinfo is None else moment

    return read


def _field(name: str, what: FieldMap, header: Sequence[str]) -> Callable[[Row], Any]:
    """A function from a row to a field's value."""
    if what.alternate is not None:
        return _in_turn(what.alternate, header)
    if what.column is None:
        constant = what.value
        return lambda _row: constant
    index, column, values, default = header.index(what.column), what.column, what.values, what.default
    if values is None and default is None:
        return lambda row: row[index]
    if values is None:
        return lambda row: row[index] or default

    def mapped(row: Row) -> Any:
        if row[index] not in values and default is None:
            raise _RowError(f"{column}: {row[index]!r} is not in the map's values for {name}")
        return values.get(row[index], default)

    return mapped


def _in_turn(what: Alternate, header: Sequence[str]) -> Callable[[Row], Any]:
    seen: dict[tuple[str, ...], int] = {}
    among = frozenset(what.among)
    by = [header.index(column) for column in what.by]
    where = None if what.where is None else header.index(what.where)

    def next_value(row: Row) -> Any:
        if where is not None and row[where] not in among:
            return what.otherwise
        key = tuple(row[index] for index in by)
        seen[key] = count = seen.get(key, 0) + 1
        return what.values[(count - 1) % len(what.values)]

    return next_value
