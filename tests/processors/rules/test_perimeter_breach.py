"""The fence alarms; cameras and segments beside confirm it; wind does not."""

from __future__ import annotations

from datetime import timedelta

import pytest

from eventlog.estate import Estate
from eventlog.vocabulary import DeviceSet, Hours, MaintenanceSet, SegmentSet
from processors.rules.perimeter_breach import PerimeterBreach, Settings
from tests.processors.estate import estate
from tests.processors.story import NOON, check

RULE = PerimeterBreach(Settings(settle_s=2, adjacent=True))
"""Two seconds instead of ten: shorter stories. The zones beside count, too."""


@pytest.mark.parametrize("kind", ["cut", "climb", "short"])
def test_cut_climb_and_short_are_told_at_once(kind: str) -> None:
    signals = check(RULE, f"00:00 seg-1 alarms {kind} -> medium seg-1")
    assert signals[0].zone == "yard"
    assert signals[0].title.en == "yard: the fence alarms at seg-1"


def test_a_patrol_along_the_fence_confirms_nothing() -> None:
    check(
        PerimeterBreach(),
        """
        00:00      m1     stands  yard
        01:00      cam-1  sees    person
        01:01      seg-1  alarms  cut     -> medium seg-1
        04:59      cam-1  sees    person
        05:00      seg-2  alarms  climb   -> medium seg-2
        06:00.001  cam-1  sees    person
        06:01      seg-3  alarms  climb   -> critical seg-3
        """,
    )


def test_a_patrol_next_door_is_not_whom_the_camera_sees() -> None:
    check(
        PerimeterBreach(),
        """
        00:00  m1     stands  gate-n
        00:10  cam-1  sees    person
        00:11  seg-1  alarms  cut     -> critical seg-1
        """,
    )


def test_a_vibration_waits_for_the_rest_of_a_gust_unless_a_camera_here_sees_somebody() -> None:
    check(
        PerimeterBreach(),
        """
        00:00      seg-1  alarms  vibration
        00:14.999  time
        00:15      time   -> medium seg-1 since 00:00
        01:00      seg-2  alarms  vibration
        01:03      cam-1  sees    person  zone=gate-n
        01:05      cam-1  sees    person  zone=yard  -> critical seg-2
        03:00      cam-1  sees    person  zone=yard
        03:01      seg-3  alarms  vibration  -> critical seg-3
        """,
    )


def _armed(start: str, end: str) -> Estate:
    """The yard with armed hours; stories begin at noon."""
    yard = estate().zones["yard"]
    return estate(yard.model_copy(update={"armed_hours": (Hours(start=start, end=end),)}))


def test_a_gust_where_somebody_works_by_day_is_weather() -> None:
    gust = """
        00:00  cam-1  sees    person  zone=yard
        00:01  seg-1  alarms  vibration
        00:02  seg-2  alarms  vibration
        00:03  cam-1  sees    person  zone=yard
        00:04  seg-3  alarms  vibration
    """
    by_day = """
        00:05  seg-4  alarms  vibration  -> low weather
        00:20  cam-1  sees    person  zone=yard
        01:00  seg-5  alarms  vibration
        01:10  cam-1  sees    person  zone=yard
        01:30  time
    """
    check(PerimeterBreach(), gust + by_day, place=_armed("22:00", "06:00"))


def test_a_gust_that_comes_slowly_takes_back_what_was_told_of_it() -> None:
    check(
        PerimeterBreach(),
        """
        00:01  seg-1  alarms  vibration
        00:03  cam-1  sees    person  zone=yard
        00:16  time   -> critical seg-1 since 00:01
        00:18  seg-2  alarms  vibration
        00:19  seg-3  alarms  vibration
        00:20  seg-4  alarms  vibration  -> withdrawn seg-1; low weather
        """,
        place=_armed("22:00", "06:00"),
    )


def test_in_the_armed_hours_a_camera_confirms_at_once_in_a_gust_too() -> None:
    check(
        PerimeterBreach(),
        """
        00:00  cam-1  sees    person  zone=yard
        00:01  seg-1  alarms  vibration  -> critical seg-1
        00:02  seg-2  alarms  vibration  -> critical seg-2
        """,
        place=_armed("11:00", "13:00"),
    )


