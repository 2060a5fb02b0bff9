"""The alerts as they are now: the whole alert of the last `alert.*` event, with columns to pick by; and the
floods of the desk, with which of the alerts came in one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import (
    Boolean,
    Column,
    ColumnElement,
    Connection,
    Index,
    Integer,
    Table,
    Text,
    func,
    or_,
    select,
    update,
)

from eventlog.discreet import RULES as DISCREET
from eventlog.ports import Recorded
from eventlog.times import to_us
from eventlog.vocabulary import (
    SEVERITIES,
    TYPES,
    Alert,
    AlertEvent,
    AlertRaised,
    AlertReleased,
    AlertReopened,
    AlertUnshelved,
    FloodBegan,
    FloodEnded,
)
from projections.base import MODELS, Big, Projection, Row, load, upsert
from projections.reading import newest_first

ALERT_TYPES = frozenset(name for name, kind in TYPES.items() if issubclass(kind, AlertEvent))
FLOOD_TYPES = frozenset({FloodBegan.TYPE, FloodEnded.TYPE})
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
    Column("episode", Text, nullable=False),
    Column("late", Boolean, nullable=False),
    Column("shelved", Boolean, nullable=False),
    Column("suppressed", Boolean, nullable=False),
    Column("flooded", Boolean, nullable=False),  # it came into the list in a flood
    Column("raised_us", Big, nullable=False),
    Column("listed_us", Big, nullable=False),  # when it came into the list last
    Column("version", Integer, nullable=False),
    Column("changed", Big, nullable=False),  # the position of the last change
    Column("body", Text, nullable=False),
    Index("alerts_raised", "raised_us", "id"),
    Index("alerts_queue", "open", "shelved", "late", "rank", "raised_us"),
)
FLOODS = Table(
    "floods",
    MODELS,
    Column("key", Text, primary_key=True),
    Column("estate", Text, nullable=False),
    Column("since_us", Big, nullable=False),
    Column("began_us", Big, nullable=False),
    Column("ended_us", Big),
    Column("count", Integer, nullable=False),  # until it began, then in all
    Column("limit", Integer, nullable=False),
    Column("operators", Integer, nullable=False),
    Column("window_us", Big, nullable=False),
    Column("lines", Integer, nullable=False),
    Index("floods_estate", "estate", "since_us"),
)
_AGAIN = (AlertReleased, AlertUnshelved, AlertReopened)
"""Changes by which an alert comes into the list again."""


class Alerts(Projection):
    """One row an alert, one a flood."""

    name = "alerts"
    version = 2
    listens_to = ALERT_TYPES | FLOOD_TYPES
    models = (ALERTS, FLOODS)

    def apply(self, connection: Connection, events: Sequence[Recorded]) -> None:
        changed = {entry.event.alert.id for entry in events if isinstance(entry.event, AlertEvent)}
        rows = load(connection, self.table(ALERTS), changed)
        floods = self._standing(connection, {entry.estate for entry in events})
        last: dict[str, Alert] = {}
        for entry in events:
            event = entry.event
            if isinstance(event, AlertEvent):
                last[event.alert.id] = event.alert
                rows[event.alert.id] = self._listed(entry, event, rows, floods)
            elif isinstance(event, FloodBegan):
                floods[entry.estate] = _began(entry.estate, event)
                self._mark(connection, entry.estate, to_us(event.since), rows)
                upsert(connection, self.table(FLOODS), [floods[entry.estate]])
            elif isinstance(event, FloodEnded) and entry.estate in floods:
                ended = floods.pop(entry.estate) | {"ended_us": to_us(event.at), "count": event.count}
                upsert(connection, self.table(FLOODS), [ended])
        written = [{**rows[each], "body": alert.model_dump_json()} for each, alert in last.items()]
        upsert(connection, self.table(ALERTS), written)

    def _standing(self, connection: Connection, estates: set[str]) -> dict[str, Row]:
        """The floods that are not over, by estate."""
        table = self.table(FLOODS)
        found = connection.execute(
            select(table).where(table.c.estate.in_(estates), table.c.ended_us.is_(None))
        )
        return {row["estate"]: dict(row) for row in found.mappings()}

    def _listed(
        self, entry: Recorded, event: AlertEvent, rows: dict[str, Row], floods: dict[str, Row]
    ) -> Row:
        row = _row(event.alert, entry.position)
        known = rows.get(event.alert.id)
        if known is None or isinstance(event, AlertRaised):
            return row | {"listed_us": row["raised_us"], "flooded": entry.estate in floods}
        if isinstance(event, _AGAIN):
            return row | {"listed_us": entry.recorded_us, "flooded": entry.estate in floods}
        return row | {"listed_us": known["listed_us"], "flooded": known["flooded"]}

    def _mark(self, connection: Connection, estate: str, since_us: int, rows: dict[str, Row]) -> None:
        """A flood is known as one when its first alerts have come already."""
        c = self.table(ALERTS).c
        earlier = (c.estate == estate, c.open.is_(True), c.listed_us >= since_us)
        connection.execute(update(self.table(ALERTS)).where(*earlier).values(flooded=True))
        for row in rows.values():
            if row["estate"] == estate and row["open"] and row["listed_us"] >= since_us:
                row["flooded"] = True


def _began(estate: str, event: FloodBegan) -> Row:
    since_us = to_us(event.since)
    return {
        "key": f"{estate}\n{since_us}",
        "estate": estate,
        "since_us": since_us,
        "began_us": to_us(event.at),
        "ended_us": None,
        "count": event.count,
        "limit": event.limit,
        "operators": event.operators,
        "window_us": round(event.window_s * 1_000_000),
        "lines": event.lines,
    }


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
        "episode": alert.episode,
        "late": alert.late,
        "shelved": alert.shelved_until is not None,
        "suppressed": alert.suppressed_by is not None,
        "raised_us": to_us(alert.raised_at),
        "version": alert.version,
        "changed": position,
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
    episodes: tuple[str, ...] = ()
    held: tuple[str, ...] = ()
    """Why it is not in the list by itself: `shelved`, `suppressed`, `flood`."""
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
            (c.episode, self.episodes),
        )
        found: list[ColumnElement[bool]] = [column.in_(values) for column, values in lists if values]
        if not self.discreet:
            found.append(c.rule.not_in(DISCREET))
        if self.held:
            why = {
                "shelved": c.shelved,
                "suppressed": c.suppressed,
                "flood": c.flooded & ~(c.shelved | c.suppressed | c.late),
            }
            found += [c.open.is_(True), or_(*(why[each] for each in self.held))]
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
    found = newest_first(
        connection, ALERTS, ALERTS.c.raised_us, wanted.conditions(), before=before, limit=limit
    )
    return [(raised_us, Alert.model_validate_json(body)) for raised_us, body in found]


def count_alerts(connection: Connection, wanted: AlertFilter) -> int:
    """How many there are."""
    return connection.scalar(select(func.count()).select_from(ALERTS).where(*wanted.conditions())) or 0


def find_alert(connection: Connection, alert_id: str) -> Alert | None:
    """One alert as it is now."""
    body = connection.scalar(select(ALERTS.c.body).where(ALERTS.c.id == alert_id))
    return Alert.model_validate_json(body) if body is not None else None


def discreet_alerts(connection: Connection) -> frozenset[str]:
    """The ids of all discreet alerts there ever were: few."""
    return frozenset(connection.scalars(select(ALERTS.c.id).where(ALERTS.c.rule.in_(DISCREET))))
