"""Waiting for a condition with a deadline: the only way tests wait."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")
PAUSE_S, PAUSE_S_MAX = 0.01, 0.25
"""Between two looks. One that takes the processor long is made more seldom: what is waited for needs it."""


def wait_until(condition: Callable[[], T], *, timeout_s: float = 30.0, what: str = "condition") -> T:
    """The first true value of `condition`, asked again and again; fails after `timeout_s`."""
    deadline = time.monotonic() + timeout_s
    while True:
        worked_s = time.thread_time()
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"still not so after {timeout_s} s: {what}")
        time.sleep(min(PAUSE_S_MAX, max(PAUSE_S, 3 * (time.thread_time() - worked_s))))
