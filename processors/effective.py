"""Effective time: what a device's clock is off by, and the holes in its counter. Pure.

Skew is the middle of occurred − received over those of a device's last events, neither history nor late,
that agree with their median, so it depends on the order of the log alone. Less than `FLOOR_US` counts as
none: a device whose clock is right has no state and costs one comparison. Beyond `TOLERANCE_US` the device's
events get corrected times.

What waited for us while we were away, at a broker or in a line, looks like a slow clock too. But it comes
all at once, and each event has waited less than the one before: so of what arrives within a second the one
that is off least counts, and most of the twenty must agree.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import orjson

from eventlog.ports import Recorded, SavedState
from eventlog.vocabulary import TYPES, PlateRead
from eventlog.vocabulary.base import Role
from processors.measured import ClockMeasured, CounterFilled, CounterJumped, Measured
from processors.rules.missing import MISSING_MAX, Missing, filled

FLOOR_US = 2_500_000
"""Less than this between a device's clock and ours is transport, disorder or nothing."""
TOLERANCE_US = 5_000_000
"""Times are corrected when the skew is beyond this."""
STEADY_US = 1_000_000
"""A measured skew stays as it is until the median has moved by more than this: a correction that moved with
every event would put a device's own events out of order."""
RING = 20
"""Events that the median is taken of."""
APART_US = 1_000_000
"""They arrived so far apart at least."""
STRAGGLERS = 100
"""A counter that falls back by less is an event overtaken by others; by more, a counter that began anew."""
AFTER_RESET_US = 86_400_000_000
"""So long events of the count before a reset are known as such."""
SOURCES_MAX = 100_000
"""Sources whose counters are followed, in one estate."""
_LONG_AGO_US = -(2**62)

_SAVED = "effective/"
_COUNTERS = _SAVED + "counters"
_RING = _SAVED + "clock/"
_PLATE_READ = PlateRead.TYPE
_VEHICLE = "/vehicle/"
"""In the source of plate cameras: only for those the holes are kept."""
_DEVICE = frozenset(name for name, kind in TYPES.items() if kind.ROLE is Role.DEVICE)


class Clock:
    """A device's clock: how far its last events were off (0: below the floor), the skew as told, and when the
    last of those events arrived."""

    __slots__ = ("looked_us", "offs", "skew_us")

    def __init__(self, offs: tuple[int, ...] = (), skew_us: int = 0, looked_us: int = _LONG_AGO_US) -> None:
        self.offs = offs
        self.skew_us = skew_us
        self.looked_us = looked_us


