"""Plays a table into a broker: one ordered connection with a gateway's account, at a pace or flat out.

At the end one `time` message, so that the last wake-ups fire. What was wrong with which row is in the
report.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Protocol

import orjson

from eventlog import topics
from eventlog.times import from_us, iso
from simulators.link import Account
from simulators.play.mapping import TableMap
from simulators.play.rows import BadRow, rows
from simulators.publisher import OrderedPublisher

BadRows = Literal["report", "skip", "stop"]
BAD_ROWS_KEPT_MAX = 1_000
"""Of more bad rows than this only the number is kept."""
_TOLD_EVERY = 500


class Publisher(Protocol):
    """What a table is played into."""

    def publish(self, topic: str, payload: bytes, retain: bool = False) -> None:
        """Hands a message over, in order."""

    def pump(self) -> None:
        """Keeps the connection going."""

    def flush(self) -> None:
        """Waits until all is answered."""


@dataclass
class Report:
    """What became of a table. `rows` counts good and bad ones."""

    rows: int = 0
    sent: int = 0
    bad: list[BadRow] = field(default_factory=list)
    bad_count: int = 0
    seconds: float = 0.0
    last_at_us: int | None = None
    bad_rows: BadRows = "report"

    @property
    def exit_code(self) -> int:
        """1 when there were bad rows that were not to be skipped."""
        return 1 if self.bad_count and self.bad_rows != "skip" else 0


def play(
    path: Path,
    table: TableMap,
    *,
    broker_url: str,
    account: Account | None = None,
    speed: float = 0.0,
    bad_rows: BadRows = "report",
    on_progress: Callable[[Report], None] = lambda _report: None,
) -> Report:
    """Plays a table over MQTT. `speed` 0 is as fast as the broker takes it.

    Raises BrokerError, TableError, OSError, ValueError for a bad address.
    """
    with OrderedPublisher(broker_url, account, client_id=f"play-{uuid.uuid4().hex[:12]}") as publisher:
        return play_into(publisher, path, table, speed=speed, bad_rows=bad_rows, on_progress=on_progress)


def play_into(
    publisher: Publisher,
    path: Path,
    table: TableMap,
    *,
    speed: float = 0.0,
    bad_rows: BadRows = "report",
    on_progress: Callable[[Report], None] = lambda _report: None,
) -> Report:
    """Plays a table into a publisher; returns once all is answered."""
    report = Report(bad_rows=bad_rows)
    began_s = time.monotonic()
    first_us: int | None = None
    publish = publisher.publish
    for row in rows(path, table):
        report.rows += 1
        if isinstance(row, BadRow):
            report.bad_count += 1
            if len(report.bad) < BAD_ROWS_KEPT_MAX:
                report.bad.append(row)
            if bad_rows == "stop":
                break
            continue
        if speed > 0:
            first_us = row.at_us if first_us is None else first_us
            _wait(publisher, began_s + (row.at_us - first_us) / 1e6 / speed)
        publish(row.topic, row.payload)
        report.sent += 1
        report.last_at_us = max(report.last_at_us or 0, row.at_us)
        if report.rows % _TOLD_EVERY == 0:
            on_progress(report)
    if report.last_at_us is not None:
        end_us = report.last_at_us + int(table.ends_after_s * 1_000_000)
        publish(topics.time(table.estate), orjson.dumps({"at": iso(from_us(end_us))}))
    publisher.flush()
    report.seconds = time.monotonic() - began_s
    on_progress(report)
    return report


def _wait(publisher: Publisher, due_s: float) -> None:
    while (left_s := due_s - time.monotonic()) > 0:
        publisher.pump()
        time.sleep(min(left_s, 0.5))
