"""The trace of an event: one id from a device's message to the patrol's phone, derived and never stored.

An input's trace is what stands for (source, id) in the log's unique index, 16 bytes, so it is found at once
and is the same in every replay. An alert's is that of the first event in its evidence; where it has none, the
alert's own id. Written as W3C Trace Context writes it (`traceparent`: version, trace, span, flags).
"""

from __future__ import annotations

import re
from collections import OrderedDict
from hashlib import blake2b
from uuid import UUID

from eventlog.ids import derived_id, identity_key
from eventlog.ports import EventLog, Recorded
from eventlog.vocabulary import Alert

KNOWN_MAX = 10_000
"""Alerts whose trace is remembered."""
_TRACE = re.compile(r"(?:00-)?([0-9a-f]{32})(?:-[0-9a-f]{16}-[0-9a-f]{2})?")


def trace_of(entry: Recorded) -> str:
    """An input's trace: 32 hexadecimal digits."""
    return identity_key(entry.source, entry.id).hex()


def traceparent(trace: str, *span: str | int) -> str:
    """A trace and the step in it that `span` names, such as an alert's id and version."""
    step = blake2b("\x1f".join(map(str, span)).encode(), digest_size=8).hexdigest()
    return f"00-{trace}-{step}-01"


def trace_in(text: str) -> str | None:
    """The trace in a traceparent or a bare one; None where the text is neither."""
    found = _TRACE.fullmatch(text.strip().lower())
    return found[1] if found else None


class Traces:
    """The traces of alerts, each looked up once. Not safe across threads."""

    def __init__(self, log: EventLog) -> None:
        self._eventlog = log
        self._known: OrderedDict[str, str] = OrderedDict()

    def of(self, alert: Alert) -> str:
        """An alert's trace. Raises LogError."""
        trace = self._known.get(alert.id)
        if trace is None:
            trace = self._known[alert.id] = self._looked_up(alert)
            if len(self._known) > KNOWN_MAX:
                self._known.popitem(last=False)
        return trace

    def parent(self, alert: Alert) -> str:
        """What a message about this version of an alert carries."""
        return traceparent(self.of(alert), alert.id, alert.version)

    def _looked_up(self, alert: Alert) -> str:
        first = self._eventlog.at(alert.evidence_positions[:1])
        return trace_of(first[0]) if first else _own(alert.id)


def _own(alert: str) -> str:
    """Of an alert that time alone has raised. Ours are UUIDs; of another id a trace is made."""
    try:
        return UUID(alert).hex
    except ValueError:
        return UUID(derived_id("trace", alert)).hex