def test_by_day_a_camera_confirms_what_was_no_gust() -> None:
    check(
        PerimeterBreach(),
        """
        00:00  cam-1  sees    person  zone=yard
        00:01  seg-1  alarms  vibration
        00:16  time   -> critical seg-1 since 00:01
        01:00  cam-1  sees    person  zone=yard
        01:01  seg-2  alarms  climb  -> critical seg-2
        """,
        place=_armed("22:00", "06:00"),
    )


def test_a_vibration_is_told_when_it_is_judged() -> None:
    check(
        RULE,
        """
        00:00      seg-1  alarms  vibration
        00:01.999  time
        00:02      time   -> medium seg-1 since 00:00
        """,
    )


def test_a_segment_in_no_register_has_its_devices_zone() -> None:
    place = estate(DeviceSet(device="fence-9", family="fence", zone="far"))
    signals = check(RULE, "00:00 fence-9 alarms cut -> medium fence-9", place=place)
    assert signals[0].zone == "far"


@pytest.mark.parametrize("zone", ["yard", "gate-n", "building-3"])
@pytest.mark.parametrize("what", ["enter", "stay", "leave"])
def test_a_person_confirms_before_and_after(zone: str, what: str) -> None:
    person = f"sees person zone={zone} what={what}"
    signals = check(RULE, f"00:00 cam-1 {person}\n00:30 seg-1 alarms cut -> critical seg-1")
    assert signals[0].title.en == "yard: the fence alarms at seg-1, and it is confirmed"
    assert set(signals[0].devices) == {"seg-1", "cam-1"}
    assert len(signals[0].evidence) == 2
    check(RULE, f"00:00 seg-1 alarms cut -> medium seg-1\n00:30 cam-1 {person} -> critical seg-1")


def test_half_a_minute_apart_is_the_limit() -> None:
    check(RULE, "00:00 cam-1 sees person\n00:30.001 seg-1 alarms cut -> medium seg-1")
    check(RULE, "00:00 seg-1 alarms cut -> medium seg-1\n00:30.001 cam-1 sees person")
    check(RULE, "00:00 seg-1 alarms cut -> medium seg-1\n00:33 cam-1 sees person @00:29 -> critical seg-1")


@pytest.mark.parametrize(
    "sight",
    ["sees dog", "sees car", "sees person sure=0.64", "sees person zone=far", "sees person zone=building-9"],
)
def test_no_person_or_an_unsure_one_or_one_elsewhere_confirms_nothing(sight: str) -> None:
    check(RULE, f"00:00 cam-1 {sight}\n00:01 seg-1 alarms cut -> medium seg-1\n00:02 cam-1 {sight}")


def test_an_estate_may_take_the_word_of_the_own_zone_only() -> None:
    check(
        PerimeterBreach(),
        """
        00:00  cam-1  sees  person  zone=gate-n
        00:01  seg-1  alarms  cut   -> medium seg-1
        00:02  cam-1  sees  person  zone=yard  -> critical seg-1
        """,
    )


def test_a_segment_beside_confirms_both() -> None:
    check(
        RULE,
        """
        00:00      seg-2  alarms  climb  -> medium seg-2
        00:30      seg-1  alarms  climb  -> critical seg-2; critical seg-1
        """,
    )
    check(RULE, "00:00 seg-2 alarms climb -> medium seg-2\n00:30.001 seg-1 alarms climb -> medium seg-1")
    check(RULE, "00:00 seg-2 alarms climb -> medium seg-2\n00:10 seg-4 alarms climb -> medium seg-4")


def test_two_vibrations_beside_each_other_confirm_once_they_are_judged() -> None:
    check(
        RULE,
        """
        00:00  seg-1  alarms  vibration
        00:02  time   -> medium seg-1
        00:10  seg-2  alarms  vibration
        00:11.999  time
        00:12  time   -> critical seg-1; critical seg-2
        """,
    )


