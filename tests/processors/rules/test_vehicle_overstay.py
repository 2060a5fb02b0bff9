"""A visitor's vehicle is inside past its permit."""

from __future__ import annotations

from datetime import timedelta

import pytest

from eventlog.vocabulary import GateSet, VehicleSet, VisitorSet
from processors.rules.vehicle_overstay import Settings, VehicleOverstay
from tests.processors.estate import estate
from tests.processors.story import NIGHT, NOON, check

RULE = VehicleOverstay()
GUEST = VisitorSet(visitor="guest", plate="京B20001", valid_until=NOON + timedelta(minutes=30))


def test_a_permit_that_names_no_end_holds_twelve_hours() -> None:
    signals = check(
        RULE,
        """
        00:10        lane-1  read  京A10003
        12:00:14.999 time
        12:00:15     time    -> low ~京A10003
        """,
    )
    assert signals[0].zone == "gate-n"
    assert signals[0].title.en == "gate-n: a visitor's vehicle that came in at north is here past its permit"
    assert signals[0].at == NOON + timedelta(hours=12, seconds=10)


@pytest.mark.parametrize(
    "permit",
    [
        GUEST,
        VehicleSet(plate="京B20001", groups=("visitor",), valid_until=NOON + timedelta(minutes=30)),
        VehicleSet(plate="京B20001", groups=("visitor", "courier"), valid_until=NOON + timedelta(minutes=30)),
    ],
    ids=["a visitor's permit", "a registered visitor", "of another group, too"],
)
def test_past_the_end_of_its_permit(permit: VisitorSet | VehicleSet) -> None:
    check(
        RULE,
        """
        00:10      lane-1  read  京B20001
        30:04.999  time
        30:05      time    -> low ~京B20001 since 30:00
        """,
        place=estate(permit),
    )


@pytest.mark.parametrize("plate", ["京A10001", "京A10002", "京X00000", "无牌车"])
def test_residents_service_and_unknown_vehicles_are_silent(plate: str) -> None:
    check(RULE, f"00:00 lane-1 read {plate}\n20:00:00 time")


def test_a_resident_whom_a_permit_names_is_a_resident() -> None:
    permit = VisitorSet(visitor="guest", plate="京A10001", valid_until=NOON + timedelta(minutes=30))
    check(RULE, "00:00 lane-1 read 京A10001\n20:00:00 time", place=estate(permit))


def test_a_gate_inside_the_estate_does_not_count() -> None:
    inner = GateSet(gate="inner", zone="far", lanes=("lane-inner",), boundary=False)
    story = """
        00:10  lane-inner  read  京B20001
        00:20  lane-x      read  京B20001
        20:00:00  time
        """
    check(RULE, story, place=estate(GUEST, inner))
    story = """
        00:10  lane-1      read  京B20001
        00:20  lane-inner  read  京B20001  to=out
        30:05  time        -> low ~京B20001
        """
    check(RULE, story, place=estate(GUEST, inner))


def test_out_in_time_is_silent_and_may_come_five_seconds_late() -> None:
    check(
        RULE,
        """
        00:10      lane-1     read  京B20001
        30:04.999  lane-open  read  京B20001  to=out  @30:00
        20:00:00   time
        """,
        place=estate(GUEST),
    )


def test_out_in_time_that_comes_later_still_takes_the_alert_back() -> None:
    check(
        RULE,
        """
        00:10  lane-1  read  京B20001
        30:05  time    -> low ~京B20001
        30:40  lane-1  read  京B20001  to=out  @30:00  -> withdrawn ~京B20001
        """,
        place=estate(GUEST),
    )


def test_out_too_late_ends_it() -> None:
    check(
        RULE,
        """
        00:10  lane-1  read  京B20001
        30:05  time    -> low ~京B20001
        40:00  lane-1  read  京B20001  to=out  -> cleared ~京B20001
        41:00  lane-1  read  京B20001  to=out
        """,
        place=estate(GUEST),
    )


def test_a_permit_that_is_extended_moves_the_judgement() -> None:
    check(
        RULE,
        """
        00:10      lane-1   read    京B20001
        10:00      guest    brings  京B20001  until=50:00
        30:05      time
        50:04.999  time
        50:05      time     -> low ~京B20001 since 50:00
        55:00      guest    brings  京B20001  until=1:00:00  -> cleared ~京B20001
        1:00:05    time     -> low ~京B20001
        """,
        place=estate(GUEST),
    )


