"""One plate drives in at two gates, and something that a gate's camera said in between never came."""

from __future__ import annotations

from dataclasses import replace

from eventlog.vocabulary import DeviceSet
from processors.rules.plate_cloned import PlateCloned
from processors.step import EstateStep
from tests.processors.rules.test_plate_cloned import RULE, place
from tests.processors.story import activated, check, entries_of, parse

BESIDE_A_HOLE = """
00:00  lpr-n    heartbeat  seq=1
00:10  lane-1   read       京A10001
10:00  lpr-n    heartbeat  seq=3
20:00  lane-s1  read       京A10001
"""


def test_where_the_way_out_may_be_what_never_came_it_is_for_a_person() -> None:
    check(RULE, f"{BESIDE_A_HOLE}20:05  time  -> medium ~京A10001 since 20:00", place=place())


def test_a_hole_that_is_filled_or_was_there_before_is_no_way_out() -> None:
    check(
        RULE,
        """
        00:00  lpr-n    heartbeat  seq=1
        00:05  lpr-n    heartbeat  seq=3
        00:10  lane-1   read       京A10001
        10:00  lpr-n    heartbeat  seq=5
        19:00  lpr-n    heartbeat  seq=4
        20:00  lane-s1  read       京A10001
        20:05  time  -> high ~京A10001 since 20:00
        """,
        place=place(),
    )
    check(
        RULE,
        """
        00:00  lpr-n    heartbeat  seq=1
        00:10  lane-1   read       京A10001
        10:00  lpr-n    heartbeat  seq=5
        19:00  lpr-n    heartbeat  seq=3
        20:00  lane-s1  read       京A10001
        20:05  time  -> medium ~京A10001 since 20:00
        """,
        place=place(),
    )


def test_only_cameras_of_gates_read_a_way_out() -> None:
    elsewhere = DeviceSet(device="lpr-far", family="vehicle", zone="far")
    there = replace(place(), devices={**place().devices, "lpr-far": elsewhere})
    check(
        RULE,
        """
        00:00  lpr-far  heartbeat  seq=1
        00:00  gate-n1  heartbeat  seq=1
        00:10  lane-1   read       京A10001
        10:00  lpr-far  heartbeat  seq=3
        10:00  gate-n1  heartbeat  seq=3
        20:00  lane-s1  read       京A10001
        20:05  time  -> high ~京A10001 since 20:00
        """,
        place=there,
    )


def test_what_the_way_in_itself_shows_to_be_missing_was_before_it() -> None:
    check(
        RULE,
        """
        00:00  lane-1   rises      seq=1
        00:10  lane-1   read       京A10001  seq=3
        20:00  lane-s1  read       京A10001
        20:05  time  -> high ~京A10001 since 20:00
        """,
        place=place(),
    )


def test_what_was_missing_when_a_camera_began_anew_never_comes() -> None:
    check(
        RULE,
        """
        00:00  lpr-n    heartbeat  seq=1001
        00:10  lane-1   read       京A10001
        10:00  lpr-n    heartbeat  seq=1003
        15:00  lpr-n    heartbeat  seq=1
        20:00  lane-s1  read       京A10001
        20:05  time  -> medium ~京A10001 since 20:00
        """,
        place=place(),
    )


def test_a_first_way_in_that_comes_late_makes_the_second_one_doubtful_too() -> None:
    check(
        RULE,
        """
        00:00    lpr-n    heartbeat  seq=1
        20:00    lane-s1  read       京A10001
        21:00    lpr-n    heartbeat  seq=3
        2:00:00  lane-1   read       京A10001  @10:00
        2:00:05  time  -> medium ~京A10001 since 20:00
        """,
        place=place(),
    )


def test_too_soon_is_too_soon_whatever_never_came() -> None:
    check(
        RULE,
        """
        00:00      lpr-n    heartbeat  seq=1
        00:10      lane-1   read       京A10001
        00:15      lpr-n    heartbeat  seq=3
        00:39.999  lane-s1  read       京A10001  -> high ~京A10001 since 00:40
        """,
        place=place(),
    )


def test_what_never_came_is_remembered_over_a_restart() -> None:
    there = place().with_event(activated(RULE))
    for cut in range(5):
        entries = entries_of(parse(f"{BESIDE_A_HOLE}20:05  time"))
        first = EstateStep(there, rules={"plate_cloned": PlateCloned})
        for entry in entries[:cut]:
            first.take(entry)
        second = EstateStep(there, first.changed()[0], rules={"plate_cloned": PlateCloned})
        for entry in entries[cut:]:
            second.take(entry)
        (raised,) = (each for each in second.outputs() if each.type == "alert.raised")
        assert b'"severity":"medium"' in raised.body
