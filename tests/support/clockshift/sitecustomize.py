"""Puts the wall clock of a Python process off by what a file says: a jump of the machine's clock for tests.

Python imports a module of this name at start when its folder is on PYTHONPATH. The file named by
CLOCK_OFFSET_FILE holds seconds as text; it is read again at every question for the time. The steady clock
is left alone, as a real jump leaves it.
"""

import os
import time

_file = os.environ.get("CLOCK_OFFSET_FILE", "")
_real_ns = time.time_ns


def _offset_ns() -> int:
    try:
        with open(_file, encoding="ascii") as file:
            return int(float(file.read() or 0) * 1e9)
    except (OSError, ValueError):
        return 0


def _shifted_ns() -> int:
    return _real_ns() + _offset_ns()


def _shifted() -> float:
    return _shifted_ns() / 1e9


if _file:
    time.time_ns = _shifted_ns
    time.time = _shifted
