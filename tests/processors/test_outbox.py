"""Outputs get ids from their causes: the same cause the same id, another cause another."""

from __future__ import annotations

from eventlog.vocabulary import SafetyChanged
from processors.outbox import Outbox
from processors.wakeups import Wakeup
from tests.processors.estate import NAME
from tests.processors.story import NOON


def ids(wakeup: Wakeup, count: int = 1) -> list[str]:
    """The ids of outputs about one zone that a wake-up causes."""
    out = Outbox(NAME)
    out.begin(wakeup)
    for _ in range(count):
        out.add(
            "safety",
            "yard",
            SafetyChanged(zone="yard", level="safe", previous="watch", cause_kind="closed", at=NOON),
        )
    return [event.id for event in out.take()]


def test_the_same_cause_gives_the_same_ids() -> None:
    wakeup = Wakeup(5, 5, "safety", "yard")
    assert ids(wakeup, 2) == ids(wakeup, 2)
    assert len(set(ids(wakeup, 3))) == 3


def test_wake_ups_that_differ_in_anything_give_other_ids() -> None:
    wakeups = [
        Wakeup(5, 5, "safety", "yard"),
        Wakeup(5, 5, "safety", "gate-n"),
        Wakeup(5, 5, "door_forced", "yard"),
        Wakeup(6, 5, "safety", "yard"),
        Wakeup(6, 6, "safety", "yard"),
    ]
    assert len({ids(wakeup)[0] for wakeup in wakeups}) == len(wakeups)
