"""Times that no clock has, history that is released later, a machine whose own clock jumps."""

from __future__ import annotations

import pytest

from eventlog.ports import LATE_AFTER
from eventlog.times import to_us
from eventlog.vocabulary import DeviceSet
from ingest import reasons
from ingest.quarantine import release
from tests.ingest.support import KEY, NOW, NOW_US, estate_log, event, message, pipeline_of, register

LATER = "estates/xiegou/access/gate-late"


@pytest.mark.parametrize(
    "time",
    ["0001-01-01T00:00:00+08:00", "0001-01-01T00:00:00Z", "0999-12-31T23:59:59Z", "1899-12-31T23:59:59Z"],
)
@pytest.mark.parametrize("mode", ["wall", "events"])
def test_a_time_before_any_clock_goes_to_quarantine(time: str, mode: str) -> None:
    log = estate_log()
    pipeline_of(log, time_mode=mode).take([message(event(1, at=time))])
    (kept,) = log.quarantined()
    assert kept.reject.reason == reasons.WRONGLY_TYPED
    assert "time" in kept.reject.detail
    assert log.find("estates/xiegou/access/gate-n1", "1") is None


@pytest.mark.parametrize(
    "time", ["9999-12-31T23:59:59.999Z", "9999-12-31T23:59:59-08:00", "2200-01-01T00:00:00Z"]
)
def test_where_the_clock_follows_the_events_no_event_takes_it_beyond_all_time(time: str) -> None:
    log = estate_log(time_mode="events")
    pipeline = pipeline_of(log, time_mode="events")
    pipeline.take([message(event(1, at=time)), message({"at": time}, topic="estates/xiegou/time")])
    assert [one.reject.reason for one in log.quarantined()] == [reasons.WRONGLY_TYPED] * 2
    pipeline.take([message(event(2))])
    assert log.now_us() == NOW_US


@pytest.mark.parametrize("time", ["1970-01-01T00:00:00+08:00", "1900-01-01T00:00:00Z"])
def test_the_time_of_a_clock_that_lost_its_battery_is_taken_as_history(time: str) -> None:
    log = estate_log()
    pipeline_of(log).take([message(event(1, at=time))])
    entry = log.find("estates/xiegou/access/gate-n1", "1")
    assert entry
    assert entry.late


def test_what_is_released_long_after_it_came_is_history() -> None:
    log = estate_log()
    later = f"{LATER}/events"
    pipeline_of(log).take([message(event(n, source=LATER), topic=later) for n in (1, 2)])
    register(log, DeviceSet(device="gate-late", family="access", zone="north"))
    soon = to_us(NOW + LATE_AFTER)
    assert release(log, 1, hmac_key=KEY, now_us=lambda: soon).outcome == "released"
    assert release(log, 2, hmac_key=KEY, now_us=lambda: soon + 1).outcome == "released"
    first, second = log.find(LATER, "1"), log.find(LATER, "2")
    assert first
    assert second
    assert (first.late, second.late) == (False, True)
    assert first.body != second.body
    assert log.verify().first_bad is None
    # The device sends it again: it is the same event.
    pipeline_of(log).take([message(event(2, source=LATER), topic=later)])
    assert not log.quarantined()