def test_a_vibration_and_a_person_next_door_are_critical_once_it_is_judged() -> None:
    check(
        RULE,
        """
        00:00  seg-1  alarms  vibration
        00:01  cam-1  sees  person  zone=gate-n
        00:02  time   -> critical seg-1
        """,
    )


def test_wind_is_one_notice_in_place_of_alarms() -> None:
    signals = check(
        RULE,
        """
        00:00      seg-1  alarms  vibration
        00:00.500  seg-3  alarms  vibration
        00:01      seg-5  alarms  vibration
        00:01.500  seg-2  alarms  vibration  -> low weather since 00:00
        00:02      seg-4  alarms  vibration
        00:20      time
        00:50      seg-1  alarms  vibration
        01:00      time
        """,
    )
    assert signals[0].title.en == "yard: wind, 4 segments of the fence vibrate together"
    assert len(signals[0].evidence) == 4


def test_what_was_told_before_the_rest_of_the_gust_came_is_taken_back() -> None:
    check(
        RULE,
        """
        00:00  seg-1  alarms  vibration
        00:02  time   -> medium seg-1
        00:10  seg-2  alarms  vibration
        00:12  time   -> critical seg-1; critical seg-2
        00:20  seg-4  alarms  vibration
        00:22  time   -> medium seg-4
        00:30  seg-5  alarms  vibration  -> withdrawn seg-1; withdrawn seg-2; withdrawn seg-4; low weather
        00:40  time
        """,
    )


def test_three_segments_or_four_too_far_apart_are_no_wind() -> None:
    check(
        RULE,
        """
        00:00  seg-1  alarms  vibration
        00:02  time   -> medium seg-1
        00:10  seg-3  alarms  vibration
        00:12  time   -> medium seg-3
        00:15  seg-3  alarms  vibration
        00:20  seg-5  alarms  vibration
        00:22  time   -> medium seg-5
        00:30.001  seg-8  alarms  vibration
        00:33  time   -> medium seg-8
        """,
        place=estate(SegmentSet(segment="seg-8", device="fence-1", zone="yard")),
    )


@pytest.mark.parametrize("kind", ["cut", "climb", "short"])
def test_cut_climb_and_short_stay_in_any_wind(kind: str) -> None:
    check(
        RULE,
        f"""
        00:00  seg-3  alarms  {kind}  -> medium seg-3
        00:01  seg-1  alarms  vibration
        00:01  seg-2  alarms  vibration
        00:01  seg-4  alarms  vibration
        00:02  seg-3  alarms  vibration  -> low weather
        00:10  seg-5  alarms  {kind}  -> medium seg-5
        05:00  seg-1  alarms  {kind}  -> medium seg-1
        """,
    )


def test_what_a_camera_confirmed_stays() -> None:
    check(
        RULE,
        """
        00:00  cam-1  sees  person  zone=gate-n
        00:01  seg-1  alarms  vibration
        00:03  time   -> critical seg-1
        00:04  seg-2  alarms  vibration
        00:04  seg-3  alarms  vibration
        00:04  seg-4  alarms  vibration  -> low weather
        00:10  seg-1  quiet  -> cleared seg-1
        """,
    )


def test_in_wind_only_a_camera_of_the_own_zone_confirms() -> None:
    check(
        RULE,
        """
        00:00  seg-1  alarms  vibration
        00:00  seg-2  alarms  vibration
        00:00  seg-3  alarms  vibration
        00:00  seg-4  alarms  vibration  -> low weather
        00:05  cam-1  sees  person  zone=gate-n
        02:00  seg-5  alarms  vibration
        02:10  cam-1  sees  person  zone=gate-n
        02:20  cam-1  sees  person  zone=yard  -> critical seg-5
        """,
    )


