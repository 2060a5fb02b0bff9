"""Wake-ups of one estate: who wants to be woken when, in the order they fire. Pure.

A wake-up fires at the first input recorded at or after its `fire_us`. Normally that is its due time. One
that was due already when its cause was recorded (history uploaded late, events out of order) waits
`GRACE_US` more, so that the rest of the story has a chance to arrive; it is still told its due time.
"""

from __future__ import annotations

from heapq import heapify, heappop, heappush
from typing import NamedTuple

NEVER_US = 2**62
GRACE_US = 5_000_000
CATCH_UP_US = 24 * 3_600_000_000
"""What recurs by the clock (rounds, shifts) is made up for so far back where the log stood still longer."""


class Wakeup(NamedTuple):
    """In the order in which they fire."""

    fire_us: int
    due_us: int
    owner: str
    key: str


def fire_time(due_us: int, now_us: int) -> int:
    """When a wake-up due at `due_us` fires, where its cause was recorded at `now_us`."""
    return due_us if due_us > now_us else now_us + GRACE_US


class Wakeups:
    """At most one wake-up an owner and key; changes leave stale entries in the heap, skipped later."""

    def __init__(self) -> None:
        self._heap: list[Wakeup] = []
        self._standing: dict[str, dict[str, Wakeup]] = {}
        self._heap_max = _HEAP_MAX
        self.earliest_us = NEVER_US
        """A lower bound of `next_us`, for a cheap look before every input."""

    def standing(self, owner: str) -> dict[str, Wakeup]:
        """The standing wake-ups of an owner by key. Whoever takes one out has cancelled it; they are set by
        `set` only."""
        return self._standing.setdefault(owner, {})

    def set(self, owner: str, key: str, due_us: int, fire_us: int) -> None:
        """Sets or replaces the wake-up of this owner and key."""
        wakeup = Wakeup(fire_us, due_us, owner, key)
        self.standing(owner)[key] = wakeup
        heappush(self._heap, wakeup)
        if fire_us < self.earliest_us:
            self.earliest_us = fire_us
        if len(self._heap) > self._heap_max:
            self._heap = [each for own in self._standing.values() for each in own.values()]
            heapify(self._heap)
            self.earliest_us = self._heap[0].fire_us
            self._heap_max = _HEAP_MAX + 4 * len(self._heap)

    def cancel(self, owner: str, key: str) -> None:
        """Takes the wake-up back, where there is one."""
        self.standing(owner).pop(key, None)

    def get(self, owner: str, key: str) -> Wakeup | None:
        """The standing wake-up of this owner and key."""
        return self.standing(owner).get(key)

    def next_us(self) -> int | None:
        """When the next one fires."""
        while self._heap:
            first = self._heap[0]
            if self._standing[first.owner].get(first.key) is first:
                return first.fire_us
            heappop(self._heap)
        return None

    def pop(self, now_us: int) -> Wakeup | None:
        """Takes out the first one that fires by `now_us`."""
        heap, standing = self._heap, self._standing
        while heap and heap[0][0] <= now_us:
            first = heappop(heap)
            own, key = standing[first[2]], first[3]
            if own.get(key) is first:
                del own[key]
                self.earliest_us = heap[0][0] if heap else NEVER_US
                return first
        self.earliest_us = heap[0][0] if heap else NEVER_US
        return None

    def pop_beside(self, wakeup: Wakeup) -> Wakeup | None:
        """Takes out the next one, where it fires at the same time for the same owner."""
        if self.next_us() != wakeup.fire_us or self._heap[0].owner != wakeup.owner:
            return None
        return self.pop(wakeup.fire_us)


_HEAP_MAX = 1_000
"""Entries of the heap before stale ones are looked for, besides those that were standing last time."""
