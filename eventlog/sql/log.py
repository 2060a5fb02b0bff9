"""The event log in SQL: the port put together from reading, writing, the chain and the clock."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import cast

from eventlog.chain import GENESIS, Checker
from eventlog.clock import Stamper
from eventlog.ids import identity_key
from eventlog.ports import (
    Appended,
    Claim,
    LogError,
    NewEvent,
    Position,
    Quarantined,
    Recorded,
    Reject,
    SavedState,
    Verified,
)
from eventlog.sql import reading
from eventlog.sql.archives import Archives
from eventlog.sql.database import Connection, Database, FencedClaim, Row
from eventlog.sql.rows import Names, rows_to_check, with_identities
from eventlog.sql.writing import SqlTransaction

_CHECK_BATCH = 2_000
_QUARANTINED = (
    "SELECT id, topic, reason, detail, payload, received_us, estate, number, released_us FROM quarantine "
)


class SqlLog:
    """An `EventLog` in a SQL database. Safe across threads; several processes may have the same one open."""

    def __init__(self, database: Database, stamper: Stamper, archive: Path | None = None) -> None:
        self.database = database
        self.archives = Archives(archive, database.reading)
        self._stamper = stamper
        self._names = Names()
        self._seen: tuple[Position, int] = (0, 0)
        """The newest entry read so far, and when it was recorded: what lies behind it is no older."""

    def append(self, events: Sequence[NewEvent]) -> Appended:
        """One transaction with one append."""
        with self.transaction() as transaction:
            return transaction.append(events)

    @contextmanager
    def transaction(self, *, under: Claim | None = None) -> Iterator[SqlTransaction]:
        """Commits at the end of the block, rolls back when it raises. Raises LogError."""
        with ExitStack() as stack:
            fence = cast("FencedClaim | None", under)  # there are no other claims of this log
            transaction = SqlTransaction(
                self.database, self._names, self._stamper, stack, self.archives.at, fence
            )
            yield transaction
            transaction.finish()
        transaction.committed()

    def read(
        self,
        *,
        after: Position,
        limit: int,
        estate: str | None = None,
        types: frozenset[str] | None = None,
    ) -> Sequence[Recorded]:
        """Entries after a position, in order."""
        return self._range(after, None, limit, estate, types, ascending=True)

    def read_back(
        self,
        *,
        before: Position | None = None,
        limit: int,
        estate: str | None = None,
        types: frozenset[str] | None = None,
    ) -> Sequence[Recorded]:
        """Entries before a position (None: the end), the newest first."""
        high = None if before is None else before - 1
        return self._range(0, high, limit, estate, types, ascending=False)

    def _range(
        self,
        low: Position,
        high: Position | None,
        limit: int,
        estate: str | None,
        types: frozenset[str] | None,
        *,
        ascending: bool,
    ) -> Sequence[Recorded]:
        if limit <= 0:
            return []
        with self.database.reading() as connection:
            found = self._live(connection, low, high, limit, estate, types, ascending=ascending)
            if estate is None and types is None and _is_whole(found, low, limit, ascending=ascending):
                return found
            # Asked after the table was read: what an archive has taken out of it since can't be missed.
            archived = reading.archived(connection)
        if low >= archived:
            return found
        top = archived if high is None else min(archived, high)
        if ascending:
            old = self.archives.read(low, top, limit, estate, types, ascending=True)
            rest = limit - len(old)
            beyond = high is not None and high <= archived
            return (
                old if beyond else [*old, *self._range(archived, high, rest, estate, types, ascending=True)]
            )
        live = [entry for entry in found if entry.position > archived]
        rest = limit - len(live)
        old = self.archives.read(low, top, rest, estate, types, ascending=False) if rest else []
        return [*live, *old]

    def _live(
        self,
        connection: Connection,
        low: Position,
        high: Position | None,
        limit: int,
        estate: str | None,
        types: frozenset[str] | None,
        *,
        ascending: bool,
    ) -> list[Recorded]:
        """What the table has."""
        seen, since = self._seen
        since = since if low >= seen else 0
        if estate is None and types is None:
            found = reading.read_all(
                connection, self._names, low, high, limit, ascending=ascending, since=since
            )
        else:
            # The head first: every kind of an entry up to it is there when the kinds are read.
            head = reading.head_position(connection)
            kinds = self._kinds(connection, estate, types)
            top = head if high is None else min(head, high)
            found = reading.read_kinds(
                connection, self._names, kinds, low, top, limit, ascending=ascending, since=since
            )
        newest = (found[-1] if ascending else found[0]) if found else None
        if newest and newest.position > seen:
            self._seen = (newest.position, newest.recorded_us)
        return found

    def _kinds(
        self, connection: Connection, estate: str | None, types: frozenset[str] | None
    ) -> Sequence[int]:
        self._names.refresh_kinds(connection)
        return [
            number
            for number, (of_estate, of_type, _) in list(self._names.kinds.items())
            if (estate is None or of_estate == estate) and (types is None or of_type in types)
        ]

    def at(self, positions: Sequence[Position]) -> Sequence[Recorded]:
        """The entries at these positions, in that order; missing ones are left out."""
        with self.database.reading() as connection:
            found = self._names.entries(connection, reading.at_positions(connection, positions))
            if len(found) == len(positions):
                return found
            archived = reading.archived(connection)
        by_position = {entry.position: entry for entry in found}
        missing = [place for place in positions if 0 < place <= archived and place not in by_position]
        by_position.update((entry.position, entry) for entry in self.archives.at(missing))
        return [by_position[place] for place in positions if place in by_position]

    def find(self, source: str, event_id: str) -> Recorded | None:
        """The entry with this identity."""
        return self.identified(identity_key(source, event_id))

    def identified(self, identity: bytes) -> Recorded | None:
        """The entry whose (source, id) has this `identity_key`."""
        found = self._row("SELECT position FROM identities WHERE identity = ?", (identity,))
        return next(iter(self.at([found[0]])), None) if found else None

    def head(self) -> Position:
        """The position of the last entry."""
        with self.database.reading() as connection:
            return reading.head_position(connection)

    def position_at(self, moment_us: int) -> Position:
        """The last position recorded at or before a moment; 0 when there is none."""
        with self.database.reading() as connection:
            found = reading.position_at(connection, moment_us)
            archived = reading.archived(connection)
        return found if found > archived else min(self.archives.position_at(moment_us), archived)

    def now_us(self) -> int:
        """The present time as the log would stamp it: wall clock, or the latest event's."""
        found = self._row("SELECT recorded_us FROM head WHERE one = 1")
        return self._stamper.now(found[0] if found else 0)

    def wait(self, after: Position, timeout_s: float) -> bool:
        """Waits until there is an entry after `after`; True when there is one."""
        return self.database.wait(lambda: self.head() > after, timeout_s)

    def position(self, reader: str) -> Position:
        """How far a reader has come; 0 when unknown."""
        found = self._row("SELECT position FROM readers WHERE reader = ?", (reader,))
        return int(found[0]) if found else 0

    def load_state(self, owner: str) -> Sequence[SavedState]:
        """Everything saved under an owner, by key."""
        with self.database.reading() as connection:
            found = connection.rows("SELECT key, value, due_us FROM states WHERE owner = ?", (owner,))
        return sorted((SavedState(*row) for row in found), key=lambda saved: saved.key)

    def quarantined(
        self, *, after: int = 0, limit: int = 100, include_released: bool = False
    ) -> Sequence[Quarantined]:
        """What is in quarantine, in order of arrival."""
        waiting = "" if include_released else "AND released_us IS NULL"
        with self.database.reading() as connection:
            found = connection.rows(
                f"{_QUARANTINED} WHERE id > ? {waiting} ORDER BY id LIMIT ?", (after, limit)
            )
        return [_quarantined(row) for row in found]

    def quarantined_one(self, quarantine_id: int) -> Quarantined | None:
        """One of them."""
        found = self._row(f"{_QUARANTINED} WHERE id = ?", (quarantine_id,))
        return _quarantined(found) if found else None

    def mark_released(self, quarantine_id: int) -> None:
        """Notes that it has been taken in; the first time counts. Raises LogError for an unknown one."""
        now_us = self.now_us()
        with self.database.writing() as connection:
            changed = connection.run(
                "UPDATE quarantine SET released_us = coalesce(released_us, ?) WHERE id = ?",
                (now_us, quarantine_id),
            )
            if not changed:
                raise LogError(f"there is no quarantined message {quarantine_id}")

    def quarantine_counts(self) -> Mapping[str, int]:
        """How many wait in quarantine, by reason."""
        with self.database.reading() as connection:
            found = connection.rows(
                "SELECT reason, count(*) FROM quarantine WHERE released_us IS NULL GROUP BY reason"
            )
        return {reason: count for reason, count in found}  # noqa: C416  a Row is not a pair to mypy

    def verify(self, *, after: Position = 0, limit: int | None = None) -> Verified:
        """Checks the chain of hashes, from `after` on, `limit` entries at most; archives first, then the
        table, as one chain. Raises LogArchivedError, and LogCorruptError for a damaged archive."""
        with self.database.reading() as connection:
            head = connection.row("SELECT position, recorded_us, hash FROM head WHERE one = 1")
            checker, names = Checker(0, 0, GENESIS), Names()
            archives = self.archives.afresh()
            if after:
                start = _to_check(connection, archives, names, after - 1, 1)
                if not start or start[0][0].position != after:
                    return checker.bad(after, "the entry is missing")
                checker = Checker.after(start[0][0])
            left = limit
            while left is None or left > 0:
                size = _CHECK_BATCH if left is None else min(left, _CHECK_BATCH)
                rows = _to_check(connection, archives, names, checker.position, size)
                bad = checker.take(rows)
                if bad or not rows:
                    return bad or _end(checker, head)
                left = None if left is None else left - len(rows)
            return checker.good()

    def claim(self, name: str, *, shared: bool = False) -> Claim | None:
        """Takes a lock that one process may hold at a time, a shared one several; None when it is taken."""
        return self.database.claim(name, shared=shared)

    def claimed(self, names: Sequence[str]) -> frozenset[str]:
        """Those of these claims that somebody holds."""
        return self.database.claimed(names)

    def close(self) -> None:
        """Gives back connections and files."""
        self.database.close()

    def _row(self, sql: str, parameters: Sequence[object] = ()) -> Row | None:
        with self.database.reading() as connection:
            return connection.row(sql, parameters)


