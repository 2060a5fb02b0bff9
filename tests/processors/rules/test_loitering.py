"""Somebody who lingers: one track beyond the zone's limit, at the hours the zone is watched."""

from __future__ import annotations

from eventlog.vocabulary import Hours, Words, ZoneSet
from processors.rules.loitering import Loitering, Settings
from tests.processors.estate import estate
from tests.processors.story import NIGHT, check

RULE = Loitering()
KEY = "square:cam-4:t1"
SEES = "cam-4  sees  person  zone=square"


def test_longer_than_the_limit_is_told_two_seconds_after_it() -> None:
    (signal,) = check(
        RULE,
        f"""
        00:00      {SEES}
        01:00      {SEES}  what=stay
        02:01.999  time
        02:02      time  -> low {KEY} since 02:00
        05:00      {SEES}  what=stay
        """,
    )
    assert signal.title.en == "square: somebody has lingered for more than 120 s"


def test_at_night_it_is_more() -> None:
    check(RULE, f"00:00  {SEES}\n02:02  time  -> medium {KEY}", start=NIGHT)


def test_whoever_leaves_in_time_is_silent() -> None:
    check(RULE, f"00:00  {SEES}\n02:00  {SEES}  what=leave\n10:00  time")


def test_a_leave_in_time_may_come_in_those_two_seconds() -> None:
    check(RULE, f"00:00  {SEES}\n02:01.999  {SEES}  what=leave  @02:00\n10:00  time")


def test_a_leave_that_is_too_late_clears_it() -> None:
    check(
        RULE,
        f"""
        00:00  {SEES}
        02:02  time                -> low {KEY}
        03:00  {SEES}  what=leave  -> cleared {KEY}
        09:00  time
        """,
    )


def test_a_leave_just_beyond_the_limit_is_told_and_cleared() -> None:
    check(RULE, f"00:00  {SEES}\n02:01  {SEES}  what=leave  -> low {KEY}; cleared {KEY}")


def test_how_long_it_was_there_may_be_in_the_event_itself() -> None:
    check(RULE, f"00:00  {SEES}  what=stay  dwell=120\n00:01  {SEES}  what=stay  dwell=121 -> low {KEY}")
    check(RULE, f"00:00  {SEES}  what=leave  dwell=120")
    check(RULE, f"00:00  {SEES}  what=leave  dwell=121  -> low {KEY}; cleared {KEY}")


def test_enter_and_leave_out_of_order_are_one_short_stay() -> None:
    check(RULE, f"00:05  {SEES}  what=leave\n00:06  {SEES}  @00:01\n10:00  time")


def test_two_tracks_are_two_people() -> None:
    check(
        RULE,
        f"""
        00:00  {SEES}
        01:00  {SEES}  track=t2
        01:30  {SEES}  what=leave
        03:00  {SEES}  track=t2  what=leave
        10:00  time
        """,
    )


def test_who_comes_back_begins_anew() -> None:
    check(
        RULE,
        f"""
        00:00  {SEES}
        01:30  {SEES}  what=leave
        02:00  {SEES}
        04:00  {SEES}  what=leave
        10:00  time
        """,
    )


def test_cars_and_zones_that_nobody_watches_are_silent() -> None:
    check(RULE, "00:00  cam-4  sees  car  zone=square\n00:00  cam-1  sees  person  zone=yard\n10:00  time")


def test_not_at_these_hours() -> None:
    evening = ZoneSet(
        zone="square",
        name=Words(zh="广场", en="square"),
        watch_hours=(Hours(start="12:03", end="13:00"),),
    )
    place = estate(evening)
    check(RULE, f"00:00  {SEES}\n02:02  time\n02:30  {SEES}  what=leave\n10:00  time", place=place)
    check(
        RULE,
        f"00:00  {SEES}\n02:02  time\n04:00  {SEES}  what=stay  -> low {KEY}\n20:00  time",
        place=place,
    )


def test_a_track_that_was_followed_and_is_unheard_for_ten_minutes_is_lost() -> None:
    rule = Loitering(zones={"square": Settings(limit_s=1_800)})
    check(rule, f"00:00  {SEES}\n19:00  {SEES}  what=stay\n30:02  time")
    check(rule, f"00:00  {SEES}\n21:00  {SEES}  what=stay\n30:02  time  -> low {KEY}")
    check(rule, f"00:00  {SEES}\n30:02  time  -> low {KEY}")


def test_a_track_that_is_lost_is_no_longer_there() -> None:
    late = ZoneSet(
        zone="square",
        name=Words(zh="广场", en="square"),
        watch_hours=(Hours(start="12:30", end="13:00"),),
    )
    check(RULE, f"00:00  {SEES}\n60:00  time", place=estate(late))


def test_seen_badly_and_once_it_is_nobody() -> None:
    check(RULE, f"00:00  {SEES}  sure=0.59\n30:00  time")
    check(RULE, f"00:00  {SEES}  sure=0.6\n02:02  time  -> low {KEY}")
    check(RULE, f"00:00  {SEES}  sure=0.5\n01:00  {SEES}  what=stay  sure=0.5\n02:02  time  -> low {KEY}")


def test_the_limit_is_a_setting_of_the_zone() -> None:
    check(Loitering(None, {"square": Settings(limit_s=30)}), f"00:00  {SEES}\n00:32  time  -> low {KEY}")


def test_history_is_judged_as_a_whole() -> None:
    check(
        RULE,
        f"""
        60:00  {SEES}  history  @10:00
        60:01  {SEES}  what=leave  history  @11:00
        60:02  {SEES}  history  @20:00
        60:03  {SEES}  what=leave  history  @25:00  -> late low {KEY}; cleared {KEY}
        70:00  time
        """,
    )


def test_another_with_the_same_number_ends_what_was_told_of_the_first() -> None:
    check(
        RULE,
        f"""
        60:00      {SEES}  history  @10:00
        60:01      {SEES}  what=stay  dwell=300  history  @15:00  -> late low {KEY}
        120:00     {SEES}  -> cleared {KEY}
        121:00     {SEES}  what=leave
        """,
    )


def test_who_is_still_there_is_told_though_history_told_of_it() -> None:
    check(
        RULE,
        f"""
        60:00  {SEES}  history  @50:00
        60:01  {SEES}  what=stay  dwell=300  history  @55:00  -> late low {KEY}
        60:30  {SEES}  what=stay  dwell=630  -> low {KEY}
        """,
    )
