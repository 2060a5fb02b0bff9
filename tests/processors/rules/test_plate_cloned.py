"""One plate drives in twice, at two gates."""

from __future__ import annotations

import pytest

from eventlog.estate import Estate
from eventlog.vocabulary import GateSet, Neighbour, VisitorSet, Words, ZoneSet
from processors.rules.plate_cloned import PlateCloned, Settings
from tests.processors.estate import estate
from tests.processors.story import check

RULE = PlateCloned()


def place(*, metres: float | None = 250) -> Estate:
    """A second gate on the boundary: half a minute's drive from the first at 30 km/h."""
    beside = (Neighbour(zone="gate-n", drive_m=metres),)
    return estate(
        ZoneSet(zone="gate-s", name=Words(zh="南门", en="south gate"), adjacent=beside),
        GateSet(gate="south", zone="gate-s", lanes=("lane-s1", "lane-s2")),
        GateSet(gate="inner", zone="far", lanes=("lane-inner",), boundary=False),
        VisitorSet(visitor="guest", plate="京A10009"),
    )


def test_in_at_two_gates_sooner_than_it_can_drive_is_told_at_once() -> None:
    signals = check(
        RULE,
        """
        00:00      lane-1   read  京A10001
        00:05      lane-1   read  京A10001  to=out
        00:29.999  lane-s1  read  京A10001  -> high ~京A10001 since 00:30
        """,
        place=place(),
    )
    assert signals[0].zone == "gate-s"
    assert signals[0].title.en == "south gate: one plate drove in at north and again at south: perhaps cloned"
    assert len(signals[0].evidence) == 2
    assert set(signals[0].devices) == {"lane-1", "lane-s1"}


def test_out_and_as_long_as_the_drive_takes_is_silent() -> None:
    check(
        RULE,
        """
        00:00  lane-1   read  京A10001
        00:05  lane-1   read  京A10001  to=out
        00:30  lane-s1  read  京A10001
        20:00  time
        """,
        place=place(),
    )


def test_in_while_already_in_is_told_after_five_seconds() -> None:
    check(
        RULE,
        """
        00:00      lane-1   read  京A10001
        10:00      lane-s1  read  京A10001
        10:04.999  time
        10:05      time     -> high ~京A10001 since 10:00
        """,
        place=place(),
    )


def test_without_distances_only_that_can_be_told() -> None:
    check(
        RULE,
        """
        00:00  lane-1   read  京A10001
        00:01  lane-1   read  京A10001  to=out
        00:02  lane-s1  read  京A10001
        00:20  lane-2   read  京A10001
        00:25  time     -> high ~京A10001
        """,
        place=place(metres=None),
    )


@pytest.mark.parametrize("second", ["lane-1", "lane-2"])
@pytest.mark.parametrize("after", ["00:01", "00:09", "00:11", "30:00"])
def test_one_gates_double_reads_are_silent(second: str, after: str) -> None:
    check(
        RULE,
        f"00:00  lane-1  read  京A10001\n{after}  {second}  read  京A10001\n40:00  time",
        place=place(),
    )


def test_a_double_read_after_the_way_out_was_read_is_no_second_way_in() -> None:
    check(
        RULE,
        """
        00:00  lane-1   read  京A10001
        00:08  lane-1   read  京A10001  to=out
        00:10  lane-2   read  京A10001
        05:00  lane-s1  read  京A10001
        05:06  time
        """,
        place=place(),
    )


@pytest.mark.parametrize("other", ["lane-inner", "lane-nowhere"])
def test_gates_inside_or_in_no_register_do_not_count(other: str) -> None:
    check(RULE, f"00:00 lane-1 read 京A10001\n00:01 {other} read 京A10001\n10:00 time", place=place())


def test_other_plates_and_no_plate_are_silent() -> None:
    check(
        RULE,
        """
        00:00  lane-1   read  京A10001
        00:01  lane-s1  read  京A10002
        00:02  lane-1   read  无牌车
        00:03  lane-s1  read  无牌车
        10:00  time
        """,
        place=place(),
    )


def test_a_way_out_may_come_five_seconds_late() -> None:
    check(
        RULE,
        """
        00:00      lane-1   read  京A10001
        10:00      lane-s1  read  京A10001
        10:04.999  lane-1   read  京A10001  to=out  @09:20
        20:00      time
        """,
        place=place(),
    )


def test_one_that_comes_later_still_takes_the_alert_back() -> None:
    check(
        RULE,
        """
        00:00  lane-1   read  京A10001
        10:00  lane-s1  read  京A10001
        10:05  time     -> high ~京A10001
        11:00  lane-1   read  京A10001  to=out  @09:20  -> withdrawn ~京A10001
        """,
        place=place(),
    )