def test_a_permit_that_is_shortened_too() -> None:
    check(
        RULE,
        """
        00:10  lane-1  read    京B20001
        10:00  guest   brings  京B20001  until=20:00
        20:05  time    -> low ~京B20001 since 20:00
        """,
        place=estate(GUEST),
    )


def test_the_last_of_several_permits_counts() -> None:
    other = VisitorSet(visitor="other", plate="京B·20001", valid_until=NOON + timedelta(minutes=20))
    check(
        RULE,
        "00:10 lane-1 read 京B20001\n30:05 time -> low ~京B20001",
        place=estate(GUEST, other),
    )


def test_a_registered_vehicle_is_extended_alike_and_one_of_a_resident_is_none() -> None:
    check(
        RULE,
        """
        00:00  京B20001  registered  visitor  until=10:00
        00:10  lane-1    read  京B20001
        05:00  京B20001  registered  visitor  until=20:00
        20:05  time      -> low ~京B20001
        21:00  京B20001  registered  resident  -> cleared ~京B20001
        30:00  京B20009  registered  visitor  until=40:00
        30:01  lane-1    read  京B20009
        31:00  京B20009  unregistered
        20:00:00  time
        """,
    )


def test_a_permit_for_a_vehicle_that_is_not_inside_changes_nothing() -> None:
    check(RULE, "00:10 guest brings 京B20001 until=20:00\n20:00:00 time", place=estate(GUEST))


def test_overnight_a_permit_without_an_end_holds_until_the_morning() -> None:
    rule = VehicleOverstay(Settings(overnight=True))
    check(
        rule,
        """
        00:10       lane-1  read  京A10003
        12:00:15    time
        18:00:04.9  time
        18:00:05    time    -> low ~京A10003
        """,
    )
    check(
        rule,
        """
        00:10     lane-1  read  京A10003
        07:00:05  time
        12:00:15  time    -> low ~京A10003
        """,
        start=NIGHT,
    )
    check(rule, "00:10 lane-1 read 京B20001\n30:05 time -> low ~京B20001", place=estate(GUEST))


def test_a_doubtful_way_out_of_a_plate_that_nobody_has_counts() -> None:
    check(
        RULE,
        """
        00:10  lane-1  read  京B20001
        10:00  lane-1  read  京B70001  to=out  sure=0.89
        31:00  time
        """,
        place=estate(GUEST),
    )


@pytest.mark.parametrize("read", ["京B70001 to=out sure=0.9", "京B77001 to=out sure=0.5", "京A10001 to=out"])
def test_another_way_out_does_not(read: str) -> None:
    check(
        RULE,
        f"""
        00:10  lane-1  read  京B20001
        10:00  lane-1  read  {read}
        30:05  time    -> low ~京B20001
        """,
        place=estate(GUEST),
    )


def test_in_again_begins_anew() -> None:
    check(
        RULE,
        """
        0:00:10   lane-1  read  京A10003
        1:00:00   lane-1  read  京A10003
        12:00:15  time
        13:00:05  time    -> low ~京A10003
        14:00:00  lane-1  read  京A10003  -> cleared ~京A10003
        26:00:05  time    -> low ~京A10003
        """,
    )


def test_in_and_out_may_come_out_of_order() -> None:
    check(
        RULE,
        """
        00:14  lane-1  read  京B20001  to=out  @00:13
        00:15  lane-1  read  京B20001  @00:10
        31:00  time
        """,
        place=estate(GUEST),
    )
    check(
        RULE,
        """
        00:12  lane-1  read  京B20001
        00:13  lane-1  read  京B20001  to=out  @00:09
        00:14  lane-1  read  京B20001  @00:08
        30:05  time    -> low ~京B20001
        """,
        place=estate(GUEST),
    )


def test_a_read_dated_ahead_counts_as_now() -> None:
    check(
        RULE,
        """
        00:10  lane-1  read  京B20001  @20:00:00
        10:00  lane-1  read  京B20001  to=out
        31:00  time
        """,
        place=estate(GUEST),
    )


def test_a_zone_may_have_its_own_numbers() -> None:
    rule = VehicleOverstay(zones={"gate-n": Settings(stay_s=600, settle_s=1)})
    check(rule, "00:10 lane-1 read 京A10003\n10:11 time -> low ~京A10003")


def test_history_is_late() -> None:
    check(
        RULE,
        """
        00:10  lane-1  read  京A10003  @-20:00:00
        00:15  time    -> late low ~京A10003
        """,
    )
