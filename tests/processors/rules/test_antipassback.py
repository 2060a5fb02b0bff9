"""In after in with no out between: another went in on the credential."""

from __future__ import annotations

from eventlog.vocabulary import DoorSet
from processors.rules.antipassback import Antipassback, Settings
from tests.processors.estate import estate
from tests.processors.story import check

RULE = Antipassback()


def both_ways(door: str, zone: str, kind: str = "gate") -> DoorSet:
    return DoorSet(door=door, device=door, zone=zone, kind=kind, reader_out=True)  # type: ignore[arg-type]


PLACE = estate(
    both_ways("gate-n1", "gate-n"),
    both_ways("gate-s1", "far"),
    both_ways("building-4", "building-4", "building"),
)
"""Two gates and one building with readers both ways; building 3 has a button inside."""


def test_in_and_in_again_is_told_five_seconds_later() -> None:
    signals = check(
        RULE,
        """
        00:00      gate-n1  granted  a
        00:30      gate-n1  granted  a
        00:34.999  time
        00:35      time  -> low gates:~a since 00:30
        """,
        place=PLACE,
    )
    assert signals[0].zone == "gate-n"
    assert signals[0].evidence == ("event-1", "event-2")
    assert signals[0].title.en == "gate-n: a credential went in again without going out (gate-n1)"


def test_all_gates_lead_into_the_same_estate() -> None:
    signals = check(
        RULE,
        """
        00:00  gate-n1  granted  a
        10:00  gate-s1  granted  a
        11:00  time  -> low gates:~a
        """,
        place=PLACE,
    )
    assert signals[0].devices == ("gate-n1", "gate-s1")


def test_a_building_is_an_area_of_its_own() -> None:
    check(
        RULE,
        """
        00:00  gate-n1     granted  a
        05:00  building-4  granted  a
        06:00  time
        07:00  building-4  granted  a
        08:00  time  -> low building-4:~a
        """,
        place=PLACE,
    )


def test_out_between_is_silent_through_any_gate() -> None:
    check(
        RULE,
        """
        00:00  gate-n1  granted  a
        05:00  gate-s1  granted  a  to=out
        09:00  gate-n1  granted  a
        10:00  time
        """,
        place=PLACE,
    )


def test_doors_without_a_reader_on_the_way_out_are_silent() -> None:
    check(
        RULE,
        """
        00:00  building-3  granted  a
        05:00  building-3  granted  a
        06:00  elsewhere   granted  a
        07:00  elsewhere   granted  a
        08:00  time
        """,
        place=PLACE,
    )


def test_out_twice_and_other_credentials_are_silent() -> None:
    check(
        RULE,
        """
        00:00  gate-n1  granted  a
        01:00  gate-n1  granted  a  to=out
        02:00  gate-n1  granted  a  to=out
        03:00  gate-n1  granted  b
        04:00  gate-n1  granted  c
        05:00  time
        """,
        place=PLACE,
    )


def test_an_impatient_hand_is_one_entry() -> None:
    check(
        RULE,
        """
        00:00      gate-n1  granted  a
        00:02      gate-n1  granted  a
        01:00      time
        02:00      gate-n1  granted  b
        02:02.001  gate-n1  granted  b
        03:00      time  -> low gates:~b
        """,
        place=PLACE,
    )


def test_a_release_from_afar_is_nobodys_entry() -> None:
    check(
        RULE,
        """
        00:00  gate-n1  granted  desk  by=remote
        05:00  gate-n1  granted  desk  by=remote
        06:00  time
        """,
        place=PLACE,
    )


def test_it_is_forgotten_after_twelve_hours() -> None:
    check(
        RULE,
        """
        00:00:00      gate-n1  granted  a
        12:00:00      gate-n1  granted  a
        13:00:00      time
        14:00:00      gate-s1  granted  b
        25:59:59.999  gate-s1  granted  b
        27:00:00      time  -> low gates:~b
        """,
        place=PLACE,
    )


def test_an_operator_forgives() -> None:
    check(
        RULE,
        """
        00:00  gate-n1  granted   a
        01:00  a        forgiven
        02:00  gate-n1  granted   a
        03:00  time
        04:00  gate-n1  granted   a
        05:00  time  -> low gates:~a
        06:00  a        forgiven  -> cleared gates:~a
        07:00  gate-n1  granted   a
        08:00  time
        """,
        place=PLACE,
    )


def test_forgiveness_of_one_is_not_anothers() -> None:
    check(
        RULE,
        """
        00:00  gate-n1  granted   a
        01:00  b        forgiven
        02:00  gate-n1  granted   a
        03:00  time  -> low gates:~a
        """,
        place=PLACE,
    )


def test_going_out_clears_it() -> None:
    check(
        RULE,
        """
        00:00  gate-n1  granted  a
        01:00  gate-n1  granted  a
        02:00  time  -> low gates:~a
        03:00  gate-n1  granted  a  to=out  -> cleared gates:~a
        04:00  gate-n1  granted  a
        05:00  time
        """,
        place=PLACE,
    )


def test_an_exit_that_comes_up_to_five_seconds_late_is_heard() -> None:
    check(
        RULE,
        """
        00:00      gate-n1  granted  a
        05:00      gate-n1  granted  a
        05:04.999  gate-s1  granted  a  to=out  @04:59
        06:00      time
        """,
        place=PLACE,
    )


def test_an_exit_that_comes_later_still_withdraws_it() -> None:
    check(
        RULE,
        """
        00:00  gate-n1  granted  a
        05:00  gate-n1  granted  a
        05:05  time  -> low gates:~a
        05:06  gate-s1  granted  a  to=out  @04:59  -> withdrawn gates:~a
        """,
        place=PLACE,
    )


def test_an_exit_before_both_mends_nothing() -> None:
    check(
        RULE,
        """
        00:10  gate-n1  granted  a
        05:00  gate-n1  granted  a
        05:05  time  -> low gates:~a
        05:06  gate-s1  granted  a  to=out  @00:05
        06:00  gate-s1  granted  a  to=out  -> cleared gates:~a
        """,
        place=PLACE,
    )


def test_history_is_told_as_late() -> None:
    check(
        RULE,
        """
        00:00  gate-n1  granted  a  @-3:00:00
        00:01  gate-n1  granted  a  @-2:00:00
        00:10  time  -> late low gates:~a
        """,
        place=PLACE,
    )


def test_a_zone_may_have_its_own_numbers() -> None:
    rule = Antipassback(zones={"gate-n": Settings(forget_s=60, settle_s=1, impatient_s=0)})
    check(
        rule,
        """
        00:00      gate-n1  granted  a
        00:01      gate-n1  granted  a
        00:02      time  -> low gates:~a
        05:00      gate-n1  granted  b
        06:00      gate-n1  granted  b
        07:00      time
        """,
        place=PLACE,
    )
