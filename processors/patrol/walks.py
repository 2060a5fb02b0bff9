"""One round being walked: its points, what became of each, when the next is judged. Pure values.

All times are µs since 1970 by the member's clock; the time a round was paused moves what is left of it.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from datetime import datetime, time, timedelta
from typing import Any, Literal

import orjson

from eventlog.estate import Estate
from eventlog.times import from_us, to_us
from eventlog.vocabulary import RoundSet, Stop

MINUTE_US = 60_000_000
Result = Literal["on_time", "early", "late", "out_of_order", "absent"]


@dataclass(slots=True)
class Walk:
    """A round that began. `results` by the place of the stop in the plan. `heard_us` is when its member was
    last heard of, `told` how often that nothing is heard any more was told: a call, then a dispatch."""

    id: str
    start_us: int
    shift_us: int = 0
    paused_us: int | None = None
    member: str | None = None
    results: dict[str, Result] = field(default_factory=dict)
    finished: bool = False
    heard_us: int = 0
    told: int = 0
    told_us: int = 0

    def due_us(self, stop: Stop, plan: RoundSet) -> int:
        """When a point should be visited; in a round of random order, by when."""
        after = max(each.after_min for each in plan.stops) if plan.order == "random" else stop.after_min
        return self.start_us + self.shift_us + round(after * MINUTE_US)

    def last_us(self, stop: Stop, plan: RoundSet) -> int:
        """From when on a point counts as missed."""
        return self.due_us(stop, plan) + round(stop.extended_min * MINUTE_US)

    def open_stops(self, plan: RoundSet) -> list[tuple[int, Stop]]:
        """The points that are not judged yet, with their place in the plan."""
        return [(place, stop) for place, stop in enumerate(plan.stops) if str(place) not in self.results]

    def judge(self, checkpoint: str, at_us: int, plan: RoundSet) -> tuple[int, Result] | None:
        """What a visit makes of the round: the stop it is for, and how it was; None for a visit too many, or
        too early to be part of it."""
        for place, stop in enumerate(plan.stops):
            known = self.results.get(str(place))
            if stop.checkpoint != checkpoint or known not in (None, "absent"):
                continue
            # A pause lets a round wait; whoever walks on all the same is not early for that.
            off_us = at_us - self.due_us(stop, plan) - self._waiting_us(at_us)
            early_us = self.due_us(stop, plan) - self.shift_us - at_us
            buffer_us, extended_us = stop.buffer_min * MINUTE_US, stop.extended_min * MINUTE_US
            if off_us > extended_us:
                continue  # it was missed, whoever comes now
            if plan.order == "random":
                return (
                    (place, "late" if off_us > buffer_us else "on_time") if at_us >= self.start_us else None
                )
            if early_us > extended_us:
                return None
            if any(before < place for before, _ in self.open_stops(plan)):
                return place, "out_of_order"
            return place, "early" if early_us > buffer_us else "late" if off_us > buffer_us else "on_time"
        return None

    def _waiting_us(self, at_us: int) -> int:
        """How long the round has been waiting at a moment of a pause that goes on."""
        return 0 if self.paused_us is None else max(0, at_us - self.paused_us)

    def unheard_us(self, plan: RoundSet) -> int | None:
        """The due time of the first point since the member was last heard of that was not visited."""
        dues = (
            self.due_us(stop, plan)
            for place, stop in enumerate(plan.stops)
            if self.results.get(str(place)) in (None, "absent")
        )
        return min((due_us for due_us in dues if due_us >= self.heard_us), default=None)


@dataclass(slots=True)
class Plan:
    """What is kept of a round's plan: the entry that set it, its next start, whether its points are in use,
    the walk under way, the wake-up."""

    entry: str
    position: int
    next_us: int | None
    used: bool = False
    walk: Walk | None = None
    wake: tuple[int, int] | None = None

    def dumped(self) -> bytes:
        """As it is saved."""
        return orjson.dumps(asdict(self))


def plan_of(value: bytes) -> Plan:
    """What `dumped` wrote."""
    fields: dict[str, Any] = orjson.loads(value)
    walk, wake = fields.pop("walk"), fields.pop("wake")
    return Plan(**fields, walk=Walk(**walk) if walk else None, wake=tuple(wake) if wake else None)


def next_start_us(estate: Estate, plan: RoundSet, after_us: int) -> int | None:
    """The next start of a round after a moment, on the estate's clock."""
    first = estate.local(from_us(after_us)).date()
    for days in range(9):
        day = first + timedelta(days=days)
        if day.isoweekday() not in plan.days:
            continue
        for start in sorted(plan.starts):
            at_us = to_us(datetime.combine(day, time.fromisoformat(start), estate.zone_info))
            if at_us > after_us:
                return at_us
    return None
