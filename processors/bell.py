"""Tells threads of the decider's own process that there are outputs, so that they needn't look at the log
after every event of a device. Says nothing of what there is: whoever is woken reads the log."""

from __future__ import annotations

import threading
import time

YIELD_S = 0.0002


class Bell:
    """Rung after outputs were recorded. `hung` while the decider of the log works in this process; while
    it does not, wait at the log instead."""

    def __init__(self) -> None:
        self._condition = threading.Condition()
        self._rung = 0
        self.hung = False

    @property
    def rung(self) -> int:
        """How often it was rung so far. Take it before reading the log, and wait for more than it."""
        return self._rung

    def ring(self) -> None:
        """Wakes everybody who waits, and lets them have the interpreter at once: else whoever rings works on
        until it waits for something, and what was rung for waits too."""
        with self._condition:
            self._rung += 1
            self._condition.notify_all()
        if self.hung:
            time.sleep(YIELD_S)

    def wait(self, after: int, timeout_s: float) -> bool:
        """Waits until it was rung more often than `after` times; False after the timeout."""
        with self._condition:
            return self._condition.wait_for(lambda: self._rung > after, timeout_s)
