"""A line per alert on standard output, as `gatehouse up` promises; follows the log's outputs. Not of discreet
ones: who looks at this screen is not known."""

from __future__ import annotations

import sys
import threading
from typing import TextIO, cast

from eventlog.catalogue import say, text
from eventlog.discreet import is_discreet
from eventlog.ports import EventLog, Recorded
from eventlog.vocabulary import AlertEvent, AlertRaised
from processors.bell import Bell

_BATCH = 500
_LOOK_S = 0.5
_AFTER_S = 0.05
"""A line follows its alert's message by this much: who carries that out is woken by the same bell."""


class AlertPrinter:
    """Prints the alerts raised from now on. Reads only; keeps no position."""

    def __init__(
        self, log: EventLog, *, language: str, out: TextIO | None = None, bell: Bell | None = None
    ) -> None:
        self._log = log
        self._bell = bell or Bell()
        self._language = language
        self._out = out or sys.stdout
        self._types = frozenset({AlertRaised.TYPE})

    def run(self, stop: threading.Event) -> None:
        """Until `stop`."""
        position = self._log.head()
        while not stop.is_set():
            rung = self._bell.rung
            head = self._log.head()
            entries = self._log.read(after=position, limit=_BATCH, types=self._types)
            for entry in entries:
                if not is_discreet(cast(AlertEvent, entry.event).alert.rule):
                    print(self.line(entry), file=self._out, flush=True)
                position = entry.position
            if len(entries) < _BATCH:
                position = max(position, head)
                if self._bell.hung:
                    woken = self._bell.wait(rung, _LOOK_S)
                else:
                    woken = self._log.wait(position, _LOOK_S)
                if woken:
                    stop.wait(_AFTER_S)

    def line(self, entry: Recorded) -> str:
        """One alert in one line: time, severity, what, where to, its id."""
        event = entry.event
        assert isinstance(event, AlertEvent)
        alert = event.alert
        severity = text(f"common.severity.{alert.severity}", self._language)
        late = " " + text("up.late", self._language) if alert.late else ""
        squad = f" → {alert.squad}" if alert.squad else ""
        moment = alert.at.astimezone().strftime("%m-%d %H:%M:%S")
        return f"{moment}  [{severity}]{late} {say(alert.title, self._language)}{squad}  {alert.id}"
