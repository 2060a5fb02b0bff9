"""The one reader of the log for the whole console: streams, pages and waiting commands hang on it.

A thread of its own; listeners are called in it and must return at once. Keeps the last changes in memory,
so that a stream that comes back after a pause seldom asks the log.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence

import structlog

from eventlog.ports import EventLog, LogUnavailableError, Position, Recorded
from eventlog.vocabulary import CommandRefused
from projections.alerts import ALERT_TYPES, FLOOD_TYPES
from projections.reports import REPORT_TYPES
from projections.zones import Zones

KEPT_MAX = 500
"""Changes of alerts kept in memory."""
BATCH = 500
WAIT_S = 0.5
PACE_S = 0.02
"""Between looks while the log is busy: most of what devices send is not for the console."""
RETRY_S = 1.0

FOLLOWED = ALERT_TYPES | FLOOD_TYPES | REPORT_TYPES | Zones.listens_to | {CommandRefused.TYPE}
Listener = Callable[[Sequence[Recorded]], None]

_log = structlog.get_logger()


class Follower:
    """Follows the log from where it stands at the start."""

    def __init__(self, log: EventLog) -> None:
        self._log = log
        self._listeners: tuple[Listener, ...] = ()
        self._changing = threading.Lock()
        self._kept: deque[Recorded] = deque(maxlen=KEPT_MAX)
        self._complete_after: Position = log.head()
        self.position: Position = self._complete_after
        """Everything up to here has been told to the listeners."""

    def listen(self, listener: Listener) -> Callable[[], None]:
        """Calls `listener` with what is new, in the follower's thread; returns how to end that."""
        with self._changing:
            self._listeners = (*self._listeners, listener)

        def end() -> None:
            with self._changing:
                self._listeners = tuple(one for one in self._listeners if one is not listener)

        return end

    def changes_after(self, position: Position) -> Sequence[Recorded] | None:
        """Changes of alerts after a position, from memory; None when memory doesn't reach back so far."""
        with self._changing:
            if position < self._complete_after:
                return None
            return [entry for entry in self._kept if entry.position > position]

    def run(self, stop: threading.Event) -> None:
        """Follows until `stop` is set; a log that is away is asked again every second."""
        while not stop.is_set():
            try:
                self.run_once()
                if self._log.wait(self.position, WAIT_S):
                    stop.wait(PACE_S)
            except LogUnavailableError as error:
                _log.warning("console_waits_for_log", error=str(error))
                stop.wait(RETRY_S)

    def run_once(self) -> int:
        """Reads what is new and tells it; how many entries there were."""
        head = self._log.head()
        if head <= self.position:
            return 0
        entries = self._log.read(after=self.position, limit=BATCH, types=FOLLOWED)
        self._keep(entries)
        last = entries[-1].position if entries else self.position
        # What was appended since `head` was asked for may have been read too.
        self.position = last if len(entries) == BATCH else max(head, last)
        if entries:
            for listener in self._listeners:
                listener(entries)
        return len(entries)

    def _keep(self, entries: Sequence[Recorded]) -> None:
        with self._changing:
            for entry in entries:
                if entry.type in ALERT_TYPES:
                    if len(self._kept) == KEPT_MAX:
                        self._complete_after = self._kept[0].position
                    self._kept.append(entry)
