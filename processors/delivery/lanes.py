"""One thread a channel, so that one that hangs holds up no other; one message under way on each.

A thread can't be ended from outside: one that takes far too long is left behind, and what it says later
counts for nothing.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from typing import NamedTuple

from processors.delivery.letters import Letter

Send = Callable[[Letter], str | None]


class Result(NamedTuple):
    """What became of a message on a channel; `error` None when it was taken over."""

    channel: str
    message: str
    error: str | None
    turn: int
    """Which of the channel's attempts, so that one that was left behind is told from a later one."""


class Lane:
    """The way out over one channel."""

    def __init__(self, channel: str, send: Send, limit_s: float, results: queue.SimpleQueue[Result]) -> None:
        self._channel, self._send, self._limit_s, self._results = channel, send, limit_s, results
        self._message: str | None = None
        self._by_s = 0.0
        self._turn = 0

    @property
    def free(self) -> bool:
        """Whether nothing is under way."""
        return self._message is None

    def start(self, message: str, letter: Letter, now_s: float) -> None:
        """Sends a message in a thread of its own; its result comes through the queue."""
        self._message, self._by_s = message, now_s + self._limit_s
        self._turn += 1
        turn = self._turn

        def run() -> None:
            self._results.put(Result(self._channel, message, self._send(letter), turn))

        threading.Thread(target=run, name=f"channel-{self._channel}", daemon=True).start()

    def overdue(self, now_s: float) -> Result | None:
        """The result of a message whose time is over."""
        if self._message is None or now_s < self._by_s:
            return None
        return Result(self._channel, self._message, f"no answer within {self._limit_s:g} s", self._turn)

    def ends(self, result: Result) -> bool:
        """Takes a result; False for one of a message that was left behind."""
        if self._message is None or result.turn != self._turn:
            return False
        self._message = None
        return True
