"""What a projection is, and the few ways in which all of them write: whole rows, a batch at a time.

A projection's rows depend on the log alone: no clock, no randomness, no order of batches. The runner keeps
its position in the transaction that changes its rows. Times are whole microseconds since 1970 UTC.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from operator import itemgetter
from typing import Any, ClassVar

import orjson
from sqlalchemy import BigInteger, Connection, Dialect, Integer, MetaData, Table, quoted_name
from sqlalchemy.dialects import postgresql, sqlite

from eventlog.ports import Recorded

Row = dict[str, Any]
Big = BigInteger().with_variant(Integer(), "sqlite")

MODELS = MetaData()
"""The read models under the names by which they are read; each name is a view on the live generation."""


class Projection:
    """The base of all projections. A subclass says what it listens to and writes `apply`.

    Its tables are declared once, on `MODELS`, for readers; each generation has its own copies to write to,
    so that a new one is built beside the one that is read.
    """

    name: ClassVar[str]
    version: ClassVar[int]
    """Higher whenever the same events would give other rows or other columns: it is then rebuilt."""
    listens_to: ClassVar[frozenset[str]]
    """Types of events; no others are given to `apply`."""
    models: ClassVar[tuple[Table, ...]]

    def __init__(self, generation: int) -> None:
        self.generation = generation
        self.metadata = MetaData()
        self._tables: Mapping[str, Table] = {
            model.name: _copy(model, self.metadata, generation) for model in self.models
        }

    @property
    def tables(self) -> tuple[Table, ...]:
        """This generation's tables, in the order of `models`."""
        return tuple(self._tables.values())

    def table(self, model: Table) -> Table:
        """This generation's table of a model."""
        return self._tables[model.name]

    def apply(self, connection: Connection, events: Sequence[Recorded]) -> None:
        """Changes the rows for a batch of events in the order of the log. Must not commit."""
        raise NotImplementedError


def _copy(model: Table, metadata: MetaData, generation: int) -> Table:
    table = model.to_metadata(metadata, name=f"{model.name}_g{generation}")
    for index in table.indexes:
        index.name = quoted_name(f"{index.name}_g{generation}", quote=None)
    return table


class _Statements:
    """The text of a table's two statements, made once: SQLAlchemy's own way costs 10 µs a row more."""

    def __init__(self, table: Table, dialect: Dialect) -> None:
        self.columns = [column.name for column in table.columns]
        self.key = self.columns[0]
        on_postgresql = dialect.name == "postgresql"
        insert = (postgresql if on_postgresql else sqlite).insert(table)
        keys = [column.name for column in table.primary_key]
        others = {name: insert.excluded[name] for name in self.columns if name not in keys}
        write = insert.on_conflict_do_update(index_elements=keys, set_=others)
        self.upsert = str(write.compile(dialect=dialect, column_keys=self.columns))
        wanted = "= ANY(%s)" if on_postgresql else "IN (SELECT value FROM json_each(?))"
        fields = ", ".join(dialect.identifier_preparer.quote(name) for name in self.columns)
        self.load = f'SELECT {fields} FROM "{table.name}" WHERE "{self.key}" {wanted}'  # noqa: S608 our names
        self.named = on_postgresql


def _statements(connection: Connection, table: Table) -> _Statements:
    made: _Statements | None = table.info.get("statements")
    if made is None:
        made = table.info["statements"] = _Statements(table, connection.dialect)
    return made


def upsert(connection: Connection, table: Table, rows: Sequence[Row]) -> None:
    """Writes whole rows by their primary key, new or not, in one statement's batch."""
    if not rows:
        return
    statements = _statements(connection, table)
    if statements.named:
        connection.exec_driver_sql(statements.upsert, list(rows))
    else:
        pick = itemgetter(*statements.columns)
        connection.exec_driver_sql(statements.upsert, [pick(row) for row in rows])


def load(connection: Connection, table: Table, keys: Collection[str]) -> dict[str, Row]:
    """The rows with these values of the first column, by that value: one query for a batch."""
    if not keys:
        return {}
    statements = _statements(connection, table)
    wanted = list(keys) if statements.named else orjson.dumps(list(keys)).decode()
    found = connection.exec_driver_sql(statements.load, (wanted,)).fetchall()
    return {row[0]: dict(zip(statements.columns, row, strict=True)) for row in found}


def clean(words: str) -> str:
    """A text that PostgreSQL can keep too: it has no place for the character NUL."""
    return words.replace("\x00", "\ufffd")


def key_of(estate: str, *parts: str) -> str:
    """One text for a thing of an estate: estates and ids have no line breaks."""
    return "\n".join((estate, *parts))
