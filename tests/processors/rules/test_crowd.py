"""Too many people in one place, for too long."""

from __future__ import annotations

from datetime import timedelta

from eventlog.vocabulary import GatheringSet
from processors.rules.crowd import Crowd, Settings
from tests.processors.estate import estate
from tests.processors.story import NOON, check

RULE = Crowd()


def test_twenty_for_a_minute() -> None:
    (signal,) = check(
        RULE,
        """
        00:00      cam-4  counts  20
        00:30      cam-4  counts  35
        01:01.999  time
        01:02      time  -> medium square since 00:00
        05:00      cam-4  counts  40
        """,
    )
    assert signal.title.en == "square: 20 people or more"


def test_nineteen_are_no_crowd() -> None:
    check(RULE, "00:00  cam-4  counts  19\n05:00  cam-4  counts  19\n10:00  time")


def test_fewer_in_between_begin_anew() -> None:
    check(
        RULE,
        """
        00:00  cam-4  counts  25
        01:00  cam-4  counts  19
        01:01  cam-4  counts  25
        02:00  cam-4  counts  10
        10:00  time
        """,
    )


def test_fewer_in_between_that_come_out_of_order_count() -> None:
    check(
        RULE,
        """
        00:00      cam-4  counts  25
        01:01      cam-4  counts  25
        01:01.999  cam-4  counts  5  @00:58
        02:02.999  time
        02:03      time  -> medium square since 01:01
        """,
    )


def test_it_clears_when_they_go() -> None:
    check(
        RULE,
        """
        00:00  cam-4  counts  25
        01:02  time               -> medium square
        03:00  cam-4  counts  19  -> cleared square
        04:00  cam-4  counts  25
        05:02  time               -> medium square
        """,
    )


def test_two_cameras_do_not_add_up_nor_cancel_out() -> None:
    check(
        RULE,
        """
        00:00  cam-4  counts  15
        00:01  cam-1  counts  15  zone=square
        10:00  time
        """,
    )
    check(
        RULE,
        """
        00:00  cam-4  counts  25
        00:30  cam-1  counts  3  zone=square
        01:02  time                          -> medium square
        01:30  cam-1  counts  30 zone=square
        01:40  cam-4  counts  3
        02:00  cam-1  counts  3  zone=square -> cleared square
        """,
    )


def test_an_announced_gathering_is_silent_until_it_is_over() -> None:
    festival = GatheringSet(
        gathering="g", zones=("square",), starts_at=NOON, ends_at=NOON + timedelta(minutes=5)
    )
    check(RULE, "00:00  cam-4  counts  90\n04:50  cam-4  counts  3\n20:00  time", place=estate(festival))
    check(RULE, "00:00  cam-4  counts  90\n05:02  time -> medium square\n20:00 time", place=estate(festival))
    counts = "\n".join(f"{minute:02}:30  cam-4  counts  90" for minute in range(5))
    check(RULE, f"{counts}\n05:02  time -> medium square since 00:30", place=estate(festival))
    elsewhere = festival.model_copy(update={"zones": ("yard",)})
    check(RULE, "00:00  cam-4  counts  90\n01:02  time -> medium square", place=estate(elsewhere))


def test_the_limits_are_settings_of_the_zone() -> None:
    check(
        Crowd(None, {"square": Settings(count=5, hold_s=10)}),
        "00:00  cam-4  counts  5\n00:12  time -> medium square",
    )


def test_history_is_told_as_late() -> None:
    check(
        RULE,
        """
        60:00  cam-4  counts  25  history  @10:00
        60:01  cam-4  counts  25  history  @12:00
        60:20  time  -> late medium square since 10:00; cleared square
        """,
    )


def test_history_of_two_cameras_at_one_moment() -> None:
    check(
        RULE,
        """
        60:00  cam-4  counts  25  history  @10:00
        60:01  cam-1  counts  25  history  @10:00  zone=square
        60:20  time  -> late medium square since 10:00; late medium square since 10:00; cleared square
        70:00  cam-4  counts  25
        71:02  time  -> medium square since 70:00
        """,
    )


def test_history_swallows_no_crowd_of_now() -> None:
    check(
        RULE,
        """
        60:00  cam-4  counts  25  history  @10:00
        60:20  time  -> late medium square since 10:00; cleared square
        70:00  cam-4  counts  25
        70:10  cam-4  counts  25  history  @20:00
        70:20  time  -> late medium square since 20:00; cleared square
        71:02  time  -> medium square since 70:00
        72:00  cam-4  counts  25  history  @22:00
        72:10  time  -> late medium square since 22:00
        73:00  cam-4  counts  3  history  @23:00
        74:00  cam-4  counts  3  -> cleared square
        """,
    )
