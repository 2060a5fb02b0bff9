"""The two ways of reading beside "everything": a shard's, which grows with the registers, and the strays'.

An estate is the strays' until its shard has said, through the broker, that its own session reads it. Whatever
the broker had routed before that lies in the strays' session in front of the shard's mark and is recorded
from there; what lies behind the mark is in the shard's session too and is passed over. So a message is taken
by one of them, and in the moment of the change perhaps by both, which records it once.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from contextlib import suppress

from eventlog.ports import EventLog, LogUnavailableError, SavedState
from ingest.client import Subscriptions
from ingest.messages import Message
from ingest.pipeline import Pipeline
from ingest.shards import Unit, estate_of, mark_of, marked

HANDED_OVER = "ingest.handed_over"
"""The owner, in the log's saved state, of the estates whose shard reads them."""


def handed_over(log: EventLog) -> set[str]:
    """The estates that the strays pass over. Raises LogError."""
    return {entry.key for entry in log.load_state(HANDED_OVER)}


class OwnEstates(Subscriptions):
    """The topics of a shard's estates; marks those that are new to it."""

    def __init__(self, unit: Unit, pipeline: Pipeline, known: set[str]) -> None:
        self._unit, self._pipeline, self._known = unit, pipeline, known
        self._wanted: list[str] = []

    def wanted(self) -> Sequence[str]:
        """As the registers are now; as they were last where the log is away."""
        with suppress(LogUnavailableError):
            self._wanted = self._unit.filters(self._pipeline.estates)
        return self._wanted

    def granted(self, filters: Sequence[str]) -> Sequence[str]:
        """A mark for each estate of these that has none yet; once more after a restart does no harm."""
        fresh = {estate_of(name) for name in filters} - self._known
        return [mark_of(estate) for estate in sorted(fresh)]


class EverythingAndMarks(Subscriptions):
    """What the strays' session reads."""

    def __init__(self, unit: Unit) -> None:
        self._filters = unit.filters(())

    def wanted(self) -> Sequence[str]:
        """Always the same."""
        return self._filters


class Strays:
    """Passes over what a shard takes; hands the rest to a pipeline, which puts what is unknown aside."""

    def __init__(self, pipeline: Pipeline, known: set[str]) -> None:
        self._pipeline, self._known = pipeline, known

    def take(self, messages: Sequence[Message], stop: threading.Event | None = None) -> None:
        """In order: what lies before a mark is ours, what lies behind it is the shard's."""
        ours: list[Message] = []
        fresh: set[str] = set()
        for message in messages:
            estate = marked(message.topic)
            if estate is not None:
                fresh.add(estate)
                self._known.add(estate)
            elif estate_of(message.topic) not in self._known:
                ours.append(message)
        if ours:
            self._pipeline.take(ours, stop)
        if fresh:
            self._pipeline.keep(HANDED_OVER, [SavedState(estate, b"") for estate in sorted(fresh)], stop)
