"""What the step measures of devices and tells the rules: their clocks and their counters. Not in the log.

These are made from inputs inside the step (`processors.effective`); a rule listens to them as to any event.
"""

from __future__ import annotations

from typing import ClassVar

from eventlog.vocabulary import Event
from eventlog.vocabulary.base import Role


class Measured(Event):
    """Something measured of a device; never stored, so it has no place among the vocabulary's types."""

    ROLE: ClassVar[Role] = Role.OUTPUT
    VERSION: ClassVar[int] = 1
    device: str


class ClockMeasured(Measured):
    """A device's clock is off by `skew_us` (positive: ahead; 0: right again). Told when it changes."""

    TYPE: ClassVar[str] = "measured.clock"
    skew_us: int


class CounterJumped(Measured):
    """A device's counter jumped over `first` to `last`."""

    TYPE: ClassVar[str] = "measured.counter_jumped"
    first: int
    last: int


class CounterFilled(Measured):
    """An event came whose counter lies behind the last one's: it may fill a hole."""

    TYPE: ClassVar[str] = "measured.counter_filled"
    seq: int
