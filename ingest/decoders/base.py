"""What every decoder gives back, and how it says that something can't be taken."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache
from typing import NamedTuple

from eventlog import topics
from eventlog.ports import NewEvent, Reject
from eventlog.times import to_us

OLDEST_US = to_us(datetime(1900, 1, 1, tzinfo=UTC))
NEWEST_US = to_us(datetime(2200, 1, 1, tzinfo=UTC))
"""No clock says less, or as much: what is reckoned from a time beyond them would leave the calendar."""


class Decoded(NamedTuple):
    """The events of a message in its order, and what can't be taken of it.

    `indexes[i]` is the place of event i in a message with several; empty when the message is one event.
    """

    events: tuple[NewEvent, ...] = ()
    rejects: tuple[Reject, ...] = ()
    indexes: tuple[int, ...] = ()


class Place(NamedTuple):
    """A topic taken apart, with what its events must say of their source."""

    kind: topics.Kind
    estate: str
    family: str
    device: str
    maker: str
    squad: str
    source: str
    path: str
    """The topic without its last part: of a member also taken as the source."""


@lru_cache(maxsize=16_384)
def place_of(topic: str) -> Place:
    """The parts of a topic; remembered, since a device's topics are few and its events many."""
    parts = topics.parse(topic)
    return Place(
        parts.kind, parts.estate, parts.family, parts.device, parts.maker, parts.squad,
        parts.source, topic.rpartition("/")[0],
    )  # fmt: skip


def reject(
    topic: str,
    payload: bytes,
    received_at: datetime,
    reason: str,
    detail: str,
    *,
    estate: str = "",
    index: int | None = None,
) -> Reject:
    """A message, or one event of it, that can't be taken."""
    return Reject(topic, reason, detail, payload, to_us(received_at), estate, index)
