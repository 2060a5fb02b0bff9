"""An estate for ingest's tests, events of its devices, and logs that misbehave on request."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from eventlog import codec
from eventlog.memory import MemoryLog
from eventlog.ports import Claim, EventLog, LogTransaction, LogUnavailableError
from eventlog.times import to_us
from eventlog.vocabulary import (
    DeviceSet,
    EstateSet,
    Event,
    SquadMember,
    SquadSet,
    Words,
)
from ingest.messages import Message
from ingest.pipeline import Pipeline

KEY = b"a key of ingest's own tests"
NOW = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)
NOW_US = to_us(NOW)
ESTATE = "xiegou"
GATE = "estates/xiegou/access/gate-n1"
PROBE = "estates/xiegou/probe/probe-1"
MEMBER = "estates/xiegou/patrol/squad-1/members/zhang/events"
_NAME = Words(zh="谢沟", en="Xiegou")

REGISTERS: tuple[Event, ...] = (
    EstateSet(name=_NAME),
    DeviceSet(device="gate-n1", family="access", zone="north"),
    DeviceSet(device="probe-1", family="probe", zone="north"),
    DeviceSet(device="point-1", family="patrol", zone="north"),
    SquadSet(squad="squad-1", name=_NAME, members=(SquadMember(member="zhang"), SquadMember(member="li"))),
)


def register(log: EventLog, *events: Event) -> None:
    """Records entries of the registers."""
    head = log.head()
    log.append(
        [
            codec.make(one, estate=ESTATE, source="estates/xiegou/registry", event_id=f"r{head + n}", at=NOW)
            for n, one in enumerate(events)
        ]
    )


def estate_log(**settings: Any) -> MemoryLog:
    """A log in memory with the estate in it."""
    log = MemoryLog(**settings)
    register(log, *REGISTERS)
    return log


def pipeline_of(log: EventLog, **settings: Any) -> Pipeline:
    """A pipeline into a log."""
    return Pipeline(log, hmac_key=KEY, **settings)


def event(
    number: int | str = 1,
    *,
    source: str = GATE,
    type_: str = "access.denied",
    at: datetime | str = NOW,
    data: dict[str, Any] | None = None,
    **extensions: Any,
) -> dict[str, Any]:
    """A CloudEvent as a device sends it."""
    denied = {"door": "gate-n1", "method": "card", "direction": "in", "reason": "expired"}
    return {
        "specversion": "1.0",
        "id": str(number),
        "source": source,
        "type": type_,
        "time": at if isinstance(at, str) else at.isoformat(),
        "data": denied if data is None else data,
        **extensions,
    }


def message(
    content: Any,
    *,
    topic: str = f"{GATE}/events",
    received_us: int = NOW_US,
    qos: int = 1,
    retain: bool = False,
    dup: bool = False,
) -> Message:
    """A message with JSON, or with bytes as they are."""
    payload = content if isinstance(content, bytes) else json.dumps(content).encode()
    return Message(topic, payload, qos, retain, dup, received_us)


def after(**parts: float) -> datetime:
    """A moment after NOW."""
    return NOW + timedelta(**parts)


class BreakableLog:
    """A log that is away while `away` is set; everything else is the real one's."""

    def __init__(self, log: EventLog) -> None:
        self._log = log
        self.away = threading.Event()
        self.refused = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._log, name)

    @contextmanager
    def transaction(self, *, under: Claim | None = None) -> Iterator[LogTransaction]:
        if self.away.is_set():
            self.refused += 1
            raise LogUnavailableError("the disk is full, says the test")
        with self._log.transaction(under=under) as transaction:
            yield transaction