def test_the_wind_is_over_five_minutes_after_the_last_gust() -> None:
    gust = "\n".join(f"00:00.{n} seg-{n} alarms vibration" for n in range(1, 4)) + "\n"
    check(
        RULE,
        gust
        + """
        00:01      seg-4  alarms  vibration  -> low weather
        04:00      seg-1  alarms  vibration
        05:00.999  seg-2  alarms  vibration
        05:01      time   -> cleared weather
        05:04      seg-5  alarms  vibration
        05:06      time   -> medium seg-5
        """,
    )
    check(
        RULE,
        gust
        + """
        00:01      seg-4  alarms  vibration  -> low weather
        04:00      seg-1  alarms  vibration
        04:01      seg-2  alarms  vibration
        04:02      seg-3  alarms  vibration
        04:03      seg-4  alarms  vibration
        09:02.999  time
        09:03      time   -> cleared weather
        """,
    )


def test_a_segment_that_goes_on_is_told_again_after_a_minute() -> None:
    check(
        RULE,
        """
        00:00      seg-1  alarms  cut    -> medium seg-1
        00:30      seg-1  alarms  climb
        01:00      seg-1  alarms  cut
        01:31      seg-1  alarms  short  -> medium seg-1
        01:32      cam-1  sees    person  -> critical seg-1
        """,
    )


def test_quiet_ends_it_and_it_may_begin_anew() -> None:
    check(
        RULE,
        """
        00:00  seg-1  alarms  cut    -> medium seg-1
        00:05  seg-1  quiet          -> cleared seg-1
        00:06  seg-1  quiet
        00:10  seg-1  alarms  cut    -> medium seg-1
        00:11  seg-1  quiet  @00:09
        10:00  seg-1  quiet          -> cleared seg-1
        """,
    )


def test_a_vibration_that_is_quiet_before_it_is_judged_is_told_all_the_same() -> None:
    check(
        RULE,
        """
        00:00  seg-1  alarms  vibration
        00:01  seg-1  quiet
        00:02  time   -> medium seg-1; cleared seg-1
        """,
    )


def test_planned_maintenance_is_silent() -> None:
    def work(**what: tuple[str, ...]) -> MaintenanceSet:
        return MaintenanceSet(
            maintenance="fence", starts_at=NOON, ends_at=NOON + timedelta(minutes=1), **what
        )

    story = "00:59.999 seg-1 alarms cut\n01:00 seg-1 alarms cut -> medium seg-1"
    check(RULE, story, place=estate(work(zones=("yard",))))
    check(RULE, story, place=estate(work(devices=("seg-1",))))


def test_an_alarm_dated_ahead_counts_as_now() -> None:
    check(
        RULE,
        """
        00:00  seg-1  alarms  vibration  @20:00:00
        00:02  time   -> medium seg-1
        """,
    )


def test_a_zone_may_have_its_own_numbers() -> None:
    own = Settings(confirm_s=10, settle_s=1, wind_segments=2, wind_s=5, calm_s=60, again_s=20)
    rule = PerimeterBreach(zones={"yard": own})
    check(
        rule,
        """
        00:00      seg-1  alarms  cut     -> medium seg-1
        00:10.001  cam-1  sees    person
        00:20      seg-1  alarms  cut     -> critical seg-1
        01:00      seg-2  alarms  vibration
        01:01      time   -> medium seg-2
        01:05      seg-3  alarms  vibration  -> withdrawn seg-2; low weather
        02:05      time   -> cleared weather
        """,
    )


def test_history_is_late_and_is_no_wind_of_today() -> None:
    check(
        RULE,
        """
        00:00  seg-1  alarms  cut        @-3:00:00  -> late medium seg-1
        00:01  seg-1  alarms  vibration  @-2:00:04
        00:01  seg-2  alarms  vibration  @-2:00:03
        00:01  seg-3  alarms  vibration  @-2:00:02
        00:02  seg-4  alarms  vibration  @-2:00:01  -> late low weather; cleared weather
        00:03  seg-5  alarms  vibration
        00:05  time   -> medium seg-5
        """,
    )


def test_a_vibration_that_is_over_ends_nothing_of_the_climb_after_it() -> None:
    check(
        PerimeterBreach(),
        """
        00:00  seg-1  alarms  vibration
        00:03  seg-1  quiet
        00:05  seg-1  alarms  climb  -> medium seg-1
        00:10  time
        00:30  seg-1  quiet  -> cleared seg-1
        """,
    )
