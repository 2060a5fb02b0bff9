"""Times that no clock has, history that is released later, a machine whose own clock jumps."""

from __future__ import annotations

import time
from datetime import UTC, datetime

import pytest

from eventlog.memory import MemoryLog
from eventlog.ports import LATE_AFTER
from eventlog.times import to_us
from eventlog.vocabulary import DeviceSet
from ingest import reasons
from ingest.quarantine import release
from tests.ingest.clients import Mqtt, embedded, everybody
from tests.ingest.support import GATE, KEY, NOW, NOW_US, estate_log, event, message, pipeline_of, register
from tests.ingest.test_client import ingesting
from tests.support.mosquitto import Mosquitto
from tests.support.waiting import wait_until

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


@pytest.mark.parametrize("jump_s", [3_600, -3_600, -3 * 86_400])
@pytest.mark.mosquitto
def test_what_arrives_while_the_machines_clock_jumps_is_neither_late_nor_ahead(
    mosquitto: Mosquitto, monkeypatch: pytest.MonkeyPatch, jump_s: int
) -> None:
    log = estate_log()
    with ingesting(pipeline_of(log), mosquitto.url) as ingest:
        assert ingest.ready.wait(10)
        _jump(monkeypatch, jump_s)
        _send(Mqtt(mosquitto.port))
        _arrives_as_of_now(log)


@pytest.mark.parametrize("jump_s", [3_600, -3 * 86_400])
def test_the_embedded_brokers_clock_is_no_worse(monkeypatch: pytest.MonkeyPatch, jump_s: int) -> None:
    log, people = estate_log(), everybody()
    with embedded(pipeline_of(log), people.accounts) as broker:
        _jump(monkeypatch, jump_s)
        _send(Mqtt(broker.port, "xiegou.gate-n1", people.passwords["xiegou.gate-n1"]))
        _arrives_as_of_now(log)


def _jump(monkeypatch: pytest.MonkeyPatch, jump_s: int) -> None:
    true = time.time_ns
    monkeypatch.setattr(time, "time_ns", lambda: true() + jump_s * 1_000_000_000)


def _send(device: Mqtt) -> None:
    device.publish(f"{GATE}/events", message(event(1, at=datetime.now(UTC))).payload)
    device.close()


def _arrives_as_of_now(log: MemoryLog) -> None:
    wait_until(lambda: log.find(GATE, "1") or log.quarantined())
    entry = log.find(GATE, "1")
    assert entry, log.quarantined()
    assert not entry.late
    assert abs(entry.received_us - entry.occurred_us) < 30_000_000
