"""One transaction of the SQL log: what is appended, kept and moved in it becomes true together."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack, suppress

from eventlog.batch import plan
from eventlog.chain import link
from eventlog.clock import Stamper
from eventlog.ids import identity_key
from eventlog.ports import (
    Appended,
    LogArchivedError,
    LogCorruptError,
    NewEvent,
    Position,
    Recorded,
    Reject,
    SavedState,
)
from eventlog.sql.database import Connection, Database, FencedClaim, Row
from eventlog.sql.rows import Kind, Names

_KEYS = "SELECT identity, position FROM identities WHERE identity IN (*)"
_BODIES = "SELECT position, body FROM events WHERE position IN (*)"
_SAVE = (
    "INSERT INTO states (owner, key, value, due_us) VALUES (?,?,?,?) "
    "ON CONFLICT (owner, key) DO UPDATE SET value = excluded.value, due_us = excluded.due_us"
)
_MOVE = (
    "INSERT INTO readers (reader, position) VALUES (?,?) "
    "ON CONFLICT (reader) DO UPDATE SET position = excluded.position"
)
_QUARANTINE = (
    "INSERT INTO quarantine (estate, topic, reason, detail, payload, received_us, number) "
    "VALUES (?,?,?,?,?,?,?)"
)


class SqlTransaction:
    """A `LogTransaction`. It takes a connection and the append's lock at its first write."""

    def __init__(
        self,
        database: Database,
        names: Names,
        stamper: Stamper,
        stack: ExitStack,
        archived: Callable[[Sequence[Position]], Sequence[Recorded]],
        fence: FencedClaim | None = None,
    ) -> None:
        self._database, self._names, self._stamper, self._stack = database, names, stamper, stack
        self._archived, self._fence = archived, fence
        self._open: Connection | None = None
        self._head: tuple[Position, int, bytes] | None = None
        self._kinds: dict[Kind, int] = {}
        self._sources: dict[str, int] = {}
        self._dirty = False

    @property
    def _connection(self) -> Connection:
        if self._open is None:
            self._open = self._stack.enter_context(self._database.writing())
            if self._fence is not None:
                self._fence.fence(self._open)
        return self._open

    def append(self, events: Sequence[NewEvent]) -> Appended:
        """Idempotent by (source, id). Conflicting events are not stored and their indexes are given."""
        if not events:
            return Appended((), 0)
        connection = self._connection
        head, last_us, previous = self._head or self._read_head()
        keys = [identity_key(event.source, event.id) for event in events]
        known: dict[bytes, Position] = {bytes(key): place for key, place in connection.rows_in(_KEYS, keys)}
        planned = plan(events, keys, known, self._bodies, head)
        if planned.new:
            rows, last_us, previous = self._rows(planned.new, head, last_us, previous)
            self._database.insert_events(connection, rows, planned.keys)
            self._dirty = True
        self._head = (head + len(planned.new), last_us, previous)
        return planned.appended

    def _read_head(self) -> tuple[Position, int, bytes]:
        found = self._connection.row("SELECT position, recorded_us, hash FROM head WHERE one = 1")
        if found is None:
            raise LogCorruptError("the log's head is missing: its database was changed by hand")
        return found[0], found[1], bytes(found[2])

    def _bodies(self, positions: Sequence[Position]) -> Mapping[Position, bytes]:
        """Of entries in archives where those can be read here; the others are left out."""
        found = {place: bytes(body) for place, body in self._connection.rows_in(_BODIES, positions)}
        missing = [place for place in positions if place not in found]
        if missing:
            with suppress(LogArchivedError):
                found.update((entry.position, entry.body) for entry in self._archived(missing))
        return found

    def _rows(
        self, events: Sequence[NewEvent], head: Position, last_us: int, previous: bytes
    ) -> tuple[list[Row], int, bytes]:
        rows: list[Row] = []
        stamps = self._stamper.stamps(events, last_us)
        for place, event, recorded_us in zip(
            range(head + 1, head + 1 + len(events)), events, stamps, strict=True
        ):
            previous = link(previous, place, event, recorded_us)
            rows.append((
                place, self._kind_number((event.estate, event.type, event.version)),
                self._source_number(event.source), event.id, event.occurred_us, event.received_us,
                recorded_us, event.seq, event.replay, event.body, previous,
            ))  # fmt: skip
        return rows, stamps[-1], previous

    def _kind_number(self, kind: Kind) -> int:
        number = self._names.kind_numbers.get(kind) or self._kinds.get(kind)
        if number is None:
            number = self._number(
                "SELECT id FROM kinds WHERE estate = ? AND type = ? AND version = ?",
                "INSERT INTO kinds (id, estate, type, version) "
                "SELECT coalesce(max(id), 0) + 1, ?, ?, ? FROM kinds RETURNING id",
                kind,
            )
            self._kinds[kind] = number
        return number

    def _source_number(self, source: str) -> int:
        number = self._names.source_numbers.get(source) or self._sources.get(source)
        if number is None:
            number = self._number(
                "SELECT id FROM sources WHERE source = ?",
                "INSERT INTO sources (id, source) "
                "SELECT coalesce(max(id), 0) + 1, ? FROM sources RETURNING id",
                (source,),
            )
            self._sources[source] = number
        return number

    def _number(self, query: str, insert: str, parameters: Row) -> int:
        found = self._connection.row(query, parameters) or self._connection.rows(insert, parameters)[0]
        return int(found[0])

    def quarantine(self, rejects: Sequence[Reject]) -> None:
        """Keeps what can't be taken, with its raw bytes."""
        rows: list[Row] = [
            (one.estate, one.topic, one.reason, one.detail, one.payload, one.received_us, one.index)
            for one in rejects
        ]
        self._connection.many(_QUARANTINE, rows)

    def save_state(self, owner: str, entries: Iterable[SavedState], gone: Iterable[str] = ()) -> None:
        """Writes values by key under an owner, and deletes the keys in `gone`."""
        self._connection.many(_SAVE, [(owner, one.key, one.value, one.due_us) for one in entries])
        self._connection.many(
            "DELETE FROM states WHERE owner = ? AND key = ?", [(owner, key) for key in gone]
        )

    def move(self, reader: str, position: Position) -> None:
        """Keeps how far a reader has come."""
        self._connection.run(_MOVE, (reader, position))

    def position(self, reader: str) -> Position:
        """How far a reader has come, under the append's lock."""
        found = self._connection.row("SELECT position FROM readers WHERE reader = ?", (reader,))
        return int(found[0]) if found else 0

    def finish(self) -> None:
        """The last write before the commit: the log's new head."""
        if self._dirty and self._head:
            self._connection.run(
                "UPDATE head SET position = ?, recorded_us = ?, hash = ? WHERE one = 1", self._head
            )

    def committed(self) -> None:
        """What may be known once the transaction has happened."""
        for kind, number in self._kinds.items():
            self._names.keep_kind(kind, number)
        for source, number in self._sources.items():
            self._names.keep_source(source, number)
        if self._dirty and self._head:
            from eventlog import metrics  # here: most commands only read

            metrics.LOG_HEAD.set(self._head[0])
