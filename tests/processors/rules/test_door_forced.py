"""A door that opens and nobody let anyone through."""

from __future__ import annotations

from datetime import timedelta

import pytest

from eventlog.vocabulary import MaintenanceSet
from processors.rules.door_forced import DoorForced, Settings
from tests.processors.estate import estate
from tests.processors.story import NOON, check

RULE = DoorForced()


def test_an_opening_that_is_sent_again_within_a_minute_is_held_against_its_grant() -> None:
    check(
        RULE,
        """
        00:00  building-3  granted  a
        00:30  building-3  granted  b
        00:31  building-3  opened
        00:36  building-3  closed
        00:55  building-3  opened  @00:01
        01:00  time
        03:00  building-3  opened  @02:00
        03:10  time  -> high building-3 since 02:00
        """,
    )


def test_a_release_that_waited_at_the_broker_with_its_opening_explains_it() -> None:
    check(
        RULE,
        """
        09:00.00  building-3  granted  a  @00:01
        09:00.01  building-3  opened  @00:02
        09:00.02  building-3  closed  @00:07
        09:00.03  building-3  opened  @01:00
        09:06     time  -> high building-3 since 01:00
        """,
    )


def test_an_opening_that_nothing_explains() -> None:
    signals = check(
        RULE,
        """
        00:10  building-3  opened
        00:11.999  time
        00:12  time                -> high building-3 since 00:10
        00:15  building-3  closed  -> cleared building-3
        00:20  building-3  closed
        """,
    )
    assert signals[0].title.en == "building-3: door three was forced open"


@pytest.mark.parametrize("release", ["granted", "exit", "granted by=remote"])
def test_a_release_five_seconds_before_explains_it(release: str) -> None:
    check(
        RULE,
        f"""
        00:05  building-3  {release}
        00:10  building-3  opened
        00:12  time
        00:20  building-3  closed
        """,
    )


@pytest.mark.parametrize("release", ["granted", "exit"])
def test_a_release_earlier_than_that_does_not(release: str) -> None:
    check(
        RULE,
        f"""
        00:04.999  building-3  {release}
        00:10      building-3  opened
        00:12      time  -> high building-3
        """,
    )


def test_a_release_that_comes_late_is_heard() -> None:
    check(
        RULE,
        """
        00:10     building-3  opened
        00:11.9   building-3  granted  @00:09
        00:20     time
        """,
    )


def test_a_release_after_the_opening_explains_nothing() -> None:
    check(
        RULE,
        """
        00:10  building-3  opened
        00:11  building-3  granted
        00:12  time  -> high building-3
        """,
    )


def test_a_release_of_another_door_explains_nothing() -> None:
    check(
        RULE,
        """
        00:09  building-4  granted
        00:10  building-3  opened
        00:12  time  -> high building-3
        """,
    )


def test_the_device_says_so_at_once() -> None:
    check(
        RULE,
        """
        00:09  building-3  granted
        00:10  building-3  forced  -> high building-3
        00:11  building-3  closed  -> cleared building-3
        """,
    )


def test_a_device_just_back_online_tells_how_its_doors_stand() -> None:
    check(
        RULE,
        """
        00:00      building-3  online
        00:10      building-3  opened
        01:00      time
        02:00      building-3  online
        02:10.001  building-3  opened
        02:20      time  -> high building-3
        """,
    )


def test_online_that_comes_after_the_opening_is_heard() -> None:
    check(
        RULE,
        """
        00:10  building-3  opened
        00:11  building-3  online  @00:09
        00:20  time
        """,
    )


def test_doors_under_maintenance_are_silent() -> None:
    rule = DoorForced(zones={"building-3": Settings(maintenance=True)})
    check(
        rule,
        """
        00:10  building-3  opened
        00:10  building-3  forced
        00:10  building-4  opened
        00:12  time  -> high building-4
        """,
    )


def test_a_zone_may_have_its_own_numbers() -> None:
    rule = DoorForced(zones={"building-3": Settings(grant_s=10, settle_s=4, online_s=1)})
    check(
        rule,
        """
        00:00  building-3  granted
        00:09  building-3  opened
        00:20  building-3  online
        00:22  building-3  opened
        00:25  time
        00:26  time  -> high building-3
        """,
    )


def test_history_is_judged_and_late() -> None:
    check(
        RULE,
        """
        00:00  building-3  opened   @-3:00:00
        00:01  building-3  opened   @-2:00:00
        00:02  building-3  granted  @-2:00:03
        00:05  time  -> late high building-3
        00:30  time
        """,
    )


