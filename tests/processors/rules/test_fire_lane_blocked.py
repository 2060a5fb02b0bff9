"""A vehicle stays in a fire lane."""

from __future__ import annotations

import pytest

from processors.rules.fire_lane_blocked import FireLaneBlocked, Settings
from tests.processors.estate import estate
from tests.processors.story import check

RULE = FireLaneBlocked()


def test_three_minutes_are_the_limit_judged_five_seconds_later() -> None:
    signals = check(
        RULE,
        """
        00:00      cam-1  sees  car  zone=fire-lane
        03:04.999  time
        03:05      time   -> high fire-lane since 00:00
        """,
    )
    assert signals[0].zone == "fire-lane"
    assert signals[0].devices == ("cam-1",)


@pytest.mark.parametrize("label", ["truck", "van", "bus", "motorcycle", "Car"])
def test_every_kind_of_vehicle_counts(label: str) -> None:
    check(RULE, f"00:00 cam-1 sees {label} zone=fire-lane\n03:05 time -> high fire-lane")


@pytest.mark.parametrize("label", ["person", "bicycle", "dog", "fire_engine", "ambulance", "Fire_Engine"])
def test_people_fire_engines_and_ambulances_are_silent(label: str) -> None:
    check(RULE, f"00:00 cam-1 sees {label} zone=fire-lane\n03:05 time\n20:00 time")


@pytest.mark.parametrize("zone", ["yard", "square", "no-such-zone"])
def test_other_zones_are_silent(zone: str) -> None:
    check(RULE, f"00:00 cam-1 sees car zone={zone}\n20:00 time")


def test_a_vehicle_that_leaves_at_the_limit_is_silent_one_beyond_it_is_told() -> None:
    check(
        RULE,
        """
        00:00      cam-1  sees  car  zone=fire-lane
        03:00      cam-1  sees  car  zone=fire-lane  what=leave
        10:00      cam-1  sees  car  zone=fire-lane  track=t2
        13:00.001  cam-1  sees  car  zone=fire-lane  track=t2  what=leave
        13:05      time   -> high fire-lane since 10:00; cleared fire-lane
        """,
    )


def test_a_leave_in_time_may_come_five_seconds_late() -> None:
    check(
        RULE,
        """
        00:00      cam-1  sees  car  zone=fire-lane
        03:04.999  cam-1  sees  car  zone=fire-lane  what=leave  @02:59.999
        20:00      time
        """,
    )


def test_one_that_comes_later_still_takes_the_alert_back() -> None:
    check(
        RULE,
        """
        00:00  cam-1  sees  car  zone=fire-lane
        03:05  time   -> high fire-lane
        04:00  cam-1  sees  car  zone=fire-lane  what=leave  @03:00  -> withdrawn fire-lane
        20:00  time
        """,
    )


def test_it_is_over_when_the_last_of_them_has_left() -> None:
    check(
        RULE,
        """
        00:00  cam-1  sees  car    zone=fire-lane
        00:30  cam-1  sees  truck  zone=fire-lane  track=t2
        03:05  time   -> high fire-lane since 00:00
        03:35  time   -> high fire-lane since 00:30
        05:00  cam-1  sees  car    zone=fire-lane  what=leave
        06:00  cam-1  sees  truck  zone=fire-lane  track=t2  what=leave
        06:01.999  time
        06:02  time   -> cleared fire-lane
        """,
    )


def test_a_vehicle_found_again_under_another_number_is_the_same() -> None:
    check(
        RULE,
        """
        00:00  cam-1  sees  car  zone=fire-lane
        01:40  cam-1  sees  car  zone=fire-lane  what=leave
        01:42  cam-1  sees  van  zone=fire-lane  track=t9
        03:05  time   -> high fire-lane since 00:00
        """,
    )


def test_one_that_comes_later_than_that_is_another() -> None:
    check(
        RULE,
        """
        00:00      cam-1  sees  car  zone=fire-lane
        01:40      cam-1  sees  car  zone=fire-lane  what=leave
        01:42.001  cam-1  sees  car  zone=fire-lane  track=t9
        03:05      time
        04:47.001  time   -> high fire-lane since 01:42
        """,
    )


