"""The alerts as they are now: the whole alert of the last `alert.*` event, with columns to pick by."""

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
    Select,
    Table,
    Text,
    and_,
    func,
    or_,
    select,
)

from eventlog.discreet import RULES as DISCREET
from eventlog.ports import Recorded
from eventlog.times import to_us
from eventlog.vocabulary import SEVERITIES, TYPES, Alert, AlertEvent
from projections.base import MODELS, Big, Projection, Row, upsert

ALERT_TYPES = frozenset(name for name, kind in TYPES.items() if issubclass(kind, AlertEvent))
RANKS = {severity: rank for rank, severity in enumerate(SEVERITIES)}

ALERTS = Table(
    "alerts",
    MODELS,
    Column("id", Text, primary_key=True),
    Column("estate", Text, nullable=False),
    Column("rule", Text, nullable=False),
    Column("zone", Text, nullable=False),
    Column("squad", Text),
    Column("severity", Text, nullable=False),
    Column("rank", Integer, nullable=False),
    Column("state", Text, nullable=False),
    Column("open", Boolean, nullable=False),
    Column("condition", Text, nullable=False),
    Column("late", Boolean, nullable=False),
    Column("shelved", Boolean, nullable=False),
    Column("raised_us", Big, nullable=False),
    Column("version", Integer, nullable=False),
    Column("changed", Big, nullable=False),  # the position of the last change
    Column("body", Text, nullable=False),
    Index("alerts_raised", "raised_us", "id"),
    Index("alerts_queue", "open", "shelved", "late", "rank", "raised_us"),
)


class Alerts(Projection):
    """One row an alert."""

    name = "alerts"
    version = 1
    listens_to = ALERT_TYPES
    models = (ALERTS,)

    def apply(self, connection: Connection, events: Sequence[Recorded]) -> None:
        last: dict[str, tuple[Alert, int]] = {}
        for entry in events:
            change = entry.event
            if isinstance(change, AlertEvent):
                last[change.alert.id] = (change.alert, entry.position)
        rows = [_row(alert, position) for alert, position in last.values()]
        upsert(connection, self.table(ALERTS), rows)


def _row(alert: Alert, position: int) -> Row:
    return {
        "id": alert.id,
        "estate": alert.estate,
        "rule": alert.rule,
        "zone": alert.zone,
        "squad": alert.squad,
        "severity": alert.severity,
        "rank": RANKS[alert.severity],
        "state": alert.state,
        "open": alert.state != "closed",
        "condition": alert.condition,
        "late": alert.late,
        "shelved": alert.shelved_until is not None,
        "raised_us": to_us(alert.raised_at),
        "version": alert.version,
        "changed": position,
        "body": alert.model_dump_json(),
    }


@dataclass(frozen=True, slots=True)
class AlertFilter:
    """Which alerts are wanted; empty fields don't count. Times in µs since 1970: from inclusive, to not."""

    estate: str | None = None
    states: tuple[str, ...] = ()
    severities: tuple[str, ...] = ()
    zones: tuple[str, ...] = ()
    squads: tuple[str, ...] = ()
    rules: tuple[str, ...] = ()
    from_us: int | None = None
    to_us: int | None = None
    discreet: bool = True
    """Whether discreet ones (silent duress) are wanted, too."""

    def conditions(self) -> list[ColumnElement[bool]]:
        """The same for a WHERE clause."""
        c = ALERTS.c
        lists = (
            (c.state, self.states),
            (c.severity, self.severities),
            (c.zone, self.zones),
            (c.squad, self.squads),
            (c.rule, self.rules),
        )
        found: list[ColumnElement[bool]] = [column.in_(values) for column, values in lists if values]
        if not self.discreet:
            found.append(c.rule.not_in(DISCREET))
        if self.estate is not None:
            found.append(c.estate == self.estate)
        if self.from_us is not None:
            found.append(c.raised_us >= self.from_us)
        if self.to_us is not None:
            found.append(c.raised_us < self.to_us)
        return found


def find_alerts(
    connection: Connection, wanted: AlertFilter, *, before: tuple[int, str] | None, limit: int
) -> list[tuple[int, Alert]]:
    """Alerts with their `raised_us`, the last raised first; `before` is (raised_us, id) of the last seen."""
    c = ALERTS.c
    conditions = wanted.conditions()
    if before is not None:
        raised_us, alert_id = before
        conditions.append(or_(c.raised_us < raised_us, and_(c.raised_us == raised_us, c.id < alert_id)))
    query = (
        select(c.raised_us, c.body).where(*conditions).order_by(c.raised_us.desc(), c.id.desc()).limit(limit)
    )
    return [(row.raised_us, Alert.model_validate_json(row.body)) for row in connection.execute(query)]


def find_alert(connection: Connection, alert_id: str) -> Alert | None:
    """One alert as it is now."""
    body = connection.scalar(select(ALERTS.c.body).where(ALERTS.c.id == alert_id))
    return Alert.model_validate_json(body) if body is not None else None


@dataclass(frozen=True, slots=True)
class Queue:
    """What is open: the most urgent of those to deal with, the newest of the late ones, and how many.
    `discreet` are those that no shared screen shows; they are in none of the others, nor counted."""

    alerts: tuple[Alert, ...]
    late: tuple[Alert, ...]
    open_count: int
    late_count: int
    shelved_count: int
    by_severity: dict[str, int]
    discreet: tuple[Alert, ...] = ()

    @property
    def shown(self) -> tuple[Alert, ...]:
        """All that any page shows."""
        return (*self.discreet, *self.alerts, *self.late)


def open_queue(connection: Connection, estate: str | None, *, limit: int, late_limit: int) -> Queue:
    """The open alerts, the most severe and newest first; shelved ones are only counted."""
    c = ALERTS.c
    everything = [c.open.is_(True)] + ([c.estate == estate] if estate is not None else [])
    mine = [*everything, c.rule.not_in(DISCREET)]
    counts = connection.execute(
        select(c.shelved, c.late, c.severity, func.count())
        .where(*mine)
        .group_by(c.shelved, c.late, c.severity)
    ).all()
    by_severity = {severity: n for shelved, late, severity, n in counts if not shelved and not late}

    def rows(
        late: bool, order: Sequence[Any], most: int, among: Sequence[ColumnElement[bool]] = mine
    ) -> tuple[Alert, ...]:
        query: Select[Any] = select(c.body).where(*among, c.shelved.is_(False), c.late.is_(late))
        bodies = connection.scalars(query.order_by(*order).limit(most))
        return tuple(Alert.model_validate_json(body) for body in bodies)

    return Queue(
        alerts=rows(False, (c.rank.desc(), c.raised_us.desc(), c.id), limit),
        late=rows(True, (c.raised_us.desc(), c.id), late_limit),
        open_count=sum(by_severity.values()),
        late_count=sum(n for shelved, late, _, n in counts if late and not shelved),
        shelved_count=sum(n for shelved, _, _, n in counts if shelved),
        by_severity=by_severity,
        discreet=rows(False, (c.raised_us.desc(), c.id), limit, [*everything, c.rule.in_(DISCREET)]),
    )


def discreet_alerts(connection: Connection) -> frozenset[str]:
    """The ids of all discreet alerts there ever were: few."""
    return frozenset(connection.scalars(select(ALERTS.c.id).where(ALERTS.c.rule.in_(DISCREET))))