class Measures:
    """The clocks and counters of an estate's devices, by the source of their events."""

    def __init__(self) -> None:
        self.seen: list[Measured] = []
        """What the last input showed, until it is taken."""
        self._clocks: dict[str, Clock] = {}
        self._counters: dict[str, int] = {}
        self._resets: dict[str, tuple[int, int]] = {}
        self._holes: dict[str, tuple[Missing, ...]] = {}
        self._shown: dict[str, int] = {}
        self._clocks_changed: set[str] = set()
        self._counters_changed = False

    def look(self, entry: Recorded) -> Recorded:
        """The entry, with its effective time where its device's clock is off; notes what it shows."""
        seq, source = entry.seq, entry.source
        if seq is not None:
            last = self._counters.get(source)
            if last is not None and seq == last + 1:  # nearly always
                self._counters[source] = seq
                self._counters_changed = True
            elif entry.type in _DEVICE:
                self._count(entry, seq, last)
        if self._shown and entry.type == _PLATE_READ:
            entry = replace(entry, missing=dict(self._shown))
        off_us = entry.occurred_us - entry.received_us
        if -FLOOR_US <= off_us <= FLOOR_US and source not in self._clocks:
            return entry
        return self._look_at_clock(entry, off_us) if entry.type in _DEVICE else entry

    def take(self) -> list[Measured]:
        """Hands over what the last input showed."""
        seen, self.seen = self.seen, []
        return seen

    # Counters.

    def _count(self, entry: Recorded, seq: int, last: int | None) -> None:
        source = entry.source
        if last is None:
            if len(self._counters) < SOURCES_MAX:
                self._begin(source, seq)
        elif seq > last:
            if self._of_the_count_before(entry, seq):
                return
            self._begin(source, seq)
            if _VEHICLE in source:
                hole = Missing(last + 1, seq - 1, entry.recorded_us)
                self._holes_are(entry.device, (*self._holes.get(entry.device, ())[1 - MISSING_MAX :], hole))
            self.seen.append(CounterJumped(device=entry.device, first=last + 1, last=seq - 1))
        elif entry.late or last - seq < STRAGGLERS:
            if entry.device in self._holes:
                self._holes_are(entry.device, filled(self._holes[entry.device], seq))
            self.seen.append(CounterFilled(device=entry.device, seq=seq))
        else:
            self._resets[source] = (last, entry.recorded_us + AFTER_RESET_US)
            self._begin(source, seq)
            if entry.device in self._holes:  # what was missing by then never comes
                self._holes_are(entry.device, (Missing(-1, -1, self._shown[entry.device]),))

    def _begin(self, source: str, seq: int) -> None:
        self._counters[source] = seq
        self._counters_changed = True

    def _holes_are(self, device: str, holes: tuple[Missing, ...]) -> None:
        """Sets what is missing of a device."""
        self._counters_changed = True
        if holes:
            self._holes[device] = holes
            self._shown[device] = max(each.at_us for each in holes)
        else:
            self._holes.pop(device, None)
            self._shown.pop(device, None)

    def _of_the_count_before(self, entry: Recorded, seq: int) -> bool:
        """Whether an event was numbered before its device began to count anew: nearer to that count."""
        reset = self._resets.get(entry.source)
        if reset is None:
            return False
        before, until_us = reset
        if until_us <= entry.recorded_us:
            del self._resets[entry.source]
            self._counters_changed = True
            return False
        behind = before - seq
        near = 0 <= behind < seq - self._counters[entry.source]
        return near and (behind < STRAGGLERS or entry.late)

    # Clocks.

    def _look_at_clock(self, entry: Recorded, off_us: int) -> Recorded:
        clock = self._clocks.get(entry.source)
        if not entry.late:
            clock = self._measure(entry, clock or Clock(), off_us)
        skewed = clock is not None and abs(clock.skew_us) > TOLERANCE_US
        # An event that shows no difference comes from a clock that has been put right meanwhile.
        if clock is None or not skewed or -FLOOR_US <= off_us <= FLOOR_US:
            return entry
        return replace(entry, skew_us=clock.skew_us)

    def _measure(self, entry: Recorded, clock: Clock, off_us: int) -> Clock | None:
        off_us = 0 if -FLOOR_US <= off_us <= FLOOR_US else off_us
        if 0 <= entry.received_us - clock.looked_us < APART_US:
            if abs(off_us) < abs(clock.offs[-1]):  # judged from the next second on
                clock.offs = (*clock.offs[:-1], off_us)
                self._clocks_changed.add(entry.source)
            return clock
        offs = (*clock.offs[1 - RING :], off_us)
        self._clocks_changed.add(entry.source)
        if not any(offs):
            self._clocks.pop(entry.source, None)
            self._tell(entry, clock.skew_us, 0)
            return None
        found_us = _skew(offs)
        skew_us = clock.skew_us
        if found_us is not None and (abs(found_us - skew_us) > STEADY_US or not found_us):
            self._tell(entry, skew_us, found_us)
            skew_us = found_us
        found = self._clocks[entry.source] = Clock(offs, skew_us, entry.received_us)
        return found

    def _tell(self, entry: Recorded, before_us: int, skew_us: int) -> None:
        if skew_us != before_us:
            self.seen.append(ClockMeasured(device=entry.device, skew_us=skew_us))

    # What is kept.

    def load(self, saved: SavedState) -> bool:
        """Takes back a saved state; False when it isn't one of these."""
        if not saved.key.startswith(_SAVED):
            return False
        value: Any = orjson.loads(saved.value)
        if saved.key == _COUNTERS:
            self._counters, resets, *holes = value  # states kept before holes were have two parts
            self._resets = {source: (before, until_us) for source, (before, until_us) in resets.items()}
            for device, found in (holes[0] if holes else {}).items():
                self._holes_are(device, tuple(Missing(**each) for each in found))
            self._counters_changed = False
        else:
            offs, skew_us, *looked_us = value  # states kept before the arrival was noted have two parts
            self._clocks[saved.key.removeprefix(_RING)] = Clock(tuple(offs), skew_us, *looked_us)
        return True

    def changed(self) -> tuple[list[SavedState], list[str]]:
        """What to write and what to delete since the last time."""
        write: list[SavedState] = []
        gone: list[str] = []
        if self._counters_changed:
            self._counters_changed = False
            write.append(SavedState(_COUNTERS, orjson.dumps((self._counters, self._resets, self._holes))))
        for source in sorted(self._clocks_changed):
            clock = self._clocks.get(source)
            if clock is None:
                gone.append(_RING + source)
            else:
                write.append(
                    SavedState(_RING + source, orjson.dumps((clock.offs, clock.skew_us, clock.looked_us)))
                )
        self._clocks_changed.clear()
        return write, gone


def _skew(offs: tuple[int, ...]) -> int | None:
    """What a clock is off by: the middle of those differences that agree with the median, so that the few
    that took long do not count; None where most of the events show something else."""
    median_us = _median(offs)
    if not median_us:
        return 0
    alike = sorted(each for each in offs if abs(each - median_us) <= FLOOR_US)
    return alike[len(alike) // 2] if len(alike) > RING // 2 else None


def _median(offs: tuple[int, ...]) -> int:
    """The median of the last `RING` differences, those that are missing counted as none; of its two middle
    ones the smaller. So it is 0 unless more than half of them are off to the same side."""
    ordered = sorted((*offs, *(0,) * (RING - len(offs))))
    low, high = ordered[RING // 2 - 1], ordered[RING // 2]
    return low if low > 0 else min(high, 0)
