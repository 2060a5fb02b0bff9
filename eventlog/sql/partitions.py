"""The log's table on PostgreSQL is parted by month: makes the months ahead of time, and drops those archived.

A month is made on a connection of its own, which waits for no reader or writer and makes none wait. Dropping
one needs every reader and writer to stand aside for a moment; it waits two seconds at most, then lets them
through and tries again.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from eventlog.ports import LogUnavailableError, Position
from eventlog.sql.database import Connection
from eventlog.sql.months import Month

DROP_WAIT_MS = 2_000
DROP_TRIES = 10
DROP_PAUSE_S = 0.5

_LIST = (
    "SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid "
    "WHERE i.inhparent = 'events'::regclass ORDER BY right(c.relname, 6)"
)


class Partitions:
    """The months of one database. `connect` gives a new connection."""

    def __init__(self, connect: Callable[[], Connection]) -> None:
        self._connect = connect
        self._known: set[Month] = set()
        self._span = (0, 0)

    def ensure(self, stamps: Sequence[int]) -> None:
        """Makes the months of recorded times, which don't go back, and the one after. Raises LogError.

        To be called under the append's lock: nobody else makes one meanwhile.
        """
        if self._span[0] <= stamps[0] and stamps[-1] < self._span[1]:
            return
        months = {Month.of(stamp) for stamp in stamps}
        last = max(months)
        with self._own() as connection:
            for month in sorted((months | {last.plus(1)}) - self._known):
                _make(connection, month)
                self._known.add(month)
        self._span = (last.start_us, last.end_us)

    def drop(self, archived: Position, upto: Month) -> list[str]:
        """Drops the months up to one whose entries are all archived, the oldest first, so that never one is
        missing between others; their names. Raises LogError."""
        dropped = []
        with self._own() as connection:
            connection.run(f"SET lock_timeout = {DROP_WAIT_MS}")
            for (name,) in connection.rows(_LIST):
                if Month.parse(name[-6:]) > upto:
                    continue
                found = connection.row(f"SELECT max(position) FROM {name}")  # noqa: S608  a table of ours
                if found and (found[0] is None or found[0] <= archived):
                    self._drop(name)
                    dropped.append(name)
        return dropped

    def _drop(self, name: str) -> None:
        for tries_left in range(DROP_TRIES - 1, -1, -1):
            try:
                with self._own() as connection:
                    connection.run(f"SET lock_timeout = {DROP_WAIT_MS}")
                    connection.run(f"DROP TABLE {name}")
            except LogUnavailableError:
                if not tries_left:
                    raise
                time.sleep(DROP_PAUSE_S)
            else:
                return

    @contextmanager
    def _own(self) -> Iterator[Connection]:
        connection = self._connect()
        try:
            yield connection
        finally:
            connection.close()


def _make(connection: Connection, month: Month) -> None:
    """Makes a month's table and attaches it, unless it or one that spans it is there."""
    name = f"events_{month.digits}"
    covering = f"events_upto_{month.digits}"
    found = connection.row(
        "SELECT to_regclass(?) IS NOT NULL OR to_regclass(?) IS NOT NULL", (name, covering)
    )
    if found and found[0]:
        return
    connection.run("BEGIN")
    connection.run(f"CREATE TABLE {name} (LIKE events INCLUDING ALL, PRIMARY KEY (position))")
    connection.run(f"CREATE INDEX {name}_kind ON {name} (kind, position)")
    connection.run(
        f"ALTER TABLE events ATTACH PARTITION {name} FOR VALUES FROM ({month.start_us}) TO ({month.end_us})"
    )
    connection.run("COMMIT")
