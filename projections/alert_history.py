"""The history of every alert: one row for each change, with who made it and how."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Column, Connection, Index, Integer, Table, Text

from eventlog import sop
from eventlog.ports import Recorded
from eventlog.vocabulary import AlertEvent, AlertStepDone
from projections.alerts import ALERT_TYPES
from projections.base import MODELS, Big, Projection, Row, clean, upsert
from projections.reading import last_changes

HISTORY = Table(
    "alert_history",
    MODELS,
    Column("position", Big, primary_key=True, autoincrement=False),
    Column("alert", Text, nullable=False),
    Column("estate", Text, nullable=False),
    Column("type", Text, nullable=False),
    Column("at_us", Big, nullable=False),  # when it entered the log
    Column("by", Text),
    Column("via", Text, nullable=False),
    Column("note", Text),
    Column("state", Text, nullable=False),
    Column("severity", Text, nullable=False),
    Column("squad", Text),
    Column("disposition", Text),
    Column("version", Integer, nullable=False),
    Index("alert_history_alert", "alert", "position"),
)


class AlertHistory(Projection):
    """One row a change."""

    name = "alert_history"
    version = 1
    listens_to = ALERT_TYPES
    models = (HISTORY,)

    def apply(self, connection: Connection, events: Sequence[Recorded]) -> None:
        rows = [_row(entry, entry.event) for entry in events if isinstance(entry.event, AlertEvent)]
        upsert(connection, self.table(HISTORY), rows)


def _row(entry: Recorded, change: AlertEvent) -> Row:
    return {
        "position": entry.position,
        "alert": change.alert.id,
        "estate": change.alert.estate,
        "type": entry.type,
        "at_us": entry.recorded_us,
        "by": clean(change.by) if change.by else change.by,
        "via": change.via,
        "note": _note(change),
        "state": change.alert.state,
        "severity": change.alert.severity,
        "squad": change.alert.squad,
        "disposition": change.alert.disposition,
        "version": change.alert.version,
    }


def _note(change: AlertEvent) -> str | None:
    """What was said, after the step that was ticked."""
    said = [clean(change.note)] if change.note else []
    if isinstance(change, AlertStepDone):
        steps = {each.step: each.text for each in sop.checklist(change.alert.rule)}
        text = steps.get(change.step or "")
        said.insert(0, f"{text.zh} {text.en}" if text else change.step or "")
    return ": ".join(said) or None


def history_of(connection: Connection, alert_id: str, *, limit: int) -> list[dict[str, Any]]:
    """The last `limit` changes of an alert, the oldest first."""
    return last_changes(connection, HISTORY, HISTORY.c.alert, alert_id, limit=limit)