def test_the_first_way_in_may_come_after_the_second() -> None:
    check(
        RULE,
        """
        00:20  lane-s1  read  京A10001
        00:22  lane-1   read  京A10001  @00:18  -> high ~京A10001 since 00:20
        """,
        place=place(),
    )


def test_the_way_on_after_it_is_told_is_not_told_again() -> None:
    check(
        RULE,
        """
        00:00  lane-1   read  京A10001
        10:00  lane-s1  read  京A10001
        10:05  time     -> high ~京A10001
        10:20  lane-s2  read  京A10001
        10:30  lane-s1  read  京A10001  to=out
        12:00  lane-s1  read  京A10001
        14:00  time
        """,
        place=place(),
    )


def test_after_half_a_day_it_is_no_longer_held_to_be_in() -> None:
    check(
        RULE,
        """
        0:00:00   lane-1   read  京A10001
        12:00:00  lane-s1  read  京A10001
        12:00:05  time     -> high ~京A10001
        """,
        place=place(),
    )
    check(
        RULE,
        """
        0:00:00       lane-1   read  京A10001
        12:00:00.001  lane-s1  read  京A10001
        12:00:06      time
        """,
        place=place(),
    )


@pytest.mark.parametrize("plate", ["京A10001", "京A10009"])
def test_a_doubtful_way_out_of_a_plate_that_nobody_has_counts(plate: str) -> None:
    read = plate.replace("京A1", "京A7")
    check(
        RULE,
        f"""
        00:00  lane-1   read  {plate}
        05:00  lane-1   read  {read}  to=out  sure=0.89
        10:00  lane-s1  read  {plate}
        20:00  time
        """,
        place=place(),
    )


@pytest.mark.parametrize(
    ("first", "second"), [("京A70001  sure=0.89", "京A10001"), ("京A10001", "京A70001  sure=0.89")]
)
def test_a_doubtful_way_in_counts_for_the_only_plate_it_may_be_and_a_person_is_to_look(
    first: str, second: str
) -> None:
    check(
        RULE,
        f"""
        00:00  lane-1   read  {first}
        10:00  lane-s1  read  {second}
        10:05  time     -> medium ~京A10001
        """,
        place=place(),
    )


@pytest.mark.parametrize(
    "read", ["京A70001  sure=0.9", "京A77001  sure=0.5", "京A10002  sure=0.5", "京A1000X  sure=0.5"],
    ids=["sure", "two characters", "somebody else's", "may be two plates"],
)  # fmt: skip
def test_another_way_in_is_not_this_plates(read: str) -> None:
    check(
        RULE,
        f"""
        00:00  lane-1   read  {read}
        10:00  lane-s1  read  京A10001
        20:00  time
        """,
        place=place(),
    )


@pytest.mark.parametrize(
    ("plate", "first", "second", "told"),
    [
        ("京A88888", "0.89", "0.9", "medium"),
        ("京A88888", "0.9", "0.89", "medium"),
        ("京A88888", "0.9", "0.9", "high"),
        ("京A10001", "0.5", "0.5", "high"),
    ],
    ids=["first doubtful", "second doubtful", "both sure", "somebody's"],
)
def test_one_doubtful_read_of_a_plate_that_nobody_has_is_for_a_person_to_look_at(
    plate: str, first: str, second: str, told: str
) -> None:
    check(
        RULE,
        f"""
        00:00  lane-1   read  {plate}  sure={first}
        10:00  lane-s1  read  {plate}  sure={second}
        10:05  time     -> {told} ~{plate}
        """,
        place=place(),
    )


def test_a_doubtful_way_out_of_a_plate_that_nobody_has_is_one_all_the_same() -> None:
    check(
        RULE,
        """
        00:00  lane-1   read  京A88888
        05:00  lane-1   read  京A88888  to=out  sure=0.5
        10:00  lane-s1  read  京A88888
        20:00  time
        """,
        place=place(),
    )


def test_a_doubtful_way_in_makes_a_sure_one_no_less_sure() -> None:
    check(
        RULE,
        """
        00:00  lane-1   read  京A10001
        05:00  lane-1   read  京A70001  sure=0.5
        10:00  lane-s1  read  京A10001
        10:05  time     -> high ~京A10001
        """,
        place=place(),
    )


def test_one_that_is_read_well_in_the_same_pass_is_not_doubtful() -> None:
    check(
        RULE,
        """
        00:00  lane-1   read  京A70001  sure=0.8
        00:02  lane-1   read  京A10001
        10:00  lane-s1  read  京A10001
        10:05  time     -> high ~京A10001
        """,
        place=place(),
    )
    check(
        RULE,
        """
        00:00  lane-1   read  京A10001
        10:00  lane-s1  read  京A70001  sure=0.8
        10:02  lane-s1  read  京A10001
        10:07  time     -> high ~京A10001
        """,
        place=place(),
    )


