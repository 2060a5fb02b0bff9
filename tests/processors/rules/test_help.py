"""Somebody asks for help."""

from __future__ import annotations

import pytest

from processors.rules.help import Help
from tests.processors.story import check

RULE = Help()


def test_a_help_button_is_critical_wherever_it_hangs() -> None:
    signals = check(
        RULE,
        """
        00:00  help-1  pressed  lobby    -> critical location:lobby
        00:01  help-1  pressed  shed     -> critical location:shed
        00:02  help-9  pressed  nowhere  -> critical location:nowhere
        """,
    )
    assert [each.zone for each in signals] == ["yard", "shed", "xiegou"]
    assert signals[0].devices == ("help-1",)
    assert signals[0].title.en == "yard: somebody calls for help at button one"
    assert signals[2].title.en == "Xiegou: somebody calls for help at nowhere"


def test_a_button_pressed_again_is_told_again_under_the_same_key() -> None:
    check(
        RULE,
        """
        00:00  help-1  pressed  lobby  -> critical location:lobby
        00:01  help-1  pressed  lobby  -> critical location:lobby
        """,
    )


@pytest.mark.parametrize("answer", ["received", "accept", "decline", "arrive", "close"])
def test_a_members_other_answers_are_silent(answer: str) -> None:
    check(RULE, f"00:00  li  answers  {answer}")


def test_a_member_who_needs_help_is_critical_and_not_named() -> None:
    signals = check(
        RULE,
        """
        00:00  li      answers  need_help  -> critical member:~li
        00:01  nobody  answers  need_help  -> critical member:~nobody
        """,
    )
    assert signals[0].title.en == "Xiegou: a member of one needs help"
    assert signals[1].title.en == "Xiegou: a patrol member needs help"
    assert signals[0].devices == ()


def test_the_last_checkpoint_says_where() -> None:
    signals = check(
        RULE,
        """
        00:00      li  point    point-1
        30:00      li  answers  need_help  -> critical member:~li
        30:00.001  li  answers  need_help  -> critical member:~li
        """,
    )
    assert [each.zone for each in signals] == ["store", "xiegou"]


def test_the_last_position_says_where_also_out_of_order() -> None:
    signals = check(
        RULE,
        """
        00:00  li  point    point-1
        00:09  li  stands   yard         @00:05
        00:10  li  stands   building-3   @00:04
        00:11  li  stands   no-such-zone
        00:12  li  point    no-such-point
        00:13  wu  answers  need_help  -> critical member:~wu
        00:14  li  answers  need_help  -> critical member:~li
        """,
    )
    assert [each.zone for each in signals] == ["xiegou", "yard"]


def test_a_checkpoint_dated_ahead_does_not_hide_the_next_one() -> None:
    signals = check(
        RULE,
        """
        00:00  li  point    point-1     @20:00:00
        00:05  li  stands   yard
        00:06  li  answers  need_help  -> critical member:~li
        """,
    )
    assert signals[0].zone == "yard"


def test_a_zone_may_have_its_own_numbers() -> None:
    rule = Help(zones={"store": Help.Settings(fresh_s=60)})
    signals = check(
        rule,
        """
        00:00      li  point    point-1
        01:00      li  answers  need_help  -> critical member:~li
        01:00.001  li  answers  need_help  -> critical member:~li
        """,
    )
    assert [each.zone for each in signals] == ["store", "xiegou"]


def test_history_is_late() -> None:
    check(RULE, "00:00  help-1  pressed  lobby  @-3:00:00  -> late critical location:lobby")
