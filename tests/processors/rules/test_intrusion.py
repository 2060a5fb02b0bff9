"""Somebody where nobody may be at these hours, unless it is the patrol."""

from __future__ import annotations

from datetime import timedelta

import pytest

from eventlog.estate import Estate
from eventlog.vocabulary import (
    CheckpointSet,
    Hours,
    MaintenanceSet,
    Neighbour,
    RoundSet,
    SegmentSet,
    Stop,
    Words,
    ZoneSet,
)
from processors.rules.intrusion import Intrusion, Settings
from tests.processors.estate import estate
from tests.processors.story import NIGHT, check

RULE = Intrusion()
SEES = "cam-3  sees  person  zone=store"


def test_a_person_in_an_armed_zone_is_told_at_once() -> None:
    (signal,) = check(RULE, f"00:00  {SEES}  -> high store since 00:00")
    assert signal.title.en == "store: somebody is there in its armed hours"
    check(RULE, f"00:00  {SEES}  what=stay  -> high store", start=NIGHT)


def test_unsure_it_takes_two_within_ten_seconds() -> None:
    check(RULE, f"00:00  {SEES}  sure=0.55\n00:10  {SEES}  sure=0.69  -> high store")
    check(RULE, f"00:00  {SEES}  sure=0.69\n00:10.001  {SEES}  sure=0.69")
    check(RULE, f"00:00  {SEES}  sure=0.7  -> high store")
    check(RULE, f"00:00  {SEES}  sure=0.69  track=1\n00:05  {SEES}  sure=0.69  track=2")


def test_somebody_whom_the_camera_loses_again_and_again_is_somebody() -> None:
    """Three half seen of one camera within twenty seconds."""
    twice = f"00:00  {SEES}  sure=0.6  track=1\n00:09  {SEES}  sure=0.6  track=2\n"
    check(RULE, f"{twice}00:20  {SEES}  sure=0.6  track=3  -> high store")
    check(RULE, f"{twice}00:20.001  {SEES}  sure=0.6  track=3")
    check(RULE, f"{twice}00:18  cam-9  sees  person  zone=store  sure=0.6  track=3")


def test_what_is_hardly_seen_or_by_two_cameras_is_nobody() -> None:
    check(RULE, f"00:00  {SEES}  sure=0.549\n00:01  {SEES}  sure=0.549\n00:02  {SEES}  sure=0.6")
    check(RULE, f"00:00  {SEES}  sure=0.6\n00:01  cam-9  sees  person  zone=store  sure=0.6")


def test_who_leaves_was_there() -> None:
    check(RULE, f"00:00  {SEES}  sure=0.4\n01:30  {SEES}  what=leave  dwell=90  -> high store since 00:00")
    check(RULE, f"00:00  {SEES}  sure=0.6\n00:05  {SEES}  what=leave  dwell=5  sure=0.6")
    check(RULE, f"00:00  {SEES}  -> high store\n04:00  {SEES}  what=leave  dwell=240")


def test_only_in_its_armed_hours() -> None:
    hours = (Hours(start="12:01", end="12:02"),)
    place = estate(ZoneSet(zone="store", name=Words(zh="库", en="store"), armed_hours=hours))
    check(
        RULE,
        f"""
        00:59.999  {SEES}
        01:00      {SEES}  -> high store
        02:00      {SEES}
        02:03      {SEES}  @01:59.500
        02:04      {SEES}  @02:00
        """,
        place=place,
    )


def test_animals_and_zones_not_armed_are_silent() -> None:
    check(
        RULE,
        """
        00:00  cam-3  sees  cat     zone=store
        00:02  cam-1  sees  person  zone=yard
        """,
    )


def test_while_it_goes_on_it_is_told_once_a_minute() -> None:
    check(RULE, f"00:00  {SEES}  -> high store\n00:59.999  {SEES}\n01:00  {SEES}  -> high store")


def test_a_patrol_that_was_heard_of_there_is_no_intruder() -> None:
    check(
        RULE,
        f"""
        00:00      li  point  point-1
        00:10      {SEES}
        05:00      {SEES}
        05:00.001  {SEES}  -> high store
        """,
    )
    check(RULE, f"00:00  li  stands  store\n05:00  {SEES}\n05:00.001  {SEES}  -> high store")


