"""Cameras that can't see, zones that nobody sees."""

from __future__ import annotations

from datetime import timedelta

from eventlog.vocabulary import DeviceSet, MaintenanceSet
from processors.rules.camera_blind import CameraBlind, Settings
from tests.processors.estate import estate
from tests.processors.story import NOON, check

RULE = CameraBlind()


def test_tampering_of_any_kind_is_told_at_once() -> None:
    for kind in ("covered", "defocused", "moved", "frozen", "dark"):
        (signal,) = check(RULE, f"00:00  cam-3  tampered  {kind}  -> high cam-3 since 00:00")
        assert signal.title.en == "store: cam-3 can't see as it should"


def test_it_clears_when_the_camera_sees_again() -> None:
    check(
        RULE,
        """
        00:00  cam-3  tampered  -> high cam-3
        00:30  cam-3  tampered
        02:00  cam-3  sighted   -> cleared cam-3
        30:00  time
        31:00  cam-3  tampered  -> high cam-3
        """,
    )


def test_that_it_sees_again_may_come_first() -> None:
    check(RULE, "00:05  cam-3  sighted\n00:06  cam-3  tampered  @00:01\n30:00  time")
    check(RULE, "00:01  cam-3  sighted\n00:06  cam-3  tampered  -> high cam-3")


def test_a_zone_with_no_camera_that_works() -> None:
    signal, _ = check(
        RULE,
        """
        00:00      cam-3  online
        01:00      cam-3  offline
        01:19.999  time
        01:20      time           -> high store since 01:00
        05:00      cam-3  online  -> cleared store
        """,
    )
    assert signal.title.en == "store: no camera works"


def test_back_in_time_is_silent() -> None:
    check(RULE, "01:00  cam-3  offline\n01:19.999  cam-3  online\n30:00  time")


def test_a_zone_that_another_camera_sees_is_not_blind() -> None:
    both = estate(DeviceSet(device="cam-9", family="camera", zone="yard", sees=("yard", "store")))
    check(RULE, "00:00  cam-3  offline\n10:00  time", place=both)
    check(
        RULE,
        """
        00:00  cam-3  offline
        05:00  cam-9  offline
        05:20  time           -> high store
        06:00  cam-9  online  -> cleared store
        """,
        place=both,
    )


def test_a_lost_recorder_is_one_alert_for_its_zones() -> None:
    signal, _ = check(
        RULE,
        """
        00:00      nvr-1  offline
        00:20      time  -> high nvr-1 since 00:00
        10:00      nvr-1  online  -> cleared nvr-1
        """,
    )
    assert signal.title.en == "yard: nvr-1 is lost, 2 zones are without a camera"
    assert signal.devices == ("nvr-1", "cam-1", "cam-2")


def test_cameras_that_go_just_before_their_recorder_are_still_one_alert() -> None:
    check(
        RULE,
        """
        00:00      cam-1  offline
        00:00.300  nvr-1  offline
        00:00.500  cam-2  offline
        00:30      time  -> high nvr-1
        10:00      nvr-1  online
        10:01      cam-1  online
        10:02      cam-2  online  -> cleared nvr-1
        """,
    )


def test_cameras_of_one_recorder_tampered_with_at_once_are_one_alert() -> None:
    signals = check(
        RULE,
        """
        00:00  cam-1  tampered  frozen  -> high cam-1
        00:10  cam-2  tampered  frozen  -> high cam-1
        00:11  cam-3  tampered          -> high cam-3
        01:00  cam-1  sighted
        01:01  cam-2  sighted           -> cleared cam-1
        """,
    )
    assert signals[1].devices == ("cam-1", "cam-2")
    check(
        RULE,
        """
        00:00      cam-1  tampered  -> high cam-1
        00:10.001  cam-2  tampered  -> high cam-2
        """,
    )


def test_planned_maintenance_is_silent_until_it_is_over() -> None:
    for what in ({"devices": ("cam-3",)}, {"zones": ("store",)}):
        works = MaintenanceSet(maintenance="w", starts_at=NOON, ends_at=NOON + timedelta(minutes=24), **what)
        place = estate(works)
        check(
            RULE,
            "01:00  cam-3  offline\n02:00  cam-3  tampered\n25:00  cam-3  online\n25:01 cam-3 sighted"
            "\n60:00  time",
            place=place,
        )
        check(RULE, "01:00  cam-3  offline\n29:00  time\n31:21  time  -> high store", place=place)
        check(RULE, "31:00  cam-3  tampered  -> high cam-3", place=place)


def test_maintenance_of_one_camera_explains_no_other() -> None:
    both = estate(
        DeviceSet(device="cam-9", family="camera", zone="store"),
        MaintenanceSet(
            maintenance="w", starts_at=NOON, ends_at=NOON + timedelta(hours=9), devices=("cam-3",)
        ),
    )
    check(
        RULE,
        "00:00  cam-3  offline\n01:00  time\n05:00  cam-9  offline\n05:20  time  -> high store",
        place=both,
    )


def test_a_tampered_camera_that_is_the_only_one_is_told_once() -> None:
    check(RULE, "00:00  cam-3  tampered  -> high cam-3\n00:10  cam-3  offline\n60:00  time")


def test_other_devices_are_nobodys_blindness() -> None:
    check(RULE, "00:00  building-3  offline\n00:00  fence-1  offline\n10:00  time")


def test_the_time_is_a_setting() -> None:
    check(
        CameraBlind(None, {"store": Settings(settle_s=60)}),
        "00:00  cam-3  offline\n00:59.999  time\n01:00  time  -> high store",
    )


def test_history_is_told_as_late() -> None:
    check(RULE, "60:00  cam-3  tampered  history  @10:00  -> late high cam-3 since 10:00")
