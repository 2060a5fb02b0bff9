"""What of the log is only measured when Prometheus asks: its size, its age, how far its readers are.

Asked at most once in five seconds, whoever asks how often. When the database is away that is said, and the
last figures stay.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from eventlog import metrics
from eventlog.ports import EventLog, LogError, Position

if TYPE_CHECKING:
    from sqlalchemy import Engine

LOOK_S_MIN = 5.0
READERS = ("decider", "delivery.mqtt", "relay")
"""Readers of the log besides the read models; one that has read nothing yet is not there."""


class LogGauges:
    """Sets the gauges of one log. `clock` is monotonic, in seconds."""

    def __init__(
        self, log: EventLog, views: Engine, data: Path, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._eventlog, self._views, self._data, self._clock = log, views, data, clock
        self._looked_s = float("-inf")
        self._reasons: set[str] = set()

    def __call__(self) -> None:
        """Looks, unless somebody has just looked."""
        now_s = self._clock()
        if now_s - self._looked_s < LOOK_S_MIN:
            return
        self._looked_s = now_s
        usage = shutil.disk_usage(self._data)
        metrics.DISK_BYTES.set(usage.total)
        metrics.DISK_FREE_BYTES.set(usage.free)
        try:
            self._look()
        except (LogError, SQLAlchemyError):
            metrics.LOG_REACHABLE.set(0)
            return
        metrics.LOG_REACHABLE.set(1)

    def _look(self) -> None:
        head, now_us = self._eventlog.head(), self._eventlog.now_us()
        metrics.LOG_HEAD.set(head)
        last = self._eventlog.at([head])
        metrics.LOG_QUIET_SECONDS.set(max(now_us - last[0].recorded_us, 0) / 1e6 if last else 0)
        metrics.LOG_BYTES.set(size_of(self._views))
        for reader, position in positions(self._eventlog, self._views).items():
            metrics.READER_POSITION.labels(reader).set(position)
            metrics.READER_LAG.labels(reader).set(max(head - position, 0))
            metrics.READER_LAG_SECONDS.labels(reader).set(self._age_s(position, now_us))
        counts = self._eventlog.quarantine_counts()
        self._reasons |= counts.keys()
        for reason in self._reasons:
            metrics.QUARANTINE_WAITING.labels(reason).set(counts.get(reason, 0))

    def _age_s(self, position: Position, now_us: int) -> float:
        ahead = self._eventlog.at([position + 1])
        return max(now_us - ahead[0].recorded_us, 0) / 1e6 if ahead else 0.0


def positions(log: EventLog, views: Engine) -> Mapping[str, Position]:
    """How far each reader of the log has come; read models as `projection.NAME`. Raises LogError."""
    from projections.generations import positions as of_projections

    found = {reader: log.position(reader) for reader in READERS}
    shown = {f"projection.{name}": place for name, place in of_projections(views).items()}
    return {reader: place for reader, place in found.items() if place} | shown


def size_of(views: Engine) -> int:
    """Bytes of the database that holds the log and the read models."""
    if views.dialect.name == "postgresql":
        with views.connect() as connection:
            return int(connection.scalar(text("SELECT pg_database_size(current_database())")) or 0)
    file = Path(views.url.database or "")
    return sum(each.stat().st_size for each in file.parent.glob("*.db*") if each.is_file())
