"""The reports of people as they are now, and the history of each: one row a report, one row a change.

The words of a report and who made it are not here: `evidence_positions` leads to them in the log.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    Boolean,
    Column,
    ColumnElement,
    Connection,
    Index,
    Integer,
    Table,
    Text,
    and_,
    func,
    select,
)

from eventlog.ports import Recorded
from eventlog.times import to_us
from eventlog.vocabulary import TYPES, Report, ReportEvent
from projections.base import MODELS, Big, Projection, Row, clean, upsert
from projections.reading import last_changes, newest_first

REPORT_TYPES = frozenset(name for name, kind in TYPES.items() if issubclass(kind, ReportEvent))
OPEN_STATES = frozenset({"opened", "triaged", "assigned", "accepted"})

REPORTS = Table(
    "reports",
    MODELS,
    Column("id", Text, primary_key=True),
    Column("estate", Text, nullable=False),
    Column("category", Text, nullable=False),
    Column("zone", Text, nullable=False),
    Column("squad", Text),
    Column("handling", Text),
    Column("way", Text),
    Column("state", Text, nullable=False),
    Column("open", Boolean, nullable=False),
    Column("late", Boolean, nullable=False),
    Column("opened_us", Big, nullable=False),
    Column("due_us", Big),  # the present limit; of a closed one the limit that it was closed under
    Column("closed_us", Big),
    Column("satisfied", Boolean),
    Column("reopened", Integer, nullable=False),
    Column("reporters", Integer, nullable=False),
    Column("merged_into", Text),
    Column("version", Integer, nullable=False),
    Column("changed", Big, nullable=False),  # the position of the last change
    Column("body", Text, nullable=False),
    Index("reports_opened", "opened_us", "id"),
    Index("reports_open", "open", "due_us"),
    Index("reports_closed", "closed_us"),
)

REPORT_HISTORY = Table(
    "report_history",
    MODELS,
    Column("position", Big, primary_key=True, autoincrement=False),
    Column("report", Text, nullable=False),
    Column("estate", Text, nullable=False),
    Column("type", Text, nullable=False),
    Column("at_us", Big, nullable=False),  # when it entered the log
    Column("by", Text),
    Column("via", Text, nullable=False),
    Column("note", Text),
    Column("state", Text, nullable=False),
    Column("squad", Text),
    Column("due_us", Big),
    Column("satisfied", Boolean),
    Column("version", Integer, nullable=False),
    Index("report_history_report", "report", "position"),
)


class Reports(Projection):
    """What is told of reports, as rows."""

    name = "reports"
    version = 1
    listens_to = REPORT_TYPES
    models = (REPORTS, REPORT_HISTORY)

    def apply(self, connection: Connection, events: Sequence[Recorded]) -> None:
        last: dict[str, Row] = {}
        changes: list[Row] = []
        for entry in events:
            change = entry.event
            if isinstance(change, ReportEvent):
                last[change.report.id] = _row(change.report, entry.position)
                changes.append(_change(entry, change))
        upsert(connection, self.table(REPORTS), list(last.values()))
        upsert(connection, self.table(REPORT_HISTORY), changes)


def _row(report: Report, position: int) -> Row:
    plain = ("id", "estate", "squad", "handling", "way", "state", "late", "satisfied", "reopened")
    return {
        **{name: getattr(report, name) for name in (*plain, "reporters", "merged_into", "version")},
        "category": clean(report.category),
        "zone": clean(report.zone),
        "open": report.state in OPEN_STATES,
        "opened_us": to_us(report.opened_at),
        "due_us": to_us(report.due_at) if report.due_at else None,
        "closed_us": to_us(report.closed_at) if report.closed_at else None,
        "changed": position,
        "body": report.model_dump_json(),
    }


def _change(entry: Recorded, change: ReportEvent) -> Row:
    report = change.report
    return {
        "position": entry.position,
        "report": report.id,
        "estate": report.estate,
        "type": entry.type,
        "at_us": entry.recorded_us,
        "by": clean(change.by) if change.by else None,
        "via": change.via,
        "note": clean(change.note) if change.note else None,
        "state": report.state,
        "squad": report.squad,
        "due_us": to_us(report.due_at) if report.due_at else None,
        "satisfied": report.satisfied,
        "version": report.version,
    }


@dataclass(frozen=True, slots=True)
class ReportFilter:
    """Which reports are wanted; empty fields don't count. Times in µs since 1970: from inclusive, to not."""

    estate: str | None = None
    states: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    zones: tuple[str, ...] = ()
    squads: tuple[str, ...] = ()
    merged_into: str | None = None
    overdue_us: int | None = None
    """Open and past their limit at this moment."""
    from_us: int | None = None
    to_us: int | None = None

    def conditions(self) -> list[ColumnElement[bool]]:
        """The same for a WHERE clause."""
        c = REPORTS.c
        lists = (
            (c.state, self.states),
            (c.category, self.categories),
            (c.zone, self.zones),
            (c.squad, self.squads),
        )
        found: list[ColumnElement[bool]] = [column.in_(values) for column, values in lists if values]
        if self.estate is not None:
            found.append(c.estate == self.estate)
        if self.merged_into is not None:
            found.append(c.merged_into == self.merged_into)
        if self.overdue_us is not None:
            found += [c.open.is_(True), c.due_us < self.overdue_us]
        if self.from_us is not None:
            found.append(c.opened_us >= self.from_us)
        if self.to_us is not None:
            found.append(c.opened_us < self.to_us)
        return found


def find_reports(
    connection: Connection, wanted: ReportFilter, *, before: tuple[int, str] | None, limit: int
) -> list[tuple[int, Report]]:
    """Reports with their `opened_us`, the last opened first; `before` is (opened_us, id) of the last seen."""
    found = newest_first(
        connection, REPORTS, REPORTS.c.opened_us, wanted.conditions(), before=before, limit=limit
    )
    return [(opened_us, Report.model_validate_json(body)) for opened_us, body in found]


def find_report(connection: Connection, report_id: str) -> Report | None:
    """One report as it is now."""
    body = connection.scalar(select(REPORTS.c.body).where(REPORTS.c.id == report_id))
    return Report.model_validate_json(body) if body is not None else None


def report_history_of(connection: Connection, report_id: str, *, limit: int) -> list[dict[str, Any]]:
    """The last `limit` changes of a report, the oldest first."""
    return last_changes(connection, REPORT_HISTORY, REPORT_HISTORY.c.report, report_id, limit=limit)


@dataclass(frozen=True, slots=True)
class Office:
    """What there is to do: the open reports, the most pressing first; those closed whose reporters are still
    to be asked; and how many of each there are."""

    open: tuple[Report, ...]
    to_ask: tuple[Report, ...]
    open_count: int
    to_ask_count: int


def office(connection: Connection, estate: str, *, limit: int) -> Office:
    """The reports that somebody at the desk of an estate has to do with."""
    c = REPORTS.c
    mine = c.estate == estate
    open_ = and_(mine, c.open.is_(True))
    asked = and_(mine, c.state == "closed", c.satisfied.is_(None))
    counts = [connection.scalar(select(func.count()).where(each)) or 0 for each in (open_, asked)]
    late_last = c.due_us.is_(None)
    pressing = select(c.body).where(open_).order_by(late_last, c.due_us, c.id).limit(limit)
    waiting = select(c.body).where(asked).order_by(c.closed_us.desc(), c.id).limit(limit)
    found = [
        tuple(Report.model_validate_json(body) for body in connection.scalars(query))
        for query in (pressing, waiting)
    ]
    return Office(found[0], found[1], *counts)