def test_the_new_number_may_come_before_the_old_one_has_gone() -> None:
    check(
        RULE,
        """
        00:00  cam-1  sees  car  zone=fire-lane
        01:38  cam-1  sees  car  zone=fire-lane  track=t9
        01:40  cam-1  sees  car  zone=fire-lane  what=leave
        03:05  time   -> high fire-lane since 00:00
        """,
    )


def test_another_camera_does_not_find_it_again() -> None:
    check(
        RULE,
        """
        00:00  cam-1  sees  car  zone=fire-lane
        01:40  cam-1  sees  car  zone=fire-lane  what=leave
        01:42  cam-2  sees  car  zone=fire-lane  track=t9
        03:05  time
        04:47  time   -> high fire-lane since 01:42
        """,
    )


def test_the_same_number_again_goes_on() -> None:
    check(
        RULE,
        """
        00:00      cam-1  sees  car  zone=fire-lane
        01:40      cam-1  sees  car  zone=fire-lane  what=leave
        01:45      cam-1  sees  car  zone=fire-lane
        02:00      cam-1  sees  car  zone=fire-lane  what=leave
        02:05.001  cam-1  sees  car  zone=fire-lane
        03:05      time
        05:10.001  time   -> high fire-lane since 02:05
        """,
    )


def test_a_told_one_that_changes_its_number_stays_told() -> None:
    check(
        RULE,
        """
        00:00  cam-1  sees  car  zone=fire-lane
        03:05  time   -> high fire-lane
        04:00  cam-1  sees  car  zone=fire-lane  what=leave
        04:01  cam-1  sees  car  zone=fire-lane  track=t9
        09:00  cam-1  sees  car  zone=fire-lane  track=t9  what=leave
        09:02  time   -> cleared fire-lane
        """,
    )


def test_a_truck_that_proves_to_be_a_fire_engine_is_silent() -> None:
    check(
        RULE,
        """
        00:00  cam-1  sees  truck        zone=fire-lane
        01:00  cam-1  sees  fire_engine  zone=fire-lane  what=stay
        01:10  cam-1  sees  truck        zone=fire-lane  what=stay
        04:00  time
        05:00  cam-1  sees  truck        zone=fire-lane  track=t2
        07:10  cam-1  sees  truck        zone=fire-lane  track=t2  what=stay
        08:05  time   -> high fire-lane
        09:00  cam-1  sees  fire_engine  zone=fire-lane  track=t2  what=stay  -> withdrawn fire-lane
        """,
    )


def test_a_car_that_comes_as_an_ambulance_leaves_is_a_car() -> None:
    check(
        RULE,
        """
        00:00  cam-1  sees  ambulance  zone=fire-lane
        01:00  cam-1  sees  ambulance  zone=fire-lane  what=leave
        01:02  cam-1  sees  car        zone=fire-lane  track=t2
        04:07  time   -> high fire-lane since 01:02
        """,
    )


def test_a_stay_without_an_enter_says_how_long() -> None:
    check(
        RULE,
        """
        02:00  cam-1  sees  car  zone=fire-lane  what=stay  dwell=100
        02:30  cam-1  sees  car  zone=fire-lane  what=stay  dwell=130
        03:24.999  time
        03:25  time   -> high fire-lane since 00:20
        """,
    )


def test_an_enter_and_its_leave_out_of_order_are_silent() -> None:
    check(
        RULE,
        """
        00:06  cam-1  sees  car  zone=fire-lane  what=leave  @00:04
        00:07  cam-1  sees  car  zone=fire-lane  @00:02
        01:07  cam-1  sees  car  zone=fire-lane
        01:10  cam-1  sees  car  zone=fire-lane  @01:05
        04:09.999  time
        04:10  time   -> high fire-lane since 01:05
        """,
    )


