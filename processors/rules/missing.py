"""What the rules about contacts share: which messages of a device are missing, by the holes in its counter.
Pure."""

from __future__ import annotations

from eventlog.ports import Recorded
from processors.measured import CounterFilled, CounterJumped
from processors.rules.base import value

MISSING_MAX = 8
"""Holes kept at once, the newest."""

COUNTER_TYPES = frozenset({CounterJumped.TYPE, CounterFilled.TYPE})
"""What is told of counters."""


@value
class Missing:
    """Numbers `first` to `last` of a device's counter are missing; an event of `at_us` showed it."""

    first: int
    last: int
    at_us: int


def noted(missing: tuple[Missing, ...], event: Recorded) -> tuple[Missing, ...]:
    """The holes after the counter jumped, or after something came that fills one."""
    what = event.event
    if isinstance(what, CounterJumped):
        return (*missing[1 - MISSING_MAX :], Missing(what.first, what.last, event.effective_us))
    if not isinstance(what, CounterFilled):
        raise TypeError(f"{event.type} says nothing of a counter")
    return filled(missing, what.seq, event.effective_us)


def filled(missing: tuple[Missing, ...], seq: int, at_us: int | None = None) -> tuple[Missing, ...]:
    """The holes after a message came whose number may lie in one: what is missing below it was sent before
    its moment, where that is given."""
    rest: list[Missing] = []
    for each in missing:
        if not each.first <= seq <= each.last:
            rest.append(each)
            continue
        if each.first < seq:
            before_us = each.at_us if at_us is None else min(each.at_us, at_us)
            rest.append(Missing(each.first, seq - 1, before_us))
        if seq < each.last:
            rest.append(Missing(seq + 1, each.last, each.at_us))
    return tuple(rest[-MISSING_MAX:])


def shown_within(missing: tuple[Missing, ...], from_us: int, until_us: int) -> bool:
    """Whether something that is still missing was shown to be so in that time, both ends included."""
    return any(from_us <= each.at_us <= until_us for each in missing)