@pytest.mark.parametrize("what", [{"devices": ("building-3",)}, {"zones": ("building-3",)}])
def test_planned_maintenance_is_silent_while_it_lasts(what: dict[str, tuple[str, ...]]) -> None:
    work = MaintenanceSet.model_validate(
        {"maintenance": "lock", "starts_at": NOON, "ends_at": NOON + timedelta(seconds=60), **what}
    )
    check(
        RULE,
        """
        00:00  building-3  opened
        00:05  building-3  closed
        00:20  building-3  forced
        00:30  building-4  forced  -> high building-4
        00:59  building-3  opened
        01:00  building-3  closed
        01:01  building-3  opened
        01:10  time  -> high building-3 since 01:01
        01:20  building-3  forced  -> high building-3
        """,
        place=estate(work),
    )


def test_a_contact_that_bounces_as_the_door_closes_is_no_opening() -> None:
    check(
        RULE,
        """
        00:00      building-3  granted  a
        00:01      building-3  opened
        00:20      building-3  closed
        00:20.500  building-3  opened
        00:20.600  building-3  closed
        01:20      building-3  closed
        01:20.501  building-3  opened
        01:30      time  -> high building-3 since 01:21
        """,
    )


def test_a_bounce_whose_close_comes_after_it() -> None:
    check(
        RULE,
        """
        00:00      building-3  granted  a
        00:01      building-3  opened
        00:20.300  building-3  opened
        00:20.400  building-3  closed  @00:20.100
        00:20.500  building-3  closed
        01:00      time
        """,
    )


def test_what_is_missing_just_before_the_opening_may_have_been_the_release() -> None:
    story = """
        00:00      building-3  heartbeat  seq=1
        00:04      building-3  {}
        {}         building-3  opened     seq=4
        00:30      time  {}
        """
    check(RULE, story.format("heartbeat  seq=3", "00:09    ", ""))
    check(RULE, story.format("heartbeat  seq=3", "00:09.001", "-> high building-3 since 00:09"))
    check(RULE, story.format("heartbeat  seq=2", "00:09    ", ""))


@pytest.mark.parametrize("comes", ["00:10.999", "00:30    ", "01:08.999"])
def test_what_was_missing_and_comes_within_a_minute_is_judged_by_what_it_is(comes: str) -> None:
    story = """
        00:00      building-3  heartbeat  seq=1
        00:09      building-3  opened     seq=3
        {}         building-3  {}  @00:08  seq=2
        01:30      time  {}
        """
    check(RULE, story.format(comes, "heartbeat", "-> high building-3 since 00:09"))
    check(RULE, story.format(comes, "granted  a", ""))


def test_what_comes_after_that_minute_is_too_late() -> None:
    check(
        RULE,
        """
        00:00      building-3  heartbeat  seq=1
        00:09      building-3  opened     seq=3
        01:09.001  building-3  heartbeat  @00:08  seq=2
        05:00      time
        """,
    )


def test_a_hole_that_a_later_message_shows_may_hide_the_release_too() -> None:
    story = """
        00:00      building-3  heartbeat    seq=1
        00:09.100  building-3  {}           seq=4
        00:09.300  building-3  opened       @00:09  seq={}
        00:30      building-3  granted  a   @00:08  seq=2
        01:30      time  {}
        """
    check(RULE, story.format("closed", 3, ""))
    check(RULE, story.format("exit  ", 3, ""))
    check(RULE, story.replace("00:30 ", "01:20 ").format("closed", 3, ""))


def test_a_hole_after_the_opening_hides_nothing_of_before() -> None:
    check(
        RULE,
        """
        00:00      building-3  heartbeat  seq=1
        00:09      building-3  opened     seq=2
        00:09.501  building-3  closed     seq=4
        00:11      time  -> high building-3 since 00:09; cleared building-3
        """,
    )


def test_a_hole_after_an_opening_that_was_overtaken_hides_nothing_of_before() -> None:
    check(
        RULE,
        """
        00:00      building-3  heartbeat  seq=1
        00:09.700  building-3  closed     seq=4
        00:09.800  building-3  opened     @00:09  seq=2
        00:11      time  -> high building-3 since 00:09; cleared building-3
        """,
    )


def test_a_hole_shown_by_a_clock_that_is_ahead_hides_nothing_after_it() -> None:
    check(
        RULE,
        """
        00:00  building-3  heartbeat  seq=1
        00:01  building-3  heartbeat  seq=3  @1:00:01
        10:00  building-3  opened     seq=4
        10:02  time  -> high building-3 since 10:00
        """,
    )


