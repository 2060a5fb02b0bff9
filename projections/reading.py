"""What the readers of several models ask in the same way: a page of things, and the last changes of one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Column, ColumnElement, Connection, Table, and_, or_, select


def newest_first(
    connection: Connection,
    model: Table,
    at: Column[int],
    wanted: Sequence[ColumnElement[bool]],
    *,
    before: tuple[int, str] | None,
    limit: int,
) -> list[tuple[int, str]]:
    """The `body` of a model's rows with their moment `at` in µs, the last first; `before` is (moment, id) of
    the last one seen."""
    c = model.c
    conditions = list(wanted)
    if before is not None:
        at_us, seen = before
        conditions.append(or_(at < at_us, and_(at == at_us, c.id < seen)))
    query = select(at, c.body).where(*conditions).order_by(at.desc(), c.id.desc()).limit(limit)
    return [(row[0], row[1]) for row in connection.execute(query)]


def last_changes(
    connection: Connection, history: Table, of: Column[str], wanted: str, *, limit: int
) -> list[dict[str, Any]]:
    """The last `limit` rows of a history about one thing, the oldest first."""
    query = select(history).where(of == wanted).order_by(history.c.position.desc()).limit(limit)
    return [dict(row) for row in connection.execute(query).mappings()][::-1]
