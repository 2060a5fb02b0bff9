"""When a message is tried, over which channel, and when no more: by the seconds of a made-up wall."""

from __future__ import annotations

from processors.delivery.pending import (
    AGE_S_MAX,
    ATTEMPTS_MAX,
    BACK_OFF_S,
    FAILURES_MAX,
    REST_S,
    Circuit,
    Pending,
)
from tests.support.histories import alert


def message(*channels: str) -> Pending:
    return Pending("m", alert("a"), "squad:s", "new", channels, made_s=0.0, due_s=0.0)


def test_the_next_channel_is_tried_at_once_and_the_round_begins_anew_later() -> None:
    circuits = {"a": Circuit(), "b": Circuit()}
    one, story, now_s = message("a", "b"), [], 0.0
    while one.given_up(now_s) is None:
        now_s = max(now_s, one.due_s)
        channel = one.next_channel(circuits, now_s)
        assert channel
        story.append((now_s, channel))
        one.begins(channel)
        one.failed(now_s)
    first, second, third = BACK_OFF_S[:3]
    assert story[:4] == [(0.0, "a"), (0.0, "b"), (first, "a"), (first, "b")]
    assert story[4:6] == [(first + second, "a"), (first + second, "b")]
    assert len(story) == ATTEMPTS_MAX
    assert story[-1] == (first + second + third, "b")
    assert one.given_up(now_s) == "limit"


def test_a_channel_that_fails_again_and_again_rests_and_is_gone_round() -> None:
    circuits = {"a": Circuit(), "b": Circuit()}
    for _ in range(FAILURES_MAX):
        assert message("a", "b").next_channel(circuits, 0.0) == "a"
        circuits["a"].answered(ok=False, now_s=0.0)
    assert message("a", "b").next_channel(circuits, REST_S - 1) == "b"
    alone = message("a")
    assert alone.next_channel(circuits, 1.0) is None
    assert alone.due_s == REST_S
    assert alone.next_channel(circuits, REST_S) == "a"
    circuits["a"].answered(ok=False, now_s=REST_S)  # one failure more is enough now
    assert message("a").next_channel(circuits, REST_S + 1) is None
    circuits["a"].answered(ok=True, now_s=2 * REST_S)
    assert circuits["a"] == Circuit()


def test_what_was_under_way_at_a_crash_is_due_at_once_and_keeps_its_count() -> None:
    one = message("a", "b")
    one.begins("a")
    again = Pending.load(one.dump())
    assert (again.trying, again.attempts, again.due_s, again.id) == ("", 1, 0.0, "m")
    assert again.alert == one.alert


def test_what_is_too_old_or_settled_is_given_up() -> None:
    one = message("a")
    assert one.given_up(AGE_S_MAX) is None
    assert one.given_up(AGE_S_MAX + 1) == "too_old"
    one.over = True
    assert one.given_up(0.0) == "over"
    assert message().given_up(0.0) == "no_channel"
