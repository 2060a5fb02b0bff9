"""Whether more alerts come to the desk than its operators can take in. Pure.

Decides and tells only that it is so, since when, and that it is over. Alerts lose nothing by it: how the list
is drawn together is the matter of whoever shows it (`projections.lines`).
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any

import orjson

from eventlog.ports import SavedState
from eventlog.times import from_us
from eventlog.vocabulary import Alert, FloodBegan, FloodEnded
from processors.outbox import Outbox
from processors.wakeups import Wakeups

if TYPE_CHECKING:
    from processors.alerts.desk import AlertDesk
    from processors.alerts.episodes import Limits

FLOOD = "desk.flood"
_KEY = "flood"


def listed(alert: Alert | None) -> bool:
    """Whether an alert stands in the operators' list."""
    if alert is None or alert.state == "closed":
        return False
    return not alert.late and alert.shelved_until is None and alert.suppressed_by is None


class Flood:
    """One estate's flood: the times of the newest arrivals, no more of them than its limit asks for."""

    def __init__(self, desk: AlertDesk, wakeups: Wakeups, limits: Limits) -> None:
        self._desk = desk
        self._wakeups = wakeups
        self._limits = limits
        self._times: deque[int] = deque()
        self._since_us: int | None = None
        self._count = 0
        self._changed = False

    def follow(self, before: Alert | None, alert: Alert, out: Outbox) -> None:
        """An alert was raised or changed: has one more come into the list?"""
        limits = self._limits(self._desk.estate.id)
        if limits is None or listed(before) or not listed(alert):
            return
        operators = self._operators()
        most = int(limits.alerts) * operators
        self._times.append(out.now_us)
        while len(self._times) > most + 1:
            self._times.popleft()
        self._changed = True
        self._count += 1
        if self._since_us is None and len(self._times) > most:
            since_us = self._times[0]
            if since_us > out.now_us - limits.window_us:
                self._begin(since_us, operators, limits, out)

    def _operators(self) -> int:
        settings = self._desk.estate.settings
        return settings.operators if settings else 1

    def _begin(self, since_us: int, operators: int, limits: Any, out: Outbox) -> None:
        self._since_us, self._count = since_us, len(self._times)
        began = FloodBegan(
            at=from_us(out.now_us),
            since=from_us(since_us),
            count=self._count,
            limit=int(limits.alerts) * operators,
            operators=operators,
            window_s=limits.window_s,
            lines=limits.lines,
        )
        out.add(_KEY, _KEY, began)
        self._wake(out.now_us + limits.window_us)

    def due(self, out: Outbox) -> None:
        """Perhaps it is over: with what came since, that may be later than it was."""
        if self._since_us is None:
            return
        limits = self._limits(self._desk.estate.id)
        over_us = out.now_us
        if limits is not None:
            calm = max(1, int(limits.calm) * self._operators())
            # Once the calm-th newest is out of the window, fewer than `calm` are in it.
            over_us = self._times[-min(calm, len(self._times))] + limits.window_us
        if over_us > out.now_us:
            self._wake(over_us)
            return
        ended = FloodEnded(at=from_us(out.now_us), since=from_us(self._since_us), count=self._count)
        out.add(_KEY, _KEY, ended)
        self._since_us, self._changed = None, True

    def _wake(self, due_us: int) -> None:
        self._wakeups.set(FLOOD, _KEY, due_us, due_us)
        self._changed = True

    def load(self, saved: SavedState) -> bool:
        """Takes back a saved flood, with its wake-up; False when it is something else."""
        if saved.key != _KEY:
            return False
        value = orjson.loads(saved.value)
        self._times = deque(value["times"])
        self._since_us, self._count = value["since"], value["count"]
        if value["wake"] is not None:
            self._wakeups.set(FLOOD, _KEY, value["wake"], value["wake"])
        return True

    def changed(self) -> list[SavedState]:
        """What to write since the last time."""
        if not self._changed:
            return []
        self._changed = False
        wakeup = self._wakeups.get(FLOOD, _KEY)
        value = {
            "times": list(self._times),
            "since": self._since_us,
            "count": self._count,
            "wake": wakeup.due_us if wakeup else None,
        }
        return [SavedState(_KEY, orjson.dumps(value))]
