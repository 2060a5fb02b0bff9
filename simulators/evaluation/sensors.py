"""What sensors and lines themselves did wrong, which rules about devices truly tell of. Pure.

Such alerts are neither found incidents nor false alarms: nobody meant anything, and they are right.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from simulators.day.truth import Label, Sent

FILL_US = 60_000_000
OFF_US = 5_000_000
LATE_US = 600_000_000
APART_US = 1_000_000
HALF_OF_THE_RING = 11


def clock_known_us(sent: Iterable[Sent], device: str, since_us: int) -> int | None:
    """When eleven messages of a device, no two within a second, have shown that its clock is off since a
    moment: then the median of twenty says so, and nobody could know before. None where that never comes. A
    message that comes a second time shows nothing new."""
    count, last_us, known = 0, 0, set[int]()
    for each in sent:
        if each.device != device or each.received_us < since_us or each.seq in known:
            continue
        known.add(each.seq)
        if each.received_us - last_us < APART_US:
            continue
        if OFF_US < abs(each.at_us - each.received_us) < LATE_US:
            count, last_us = count + 1, each.received_us
            if count == HALF_OF_THE_RING:
                return each.received_us
    return None


@dataclass
class Devices:
    """Follows counters and clocks of an estate's devices from day to day."""

    _next: dict[str, int] = field(default_factory=dict)
    _holes: dict[str, dict[int, int]] = field(default_factory=dict)
    _off: dict[str, int] = field(default_factory=dict)

    def labels(self, sent: Sequence[Sent]) -> Iterable[Label]:
        """The holes that were not filled in a minute, and the clocks that are off, in a day's messages."""
        for each in sent:
            if not each.seq:
                continue
            yield from self._clock(each)
            yield from self._count(each)

    def _clock(self, each: Sent) -> Iterable[Label]:
        if not OFF_US < abs(each.at_us - each.received_us) < LATE_US:
            return
        count = self._off[each.device] = self._off.get(each.device, 0) + 1
        if count >= HALF_OF_THE_RING:
            yield Label("clock_skewed", "", each.device, each.received_us, False, "a clock is off")

    def _count(self, each: Sent) -> Iterable[Label]:
        device, seq, now_us = each.device, each.seq, each.received_us
        expected = self._next.get(device, seq)
        holes = self._holes.setdefault(device, {})
        if seq >= expected:
            holes.update(dict.fromkeys(range(expected, seq), now_us))
            self._next[device] = seq + 1
        else:
            holes.pop(seq, None)
        for missing, since_us in list(holes.items()):
            if now_us - since_us >= FILL_US:
                del holes[missing]
                yield Label("sequence_gap", "", device, since_us + FILL_US, False, "a message is late")