def test_vehicles_that_come_and_go_are_silent() -> None:
    visits = [
        f"{minute:02d}:00 cam-1 sees car zone=fire-lane track=t{minute}\n"
        f"{minute + 2:02d}:30 cam-1 sees car zone=fire-lane track=t{minute} what=leave"
        for minute in range(0, 57, 3)
    ]
    check(RULE, "\n".join(visits))


def test_the_number_of_vehicles_kept_is_bounded_and_those_still_there_are_kept_first() -> None:
    gone = [
        f"00:{n:02d} cam-1 sees car zone=fire-lane track=g{n}\n"
        f"00:{n:02d}.1 cam-2 sees car zone=fire-lane track=h{n} what=leave"
        for n in range(1, 40)
    ]
    story = "00:00 cam-3 sees car zone=fire-lane\n" + "\n".join(gone)
    check(FireLaneBlocked(Settings(limit_s=600)), story)


def test_a_zone_may_have_its_own_numbers() -> None:
    rule = FireLaneBlocked(zones={"fire-lane": Settings(limit_s=60, settle_s=1, rejoin_s=0)})
    check(
        rule,
        """
        00:00  cam-1  sees  car  zone=fire-lane
        00:30  cam-1  sees  car  zone=fire-lane  what=leave
        00:31  cam-1  sees  car  zone=fire-lane  track=t2
        01:32  time   -> high fire-lane since 00:31
        """,
        place=estate(),
    )


def test_history_is_late() -> None:
    check(
        RULE,
        """
        00:00  cam-1  sees  car  zone=fire-lane  @-3:00:00
        00:01  cam-1  sees  car  zone=fire-lane
        00:05  time   -> late high fire-lane
        03:06  time   -> high fire-lane since 00:01
        """,
    )


def test_a_leave_that_a_camera_missed_is_known_by_its_silence() -> None:
    check(
        RULE,
        """
        00:00  cam-1  sees  car  zone=fire-lane
        01:00  cam-1  sees  car  zone=fire-lane  what=stay
        02:00  cam-1  sees  car  zone=fire-lane  what=stay
        03:05  time
        20:00  time
        """,
    )


@pytest.mark.parametrize(("seen", "told"), [("02:01.999", ""), ("02:02", "-> high fire-lane since 00:00")])
def test_sixty_three_seconds_are_the_limit_of_silence(seen: str, told: str) -> None:
    check(
        RULE,
        f"""
        00:00   cam-1  sees  car  zone=fire-lane
        {seen}  cam-1  sees  car  zone=fire-lane  what=stay
        03:05   time   {told}
        """,
    )


def test_a_camera_that_tells_of_enters_and_leaves_only_may_be_silent() -> None:
    check(
        RULE,
        """
        00:00  cam-1  sees  car  zone=fire-lane
        00:30  cam-2  sees  car  zone=fire-lane  what=stay
        03:05  time   -> high fire-lane since 00:00
        """,
    )


def test_a_camera_that_told_of_a_stay_an_hour_ago_still_does() -> None:
    check(
        RULE,
        """
        00:00     cam-1  sees  car  zone=fire-lane
        01:00     cam-1  sees  car  zone=fire-lane  what=stay
        01:30     cam-1  sees  car  zone=fire-lane  what=leave
        01:00:00  cam-1  sees  car  zone=fire-lane  track=t2
        01:10:00  time
        """,
    )


@pytest.mark.parametrize(("what", "over"), [("stay", ""), ("leave", "; cleared fire-lane")])
def test_a_lost_vehicle_that_shows_up_again_was_there_all_the_time(what: str, over: str) -> None:
    check(
        RULE,
        f"""
        00:00  cam-1  sees  car  zone=fire-lane
        01:00  cam-1  sees  car  zone=fire-lane  what=stay
        03:05  time
        04:00  cam-1  sees  car  zone=fire-lane  what={what}
        04:10  time   -> high fire-lane since 00:00{over}
        """,
    )


