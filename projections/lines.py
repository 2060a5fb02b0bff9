"""The operators' list: every open alert on a line of its own, or, what came in a flood, drawn together.

Duress, fire and help are never drawn together. Of other critical alerts half of a flood's lines are kept for
the newest ones alone. What else came in it is drawn together by the finest of episode, rule and place, rule,
severity that fits in the lines left, each with its count. Everything stays in the list of all alerts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import Column, ColumnElement, Connection, Row, Select, and_, case, func, or_, select

from eventlog.discreet import RULES as DISCREET
from eventlog.vocabulary import Alert
from projections.alerts import ALERTS, FLOODS, RANKS

OWN_LINES = ("duress", "fire_smoke", "help")
"""Rules whose alerts always have lines of their own, on top."""
LINES_DEFAULT = 20
By = Literal["episode", "place", "rule", "severity"]
_c = ALERTS.c
_TIERS: tuple[tuple[By, tuple[Column[Any], ...]], ...] = (
    ("episode", (_c.episode,)),
    ("place", (_c.rule, _c.zone)),
    ("rule", (_c.rule,)),
    ("severity", (_c.rank,)),
)
_CRITICAL = RANKS["critical"]
_IN_HAND = ("accepted", "arrived")


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the list: an alert, or the most severe and newest of `count` drawn together `by` something;
    `waiting` of them nobody has accepted."""

    alert: Alert
    count: int = 1
    waiting: int = 0
    zones: int = 1
    by: By | None = None

    @property
    def id(self) -> str:
        """The same for as long as the line stands for the same thing."""
        if self.by is None:
            return self.alert.id
        critical = "!" if self.alert.severity == "critical" else ""
        what = {
            "episode": self.alert.episode,
            "place": f"{self.alert.rule}:{self.alert.zone}",
            "rule": self.alert.rule,
            "severity": self.alert.severity,
        }[self.by]
        return f"{self.by}:{critical}{what}"


@dataclass(frozen=True, slots=True)
class FloodNow:
    """The desk's last flood, as long as it goes on or any of its alerts is open. Times in µs."""

    since_us: int
    began_us: int
    ended_us: int | None
    limit: int
    operators: int
    window_us: int
    lines: int
    alerts: int
    """How many of its alerts are open."""
    drawn: int
    """How many of them stand in lines with others."""


@dataclass(frozen=True, slots=True)
class Queue:
    """What is open: the most urgent lines to deal with, the newest of the late ones, and how many.
    `discreet` are those that no shared screen shows; they are in none of the others, nor counted."""

    lines: tuple[Line, ...]
    late: tuple[Alert, ...]
    open_count: int
    late_count: int
    shelved_count: int
    suppressed_count: int
    by_severity: dict[str, int]
    flood: FloodNow | None = None
    discreet: tuple[Alert, ...] = ()

    def find(self, alert_id: str) -> Alert | None:
        """An alert that stands in the list by itself."""
        alone = (line.alert for line in self.lines)
        return next((each for each in (*alone, *self.discreet, *self.late) if each.id == alert_id), None)

    @property
    def shown(self) -> int:
        """How many alerts the lines stand for."""
        return sum(line.count for line in self.lines)


def open_queue(
    connection: Connection, estate: str | None, *, limit: int, late_limit: int, drawn: bool = True
) -> Queue:
    """The open alerts, the most severe and newest first, at most `limit` of them alone; shelved and held back
    ones are only counted. With `drawn` False every alert is on a line of its own."""
    everything = [_c.open.is_(True)] + ([_c.estate == estate] if estate is not None else [])
    mine = [*everything, _c.rule.not_in(DISCREET)]
    hidden = case((_c.shelved.is_(True), 1), (_c.suppressed.is_(True), 2), else_=0).label("hidden")
    counts = connection.execute(
        select(hidden, _c.late, _c.severity, func.count()).where(*mine).group_by(hidden, _c.late, _c.severity)
    ).all()
    by_severity = {severity: n for hides, late, severity, n in counts if not hides and not late}
    here = [*mine, _c.shelved.is_(False), _c.suppressed.is_(False)]
    late_ones = select(_c.body).where(*here, _c.late.is_(True))
    late_ones = late_ones.order_by(_c.raised_us.desc(), _c.id).limit(late_limit)
    apart = [*everything, _c.rule.in_(DISCREET), _c.shelved.is_(False), _c.late.is_(False)]
    lines, flood = _lines(connection, estate, [*here, _c.late.is_(False)], limit, drawn)
    return Queue(
        lines=lines,
        late=tuple(map(Alert.model_validate_json, connection.scalars(late_ones))),
        open_count=sum(by_severity.values()),
        late_count=sum(n for hides, late, _, n in counts if late and not hides),
        shelved_count=sum(n for hides, *_, n in counts if hides == 1),
        suppressed_count=sum(n for hides, *_, n in counts if hides == 2),
        by_severity=by_severity,
        flood=flood,
        discreet=tuple(line.alert for line in _alone(connection, apart, limit)),
    )


