"""The log's clock: what an entry is stamped with. Never backwards; a jump of the machine's clock is bounded.

The rule of `LogClock`, which compares the wall clock with the machine's steady clock:
- forward by up to 2 s against the steady clock: followed at once (a correction by NTP);
- further forward: not believed until it has stood for 60 s of steady time, then taken in one step;
- backward: the clock goes on at nine tenths of its speed until the wall clock has caught up.
A jump of more than 2 s either way is counted (`CLOCK_JUMPS`) and logged once.

Several processes share a log, each with its own clock: a stamp is never before the last one in the log,
and a clock that is behind the log goes on from there. A process that starts after a jump takes the wall
clock as it finds it: there is nothing to compare it with.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from typing import Literal

import structlog

from eventlog.ports import NewEvent
from eventlog.vocabulary.base import TYPES, Role

TimeMode = Literal["wall", "events"]
Clock = Callable[[], int]
"""Gives whole microseconds since 1970 UTC."""

JUMP_US = 2_000_000
BELIEVED_AFTER_US = 60_000_000
SLOWER_BY_TENTHS = 1


def wall_us() -> int:
    """The machine's wall clock."""
    return time.time_ns() // 1_000


def steady_us() -> int:
    """The machine's steady clock; it counts the time a machine sleeps where the system can tell."""
    source = getattr(time, "CLOCK_BOOTTIME", None)
    return (time.monotonic_ns() if source is None else time.clock_gettime_ns(source)) // 1_000


class LogClock:
    """A disciplined wall clock; call it for the present time. Safe across threads."""

    def __init__(self, wall: Clock = wall_us, steady: Clock = steady_us, *, reports: bool = True) -> None:
        self._wall, self._steady, self._reports = wall, steady, reports
        self._lock = threading.Lock()
        self._now_us = wall()
        self._steady_us = steady()
        self._jumped_at_us: int | None = None
        self._behind = False

    def __call__(self) -> int:
        with self._lock:
            steady, wall = self._steady(), self._wall()
            passed_us = max(0, steady - self._steady_us)
            self._steady_us = steady
            own = self._now_us + passed_us
            ahead_us = wall - own
            if ahead_us > JUMP_US:
                self._now_us = self._forward(own, wall, steady)
            elif ahead_us >= 0:
                self._jumped_at_us, self._behind = None, False
                self._now_us = wall
            else:
                self._now_us = self._backward(own, wall, passed_us)
            return self._now_us

    def follow(self, last_us: int) -> None:
        """Goes on from the log's last stamp where that is ahead."""
        with self._lock:
            self._now_us = max(self._now_us, last_us)

    def _forward(self, own: int, wall: int, steady: int) -> int:
        if self._jumped_at_us is None:
            self._jumped_at_us = steady
            self._report(wall - own)
        if steady - self._jumped_at_us < BELIEVED_AFTER_US:
            return own
        self._jumped_at_us = None
        return wall

    def _backward(self, own: int, wall: int, passed_us: int) -> int:
        self._jumped_at_us = None
        if own - wall > JUMP_US and not self._behind:
            self._behind = True
            self._report(wall - own)
        return max(wall, own - passed_us * SLOWER_BY_TENTHS // 10)

    def _report(self, jump_us: int) -> None:
        if not self._reports:
            return
        from eventlog import metrics  # here: commands look at the clock and count nothing

        metrics.CLOCK_JUMPS.inc()
        structlog.get_logger().warning("the machine's clock jumped", jump_s=round(jump_us / 1e6, 3))


class Stamper:
    """Stamps entries by the wall clock, or by the events themselves; never before the last stamp."""

    def __init__(self, time_mode: TimeMode = "wall", clock: Clock | None = None) -> None:
        if time_mode not in ("wall", "events"):
            raise ValueError(f"time_mode is {time_mode!r}, not 'wall' or 'events'")
        self._events = time_mode == "events"
        self._clock = clock or LogClock()

    def now(self, last_us: int) -> int:
        """The present time, given the log's last stamp (0: none)."""
        if self._events:
            return last_us
        now_us = self._clock()
        if now_us >= last_us:
            return now_us
        if isinstance(self._clock, LogClock):
            self._clock.follow(last_us)
        return last_us

    def stamps(self, events: Sequence[NewEvent], last_us: int) -> list[int]:
        """One stamp an event, in order."""
        if not self._events:
            return [self.now(last_us)] * len(events)
        found: list[int] = []
        for event in events:
            if event.type in _tellers() and event.occurred_us > last_us:
                last_us = event.occurred_us
            found.append(last_us)
        return found


_TELLERS: set[str] = set()


def _tellers() -> set[str]:
    """The types whose events move the clock that follows the events: devices' own and `time.reached`."""
    if not _TELLERS:
        import eventlog.vocabulary  # noqa: F401  declares the types

        _TELLERS.update(name for name, kind in TYPES.items() if kind.ROLE is Role.DEVICE)
        _TELLERS.add("time.reached")
    return _TELLERS
