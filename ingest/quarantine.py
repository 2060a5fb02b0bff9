"""Taking in what was put aside, after a fix: of the registers, of a decoder, of the device's clock."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from eventlog.clock import TimeMode
from eventlog.ports import LATE_AFTER, EventLog, NewEvent
from ingest.messages import Message
from ingest.pipeline import Pipeline
from ingest.reasons import CONFLICT

Outcome = Literal["released", "already_released", "still_bad"]


@dataclass(frozen=True, slots=True)
class Released:
    """What became of a try: events recorded, and events that were in the log before; or why not."""

    outcome: Outcome
    recorded: int = 0
    repeated: int = 0
    reason: str = ""
    detail: str = ""


def release(
    log: EventLog,
    quarantine_id: int,
    *,
    hmac_key: bytes,
    time_mode: TimeMode = "wall",
    now_us: Callable[[], int] = lambda: time.time_ns() // 1_000,
) -> Released:
    """Judges a quarantined message again with the present registers and code, and records it if good.

    It is marked released only when all of it is good. What happened over 10 min ago is flagged as history.
    Raises LookupError for an unknown id, LogError.
    """
    kept = log.quarantined_one(quarantine_id)
    if kept is None:
        raise LookupError(f"there is no quarantined message {quarantine_id}")
    if kept.released_us is not None:
        return Released("already_released")
    reject = kept.reject
    pipeline = Pipeline(log, time_mode=time_mode, hmac_key=hmac_key)
    message = Message(reject.topic, reject.payload, 1, False, False, reject.received_us)
    batch = pipeline.judge([message], now_us=now_us(), masked=True)
    if batch.rejects:
        return Released("still_bad", reason=batch.rejects[0].reason, detail=batch.rejects[0].detail)
    present_us = log.now_us() if time_mode == "events" else now_us()
    events = [_as_history(event, present_us) for event in batch.events]
    with log.transaction() as transaction:
        appended = transaction.append(events)
        if not appended.conflicts and batch.presence:
            pipeline.presence.save(transaction, batch.presence)
    if appended.conflicts:
        return Released("still_bad", appended.new, len(appended.repeated), CONFLICT, reject.detail)
    log.mark_released(quarantine_id)
    return Released("released", appended.new, len(appended.repeated))


def _as_history(event: NewEvent, present_us: int) -> NewEvent:
    """What is taken in long after it happened pages nobody, however soon it had arrived."""
    late = present_us - event.occurred_us > LATE_AFTER // timedelta(microseconds=1)
    return event._replace(replay=True) if late else event