def test_a_hole_of_a_count_that_begins_anew_hides_nothing_of_before() -> None:
    check(
        RULE,
        """
        00:00    building-3  heartbeat  seq=4999
        00:09    building-3  opened     seq=5000
        00:10    building-3  heartbeat  seq=1
        00:10.8  building-3  heartbeat  seq=3
        00:11    time  -> high building-3 since 00:09
        """,
    )


def test_what_is_missing_below_a_message_was_sent_before_it() -> None:
    story = """
        00:00    building-3  heartbeat  seq=1
        00:09.2  building-3  heartbeat  seq=6
        00:09.3  building-3  heartbeat  @{}  seq=4
        00:09.4  building-3  heartbeat  @{}  seq=3
        00:09.5  building-3  opened     @00:09  seq=5
        00:20    time  {}
        """
    check(RULE, story.format("00:04.1", "00:03.9", "-> high building-3 since 00:09"))
    check(RULE, story.format("00:04.2", "00:04  ", ""))


def test_history_waits_for_what_is_missing_by_the_logs_time() -> None:
    story = """
        00:00    building-3  heartbeat  seq=1
        59:55    building-3  exit       @10:30    seq=5  history
        1:00:00  building-3  opened     @10:00    seq=3  history
        1:00:58  building-3  {}  @{}  seq=2  history
        1:01:50  time  {}
        1:02:00  building-3  opened     @10:32    seq=6  history
        1:04:00  time
        """
    check(RULE, story.format("heartbeat", "09:58", "-> late high building-3 since 10:00"))
    check(RULE, story.format("granted  a", "09:58", ""))
    check(RULE, story.replace("1:00:58", "1:01:01").format("heartbeat", "09:58", ""))


def test_what_is_told_after_its_close_is_over() -> None:
    check(
        RULE,
        """
        00:00  building-3  heartbeat  seq=1
        00:09  building-3  opened     seq=3
        00:15  building-3  closed     seq=4
        00:30  building-3  heartbeat  @00:08  seq=2
        00:35  time  -> high building-3 since 00:09; cleared building-3
        05:00  building-3  opened  seq=5
        05:02  time  -> high building-3 since 05:00
        05:10  building-3  closed  seq=6  -> cleared building-3
        """,
    )


def test_a_contact_that_bounces_as_a_door_is_forced_is_no_close() -> None:
    check(
        RULE,
        """
        00:09.0  building-3  opened
        00:09.3  building-3  closed
        00:09.5  building-3  opened
        00:12    time  -> high building-3 since 00:09
        00:20    building-3  closed  -> cleared building-3
        """,
    )


def test_one_that_is_over_when_it_is_told_closes_no_other_that_stands_open() -> None:
    check(
        RULE,
        """
        00:00  building-3  heartbeat  seq=1
        00:09  building-3  opened     seq=3
        00:15  building-3  closed     seq=4
        00:30  building-3  opened     seq=5
        00:32  time  -> high building-3 since 00:30
        00:50  building-3  heartbeat  @00:08  seq=2
        00:55  time  -> high building-3 since 00:09
        01:30  building-3  closed  seq=6  -> cleared building-3
        """,
    )


@pytest.mark.parametrize(
    "bounce",
    [
        "00:09.6  building-3  closed\n00:09.9  building-3  opened",
        "00:09.9  building-3  opened\n00:10.0  building-3  closed  @00:09.6",
    ],
    ids=["in order", "overtaken"],
)
def test_a_door_that_bounces_open_again_stands_open(bounce: str) -> None:
    check(
        RULE,
        f"""
        00:09.0  building-3  opened
        {bounce}
        00:12    time  -> high building-3 since 00:09
        00:20    building-3  closed  -> cleared building-3
        """,
    )


def test_a_zone_that_waits_longer_for_a_grant_waits_as_long_for_what_is_missing() -> None:
    check(
        DoorForced(zones={"building-3": Settings(settle_s=90)}),
        """
        00:00  building-3  heartbeat  seq=1
        00:09  building-3  opened     seq=3
        01:20  building-3  heartbeat  @00:08  seq=2
        01:39  time  -> high building-3 since 00:09
        """,
    )


def test_a_device_that_counts_its_heartbeats_only() -> None:
    story = """
        00:00      building-3  heartbeat  seq=1
        00:08      building-3  heartbeat  seq=3
        {}         building-3  opened
        01:30      time  {}
        """
    check(RULE, story.format("00:13    ", ""))
    check(RULE, story.format("00:13.001", "-> high building-3 since 00:13"))
