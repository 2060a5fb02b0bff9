"""Tells the operator of the machine that alerts can't go out, seldom, and once more when they do again."""

from __future__ import annotations

import time

import structlog

TELL_AFTER_S, TELL_AGAIN_S = 5.0, 60.0
"""An outage is told of once it has lasted so long (a broker that starts beside us takes a second or two), and
again every so often while it lasts."""

_log = structlog.get_logger()


class Outage:
    """Tells that alerts can't go out: not of every try. A connection that doesn't last doesn't end it."""

    def __init__(self) -> None:
        self._since_s: float | None = None
        self._tell_s = 0.0
        self._good_s = float("-inf")
        self._told = False

    def lasts(self, error: Exception) -> None:
        """Another try has failed, or the connection was lost."""
        now_s = time.monotonic()
        if self._since_s is None or self._since_s <= self._good_s <= now_s - TELL_AFTER_S:
            self._since_s, self._tell_s = now_s, now_s + TELL_AFTER_S
        if now_s >= self._tell_s:
            for_s = round(now_s - self._since_s)
            _log.warning("alerts can't go out", error=str(error), for_s=for_s)
            self._told, self._tell_s = True, now_s + TELL_AGAIN_S

    def ends(self) -> None:
        """Alerts go out."""
        self._good_s = time.monotonic()
        if self._told:
            _log.warning("alerts go out again")
            self._told = False
