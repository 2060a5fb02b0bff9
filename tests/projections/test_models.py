"""Each read model by the story of a day: what its rows say."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import Engine

from eventlog.memory import MemoryLog
from eventlog.ports import LogError
from eventlog.vocabulary import (
    AlertAcknowledged,
    AlertClosed,
    AlertNoted,
    AlertRaised,
    AlertShelved,
    DeviceHeartbeat,
    DeviceOffline,
    DeviceOnline,
    DeviceRemoved,
    DoorOpened,
    GateRemoved,
    GateSet,
    PlateRead,
    SafetyChanged,
    ThreatLevelChanged,
    ZoneRemoved,
)
from projections.alert_history import history_of
from projections.alerts import AlertFilter, find_alert, find_alerts
from projections.devices import find_devices
from projections.lines import open_queue
from projections.occupancy import count_inside, vehicles_inside
from projections.runner import ProjectionRunner
from projections.store import open_views
from projections.zones import estates, squads, zones
from tests.support.histories import START, History, alert


def project(told: History, engine: Engine) -> None:
    log = MemoryLog()
    log.append(told.events)
    ProjectionRunner(log, engine).catch_up()


def plate(plate: str, direction: str, lane: str = "lane-1") -> PlateRead:
    return PlateRead(plate=plate, confidence=0.9, lane=lane, direction=direction)


def inside(engine: Engine) -> dict[str, str]:
    with engine.connect() as connection:
        return {row["plate"]: row["gate"] for row in vehicles_inside(connection, estate="xiegou", limit=50)}


def test_a_car_is_inside_between_in_and_out(any_views: Engine) -> None:
    told = History().registers()
    for one in (plate("苏A1", "in"), plate("苏a2 ", "in"), plate("苏A1", "out"), plate("无", "in")):
        told.add(one, "cam-p1", "vehicle")
    told.add(plate("苏A3", "in", lane="lane-unknown"), "cam-p1", "vehicle")
    told.add(plate("苏A\x004", "in"), "cam-p1", "vehicle")
    project(told, any_views)
    assert inside(any_views) == {"苏A2": "gate-v1", "苏A\ufffd4": "gate-v1"}
    with any_views.connect() as connection:
        assert count_inside(connection, None) == {"xiegou": 2}


def test_a_read_that_comes_late_does_not_bring_back_who_left(views: Engine) -> None:
    told = History().registers()
    told.add(plate("苏A1", "out"), "cam-p1", "vehicle")
    told.add(plate("苏A1", "in"), "cam-p1", "vehicle", late_s=60)
    project(told, views)
    assert inside(views) == {}


def test_gates_within_the_estate_say_nothing(views: Engine) -> None:
    told = History().registers()
    told.add(GateSet(gate="gate-inner", zone="south", lanes=("lane-9",), boundary=False))
    told.add(plate("苏A1", "in", "lane-9"), "cam-p1", "vehicle")
    told.add(GateRemoved(entry="gate-v1"))
    told.add(plate("苏A2", "in", "lane-1"), "cam-p1", "vehicle")
    project(told, views)
    assert inside(views) == {}


def devices(engine: Engine) -> dict[str, dict[str, Any]]:
    with engine.connect() as connection:
        return {row["device"]: row for row in find_devices(connection, estate="xiegou", limit=50)}


def test_a_device_by_what_it_sent_and_its_sessions(any_views: Engine) -> None:
    told = History().registers()
    told.add(DoorOpened(door="gate-n1"), "gate-n1")
    told.add(DeviceHeartbeat(battery=71, uptime_s=9), "gate-n1")
    told.add(DeviceHeartbeat(battery=99, uptime_s=1), "gate-n1", late_s=3_600)
    told.add(DeviceOnline(device="gate-n1", session="s"))
    told.add(DeviceOffline(device="gate-s1"))
    project(told, any_views)
    found = devices(any_views)
    gate = found["gate-n1"]
    assert (gate["events"], gate["battery"], gate["presence"]) == (3, 71, "online")
    assert gate["last_seen_us"] > gate["last_event_us"], (
        "the late heartbeat was heard last, and happened before"
    )
    assert (found["gate-s1"]["presence"], found["gate-s1"]["events"]) == ("offline", 0)
    assert found["cam-p1"]["presence"] == "unknown"


def test_a_device_taken_out_is_not_listed_and_keeps_its_past(views: Engine) -> None:
    told = History().registers()
    told.add(DoorOpened(door="gate-n1"), "gate-n1")
    told.add(DeviceRemoved(entry="gate-n1"))
    told.add(DoorOpened(door="gate-zz"), "gate-zz")
    project(told, views)
    assert set(devices(views)) == {"gate-s1", "cam-p1"}
    with views.connect() as connection:
        kept = connection.exec_driver_sql("SELECT events FROM devices WHERE device = 'gate-n1'").scalar()
    assert kept == 1


def test_an_alert_is_what_its_last_change_says(any_views: Engine) -> None:
    told = History()
    told.add(AlertRaised(alert=alert("a1")))
    told.add(AlertAcknowledged(alert=alert("a1", state="acknowledged", version=2), by="li", via="console"))
    told.add(AlertNoted(alert=alert("a1", state="acknowledged", version=3), by="li", note="看\x00过"))
    told.add(AlertClosed(alert=alert("a1", state="closed", disposition="test", version=4), by="li"))
    project(told, any_views)
    with any_views.connect() as connection:
        now = find_alert(connection, "a1")
        assert now is not None
        assert (now.state, now.disposition, now.version) == ("closed", "test", 4)
        history = history_of(connection, "a1", limit=10)
        assert [(row["type"], row["version"]) for row in history] == [
            ("alert.raised", 1),
            ("alert.acknowledged", 2),
            ("alert.noted", 3),
            ("alert.closed", 4),
        ]
        assert history[2]["note"] == "看\ufffd过"
        assert [row["version"] for row in history_of(connection, "a1", limit=2)] == [3, 4]
        assert find_alert(connection, "a2") is None


def test_the_queue_puts_the_worst_first_and_keeps_late_and_shelved_apart(any_views: Engine) -> None:
    from datetime import timedelta

    told = History()
    for n, (severity, fields) in enumerate(
        [
            ("low", {}),
            ("high", {}),
            ("high", {}),
            ("critical", {"state": "arrived"}),
            ("high", {"late": True}),
            ("critical", {"state": "closed"}),
        ]
    ):
        told.add(
            AlertRaised(alert=alert(f"a{n}", severity=severity, at=START + timedelta(minutes=n), **fields))
        )
    told.add(AlertShelved(alert=alert("a9", shelved_until=START + timedelta(hours=1))))
    project(told, any_views)
    with any_views.connect() as connection:
        queue = open_queue(connection, "xiegou", limit=2, late_limit=5)
        assert [line.id for line in queue.lines] == ["a3", "a2"]
        assert [one.id for one in queue.late] == ["a4"]
        assert (queue.open_count, queue.late_count, queue.shelved_count) == (4, 1, 1)
        assert queue.by_severity == {"low": 1, "high": 2, "critical": 1}
        assert open_queue(connection, "elsewhere", limit=2, late_limit=5).open_count == 0
        listed = find_alerts(connection, AlertFilter(severities=("high",)), before=None, limit=9)
        assert [one.id for _, one in listed] == ["a4", "a2", "a1"]


def test_zones_and_estates_have_names_before_and_levels_after(any_views: Engine) -> None:
    told = History().registers()
    told.add(
        SafetyChanged(zone="north", level="alert", previous="safe", cause="a1", cause_kind="alert", at=START)
    )
    told.add(ThreatLevelChanged(level="alert", previous="safe", zones=1, at=START))
    told.add(ZoneRemoved(entry="south"))
    project(told, any_views)
    with any_views.connect() as connection:
        assert [(zone["zone"], zone["name_en"], zone["level"]) for zone in zones(connection, "xiegou")] == [
            ("north", "North gate", "alert")
        ]
        whole = estates(connection)
        assert [(one["estate"], one["name_zh"], one["level"], one["level_zones"]) for one in whole] == [
            ("xiegou", "谢沟", "alert", 1)
        ]
        assert [squad["squad"] for squad in squads(connection)] == ["squad-1"]


def test_another_kind_of_url_is_refused() -> None:
    with pytest.raises(LogError, match="mysql"):
        open_views("mysql://localhost/x")
