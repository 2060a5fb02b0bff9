"""A barrier goes up and nobody let anyone through."""

from __future__ import annotations

from datetime import timedelta

import pytest

from eventlog.vocabulary import MaintenanceSet
from processors.rules.barrier_forced import BarrierForced, Settings
from tests.processors.estate import estate
from tests.processors.story import NOON, check

RULE = BarrierForced()


def test_a_barrier_without_a_reason_is_told_five_seconds_later() -> None:
    signals = check(
        RULE,
        """
        01:00      lane-1  rises
        01:04.999  time
        01:05      time    -> medium lane-1 since 01:00
        """,
    )
    assert signals[0].zone == "gate-n"
    assert signals[0].title.en == "gate-n: the barrier of north went up for no reason"


@pytest.mark.parametrize(
    "reason",
    ["read  京X00000", "rises  by=plate", "rises  by=manual", "rises  by=remote"],
)
def test_a_reason_explains_an_opening_for_fifteen_seconds(reason: str) -> None:
    check(
        RULE,
        f"""
        01:00      lane-1  {reason}
        01:15      lane-1  rises
        01:15.001  lane-1  rises
        01:20      time
        01:20.001  time    -> medium lane-1 since 01:15
        """,
    )


@pytest.mark.parametrize(
    "read", ["lane-2  read  京X00000", "lane-1  read  无牌车", "lane-2  rises  by=manual"]
)
def test_another_lane_or_a_read_of_no_plate_is_no_reason(read: str) -> None:
    check(
        RULE,
        f"""
        01:00  {read}
        01:01  lane-1  rises
        01:06  time    -> medium lane-1
        """,
    )


def test_a_reason_after_the_opening_is_none() -> None:
    check(
        RULE,
        """
        01:00      lane-1  rises
        01:00.001  lane-1  read  京X00000
        01:05      time    -> medium lane-1
        """,
    )


def test_a_reason_that_comes_up_to_five_seconds_late_is_heard() -> None:
    check(
        RULE,
        """
        01:00      lane-1  rises
        01:04.999  lane-1  read  京X00000  @01:00
        01:05      time
        02:00      lane-1  rises
        02:04      lane-1  read  京X00000  @01:45
        03:00      lane-1  rises
        03:04      lane-1  read  京X00000  @02:44.999
        03:05      time    -> medium lane-1 since 03:00
        """,
    )


def test_a_reason_that_waited_at_the_broker_with_its_opening_explains_it() -> None:
    check(
        RULE,
        """
        09:00.00  lane-1  read  京X00000  @00:01
        09:00.01  lane-1  rises  @00:02
        09:00.02  lane-1  rises  @00:30
        09:06     time    -> medium lane-1 since 00:30
        """,
    )


def test_a_reason_that_comes_later_still_takes_the_alert_back() -> None:
    check(
        RULE,
        """
        01:00  lane-1  rises
        01:05  time    -> medium lane-1
        01:30  lane-1  read  京X00000  @00:44.999
        01:40  lane-1  read  京X00000  @00:45  -> withdrawn lane-1
        01:41  lane-1  lowers
        """,
    )


def test_a_barrier_that_comes_down_ends_it() -> None:
    check(
        RULE,
        """
        01:00  lane-1  rises
        01:05  time    -> medium lane-1
        01:06  lane-1  lowers  @00:59
        01:10  lane-1  lowers  -> cleared lane-1
        01:20  lane-1  lowers
        """,
    )


def test_one_that_is_down_before_it_is_judged_is_told_all_the_same() -> None:
    check(
        RULE,
        """
        01:00  lane-1  rises
        01:03  lane-1  lowers
        01:05  time    -> medium lane-1; cleared lane-1
        """,
    )


def test_openings_out_of_order_are_judged_one_by_one() -> None:
    check(
        RULE,
        """
        01:02  lane-1  rises
        01:04  lane-1  rises  @01:00
        01:05  time    -> medium lane-1 since 01:00
        01:07  time    -> medium lane-1 since 01:02
        """,
    )


def test_planned_maintenance_is_silent() -> None:
    work = MaintenanceSet(
        maintenance="barrier",
        starts_at=NOON,
        ends_at=NOON + timedelta(minutes=2),
        devices=("lane-1",),
    )
    check(
        RULE,
        """
        01:59.999  lane-1  rises
        02:00      lane-1  rises
        02:04.999  time
        02:05      time    -> medium lane-1 since 02:00
        """,
        place=estate(work),
    )


def test_a_lane_of_no_gate_has_its_devices_zone() -> None:
    signals = check(
        RULE,
        """
        00:00  lpr-n  rises
        00:05  time   -> medium lpr-n
        """,
    )
    assert signals[0].zone == "gate-n"


def test_a_zone_may_have_its_own_numbers() -> None:
    rule = BarrierForced(zones={"gate-n": Settings(reason_s=5, settle_s=1)})
    check(
        rule,
        """
        01:00      lane-1     read   京X00000
        01:05      lane-1     rises
        01:05.001  lane-1     rises
        01:06.001  time       -> medium lane-1
        02:00      lane-shut  read   京X00000
        02:15      lane-shut  rises
        02:15.001  lane-shut  rises
        02:20.001  time       -> medium lane-shut
        """,
    )


def test_history_is_late() -> None:
    check(
        RULE,
        """
        00:00  lane-1  rises   @-3:00:00
        00:05  time    -> late medium lane-1
        """,
    )
