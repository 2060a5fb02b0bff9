"""A vehicle where or when it has no right to be."""

from __future__ import annotations

from datetime import timedelta

import pytest

from eventlog.vocabulary import GateSet, PassRule, VehicleSet, VisitorSet
from processors.rules.vehicle_not_permitted import Settings, VehicleNotPermitted
from tests.processors.estate import estate
from tests.processors.story import NIGHT, NOON, check

RULE = VehicleNotPermitted()


@pytest.mark.parametrize(
    "read",
    [
        "lane-1  read  京A10001",
        "lane-1  read  京A·10001",
        "lane-open  read  京X00000",
        "lane-nowhere  read  京X00000",
        "lane-1  read  京X00000  class=ambulance",
        "lane-1  read  京X00000  class=bus  to=out",
        "lane-1  read  京B99999",
        "lane-2  read  京A10002",
        "lane-1  read  无牌车",
        "lane-1  read  无牌车  class=ambulance",
        "lane-classes  read  无牌车",
    ],
    ids=[
        "resident",
        "written with a dot",
        "a gate open to all",
        "a lane of no gate",
        "a class that may",
        "a class that may go out",
        "a plate that may",
        "a service vehicle on its route",
        "no plate, no class",
        "no plate, a class that may",
        "no plate, where only the class matters, and no class",
    ],
)
def test_a_vehicle_with_the_right_is_silent(read: str) -> None:
    check(RULE, f"00:00 {read}")


@pytest.mark.parametrize(
    ("read", "key"),
    [
        ("lane-1  read  京X00000", "north:京X00000"),
        ("lane-1  read  京A10003", "north:京A10003"),
        ("lane-1  read  京A10002", "north:京A10002"),
        ("lane-1  read  京X00000  class=bus", "north:京X00000"),
        ("lane-1  read  京X00000  class=truck", "north:京X00000"),
        ("lane-shut  read  京A10001", "shut:京A10001"),
        ("lane-shut  read  无牌车", "shut:"),
        ("lane-classes  read  无牌车  class=truck", "classes:"),
    ],
    ids=[
        "unknown",
        "of a group that may not",
        "a service vehicle off its route",
        "a class that may only go out",
        "a class that may not",
        "a gate shut to all",
        "no plate at a gate shut to all",
        "no plate and a class that may not",
    ],
)
def test_a_vehicle_without_the_right(read: str, key: str) -> None:
    check(RULE, f"00:00 {read}  -> medium {key}")


def test_hours_of_the_right_end() -> None:
    check(
        RULE,
        """
        5:59:59.999  lane-2  read  京A10002
        6:00:00      lane-2  read  京A10002  -> medium north:京A10002
        """,
    )


def test_at_night_it_is_high() -> None:
    check(RULE, "00:00  lane-1  read  京X00000  -> high north:京X00000", start=NIGHT)


def test_a_right_holds_from_until() -> None:
    place = estate(
        VehicleSet(
            plate="京A10001",
            groups=("resident",),
            valid_from=NOON + timedelta(minutes=10),
            valid_until=NOON + timedelta(minutes=20),
        )
    )
    check(
        RULE,
        """
        09:59.999  lane-1  read  京A10001  -> medium north:京A10001
        10:00      lane-1  read  京A10001
        19:59.999  lane-1  read  京A10001
        20:15      lane-1  read  京A10001  -> medium north:京A10001
        """,
        place=place,
    )


def test_reads_of_one_pass_are_one() -> None:
    check(
        RULE,
        """
        00:00      lane-1  read  京X00000  -> medium north:京X00000
        00:09      lane-1  read  京X00000
        00:19      lane-2  read  京X00000
        00:29.001  lane-1  read  京X00000  -> medium north:京X00000
        """,
    )


def test_another_vehicle_or_gate_is_another_pass() -> None:
    check(
        RULE,
        """
        00:00  lane-1     read  京X00000  -> medium north:京X00000
        00:01  lane-1     read  京X00009  -> medium north:京X00009
        00:02  lane-shut  read  京X00000  -> medium shut:京X00000
        """,
    )


def test_an_unsure_read_one_character_from_a_vehicle_that_may_pass_is_taken_for_it() -> None:
    check(
        RULE,
        """
        00:00  lane-1  read  京AI0001  sure=0.89
        00:30  lane-1  read  京AI0001  sure=0.9   -> medium north:京AI0001
        01:00  lane-1  read  京AIO001  sure=0.5   -> medium north:京AIO001
        01:30  lane-1  read  京A70001  sure=0.5
        01:45  lane-1  read  京A70001  sure=0.95  -> medium north:京A70001
        02:00  lane-1  read  京A1OOO3  sure=0.5   -> medium north:京A1OOO3
        """,
    )


def test_a_zone_may_have_its_own_numbers() -> None:
    rule = VehicleNotPermitted(zones={"gate-n": Settings(pass_s=60, sure_confidence=0.5)})
    check(
        rule,
        """
        00:00  lane-1  read  京AI0001  sure=0.6  -> medium north:京AI0001
        00:59  lane-1  read  京AI0001  sure=0.6
        01:30  lane-shut  read  京X00000  -> medium shut:京X00000
        01:41  lane-shut  read  京X00000  -> medium shut:京X00000
        """,
    )


def test_history_is_late() -> None:
    check(RULE, "00:00  lane-1  read  京X00000  @-3:00:00  -> late medium north:京X00000")


@pytest.mark.parametrize("ahead", ["00:40", "1:00:00", "23:59:59"])
def test_a_read_dated_ahead_does_not_disable_the_same_pass(ahead: str) -> None:
    check(
        RULE,
        f"""
        00:00  lane-1  read  京X00000  @{ahead}  -> medium north:京X00000
        00:05  lane-1  read  京X00000
        00:14  lane-1  read  京X00000
        00:20  lane-1  read  京X00000
        00:40  lane-1  read  京X00000  -> medium north:京X00000
        """,
    )


def test_a_read_dated_ahead_is_judged_by_the_hour_at_which_it_came() -> None:
    check(RULE, "00:00  lane-1  read  京X00000  @11:00:00  -> medium north:京X00000")
    check(RULE, "00:00  lane-2  read  京A10002  @11:00:00")


def test_a_visitors_permit_is_a_right_of_the_group_visitor_while_it_holds() -> None:
    gate = GateSet(gate="guests", zone="gate-n", lanes=("lane-g",), allow=(PassRule(groups=("visitor",)),))
    permit = VisitorSet(
        visitor="guest",
        plate="京B·20001",
        valid_from=NOON + timedelta(minutes=10),
        valid_until=NOON + timedelta(minutes=20),
    )
    check(
        RULE,
        """
        09:59.999  lane-g  read  京B20001  -> medium guests:京B20001
        10:20      lane-g  read  京B20001
        10:40      lane-1  read  京B20001  -> medium north:京B20001
        19:59.999  lane-g  read  京B20001
        20:10      lane-g  read  京B20001  -> medium guests:京B20001
        """,
        place=estate(gate, permit),
    )
