"""What a projection is, and the few ways in which all of them write: whole rows, a batch at a time.

A projection's rows depend on the log alone: no clock, no randomness, no order of batches. The runner keeps
its position in the transaction that changes its rows. Times are whole microseconds since 1970 UTC.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar

from sqlalchemy import BigInteger, Connection, Integer, MetaData, Table, quoted_name, select
from sqlalchemy.dialects import postgresql, sqlite

from eventlog.ports import Recorded

Row = dict[str, Any]
Big = BigInteger().with_variant(Integer(), "sqlite")
KEYS_PER_QUERY_MAX = 5_000

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


def upsert(connection: Connection, table: Table, rows: Sequence[Row]) -> None:
    """Writes whole rows by their primary key, new or not, in one statement's batch."""
    if not rows:
        return
    insert = (postgresql if connection.dialect.name == "postgresql" else sqlite).insert(table)
    keys = [column.name for column in table.primary_key]
    others = {
        column.name: insert.excluded[column.name] for column in table.columns if column.name not in keys
    }
    connection.execute(insert.on_conflict_do_update(index_elements=keys, set_=others), list(rows))


def load(connection: Connection, table: Table, keys: Iterable[str]) -> dict[str, Row]:
    """The rows with these values of the first column, by that value: one query for a batch."""
    column = next(iter(table.columns))
    wanted = list(keys)
    found: dict[str, Row] = {}
    for start in range(0, len(wanted), KEYS_PER_QUERY_MAX):
        part = wanted[start : start + KEYS_PER_QUERY_MAX]
        for row in connection.execute(select(table).where(column.in_(part))).mappings():
            found[row[column.name]] = dict(row)
    return found


def key_of(estate: str, *parts: str) -> str:
    """One text for a thing of an estate: estates and ids have no line breaks."""
    return "\n".join((estate, *parts))
