"""Taking in after a fix what was put aside."""

from __future__ import annotations

import pytest

from eventlog.times import to_us
from eventlog.vocabulary import DeviceSet
from ingest import reasons
from ingest.quarantine import release
from tests.ingest.support import KEY, NOW_US, after, estate_log, event, message, pipeline_of, register

LATER = "estates/xiegou/access/gate-late"


def test_an_event_of_a_device_registered_later_is_taken_in() -> None:
    log = estate_log()
    pipeline_of(log).take([message(event(1, source=LATER), topic=f"{LATER}/events")])
    assert release(log, 1, hmac_key=KEY).reason == reasons.UNKNOWN_DEVICE
    register(log, DeviceSet(device="gate-late", family="access", zone="north"))
    done = release(log, 1, hmac_key=KEY)
    assert (done.outcome, done.recorded) == ("released", 1)
    entry = log.find(LATER, "1")
    assert entry
    assert entry.received_us == NOW_US
    assert not log.quarantined()
    assert release(log, 1, hmac_key=KEY).outcome == "already_released"


def test_one_bad_event_of_several_is_released_alone() -> None:
    log = estate_log()
    pipeline_of(log).take([message([event(1), event(2, at=after(hours=30))])])
    assert release(log, 1, hmac_key=KEY, now_us=lambda: NOW_US).reason == reasons.FUTURE_DATED
    done = release(log, 1, hmac_key=KEY, now_us=lambda: to_us(after(hours=7)))
    assert (done.outcome, done.recorded, done.repeated) == ("released", 1, 0)


def test_a_conflict_stays() -> None:
    log = estate_log()
    pipeline_of(log).take([message(event(1)), message(event(1, at=after(seconds=1)))])
    assert release(log, 1, hmac_key=KEY).reason == reasons.CONFLICT
    assert [one.reject.reason for one in log.quarantined()] == [reasons.CONFLICT]


def test_a_status_of_a_device_registered_later_counts_from_its_arrival() -> None:
    log = estate_log()
    pipeline_of(log).take([message({"state": "online", "session": "s"}, topic=f"{LATER}/status")])
    register(log, DeviceSet(device="gate-late", family="access", zone="north"))
    assert release(log, 1, hmac_key=KEY).recorded == 1
    pipeline_of(log).take(
        [message({"state": "online", "session": "s"}, topic=f"{LATER}/status", retain=True)]
    )
    assert [
        entry.occurred_us for entry in log.read(after=0, limit=99, types=frozenset({"device.online"}))
    ] == [NOW_US]


def test_an_unknown_number_is_an_error() -> None:
    with pytest.raises(LookupError):
        release(estate_log(), 7, hmac_key=KEY)
