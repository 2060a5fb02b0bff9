"""How well the desk is doing (ISA-18.2): one row an alert with the times that count, and figures of a period.

Alerts per operator, floods, what chatters, what stands for long, where most come from; how long until
somebody acknowledged, accepted, arrived, closed; how many were false, by rule and device.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from statistics import median
from typing import Any

from sqlalchemy import Boolean, Column, Connection, Index, Table, Text, or_, select

from eventlog.discreet import RULES as DISCREET
from eventlog.ports import Recorded
from eventlog.times import to_us
from eventlog.vocabulary import (
    SEVERITIES,
    AlertAccepted,
    AlertAcknowledged,
    AlertArrived,
    AlertCleared,
    AlertClosed,
    AlertEvent,
    AlertReopened,
)
from projections.alerts import ALERT_TYPES, FLOODS
from projections.base import MODELS, Big, Projection, Row, load, upsert
from projections.reports import REPORTS
from projections.zones import ESTATES

SPAN_US = 600 * 1_000_000
"""Ten minutes: what ISA-18.2 counts alerts in, and no more than ten in any of them for one operator."""
STALE_US = 24 * 3_600 * 1_000_000
"""What stands for longer than a day is stale."""
TOP = 10
PERIOD_DAYS_MAX = 92

TIMES = Table(
    "alert_times",
    MODELS,
    Column("id", Text, primary_key=True),
    Column("estate", Text, nullable=False),
    Column("rule", Text, nullable=False),
    Column("zone", Text, nullable=False),
    Column("device", Text),  # the first of its devices
    Column("key", Text, nullable=False),
    Column("severity", Text, nullable=False),  # the highest it had
    Column("shown", Boolean, nullable=False),  # it came into the operators' list at once
    Column("exercise", Boolean, nullable=False),
    Column("raised_us", Big, nullable=False),
    Column("acknowledged_us", Big),
    Column("accepted_us", Big),
    Column("arrived_us", Big),
    Column("cleared_us", Big),
    Column("closed_us", Big),
    Column("disposition", Text),
    Column("closed_by", Text),  # system, phone, console, api
    Index("alert_times_raised", "estate", "raised_us"),
)
_FIRST = (
    (AlertAcknowledged, "acknowledged_us"),
    (AlertAccepted, "accepted_us"),
    (AlertArrived, "arrived_us"),
)


class Score(Projection):
    """One row an alert."""

    name = "score"
    version = 1
    listens_to = ALERT_TYPES
    models = (TIMES,)

    def apply(self, connection: Connection, events: Sequence[Recorded]) -> None:
        changes = [(entry, entry.event) for entry in events if isinstance(entry.event, AlertEvent)]
        rows = load(connection, self.table(TIMES), {event.alert.id for _, event in changes})
        for entry, event in changes:
            row = rows.get(event.alert.id) or _new(event)
            rows[event.alert.id] = _changed(row, event, entry.recorded_us)
        upsert(connection, self.table(TIMES), list(rows.values()))


def _new(event: AlertEvent) -> Row:
    alert = event.alert
    row = dict.fromkeys(column.name for column in TIMES.columns)
    return row | {
        "id": alert.id,
        "estate": alert.estate,
        "rule": alert.rule,
        "zone": alert.zone,
        "device": alert.devices[0] if alert.devices else None,
        "key": alert.key.replace("\x00", "\ufffd"),
        "severity": alert.severity,
        "shown": not alert.late and alert.suppressed_by is None,
        "raised_us": to_us(alert.raised_at),
    }


def _changed(row: Row, event: AlertEvent, at_us: int) -> Row:
    alert = event.alert
    row = {**row, "exercise": alert.exercise}
    row["severity"] = max(row["severity"], alert.severity, key=SEVERITIES.index)
    for kind, column in _FIRST:
        if isinstance(event, kind) and row[column] is None:
            row[column] = at_us
    if isinstance(event, AlertCleared):
        row["cleared_us"] = at_us
    elif alert.condition == "active":
        row["cleared_us"] = None
    if isinstance(event, AlertClosed):
        row |= {"closed_us": at_us, "disposition": alert.disposition, "closed_by": event.via}
    elif isinstance(event, AlertReopened):
        row |= {"closed_us": None, "disposition": None, "closed_by": None}
    return row


def score(
    connection: Connection, estate: str, from_us: int, to_us: int, *, discreet: bool = True
) -> dict[str, Any]:
    """The figures of one estate's desk for the alerts raised from a moment (inclusive) to another (not).
    Exercises are left out, and without `discreet` what no shared screen shows. Times in µs, seconds where
    named so."""
    c = TIMES.c
    mine = [c.estate == estate, c.exercise.is_(False)]
    if not discreet:
        mine.append(c.rule.not_in(DISCREET))
    raised = select(TIMES).where(*mine, c.raised_us >= from_us, c.raised_us < to_us).order_by(c.raised_us)
    rows = [dict(row) for row in connection.execute(raised).mappings()]
    shown = [row for row in rows if row["shown"]]
    operators = connection.scalar(select(ESTATES.c.operators).where(ESTATES.c.estate == estate)) or 1
    standing = select(c.id, c.rule, c.zone, c.device, c.raised_us).where(
        *mine,
        c.shown.is_(True),
        c.raised_us < to_us - STALE_US,
        or_(c.closed_us.is_(None), c.closed_us >= to_us),
        or_(c.cleared_us.is_(None), c.cleared_us >= to_us),
    )
    stale = [dict(row) for row in connection.execute(standing.order_by(c.raised_us)).mappings()]
    return {
        "estate": estate,
        "from_us": from_us,
        "to_us": to_us,
        "operators": operators,
        "alerts": len(shown),
        "held_back": len(rows) - len(shown),
        "per_operator": _per_operator([row["raised_us"] for row in shown], from_us, to_us, operators),
        "floods": _floods(connection, estate, from_us, to_us),
        "severities": {s: sum(row["severity"] == s for row in shown) for s in SEVERITIES},
        "times": _times(shown),
        "rules": _false(shown, "rule"),
        "devices": [each for each in _false(shown, "device") if each["false_alarms"]][:TOP],
        "top_sources": _top(shown),
        "chatterers": _chatterers(rows),
        "reports": _reports(connection, estate, from_us, to_us),
        "stale": {"count": len(stale), "longest": stale[:TOP]},
    }


def _per_operator(raised: Sequence[int], from_us: int, to_us: int, operators: int) -> dict[str, Any]:
    """Alerts in ten minutes for each operator: the mean of the period, the worst of any ten minutes, and the
    share of the time in which over ten had come in the ten minutes before."""
    spans = max(1.0, (to_us - from_us) / SPAN_US)
    worst, worst_us, first = 0, None, 0
    most = 10 * operators
    over_us, over_until = 0, 0
    for place, at in enumerate(raised):
        while raised[first] <= at - SPAN_US:
            first += 1
        if place - first + 1 > worst:
            worst, worst_us = place - first + 1, raised[first]
        if place >= most and raised[place - most] > at - SPAN_US:
            # Over the limit from now until the first of these is ten minutes old.
            until = min(to_us, raised[place - most] + SPAN_US)
            over_us += max(0, until - max(at, over_until))
            over_until = max(over_until, until)
    return {
        "mean": len(raised) / spans / operators,
        "worst": worst / operators,
        "worst_from_us": worst_us,
        "over_ten_share": over_us / max(1, to_us - from_us),
    }


def _floods(connection: Connection, estate: str, from_us: int, to_us: int) -> dict[str, Any]:
    c = FLOODS.c
    within = (c.estate == estate, c.began_us < to_us, or_(c.ended_us.is_(None), c.ended_us >= from_us))
    found = connection.execute(select(FLOODS).where(*within).order_by(c.since_us)).mappings().all()
    lasted = [min(row["ended_us"] or to_us, to_us) - max(row["since_us"], from_us) for row in found]
    return {
        "count": len(found),
        "seconds": sum(lasted) / 1e6,
        "longest": [{name: row[name] for name in ("since_us", "ended_us", "count")} for row in found][:TOP],
    }


def _times(rows: Sequence[Row]) -> dict[str, dict[str, Any]]:
    """How long from raising to each step; what Gatehouse closed by itself has no time to close."""
    names = ("acknowledged", "accepted", "arrived", "closed")
    found = {}
    for name in names:
        took = sorted(
            (row[f"{name}_us"] - row["raised_us"]) / 1e6
            for row in rows
            if row[f"{name}_us"] is not None and (name != "closed" or row["closed_by"] != "system")
        )
        found[name] = {"count": len(took), "median_s": None, "p90_s": None}
        if took:
            p90 = took[math.ceil(0.9 * len(took)) - 1]
            found[name] |= {"median_s": median(took), "p90_s": p90}
    return found


def _false(rows: Iterable[Row], by: str) -> list[dict[str, Any]]:
    """By rule or device: alerts, closed ones, and how many of these were false alarms or a nuisance; the most
    false first. What a rule withdrew itself is a false alarm too, counted in `withdrawn`."""
    found: dict[str, dict[str, Any]] = {}
    for row in rows:
        if row[by] is None:
            continue
        names = ("alerts", "closed", "false_alarms", "withdrawn", "nuisances")
        counts = found.setdefault(row[by], {by: row[by], **dict.fromkeys(names, 0)})
        counts["alerts"] += 1
        if row["closed_us"] is None or row["disposition"] == "test":
            continue
        counts["closed"] += 1
        counts["false_alarms"] += row["disposition"] == "false_alarm"
        counts["withdrawn"] += row["disposition"] == "false_alarm" and row["closed_by"] == "system"
        counts["nuisances"] += row["disposition"] == "nuisance"
    for counts in found.values():
        counts["false_share"] = counts["false_alarms"] / counts["closed"] if counts["closed"] else None
    return sorted(found.values(), key=lambda each: (-each["false_alarms"], -each["alerts"], each[by]))


def _top(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """The sources that most alerts come from: a rule at a device, or at a place where there is none."""
    counts = Counter((row["rule"], row["device"] or row["zone"]) for row in rows)
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:TOP]
    return [
        {"rule": rule, "source": source, "alerts": count, "share": count / len(rows)}
        for (rule, source), count in ordered
    ]


def _reports(connection: Connection, estate: str, from_us: int, to_us: int) -> dict[str, Any]:
    """Reports of people opened in the period; those merged into others count with these. `overdue` are not
    closed and past their limit at its end. Of those closed: in time, and of those asked, satisfied."""
    c = REPORTS.c
    mine = (c.estate == estate, c.merged_into.is_(None), c.opened_us >= from_us, c.opened_us < to_us)
    columns = (c.due_us, c.closed_us, c.satisfied, c.reopened)
    rows = connection.execute(select(*columns).where(*mine)).all()
    closed = [row for row in rows if row.closed_us is not None and row.closed_us < to_us]
    limited = [row for row in closed if row.due_us is not None]
    asked = [row.satisfied for row in closed if row.satisfied is not None]
    in_time = sum(row.closed_us <= row.due_us for row in limited)
    waiting = [row for row in rows if row.closed_us is None or row.closed_us >= to_us]
    return {
        "opened": len(rows),
        "closed": len(closed),
        "in_time": in_time,
        "in_time_share": in_time / len(limited) if limited else None,
        "overdue": sum(row.due_us is not None and row.due_us < to_us for row in waiting),
        "reopened": sum(row.reopened > 0 for row in rows),
        "asked": len(asked),
        "satisfied_share": sum(asked) / len(asked) if asked else None,
    }


def _chatterers(rows: Sequence[Row]) -> list[dict[str, Any]]:
    counts = Counter(row["device"] or row["key"] for row in rows if row["rule"] == "chattering")
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:TOP]
    return [{"device": device, "times": count} for device, count in ordered]
