"""How ranges of the log are read: a plain scan where most entries fit, the index of kinds where few do.

A filtered read looks at a short stretch first. Entries commit in the order of their positions, so whatever
a reader sees up to the head it has asked for is complete.
"""

from __future__ import annotations

from collections.abc import Sequence

from eventlog.ports import Position, Recorded
from eventlog.sql.database import Connection, Row
from eventlog.sql.rows import COLUMNS, Names

_PROBE = 256
"""Entries looked at before choosing."""
_DENSE = 4
"""A stretch is scanned further while at least one in so many of its entries fits."""
_BRANCHES_MAX = 100

Since = int
"""A recorded time before which nothing that is looked for was recorded: older months aren't opened."""


def head_position(connection: Connection) -> Position:
    """The position of the last entry."""
    found = connection.row("SELECT position FROM head WHERE one = 1")
    return int(found[0]) if found else 0


def read_all(
    connection: Connection,
    names: Names,
    low: Position,
    high: Position | None,
    limit: int,
    *,
    ascending: bool,
    since: Since,
) -> list[Recorded]:
    """Entries with low < position <= high (None: to the end), no filter."""
    word = "ASC" if ascending else "DESC"
    bound, parameters = ("", [low]) if high is None else ("AND position <= ?", [low, high])
    if connection.partitioned:
        bound += " AND recorded_us >= ?"
        parameters.append(since)
    sql = f"SELECT {COLUMNS} FROM events WHERE position > ? {bound} ORDER BY position {word} LIMIT ?"  # noqa: S608
    return names.entries(connection, connection.rows(sql, [*parameters, limit]))


def read_kinds(
    connection: Connection,
    names: Names,
    kinds: Sequence[int],
    low: Position,
    high: Position,
    limit: int,
    *,
    ascending: bool,
    since: Since,
) -> list[Recorded]:
    """Entries of some kinds with low < position <= high, at most `limit`, from the low or the high end."""
    found: list[Row] = []
    stretch = _PROBE
    while kinds and len(found) < limit and low < high:
        first, last = (low, min(high, low + stretch)) if ascending else (max(low, high - stretch), high)
        part = _scan(connection, kinds, first, last, limit - len(found), ascending=ascending, since=since)
        found += part
        low, high = (last, high) if ascending else (low, first)
        if len(part) * _DENSE < last - first and len(found) < limit:
            found += _by_index(
                connection, kinds, low, high, limit - len(found), ascending=ascending, since=since
            )
            break
        stretch = min(stretch * 8, _DENSE * limit + _PROBE)
    return names.entries(connection, found)


def _scan(
    connection: Connection,
    kinds: Sequence[int],
    low: Position,
    high: Position,
    limit: int,
    *,
    ascending: bool,
    since: Since,
) -> list[Row]:
    word = "ASC" if ascending else "DESC"
    listed = ",".join(map(str, sorted(kinds)))
    sql = (  # kind + 0: keeps the planner off the index of kinds
        f"SELECT {COLUMNS} FROM events WHERE position > ? AND position <= ? AND kind + 0 IN ({listed}) "  # noqa: S608
        f"{'AND recorded_us >= ? ' if connection.partitioned else ''}ORDER BY position {word} LIMIT ?"
    )
    months = (since,) if connection.partitioned else ()
    return connection.rows(sql, (low, high, *months, limit))


def _by_index(
    connection: Connection,
    kinds: Sequence[int],
    low: Position,
    high: Position,
    limit: int,
    *,
    ascending: bool,
    since: Since,
) -> list[Row]:
    """The first positions of each kind from the index, merged; then the entries at them."""
    if low >= high:
        return []
    word = "ASC" if ascending else "DESC"
    if connection.partitioned:
        positions = _joined(connection, kinds, low, high, limit, word, since)
        return at_positions(connection, positions)
    one = (
        "SELECT position FROM (SELECT position FROM events "  # noqa: S608
        f"WHERE kind = ? AND position > ? AND position <= ? ORDER BY position {word} LIMIT ?) AS one"
    )
    positions = []
    for start in range(0, len(kinds), _BRANCHES_MAX):
        part = kinds[start : start + _BRANCHES_MAX]
        parameters = [value for kind in part for value in (kind, low, high, limit)]
        positions += [row[0] for row in connection.rows(" UNION ALL ".join([one] * len(part)), parameters)]
    positions.sort(reverse=not ascending)
    return at_positions(connection, positions[:limit])


def _joined(
    connection: Connection,
    kinds: Sequence[int],
    low: Position,
    high: Position,
    limit: int,
    word: str,
    since: Since,
) -> list[Position]:
    """The same in one statement that is planned once, not once a kind and month."""
    sql = (
        "SELECT one.position FROM unnest(?::int4[]) AS wanted (kind), LATERAL (SELECT position FROM events "  # noqa: S608
        "WHERE kind = wanted.kind AND position > ? AND position <= ? AND recorded_us >= ? "
        f"ORDER BY position {word} LIMIT ?) AS one ORDER BY one.position {word} LIMIT ?"
    )
    found = connection.rows(sql, (list(kinds), low, high, since, limit, limit))
    return [row[0] for row in found]


def at_positions(connection: Connection, positions: Sequence[Position]) -> list[Row]:
    """The rows at these positions, in that order; missing ones are left out."""
    sql = f"SELECT {COLUMNS} FROM events WHERE position IN (*)"  # noqa: S608
    by_position = {row[0]: row for row in connection.rows_in(sql, positions)}
    return [by_position[place] for place in positions if place in by_position]


def archived(connection: Connection) -> Position:
    """Entries up to here are read from archives; ask after what was read from the table."""
    found = connection.row("SELECT archived FROM head WHERE one = 1")
    return int(found[0]) if found else 0


def position_at(connection: Connection, moment_us: int) -> Position:
    """The last position recorded at or before a moment, or the last archived one: this bisects, since
    recorded times never go back."""
    low, high = archived(connection), head_position(connection)
    while low < high:
        middle = (low + high + 1) // 2
        found = connection.row(
            "SELECT recorded_us FROM events WHERE position <= ? ORDER BY position DESC LIMIT 1", (middle,)
        )
        if found is None or found[0] <= moment_us:
            low = middle
        else:
            high = middle - 1
    return low
