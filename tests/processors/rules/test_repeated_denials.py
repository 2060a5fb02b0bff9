"""Somebody tries and is refused, again and again."""

from __future__ import annotations

from processors.rules.repeated_denials import RepeatedDenials, Settings
from tests.processors.story import check

RULE = RepeatedDenials()


def test_three_cards_at_one_door_in_a_minute() -> None:
    signals = check(
        RULE,
        """
        00:00  building-3  denied  a
        00:30  building-3  denied  b
        01:00  building-3  denied  c  -> medium door:building-3 since 01:00
        """,
    )
    assert signals[0].evidence == ("event-1", "event-2", "event-3")
    assert signals[0].title.en == "building-3: 3 denials at door three"


def test_two_are_not_enough() -> None:
    check(
        RULE,
        """
        00:00  building-3  denied  a
        00:30  building-3  denied  b
        05:00  time
        """,
    )


def test_three_in_more_than_a_minute_are_silent() -> None:
    check(
        RULE,
        """
        00:00      building-3  denied  a
        00:30      building-3  denied  b
        01:00.001  building-3  denied  c
        """,
    )


def test_an_impatient_hand_counts_once() -> None:
    check(
        RULE,
        """
        00:00  building-3  denied  a
        00:01  building-3  denied  a
        00:02  building-3  denied  a
        00:10  building-3  denied  b
        """,
    )


def test_a_card_again_after_more_than_two_seconds_counts() -> None:
    check(
        RULE,
        """
        00:00      building-3  denied  a
        00:02.001  building-3  denied  a
        00:04.002  building-3  denied  a  -> medium door:building-3
        """,
    )


def test_other_cards_at_once_count_each() -> None:
    check(
        RULE,
        """
        00:00  building-3  denied  a
        00:01  building-3  denied  b
        00:02  building-3  denied  c  -> medium door:building-3
        """,
    )


def test_without_a_credential_each_counts() -> None:
    check(
        RULE,
        """
        00:00  building-3  denied
        00:01  building-3  denied
        00:02  building-3  denied  -> medium door:building-3
        """,
    )


def test_one_credential_across_doors_is_high() -> None:
    signals = check(
        RULE,
        """
        00:00  building-3  denied  a
        00:20  building-4  denied  a
        00:40  gate-n1     denied  a  -> high credential:a
        """,
    )
    assert signals[0].title.en == "gate-n: one credential denied 3 times at 3 doors"
    assert signals[0].devices == ("building-3", "building-4", "gate-n1")


def test_different_credentials_at_different_doors_are_silent() -> None:
    check(
        RULE,
        """
        00:00  building-3  denied  a
        00:01  building-4  denied  b
        00:02  gate-n1     denied  c
        """,
    )


def test_one_card_at_one_door_is_told_by_the_door_alone() -> None:
    check(
        RULE,
        """
        00:00  building-3  denied  a
        00:10  building-3  denied  a
        00:20  building-3  denied  a  -> medium door:building-3
        """,
    )


def test_while_it_goes_on_it_is_told_once_a_minute() -> None:
    check(
        RULE,
        """
        00:00  building-3  denied  a
        00:10  building-3  denied  b
        00:20  building-3  denied  c  -> medium door:building-3
        00:30  building-3  denied  d
        01:19  building-3  denied  e
        01:20  building-3  denied  f  -> medium door:building-3 since 01:20
        """,
    )


def test_one_in_the_middle_that_comes_late_counts() -> None:
    check(
        RULE,
        """
        00:00  building-3  denied  a
        00:10  building-3  denied  b
        00:11  building-3  denied  c  @00:09  -> medium door:building-3 since 00:10
        """,
    )


def test_history_is_told_as_late_and_does_not_mix_with_now() -> None:
    check(
        RULE,
        """
        00:00  building-3  denied  a
        00:01  building-3  denied  b  @-3:00:00
        00:02  building-3  denied  c  @-2:59:50
        00:03  building-3  denied  x
        00:03  building-3  denied  d  @-2:59:40  -> late medium door:building-3
        00:04  building-3  denied  e  -> medium door:building-3
        """,
    )


def test_a_zone_may_have_its_own_numbers() -> None:
    rule = RepeatedDenials(zones={"building-3": Settings(count=2, window_s=10, impatient_s=0)})
    check(
        rule,
        """
        00:00  building-3  denied  a
        00:01  building-3  denied  a  -> medium door:building-3
        00:30  building-3  denied  b
        00:41  building-3  denied  c
        00:50  building-4  denied  d
        00:51  building-4  denied  d
        """,
    )