def _is_whole(found: Sequence[Recorded], low: Position, limit: int, *, ascending: bool) -> bool:
    """Whether nothing can have been in an archive: entries have no holes, and the last is never archived."""
    if not found:
        return ascending
    if ascending:
        return found[0].position == low + 1
    return len(found) == limit or found[-1].position == low + 1


def _to_check(
    connection: Connection, archives: Archives, names: Names, after: Position, limit: int
) -> list[tuple[Recorded, bytes]]:
    """The next entries with their identities, from the archive or the table that has them."""
    archived = reading.archived(connection)
    if after >= archived:
        return rows_to_check(connection, names, after, limit)
    found = archives.read(after, archived, limit, None, None, ascending=True)
    return with_identities(connection, found) or rows_to_check(connection, names, after, limit)


def _quarantined(row: Row) -> Quarantined:
    number, topic, reason, detail, payload, received_us, estate, index, released_us = row
    return Quarantined(
        number, Reject(topic, reason, detail, bytes(payload), received_us, estate, index), released_us
    )


def _end(checker: Checker, head: Row | None) -> Verified:
    """The chain has ended: the log's head, read before, must not be further on, nor be another entry."""
    if head is None:
        return checker.bad(checker.position, "the log's head is missing")
    if head[0] > checker.position:
        return checker.bad(checker.position + 1, "the entry is missing at the end of the log")
    if head[0] == checker.position and bytes(head[2]) != checker.hash:
        return checker.bad(checker.position, "it is not the entry that the log ended with")
    return checker.good()