def _lines(
    connection: Connection, estate: str | None, here: Sequence[Any], limit: int, drawn: bool
) -> tuple[tuple[Line, ...], FloodNow | None]:
    last = _last_flood(connection, estate)
    if last is None:
        return _alone(connection, here, limit), None
    of_flood = connection.scalar(select(func.count()).where(*here, _c.flooded.is_(True))) or 0
    groups: tuple[Line, ...] = ()
    if drawn and of_flood:
        flooded = and_(_c.flooded.is_(True), _c.rule.not_in(OWN_LINES))
        groups, alone = _drawn_together(connection, here, flooded, last["lines"])
        here = [*here, or_(~flooded, alone)]
    if last["ended_us"] is not None and not of_flood:
        return _alone(connection, here, limit), None
    names = ("since_us", "began_us", "ended_us", "limit", "operators", "window_us", "lines")
    several = sum(line.count for line in groups if line.count > 1)
    flood = FloodNow(**{name: last[name] for name in names}, alerts=of_flood, drawn=several)
    found = (*_alone(connection, here, limit), *groups)
    return tuple(sorted(found, key=_urgency)), flood


def _last_flood(connection: Connection, estate: str | None) -> dict[str, Any] | None:
    query = select(FLOODS).order_by(FLOODS.c.since_us.desc()).limit(1)
    if estate is not None:
        query = query.where(FLOODS.c.estate == estate)
    found = connection.execute(query).mappings().first()
    return dict(found) if found else None


def _alone(connection: Connection, where: Sequence[Any], limit: int) -> tuple[Line, ...]:
    query = select(_c.body).where(*where).order_by(_c.rank.desc(), _c.raised_us.desc(), _c.id).limit(limit)
    return tuple(_line(body) for body in connection.scalars(query))


def _line(body: str) -> Line:
    alert = Alert.model_validate_json(body)
    return Line(alert, waiting=int(alert.state not in _IN_HAND))


def _drawn_together(
    connection: Connection, here: Sequence[Any], flooded: ColumnElement[bool], most: int
) -> tuple[tuple[Line, ...], ColumnElement[bool]]:
    """The lines of what is drawn together, and which of the flood's alerts stand alone all the same."""
    newest = (
        select(_c.id)
        .where(*here, flooded, _c.rank == _CRITICAL)
        .order_by(_c.listed_us.desc(), _c.id)
        .limit(max(1, most // 2))
    )
    alone = list(connection.scalars(newest))
    keep = _c.id.in_(alone)
    left = most - len(alone)
    found: tuple[Line, ...] = ()
    for by, columns in _TIERS:
        query = _grouped(columns, [*here, flooded, ~keep]).limit(left + 1)
        rows = connection.execute(query).all()
        found = tuple(_group(row, by) for row in rows[:left])
        if len(rows) <= left:
            break
    return found, keep


def _group(row: Row[Any], by: By) -> Line:
    alert = Alert.model_validate_json(row.body)
    return Line(alert, row.n, row.waiting, row.zones, by if row.n > 1 else None)


def _grouped(columns: tuple[Column[Any], ...], where: Sequence[Any]) -> Select[Any]:
    """Each group's most severe and newest alert, with how many there are. Critical ones are groups apart."""
    parts = (*columns, _c.rank == _CRITICAL)
    place = func.row_number().over(partition_by=parts, order_by=(_c.rank.desc(), _c.raised_us.desc(), _c.id))
    waits = case((_c.state.in_(_IN_HAND), 0), else_=1)
    first_of_zone = func.row_number().over(partition_by=(*parts, _c.zone), order_by=_c.id)
    each = (
        select(
            _c.body,
            _c.rank,
            _c.raised_us,
            _c.zone,
            place.label("place"),
            func.count().over(partition_by=parts).label("n"),
            func.sum(waits).over(partition_by=parts).label("waiting"),
            first_of_zone.label("nth"),
            *(column.label(f"part_{number}") for number, column in enumerate(parts)),
        )
        .where(*where)
        .subquery()
    )
    named = [each.c[f"part_{number}"] for number in range(len(parts))]
    zones = func.sum(case((each.c.nth == 1, 1), else_=0)).over(partition_by=named).label("zones")
    counted = select(each, zones).subquery()
    return (
        select(counted.c.body, counted.c.n, counted.c.waiting, counted.c.zones)
        .where(counted.c.place == 1)
        .order_by(counted.c.rank.desc(), counted.c.raised_us.desc())
    )


def _urgency(line: Line) -> tuple[int, bool, float, str]:
    alert = line.alert
    return -RANKS[alert.severity], alert.rule not in OWN_LINES, -alert.raised_at.timestamp(), alert.id
