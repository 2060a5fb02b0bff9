"""Things left behind: at once, but in a corridor only when they are not gone in time."""

from __future__ import annotations

from processors.rules.object_left import ObjectLeft, Settings
from tests.processors.story import check

RULE = ObjectLeft()


def test_a_thing_left_in_the_yard_is_told_at_once() -> None:
    (signal,) = check(RULE, "00:00  cam-1  left  bag  -> medium yard since 00:00")
    assert signal.title.en == "yard: something was left behind"


def test_sure_enough_once_is_enough() -> None:
    check(RULE, "00:00  cam-1  left  bag  sure=0.6  -> medium yard")


def test_unsure_it_takes_two_within_ten_seconds() -> None:
    check(
        RULE,
        """
        00:00  cam-1  left  bag  sure=0.59
        00:10  cam-1  left  bag  sure=0.59  -> medium yard since 00:00
        """,
    )
    check(
        RULE,
        """
        00:00      cam-1  left  bag  sure=0.59
        00:10.001  cam-1  left  bag  sure=0.59
        """,
    )


def test_a_corridor_is_blocked_after_ten_minutes() -> None:
    (signal,) = check(
        RULE,
        """
        00:00      cam-1  left  sofa  zone=corridor-3
        10:01.999  time
        10:02      time  -> medium corridor-3 since 00:00
        20:00      time
        """,
    )
    assert signal.title.en == "corridor-3: the corridor is blocked"


def test_a_camera_that_reports_again_and_again_must_go_on_doing_so() -> None:
    every = [f"{minute:02d}:00  cam-1  left  sofa  zone=corridor-3" for minute in range(9)]
    check(RULE, "\n".join(every[:8]) + "\n30:00  time")
    check(RULE, "\n".join(every) + "\n10:02  time  -> medium corridor-3 since 00:00")
    check(
        RULE,
        "\n".join(every[:5])
        + """
        08:00  cam-1  left  sofa  zone=corridor-3
        10:02  time
        18:00  cam-1  left  sofa  zone=corridor-3
        """,
    )


def test_what_is_taken_away_in_time_blocks_nothing() -> None:
    check(
        RULE,
        """
        00:00      cam-1  left  box  zone=corridor-3
        10:00      cam-1  sees  box  zone=corridor-3  what=leave
        30:00      time
        """,
    )


def test_what_is_put_down_again_lies_there_since_then() -> None:
    check(
        RULE,
        """
        00:00  cam-1  left  box  zone=corridor-3
        09:50  cam-1  sees  box  zone=corridor-3  what=leave
        10:05  cam-1  left  box  zone=corridor-3
        20:06  time
        20:07  time  -> medium corridor-3 since 10:05
        """,
    )


def test_that_it_was_taken_away_may_come_a_little_late_and_before() -> None:
    check(
        RULE,
        """
        00:00      cam-1  left  box  zone=corridor-3
        10:01.999  cam-1  sees  box  zone=corridor-3  what=leave  @09:58
        20:00      cam-1  sees  box  zone=corridor-3  what=leave
        20:02      cam-1  left  box  zone=corridor-3  @19:59
        60:00      time
        """,
    )


def test_a_person_who_leaves_takes_nothing_away() -> None:
    check(
        RULE,
        """
        00:00  cam-1  left  box     zone=corridor-3
        05:00  cam-1  sees  person  zone=corridor-3  what=leave
        10:02  time  -> medium corridor-3
        """,
    )


def test_it_clears_when_it_is_taken_away_later() -> None:
    check(
        RULE,
        """
        00:00  cam-1  left  box  zone=corridor-3
        10:02  time                                            -> medium corridor-3
        15:00  cam-1  sees  box  zone=corridor-3  what=leave   -> cleared corridor-3
        16:00  cam-1  left  box                                -> medium yard
        17:00  cam-1  sees  box  zone=yard  what=leave         -> cleared yard
        """,
    )


def test_repeats_are_told_once_a_minute() -> None:
    check(
        RULE,
        """
        00:00      cam-1  left  bag  -> medium yard
        00:59.999  cam-1  left  bag
        01:00      cam-1  left  bag  -> medium yard
        """,
    )


def test_the_limit_is_a_setting_of_the_zone() -> None:
    check(
        ObjectLeft(None, {"corridor-3": Settings(corridor_s=60)}),
        """
        00:00  cam-1  left  box  zone=corridor-3
        01:02  time  -> medium corridor-3
        """,
    )


def test_history_of_a_corridor_is_judged_as_a_whole() -> None:
    check(
        RULE,
        """
        60:00  cam-1  left  box  zone=corridor-3  history  @10:00
        60:01  cam-1  sees  box  zone=corridor-3  what=leave  history  @12:00
        60:02  cam-1  left  box  zone=corridor-3  history  @30:00
        61:30  time  -> late medium corridor-3 since 30:00
        """,
    )


def test_history_does_not_silence_what_lies_there_now() -> None:
    check(
        RULE,
        """
        60:00  cam-4  left  box  zone=corridor-3
        61:00  cam-4  left  bag  zone=corridor-3  history  @10:00
        70:02  time  -> medium corridor-3
        """,
    )


def test_another_thing_much_later_is_another_matter() -> None:
    check(
        RULE,
        """
        00:00  cam-1  left  box  zone=corridor-3
        10:02  time                                           -> medium corridor-3
        11:35  cam-1  left  bag  zone=corridor-3              -> cleared corridor-3
        12:00  cam-1  sees  bag  zone=corridor-3  what=leave
        """,
    )
