"""A door that stays open too long."""

from __future__ import annotations

from datetime import timedelta

from eventlog.vocabulary import MaintenanceSet
from processors.rules.door_held_open import DoorHeldOpen, Settings
from tests.processors.estate import estate
from tests.processors.story import NOON, check

RULE = DoorHeldOpen()


def test_a_door_left_open_is_one_alert() -> None:
    signals = check(
        RULE,
        """
        00:00  building-3  opened
        00:31.999  time
        00:32  time                -> medium building-3 since 00:00
        05:00  time
        05:10  building-3  closed  -> cleared building-3
        """,
    )
    assert signals[0].title.en == "building-3: door three is held open"
    assert signals[0].evidence == ("event-1",)


def test_a_gate_has_twice_the_time() -> None:
    check(
        RULE,
        """
        00:00  gate-n1  opened
        01:01.999  time
        01:02  time  -> medium gate-n1
        """,
    )


def test_closed_at_the_limit_is_in_time() -> None:
    check(
        RULE,
        """
        00:00  building-3  opened
        00:30  building-3  closed
        20:00  time
        20:00  gate-n1  opened
        21:00  gate-n1  closed
        40:00  time
        """,
    )


def test_closed_just_after_the_limit_is_told_and_cleared() -> None:
    check(
        RULE,
        """
        00:00  building-3  opened
        00:30.001  building-3  closed
        00:32  time  -> medium building-3; cleared building-3
        10:00  gate-n1  opened
        11:00.001  gate-n1  closed
        11:02  time  -> medium gate-n1; cleared gate-n1
        """,
    )


def test_a_close_in_time_that_comes_before_judgement_is_silent() -> None:
    check(
        RULE,
        """
        00:00  building-3  opened
        00:31.999  building-3  closed  @00:29
        20:00  time
        """,
    )


def test_a_close_in_time_that_comes_after_judgement_withdraws() -> None:
    check(
        RULE,
        """
        00:00  building-3  opened
        00:32.5  building-3  closed  @00:29  -> medium building-3; withdrawn building-3
        20:00  time
        """,
    )


def test_it_is_told_again_every_ten_minutes() -> None:
    signals = check(
        RULE,
        """
        00:00  building-3  opened
        00:32  time   -> medium building-3
        10:31  time
        10:32  time   -> medium building-3
        20:32  time   -> medium building-3
        20:40  building-3  closed  -> cleared building-3
        50:00  time
        """,
    )
    assert "10 minutes on" in signals[1].title.en


def test_a_close_that_overtook_its_opening_still_counts() -> None:
    check(
        RULE,
        """
        00:01    building-3  closed  @00:01
        00:01.5  building-3  opened  @00:00
        20:00    time
        """,
    )


def test_opened_again_before_the_close_arrives() -> None:
    check(
        RULE,
        """
        00:00  building-3  opened
        00:06  building-3  opened
        00:07  building-3  closed  @00:05
        00:37  time
        00:38  time  -> medium building-3 since 00:06
        """,
    )


def test_a_repeated_contact_does_not_begin_anew() -> None:
    check(
        RULE,
        """
        00:00  building-3  opened
        00:20  building-3  opened
        00:32  time  -> medium building-3 since 00:00
        00:40  building-3  closed  -> cleared building-3
        20:00  time
        """,
    )


def test_openings_out_of_order_count_from_the_first() -> None:
    check(
        RULE,
        """
        00:01  building-3  opened
        00:02  building-3  opened  @00:00
        00:03  building-3  closed  @00:00.5
        00:32  time
        00:33  time  -> medium building-3 since 00:01
        """,
    )


def test_history_is_told_once_and_as_late() -> None:
    check(
        RULE,
        """
        00:00  building-3  opened  @-3:00:00
        00:04.9  time
        00:05  time  -> late medium building-3
        30:00  time
        """,
    )


def test_history_that_was_in_time_is_silent() -> None:
    check(
        RULE,
        """
        00:00    building-3  opened  @-3:00:00
        00:00.1  building-3  closed  @-2:59:40
        30:00    time
        """,
    )


def test_history_does_not_hide_what_stands_open_now() -> None:
    check(
        RULE,
        """
        00:00  building-3  opened
        00:01  building-3  opened  @-3:00:00
        00:02  building-3  closed  @-2:59:00
        00:06  time  -> late medium building-3; cleared building-3
        00:32  time  -> medium building-3 since 00:00
        """,
    )


def test_a_zone_may_have_its_own_limit() -> None:
    rule = DoorHeldOpen(zones={"building-3": Settings(building_s=90, settle_s=1)})
    check(
        rule,
        """
        00:00  building-3  opened
        00:00  building-4  opened
        00:32  time                -> medium building-4
        01:00  building-4  closed  -> cleared building-4
        01:31  time  -> medium building-3
        """,
    )


def test_a_close_without_an_opening_is_remembered_for_a_little_over_a_minute() -> None:
    check(
        RULE,
        """
        00:00      building-3  closed
        01:04.999  building-3  opened  @-00:00.001
        20:00      building-3  closed
        21:05      building-3  opened  @19:59
        21:15      time  -> medium building-3 since 19:59
        """,
    )


def test_planned_maintenance_is_silent_while_it_lasts() -> None:
    work = MaintenanceSet(
        maintenance="hinges", starts_at=NOON, ends_at=NOON + timedelta(minutes=10), devices=("building-3",)
    )
    place = estate(work)
    check(
        RULE,
        """
        00:00  building-3  opened
        00:40  building-3  closed
        01:00  building-3  opened
        11:31  time
        11:32  time  -> medium building-3 since 01:00
        12:00  building-3  closed  -> cleared building-3
        """,
        place=place,
    )
    check(
        RULE,
        """
        00:00  building-4  opened
        00:32  time                -> medium building-4
        01:00  building-4  closed  -> cleared building-4
        09:27  building-3  opened
        09:59  time
        10:00  building-3  closed
        10:01  building-3  opened
        10:33  time  -> medium building-3 since 10:01
        """,
        place=place,
    )


def test_a_close_that_may_be_missing_is_waited_for() -> None:
    """Hours late, or lost: the door has long been shut, and the next opening is judged as ever."""
    check(
        RULE,
        """
        00:00    building-3  opened     seq=1
        00:20    building-3  heartbeat  seq=3
        05:00    time
        10:00    building-3  opened     seq=4
        10:05    building-3  closed     seq=5
        20:00    building-3  opened     seq=6
        20:32    time  -> medium building-3 since 20:00
        20:40    building-3  closed     seq=7  -> cleared building-3
        3:00:00  building-3  closed     seq=2  @00:05
        """,
    )


def test_what_was_missing_and_is_no_close_lets_it_be_told() -> None:
    check(
        RULE,
        """
        00:00  building-3  opened     seq=1
        00:20  building-3  heartbeat  seq=3
        00:40  building-3  heartbeat  seq=2  @00:10
        00:46  time  -> medium building-3 since 00:00
        """,
    )


def test_what_was_missing_before_the_opening_is_no_close_of_it() -> None:
    check(
        RULE,
        """
        00:00  building-3  heartbeat  seq=1
        00:01  building-3  opened     seq=3
        00:33  time  -> medium building-3 since 00:01
        """,
    )


def test_once_told_a_hole_changes_nothing() -> None:
    check(
        RULE,
        """
        00:00  building-3  opened     seq=1
        00:32  time  -> medium building-3
        00:40  building-3  heartbeat  seq=3
        10:32  time  -> medium building-3
        """,
    )