def test_who_is_followed_for_long_is_somebody_though_the_camera_is_never_sure() -> None:
    unsure = f"00:00  {SEES}  sure=0.6\n"
    check(RULE, f"{unsure}00:10.001  {SEES}  what=leave  dwell=10.001  sure=0.6  -> high store since 00:00")
    check(RULE, f"{unsure}01:00  {SEES}  what=stay  dwell=60  sure=0.55  -> high store since 00:00")
    check(RULE, f"{unsure}01:00  {SEES}  what=leave  dwell=60  sure=0.54")
    check(RULE, f"00:00  {SEES}  sure=0.5\n00:10  {SEES}  what=leave  dwell=10  sure=0.6")


@pytest.mark.parametrize("kind", ["climb", "cut"])
def test_after_a_climb_or_a_cut_nobody_is_taken_for_a_patrol(kind: str) -> None:
    check(
        RULE,
        f"""
        00:00  li  point  point-1
        00:01  {SEES}
        00:02  seg-9  alarms  {kind}  -> high store since 00:01
        00:30  li  point  point-1
        00:40  {SEES}
        """,
        place=FENCED,
    )


def test_a_minute_after_a_climb_a_patrol_is_a_patrol_again() -> None:
    climbed = "00:00  li  point  point-1\n00:02  seg-9  alarms  climb\n"
    check(RULE, f"{climbed}01:02  {SEES}  -> high store", place=FENCED)
    check(RULE, f"{climbed}01:02.001  {SEES}", place=FENCED)


@pytest.mark.parametrize("alarm", ["seg-9 alarms vibration", "seg-1 alarms climb", "seg-none alarms climb"])
def test_wind_and_other_fences_do_not_matter(alarm: str) -> None:
    check(RULE, f"00:00  li  point  point-1\n00:02  {alarm}\n00:03  {SEES}", place=FENCED)


def test_a_patrol_elsewhere_explains_nothing() -> None:
    check(RULE, f"00:00  li  stands  yard\n00:01  {SEES}  -> high store")


FENCED = estate(SegmentSet(segment="seg-9", zone="store", device="fence-9"))
ROUND = (
    ZoneSet(
        zone="store",
        name=Words(zh="库", en="store"),
        adjacent=(Neighbour(zone="yard"),),
        armed_hours=(Hours(start="00:00", end="23:59"),),
    ),
    CheckpointSet(checkpoint="point-2", zone="yard"),
    RoundSet(
        plan="r",
        squad="squad-1",
        stops=(Stop(checkpoint="point-2", after_min=0), Stop(checkpoint="point-1", after_min=5)),
    ),
)


def test_a_patrol_whose_round_leads_there_from_next_door_is_no_intruder() -> None:
    check(
        RULE,
        f"""
        00:00  li  point  point-2
        00:30  {SEES}
        00:40  {SEES}
        02:27  li  point  point-1
        05:00  time
        """,
        place=estate(*ROUND),
    )
    check(
        RULE,
        f"00:00  chen  point  point-2  squad=squad-2\n00:30  {SEES}  -> high store",
        place=estate(*ROUND),
    )


def test_a_patrol_that_comes_is_waited_for_twelve_minutes() -> None:
    """Its phone need not say anything on the way."""
    check(RULE, f"00:00  li  point  point-2\n12:00  {SEES}\n13:50  li  stands  store", place=estate(*ROUND))
    check(RULE, f"00:00  li  point  point-2\n12:00.001  {SEES}  -> high store", place=estate(*ROUND))


def test_a_patrol_whose_round_leads_elsewhere_is_not_waited_for() -> None:
    """The store was before the yard."""
    place = _round("far", "store", "yard")
    check(RULE, f"00:00  li  point  point-2\n00:30  {SEES}  -> high store", place=place)
    went = "00:00  li  point  point-1\n01:00  li  point  point-2\n"
    check(RULE, f"{went}01:30.001  {SEES}  -> high store", place=place)


def _round(*zones: str) -> Estate:
    """A round through these zones; the store is next door to the yard."""
    points = [CheckpointSet(checkpoint=f"in-{zone}", zone=zone) for zone in zones]
    stops = tuple(Stop(checkpoint=each.checkpoint, after_min=0) for each in points)
    return estate(*ROUND[:2], *points, RoundSet(plan="r", squad="squad-1", stops=stops))


def test_who_is_heard_of_anywhere_else_is_not_here_any_more() -> None:
    """However far, and whether or not the round leads there next."""
    place = _round("yard", "store", "far", "farther")
    for gone in ("far", "farther", "yard"):
        went = f"00:00  li  point  point-1\n01:00  li  stands  {gone}\n"
        if gone != "yard":  # from there the round leads here
            check(RULE, f"{went}01:30.001  {SEES}  -> high store", place=place)
    came = "00:00  li  point  point-2\n01:00  li  stands  far\n"
    check(RULE, f"{came}02:00  {SEES}  -> high store", place=place)