def test_the_number_of_a_lost_vehicle_may_be_anothers() -> None:
    check(
        RULE,
        """
        00:00     cam-1  sees  car  zone=fire-lane
        01:00     cam-1  sees  car  zone=fire-lane  what=stay
        03:05     time
        01:00:00  cam-1  sees  car  zone=fire-lane
        01:02:30  cam-1  sees  car  zone=fire-lane  what=stay  dwell=150
        01:03:05  time   -> high fire-lane since 60:00
        """,
    )


def test_a_camera_that_was_silent_about_one_that_was_there_is_not_believed_again() -> None:
    check(
        RULE,
        """
        00:00  cam-1  sees  car  zone=fire-lane
        01:00  cam-1  sees  car  zone=fire-lane  what=stay   dwell=60
        03:05  time
        20:00  cam-1  sees  car  zone=fire-lane  what=leave  dwell=1200
        20:10  time   -> high fire-lane since 00:00; cleared fire-lane
        30:00  cam-1  sees  car  zone=fire-lane  track=t2
        31:00  cam-1  sees  car  zone=fire-lane  track=t2  what=stay  dwell=60
        33:05  time   -> high fire-lane since 30:00
        """,
    )


def test_one_that_was_told_is_over_when_nothing_more_is_heard_of_it() -> None:
    check(
        RULE,
        """
        00:00  cam-1  sees  car  zone=fire-lane
        01:00  cam-1  sees  car  zone=fire-lane  what=stay
        02:00  cam-1  sees  car  zone=fire-lane  what=stay
        03:00  cam-1  sees  car  zone=fire-lane  what=stay
        03:05  time   -> high fire-lane since 00:00
        06:00  cam-1  sees  car  zone=fire-lane  what=stay
        09:08  time
        09:09  time   -> cleared fire-lane
        """,
    )


@pytest.mark.parametrize("settings", [Settings(settle_s=120), Settings(silent_s=3, settle_s=120)])
def test_one_that_stayed_too_long_before_it_was_lost_is_told(settings: Settings) -> None:
    check(
        FireLaneBlocked(settings),
        """
        00:00  cam-1  sees  car  zone=fire-lane
        01:00  cam-1  sees  car  zone=fire-lane  what=stay
        03:30  cam-1  sees  car  zone=fire-lane  what=stay
        05:00  time   -> high fire-lane since 00:00; cleared fire-lane
        """,
    )


def test_what_ended_is_forgotten() -> None:
    check(
        RULE,
        """
        00:00     cam-1  sees  car  zone=fire-lane  track=t5  what=stay
        00:10     cam-1  sees  car  zone=fire-lane  track=t5  what=leave
        10:00     cam-2  sees  car  zone=fire-lane
        10:30     cam-2  sees  car  zone=fire-lane  what=leave
        20:02     cam-2  sees  car  zone=fire-lane  what=leave  @20:01
        20:02.5   cam-2  sees  car  zone=fire-lane  @20:00
        30:00     time
        """,
    )


def test_a_camera_that_tells_rarely_is_mistaken_once() -> None:
    stays = "\n".join(
        f"{minute}:00  cam-1  sees  car  zone=fire-lane  what=stay" for minute in range(16, 60, 4)
    )
    check(
        RULE,
        f"""
        00:00  cam-1  sees  car  zone=fire-lane
        03:05  time   -> high fire-lane since 00:00
        04:00  cam-1  sees  car  zone=fire-lane  what=stay
        07:09  time   -> cleared fire-lane
        08:00  cam-1  sees  car  zone=fire-lane  what=stay
        11:05  time   -> high fire-lane since 04:00
        12:00  cam-1  sees  car  zone=fire-lane  what=stay
        {stays}
        """,
    )


def test_a_stay_of_history_holds_no_alert_of_now() -> None:
    check(
        RULE,
        """
        60:00  cam-1  sees  car  zone=fire-lane  track=old  history  @10:00
        60:10  time   -> late high fire-lane since 10:00
        61:00  cam-1  sees  car  zone=fire-lane
        64:05  time   -> high fire-lane since 61:00
        70:00  cam-1  sees  car  zone=fire-lane  what=leave
        70:05  time   -> cleared fire-lane
        """,
    )
