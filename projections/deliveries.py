"""Who was told what, when, over which channel, and who said to have it: one row for each thing recorded."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Boolean, Column, Connection, Index, Integer, Table, Text, select

from eventlog.ports import Recorded
from eventlog.vocabulary import (
    Delivery,
    DeliveryAttempted,
    DeliveryConfirmed,
    DeliveryFailed,
    DeliveryGivenUp,
    DeliveryPublished,
    DeliverySent,
)
from projections.base import MODELS, Big, Projection, Row, clean, upsert

DELIVERIES = Table(
    "deliveries",
    MODELS,
    Column("position", Big, primary_key=True, autoincrement=False),
    Column("ordinal", Integer, primary_key=True, autoincrement=False),  # within one record of several
    Column("alert", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("what", Text, nullable=False),  # attempted, sent, failed, confirmed, given_up, published
    Column("at_us", Big, nullable=False),
    Column("channel", Text),
    Column("recipient", Text, nullable=False),
    Column("kind", Text),
    Column("message", Text),
    Column("attempt", Integer, nullable=False),
    Column("resent", Boolean, nullable=False),
    Column("by", Text),
    Column("said", Text),  # the answer: an error, a reason, what a phone answered
    Index("deliveries_alert", "alert", "position"),
)

_TYPES = (
    DeliveryAttempted,
    DeliverySent,
    DeliveryFailed,
    DeliveryConfirmed,
    DeliveryGivenUp,
    DeliveryPublished,
)


class Deliveries(Projection):
    """One row for each message of each record."""

    name = "deliveries"
    version = 1
    listens_to = frozenset(kind.TYPE for kind in _TYPES)
    models = (DELIVERIES,)

    def apply(self, connection: Connection, events: Sequence[Recorded]) -> None:
        upsert(connection, self.table(DELIVERIES), [row for entry in events for row in _rows(entry)])


def _rows(entry: Recorded) -> Iterable[Row]:
    said = entry.event
    base: Row = {
        "position": entry.position, "ordinal": 0, "what": entry.type.partition(".")[2],
        "at_us": entry.recorded_us, "channel": None, "kind": None, "message": None, "attempt": 1,
        "resent": False, "by": None, "said": None,
    }  # fmt: skip
    if isinstance(said, DeliveryPublished):
        for ordinal, each in enumerate(said.messages):
            yield base | {
                "ordinal": ordinal, "alert": each.alert, "version": each.version, "channel": said.channel,
                "recipient": clean(each.recipient), "resent": each.resent,
            }  # fmt: skip
    elif isinstance(said, Delivery):
        answer = getattr(said, "error", None) or getattr(said, "response", None)
        by = getattr(said, "by", None)
        yield base | {
            "alert": said.alert, "version": said.version, "channel": said.channel,
            "recipient": clean(said.recipient), "kind": said.kind, "message": said.message,
            "attempt": said.attempt, "resent": said.resent, "by": clean(by) if by else None,
            "said": clean(answer) if answer else None,
        }  # fmt: skip
    elif isinstance(said, DeliveryGivenUp):
        yield base | {
            "alert": said.alert, "version": said.version, "recipient": clean(said.recipient),
            "kind": said.kind, "message": said.message, "attempt": said.attempts, "said": said.reason,
        }  # fmt: skip


def deliveries_of(connection: Connection, alert_id: str, *, limit: int) -> list[dict[str, Any]]:
    """The last `limit` records of an alert's messages, the oldest first."""
    c = DELIVERIES.c
    order = (c.position.desc(), c.ordinal.desc())
    query = select(DELIVERIES).where(c.alert == alert_id).order_by(*order).limit(limit)
    return [dict(row) for row in connection.execute(query).mappings()][::-1]
