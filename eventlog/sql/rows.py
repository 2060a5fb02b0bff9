"""Rows of `events` as entries, and the small numbers that stand for estates, types and sources.

A number, once committed, never changes its meaning, so a process keeps what it has seen.
"""

from __future__ import annotations

from collections.abc import Sequence

from eventlog.ids import identity_key
from eventlog.ports import LogCorruptError, Recorded
from eventlog.sql.database import Connection, Row

Kind = tuple[str, str, int]
"""Estate, type, version."""

COLUMNS = "position, kind, source, event_id, occurred_us, received_us, recorded_us, seq, replay, body, hash"


class Names:
    """The kinds and sources of committed entries, as far as this process has seen them."""

    def __init__(self) -> None:
        self.kinds: dict[int, Kind] = {}
        self.kind_numbers: dict[Kind, int] = {}
        self.sources: dict[int, str] = {}
        self.source_numbers: dict[str, int] = {}
        # Read without a hole up to here; numbers of our own commits may lie beyond.
        self._kinds_read = self._sources_read = 0

    def refresh_kinds(self, connection: Connection) -> None:
        """Reads the kinds that are new."""
        sql = "SELECT id, estate, type, version FROM kinds WHERE id > ? ORDER BY id"
        for number, estate, name, version in connection.rows(sql, (self._kinds_read,)):
            self.keep_kind((estate, name, version), number)
            self._kinds_read = number

    def refresh(self, connection: Connection) -> None:
        """Reads the kinds and sources that are new."""
        self.refresh_kinds(connection)
        sql = "SELECT id, source FROM sources WHERE id > ? ORDER BY id"
        for number, source in connection.rows(sql, (self._sources_read,)):
            self.keep_source(source, number)
            self._sources_read = number

    def keep_kind(self, kind: Kind, number: int) -> None:
        """Keeps what a committed number stands for."""
        self.kinds[number], self.kind_numbers[kind] = kind, number

    def keep_source(self, source: str, number: int) -> None:
        """Keeps what a committed number stands for."""
        self.sources[number], self.source_numbers[source] = source, number

    def entries(self, connection: Connection, rows: Sequence[Row]) -> list[Recorded]:
        """Rows with `COLUMNS` as entries. Raises LogCorruptError for a number nobody has given."""
        try:
            return self._entries(rows)
        except KeyError:
            self.refresh(connection)
        try:
            return self._entries(rows)
        except KeyError as error:
            raise LogCorruptError(f"an entry's kind or source {error} is not in the log") from error

    def _entries(self, rows: Sequence[Row]) -> list[Recorded]:
        kinds, sources = self.kinds, self.sources
        found: list[Recorded] = []
        for place, kind, source, event_id, occurred, received, recorded, seq, replay, body, chain in rows:
            estate, name, version = kinds[kind]  # a star in the call would cost as much as the rest of it
            found.append(
                Recorded(place, estate, name, version, sources[source], event_id, occurred, received,
                         recorded, seq, replay == 1, body, chain)
            )  # fmt: skip
        return found


_CHECKED = f"SELECT {COLUMNS} FROM events WHERE position > ? ORDER BY position LIMIT ?"  # noqa: S608
_PLACES = "SELECT identity, position FROM identities WHERE identity IN (*)"
_NO_KIND: Kind = ("", "", 0)


def rows_to_check(
    connection: Connection, names: Names, after: int, limit: int
) -> list[tuple[Recorded, bytes]]:
    """Entries with their identity as stored; one of no known kind or source gets empty words instead.

    `names` must be new with the check, so that a name changed in the store since is seen.
    """
    found = connection.rows(_CHECKED, (after, limit))
    if any(row[1] not in names.kinds or row[2] not in names.sources for row in found):
        names.refresh(connection)
    kinds, sources = names.kinds, names.sources
    entries = [
        Recorded(place, *kinds.get(kind, _NO_KIND), sources.get(source, ""), event_id, occurred, received,
                 recorded, seq, replay == 1, body, chain)
        for place, kind, source, event_id, occurred, received, recorded, seq, replay, body, chain in found
    ]  # fmt: skip
    return with_identities(connection, entries)


def with_identities(connection: Connection, entries: Sequence[Recorded]) -> list[tuple[Recorded, bytes]]:
    """Entries, each with the identity that the log finds it by; an empty one where it finds none there."""
    keys = [_key(entry) for entry in entries]
    places = {bytes(key): place for key, place in connection.rows_in(_PLACES, keys)}
    return [
        (entry, key if places.get(key) == entry.position else b"")
        for entry, key in zip(entries, keys, strict=True)
    ]


def _key(entry: Recorded) -> bytes:
    """Of a row that hands may have changed, too: a value of another kind has none."""
    try:
        return identity_key(entry.source, entry.id)
    except (TypeError, ValueError):
        return b""
