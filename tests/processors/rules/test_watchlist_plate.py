"""A plate on a watch list, or one that cameras take for it."""

from __future__ import annotations

import pytest

from eventlog.vocabulary import VehicleSet, WatchEntrySet
from processors.rules.watchlist_plate import Settings, WatchlistPlate
from tests.processors.estate import estate
from tests.processors.story import check

RULE = WatchlistPlate()


def test_a_listed_plate_has_the_severity_of_its_entry() -> None:
    signals = check(
        RULE,
        """
        00:00  lane-1     read  京C8B0Z1  -> high north:京C8B0Z1
        00:01  lane-open  read  京C77777  -> low open:京C77777
        00:02  lane-x     read  京C·77777  -> low lane-x:京C77777
        """,
    )
    assert signals[0].title.en == "north: a vehicle on the list stolen"


def test_others_are_silent() -> None:
    check(
        RULE,
        """
        00:00  lane-1  read  京C77778
        00:01  lane-1  read  无牌车
        """,
    )


@pytest.mark.parametrize(
    "plate",
    ["京CBB0Z1", "京C880Z1", "京C8BOZ1", "京C8BQZ1", "京C8BDZ1", "京C8B021", "京C8B0ZI"],
)
def test_one_look_alike_character_is_for_a_person_to_confirm(plate: str) -> None:
    signals = check(RULE, f"00:00  lane-1  read  {plate}  -> medium north:京C8B0Z1")
    assert "confirm" in signals[0].title.en


@pytest.mark.parametrize("plate", ["京CB80Z1", "京C8B0Z7", "京C8B0Z", "京C8B0Z11", "京D8B0Z1", "京CBBOZ1"])
def test_two_look_alikes_or_another_character_are_silent(plate: str) -> None:
    check(RULE, f"00:00  lane-1  read  {plate}")


def test_five_and_s_two_and_z_are_look_alikes() -> None:
    place = estate(WatchEntrySet(list="stolen", kind="plate", value="京E5ZI11"))
    check(
        RULE,
        """
        00:00  lane-1  read  京ESZI11  -> medium north:京E5ZI11
        00:30  lane-1  read  京E52I11  -> medium north:京E5ZI11
        01:00  lane-1  read  京E5Z111  -> medium north:京E5ZI11
        """,
        place=place,
    )


def test_reads_of_one_pass_are_one() -> None:
    check(
        RULE,
        """
        00:00      lane-1  read  京C77777  -> low north:京C77777
        00:10      lane-2  read  京C77777
        00:20      lane-1  read  京C77777
        00:30.001  lane-1  read  京C77777  -> low north:京C77777
        """,
    )


def test_a_sure_read_in_the_same_pass_is_told_a_doubtful_one_after_it_is_not() -> None:
    check(
        RULE,
        """
        00:00  lane-1  read  京C880Z1  -> medium north:京C8B0Z1
        00:03  lane-1  read  京C8B0Z1  -> high north:京C8B0Z1
        00:06  lane-1  read  京C880Z1
        """,
    )


def test_a_look_alike_that_is_a_registered_vehicle_is_itself_when_sure() -> None:
    place = estate(VehicleSet(plate="京C880Z1", groups=("resident",)))
    check(
        RULE,
        """
        00:00  lane-1  read  京C880Z1  sure=0.9
        00:30  lane-1  read  京C880Z1  sure=0.89  -> medium north:京C8B0Z1
        """,
        place=place,
    )


def test_a_zone_may_have_its_own_numbers() -> None:
    rule = WatchlistPlate(zones={"gate-n": Settings(pass_s=60)})
    check(
        rule,
        """
        00:00  lane-1     read  京C77777  -> low north:京C77777
        00:30  lane-shut  read  京C77777  -> low shut:京C77777
        00:41  lane-shut  read  京C77777  -> low shut:京C77777
        01:00  lane-1     read  京C77777
        """,
    )


def test_history_is_late() -> None:
    check(RULE, "00:00  lane-1  read  京C77777  @-3:00:00  -> late low north:京C77777")


@pytest.mark.parametrize("ahead", ["00:40", "1:00:00", "23:59:59"])
def test_a_read_dated_ahead_does_not_disable_the_same_pass(ahead: str) -> None:
    check(
        RULE,
        f"""
        00:00  lane-1  read  京C77777  @{ahead}  -> low north:京C77777
        00:05  lane-1  read  京C77777
        00:14  lane-1  read  京C77777
        00:20  lane-1  read  京C77777
        00:40  lane-1  read  京C77777  -> low north:京C77777
        """,
    )
