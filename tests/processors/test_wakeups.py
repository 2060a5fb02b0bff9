"""Wake-ups fire in order, once, and not before their story is complete."""

from __future__ import annotations

from processors.wakeups import GRACE_US, Wakeups, fire_time


def test_they_fire_in_order_of_time_owner_and_key() -> None:
    wakeups = Wakeups()
    for owner, key, due in (("b", "x", 5), ("a", "y", 5), ("a", "x", 5), ("z", "z", 4), ("a", "late", 6)):
        wakeups.set(owner, key, due, due)
    fired = []
    while wakeup := wakeups.pop(5):
        fired.append((wakeup.due_us, wakeup.owner, wakeup.key))
    assert fired == [(4, "z", "z"), (5, "a", "x"), (5, "a", "y"), (5, "b", "x")]
    assert wakeups.next_us() == 6


def test_a_new_one_replaces_the_old_and_a_cancelled_one_is_gone() -> None:
    wakeups = Wakeups()
    wakeups.set("a", "x", 5, 5)
    wakeups.set("a", "x", 9, 9)
    wakeups.set("a", "y", 6, 6)
    wakeups.cancel("a", "y")
    assert wakeups.pop(8) is None
    assert wakeups.next_us() == 9
    fired = wakeups.pop(9)
    assert fired is not None
    assert (fired.due_us, wakeups.next_us()) == (9, None)


def test_many_changes_leave_no_heap_behind() -> None:
    wakeups = Wakeups()
    for due in range(1, 20_000):
        wakeups.set("a", "x", due, due)
    assert len(wakeups._heap) < 2_000
    fired = wakeups.pop(30_000)
    assert fired is not None
    assert fired.due_us == 19_999


def test_what_is_past_already_waits_for_the_rest_of_the_story() -> None:
    assert fire_time(100, now_us=99) == 100
    assert fire_time(100, now_us=100) == 100 + GRACE_US
    assert fire_time(50, now_us=100) == 100 + GRACE_US