def test_what_was_told_of_a_doubtful_read_is_sure_by_the_next_of_its_pass() -> None:
    check(
        RULE,
        """
        00:00  lane-1   read  京A10009
        00:10  lane-1   read  京A10009  to=out
        00:29  lane-s1  read  京AX0009  sure=0.5  -> medium ~京A10009
        00:34  lane-s1  read  京A10009  -> high ~京A10009 since 00:29
        """,
        place=place(),
    )


@pytest.mark.parametrize("doubtful", ["京AX0009", "京A88888"])
def test_what_was_told_of_a_doubtful_first_way_in_is_sure_by_the_next_of_its_pass(doubtful: str) -> None:
    plate = "京A10009" if doubtful == "京AX0009" else doubtful
    check(
        RULE,
        f"""
        00:00  lane-1   read  {doubtful}  sure=0.5
        00:03  lane-s1  read  {plate}  -> medium ~{plate}
        00:08  lane-1   read  {plate}  -> high ~{plate} since 00:03
        00:20  time
        """,
        place=place(),
    )


def test_what_is_told_anew_is_taken_back_all_the_same() -> None:
    check(
        RULE,
        """
        00:00  lane-1   read  京A88888  sure=0.5
        05:00  lane-s1  read  京A88888
        05:05  time  -> medium ~京A88888
        05:30  lane-1   read  京A88888  @00:08  -> high ~京A88888 since 05:00
        05:32  lane-1   read  京A88888  to=out  @00:12  -> withdrawn ~京A88888
        06:00  time
        """,
        place=place(),
    )


def test_a_doubtful_way_out_that_came_before_the_way_in_counts() -> None:
    check(
        RULE,
        """
        00:00  lane-1   read  京A88888  to=out  sure=0.5  @05:00
        00:01  lane-1   read  京A88888  @00:00
        10:00  lane-s1  read  京A88888
        20:00  time
        """,
        place=place(),
    )


def test_out_and_in_again_is_silent_with_a_doubtful_way_in_too() -> None:
    check(
        RULE,
        """
        00:00  lane-1   read  京A70001  sure=0.5
        05:00  lane-1   read  京A10001  to=out
        10:00  lane-s1  read  京A10001
        20:00  time
        """,
        place=place(),
    )


@pytest.mark.parametrize(
    "out",
    [
        "京A70001  to=out  sure=0.9",
        "京A70001  sure=0.9",
        "京A77001  to=out  sure=0.5",
        "京A10002  to=out  sure=0.5",
    ],
    ids=["sure", "a way in", "two characters", "somebody else's"],
)
def test_another_way_out_does_not(out: str) -> None:
    check(
        RULE,
        f"""
        00:00  lane-1   read  京A10001
        05:00  lane-1   read  {out}
        10:00  lane-s1  read  京A10001
        10:05  time     -> high ~京A10001
        """,
        place=place(),
    )


def test_a_read_dated_ahead_does_not_disable_the_rest() -> None:
    check(
        RULE,
        """
        00:00  lane-1   read  京A10001  @20:00:00
        05:00  lane-1   read  京A10001  to=out
        10:00  lane-s1  read  京A10001
        11:00  lane-1   read  京A10001
        11:05  time     -> high ~京A10001 since 11:00
        """,
        place=place(),
    )


def test_a_zone_may_have_its_own_numbers() -> None:
    rule = PlateCloned(zones={"gate-s": Settings(speed_kmh=60, settle_s=1, inside_s=120)})
    check(
        rule,
        """
        00:00      lane-1   read  京A10001
        00:05      lane-1   read  京A10001  to=out
        00:15      lane-s1  read  京A10001
        00:40      lane-s1  read  京A10001  to=out
        01:00      lane-1   read  京A10001
        01:14.999  lane-s1  read  京A10001  -> high ~京A10001
        """,
        place=place(),
    )
    check(
        rule,
        """
        00:00      lane-1   read  京A10001
        02:00      lane-s1  read  京A10001
        02:01      time     -> high ~京A10001
        """,
        place=place(),
    )
    check(rule, "00:00 lane-1 read 京A10001\n02:00.001 lane-s1 read 京A10001\n03:00 time", place=place())


def test_history_is_late() -> None:
    check(
        RULE,
        """
        00:00  lane-1   read  京A10001  @-3:00:00
        00:01  lane-s1  read  京A10001  @-2:59:59  -> late high ~京A10001
        00:02  lane-s1  read  京A10002  @-2:59:58
        00:03  lane-1   read  京A10002  @-2:30:00
        00:08  time     -> late high ~京A10002
        """,
        place=place(),
    )
