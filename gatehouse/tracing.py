"""What became of an event: the signals it made, the alerts they became, who was told and who answered, in the
order of the log. Read only; names no plate, card or person.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal, cast

import orjson

from eventlog.ports import EventLog, Position, Recorded
from eventlog.trace import trace_of
from eventlog.vocabulary import (
    TYPES,
    AlertEvent,
    DeliveryPublished,
    SafetyChanged,
    SignalEvent,
)

BATCH = 1_000
FOLLOWED_US = 24 * 3_600_000_000
"""So long after the event, and longer while an alert is open, the log is looked through."""

Step = Literal["event", "signal", "alert", "message", "answer", "level"]

_SIGNALS = frozenset(name for name, kind in TYPES.items() if issubclass(kind, SignalEvent))
_ALERTS = frozenset(name for name, kind in TYPES.items() if issubclass(kind, AlertEvent))
_DELIVERIES = frozenset(name for name in TYPES if name.startswith("delivery."))
_LOOKED_AT = _SIGNALS | _ALERTS | _DELIVERIES | {SafetyChanged.TYPE, "patrol.response"}


@dataclass(frozen=True, slots=True)
class Told:
    """One step of the way: an entry of the log, what it is, and in a few words what it says."""

    step: Step
    entry: Recorded
    says: str


@dataclass(slots=True)
class Trace:
    """The way of one event."""

    origin: Recorded
    steps: list[Told] = field(default_factory=list)
    open_alerts: set[str] = field(default_factory=set)
    alerts: set[str] = field(default_factory=set)

    @property
    def trace(self) -> str:
        """The id by which it is followed."""
        return trace_of(self.origin)

    @property
    def from_device(self) -> str | None:
        """The `traceparent` that the device itself gave, if it did."""
        given = orjson.loads(self.origin.body).get("traceparent")
        return str(given) if given else None


def origin_of(log: EventLog, entry: Recorded) -> Recorded:
    """The first cause of an output: the first event in its evidence; an input is its own."""
    event = entry.event
    positions = (
        event.alert.evidence_positions if isinstance(event, AlertEvent)
        else event.evidence_positions if isinstance(event, SignalEvent) else ()
    )  # fmt: skip
    first = log.at(positions[:1])
    return first[0] if first else entry


def alert_named(log: EventLog, alert: str) -> Recorded | None:
    """The entry that raised an alert, looked for from the newest on."""
    before: Position | None = None
    raised = frozenset({"alert.raised"})
    while batch := log.read_back(before=before, limit=BATCH, types=raised):
        for entry in batch:
            if cast(AlertEvent, entry.event).alert.id == alert:
                return entry
        before = batch[-1].position
    return None


def follow(log: EventLog, origin: Recorded) -> Trace:
    """The way of an event through the log. Raises LogError."""
    trace = Trace(origin, [Told("event", origin, origin.source)])
    after = origin.position
    while batch := log.read(after=after, limit=BATCH, estate=origin.estate, types=_LOOKED_AT):
        for entry in batch:
            if entry.recorded_us - origin.recorded_us > FOLLOWED_US and not trace.open_alerts:
                return trace
            trace.steps.extend(_told(trace, entry))
        after = batch[-1].position
    return trace


def _told(trace: Trace, entry: Recorded) -> Iterator[Told]:
    """What an entry tells of the way, if it belongs to it."""
    event, place = entry.event, trace.origin.position
    if isinstance(event, SignalEvent):
        if place in event.evidence_positions:
            yield Told("signal", entry, f"{event.rule} {event.zone}")
    elif isinstance(event, AlertEvent):
        alert = event.alert
        if not _concerns(trace, event):
            return
        trace.alerts.add(alert.id)
        (trace.open_alerts.discard if alert.state == "closed" else trace.open_alerts.add)(alert.id)
        yield Told("alert", entry, f"{alert.id} v{alert.version} {alert.severity} {alert.state}")
    elif isinstance(event, DeliveryPublished):
        for one in event.messages:
            if one.alert in trace.alerts:
                yield Told("message", entry, f"{event.channel} {_whom(one.recipient)} v{one.version}")
    elif getattr(event, "alert", None) in trace.alerts:
        yield _answer_or_message(entry)
    elif isinstance(event, SafetyChanged) and event.cause in trace.alerts:
        yield Told("level", entry, f"{event.zone} {event.previous} → {event.level}")


def _concerns(trace: Trace, event: AlertEvent) -> bool:
    alert = event.alert
    mine = alert.id in trace.alerts or trace.origin.position in alert.evidence_positions
    return mine or event.cause == trace.origin.id


def _answer_or_message(entry: Recorded) -> Told:
    event = entry.event
    if entry.type == "patrol.response":
        return Told("answer", entry, str(getattr(event, "action", "")))
    said = [str(getattr(event, "channel", "")), _whom(str(getattr(event, "recipient", "")))]
    said += [f"v{getattr(event, 'version', '')}"]
    return Told("message", entry, " ".join(filter(None, said)))


def _whom(recipient: str) -> str:
    """A recipient without who it is: `squad:squad-3` may be said, a person is only `person`."""
    kind, _, name = recipient.partition(":")
    return recipient if kind == "squad" and name else kind
