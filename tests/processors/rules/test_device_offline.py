"""A device that is gone, and what stands behind it."""

from __future__ import annotations

from eventlog.topics import device_source
from eventlog.vocabulary import DeviceHeartbeat, DeviceSet
from processors.rules.device_offline import DeviceOfflineRule, Settings
from tests.processors.estate import NAME
from tests.processors.live import Live
from tests.processors.story import check

RULE = DeviceOfflineRule()


def test_offline_and_not_back_in_twenty_seconds() -> None:
    signals = check(
        RULE,
        """
        00:00  building-4  online
        01:00  building-4  offline
        01:19.999  time
        01:20  time                -> low building-4 since 01:00
        09:00  building-4  online  -> cleared building-4
        """,
    )
    assert signals[0].title.en == "building-4: building-4 is offline"


def test_back_in_time_is_silent() -> None:
    check(
        RULE,
        """
        00:00      building-4  online
        01:00      building-4  offline
        01:19.999  building-4  online
        20:00      time
        """,
    )


def test_the_will_of_an_old_session_is_no_news() -> None:
    check(
        RULE,
        """
        00:00  building-4  online  first
        01:00  building-4  online  second
        01:01  building-4  offline first
        20:00  time
        20:01  building-4  offline second
        20:21  time  -> low building-4
        """,
    )


def test_three_heartbeats_missed() -> None:
    check(
        RULE,
        """
        00:00  building-3  heartbeat
        00:30  building-3  heartbeat
        02:01.999  time
        02:02  time  -> low building-3 since 00:30
        02:10  building-3  heartbeat  -> cleared building-3
        """,
    )


def test_two_heartbeats_missed_is_silent() -> None:
    check(
        RULE,
        """
        00:00  building-3  heartbeat
        01:31  building-3  heartbeat
        03:00  building-3  heartbeat
        """,
    )


def test_without_a_heartbeat_in_the_register_only_status_counts() -> None:
    check(
        RULE,
        """
        00:00  building-4  heartbeat
        99:00  time
        """,
    )


def test_a_device_in_no_register_is_nobodys() -> None:
    check(
        RULE,
        """
        00:00  ghost  online
        01:00  ghost  offline
        20:00  time
        """,
    )


def test_a_device_never_heard_of_is_silent() -> None:
    check(RULE, "99:00  time")


def test_a_heartbeat_after_the_will_is_life() -> None:
    check(
        RULE,
        """
        00:00  building-3  online
        00:10  building-3  offline
        00:20  building-3  heartbeat
        01:00  building-3  heartbeat
        01:30  building-3  heartbeat
        """,
    )


def test_what_guards_an_edge_or_stands_above_others_is_medium() -> None:
    check(
        RULE,
        """
        00:00  fence-1   offline
        00:00  lpr-n     offline
        00:00  gate-n1   offline
        00:00  nvr-1     offline
        00:20  time  -> medium fence-1; medium gate-n1; medium lpr-n; medium nvr-1
        """,
    )


def test_a_recorder_stands_for_its_cameras() -> None:
    signals = check(
        RULE,
        """
        00:00  cam-1  heartbeat
        00:00  cam-2  online
        00:05  nvr-1  heartbeat
        00:06  nvr-1  offline
        00:07  cam-2  offline
        00:26  time   -> medium nvr-1
        10:00  time
        10:00  nvr-1  online    -> cleared nvr-1
        10:01  cam-2  online
        10:02  cam-1  heartbeat
        10:20  time
        """,
    )
    assert signals[0].title.en == "yard: nvr-1 is offline, with 2 devices behind it"
    assert signals[0].devices == ("nvr-1", "cam-1", "cam-2")


def test_a_camera_that_stays_away_after_its_recorder_is_back() -> None:
    check(
        RULE,
        """
        00:00  nvr-1  online
        00:00  cam-2  online
        00:01  nvr-1  offline
        00:02  cam-2  offline
        00:21  time  -> medium nvr-1
        05:00  nvr-1  heartbeat  -> cleared nvr-1
        05:19.999  time
        05:20  time  -> low cam-2
        """,
    )


def test_power_cut_by_heartbeats_is_one_alert() -> None:
    check(
        RULE,
        """
        00:00  nvr-1  heartbeat
        00:02  cam-1  heartbeat
        00:20  nvr-1  heartbeat
        01:34  time
        01:51  time
        01:52  time  -> medium nvr-1
        20:00  time
        """,
    )


def test_a_camera_alone_is_its_own_alert() -> None:
    check(
        RULE,
        """
        00:00  nvr-1  heartbeat
        00:00  cam-1  heartbeat
        00:30  nvr-1  heartbeat
        01:00  nvr-1  heartbeat
        01:30  nvr-1  heartbeat
        01:32  time  -> low cam-1
        """,
    )


def test_heartbeats_are_watched_from_when_the_register_says_so() -> None:
    live = Live()
    for beat_s in (None, 60, 10):
        live.say(DeviceSet(device="cam-9", family="camera", zone="yard", heartbeat_s=beat_s))
        live.say(DeviceHeartbeat(uptime_s=1), source=device_source(NAME, "camera", "cam-9"))
        live.after(seconds=5)
    live.after(seconds=32 - 5 - 0.001)
    assert "alert.raised" not in {entry.type for entry in live.outputs()}
    live.after(seconds=0.001)
    assert live.alert().key == "cam-9"


def test_a_zone_may_have_its_own_numbers() -> None:
    rule = DeviceOfflineRule(zones={"building-4": Settings(settle_s=60, missed=5, slack_s=0)})
    check(
        rule,
        """
        00:00  building-4  offline
        00:59  time
        01:00  time  -> low building-4
        """,
    )