def test_a_round_that_begins_here_is_come_to_from_next_door() -> None:
    place = _round("store", "far")
    check(RULE, f"00:00  li  stands  yard\n00:30  {SEES}\n00:50  li  point  in-store", place=place)
    check(RULE, f"00:00  li  stands  far\n00:30  {SEES}  -> high store", place=place)


def test_where_the_patrol_next_door_does_not_show_itself_it_was_somebody_else() -> None:
    check(
        RULE,
        f"""
        00:00  li  point  point-2
        00:30  {SEES}
        00:40  {SEES}
        02:27  time
        02:28  time  -> high store since 00:30
        05:00  li  point  point-1
        """,
        place=estate(*ROUND),
    )


def test_a_patrol_that_has_gone_on_next_door_is_not_here() -> None:
    went = "00:00  li  point  point-1\n01:00  li  point  point-2\n"
    check(RULE, f"{went}01:30  {SEES}\n05:00  time", place=estate(*ROUND))
    check(RULE, f"{went}01:30.001  {SEES}\n03:28.001  time  -> high store", place=estate(*ROUND))
    other = "00:00  wu  point  point-1\n01:00  li  point  point-2\n"
    check(RULE, f"{other}01:31  {SEES}\n05:00  time", place=estate(*ROUND))
    check(RULE, f"{went}01:40  {SEES}  what=leave  dwell=20\n05:00  time", place=estate(*ROUND))


def test_whom_a_climb_proved_no_patrol_withdraws() -> None:
    check(
        RULE,
        f"""
        00:00  {SEES}  -> high store
        00:20  seg-9  alarms  climb
        00:25  {SEES}
        00:50  li  point  point-1
        """,
        place=FENCED,
    )


def test_who_waits_is_told_at_the_climb() -> None:
    check(
        RULE,
        f"""
        00:00  li  point  point-2
        00:10  {SEES}
        00:28  {SEES}
        00:30  seg-9  alarms  climb  -> high store since 00:10
        00:50  li  point  point-1
        """,
        place=estate(*ROUND, SegmentSet(segment="seg-9", zone="store", device="fence-9")),
    )


def test_history_hushes_nobody_of_now() -> None:
    check(RULE, f"60:05  {SEES}  history  @59:50  -> late high store\n60:10  {SEES}  -> high store")
    check(
        RULE,
        f"""
        60:00  {SEES}  -> high store
        60:10  {SEES}  history  @10:00  -> late high store
        60:30  li  point  point-1  -> withdrawn store
        """,
    )


def test_work_on_the_fence_is_no_breach() -> None:
    work = MaintenanceSet(
        maintenance="m", starts_at=NIGHT, ends_at=NIGHT + timedelta(hours=1), zones=("store",)
    )
    place = estate(SegmentSet(segment="seg-9", zone="store", device="fence-9"), work)
    check(
        RULE, f"00:00  li  point  point-1\n00:02  seg-9  alarms  cut\n00:03  {SEES}", start=NIGHT, place=place
    )


def test_what_was_long_before_the_armed_hours_is_told_as_of_now() -> None:
    hours = (Hours(start="12:00", end="13:00"),)
    place = estate(estate().zones["store"].model_copy(update={"armed_hours": hours}))
    check(RULE, f"00:30  {SEES}  what=leave  dwell=3600  -> high store", place=place)


def test_a_patrol_that_shows_itself_soon_after_withdraws_it() -> None:
    check(
        RULE,
        f"""
        00:00  {SEES}             -> high store
        02:30  li  point  point-1  -> withdrawn store
        02:31  {SEES}
        """,
    )
    check(
        RULE,
        f"""
        00:00      {SEES}             -> high store
        02:30.001  li  point  point-1
        """,
    )


def test_a_patrol_next_door_does_not_withdraw_it() -> None:
    check(RULE, f"00:00  {SEES}  -> high store\n00:10  li  point  point-2", place=estate(*ROUND))


def test_a_patrols_checkpoint_may_come_out_of_order() -> None:
    check(RULE, f"00:05  li  point  point-1\n00:06  {SEES}  @00:01")


def test_the_limits_are_settings_of_the_zone() -> None:
    rule = Intrusion(None, {"store": Settings(patrol_s=60)})
    check(rule, f"00:00  li  point  point-1\n01:00  {SEES}\n01:00.001  {SEES}  -> high store")


def test_history_is_told_as_late() -> None:
    check(RULE, f"60:00  {SEES}  history  @10:00  -> late high store since 10:00")
