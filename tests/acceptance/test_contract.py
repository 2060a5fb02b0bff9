"""The contract as an outside program meets it: its own estate, obvious payloads, real MQTT and HTTP.

What the other tests of the whole system show is not shown again; the parts have their own tests.
"""

from __future__ import annotations

import json
import threading
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.support.mqtt import Listener, Publisher
from tests.support.parts import ROOT
from tests.support.system import Login, System
from tests.support.waiting import wait_until

ESTATE = ROOT / "tests" / "acceptance" / "contract.yaml"
ALERTS = "estates/town/alerts"
IMAGE = {"sha256": "ab" * 32, "content_type": "image/jpeg", "url": "https://pictures.invalid/1.jpg"}
POINT = {"lat": 34.1, "lon": 113.2}
WHO = {"member": "a1", "squad": "alpha"}

EVENTS: list[tuple[str, str, dict[str, Any]]] = [
    ("access/gate-1", "access.granted", {"credential": "c", "method": "bluetooth", "direction": "in"}),
    (
        "access/gate-1",
        "access.granted",
        {"credential": "c", "holder": "p", "method": "qr", "direction": "out"},
    ),
    ("access/gate-1", "access.denied", {"method": "pin", "direction": "in", "reason": "antipassback"}),
    ("access/gate-1", "access.exit_requested", {}),
    ("access/gate-1", "access.door_opened", {}),
    ("access/gate-1", "access.door_closed", {}),
    ("access/gate-1", "access.duress", {"credential": "c"}),
    ("access/gate-1", "access.people_counted", {"count": 2, "direction": "in"}),
    ("access/gate-1", "device.heartbeat", {"battery": 0.8, "uptime_s": 100}),
    ("vehicle/lpr-1", "vehicle.plate_read", {"plate": "豫A12345", "confidence": 0.9, "direction": "in"}),
    ("vehicle/lpr-1", "vehicle.barrier_opened", {"by": "plate"}),
    ("vehicle/lpr-1", "vehicle.barrier_closed", {"by": "remote"}),
    (
        "camera/cam-1",
        "camera.object",
        {"label": "person", "track": 7, "event": "stay", "zone": "yard", "confidence": 0.9, "dwell_s": 3},
    ),
    ("camera/cam-1", "camera.crowd", {"count": 12}),
    ("camera/cam-1", "camera.tamper", {"kind": "covered"}),
    ("camera/cam-1", "camera.restored", {}),
    ("camera/cam-1", "camera.fire_smoke", {"zone": "yard"}),
    ("camera/cam-1", "camera.fall", {"zone": "yard"}),
    ("camera/cam-1", "camera.object_left", {"zone": "yard", "image": IMAGE}),
    ("face/face-1", "face.recognised", {"person": "p1", "list": "residents", "score": 0.93}),
    ("face/face-1", "face.unknown", {"score": 0.3}),
    ("fence/fence-1", "fence.alarm", {"segment": "s1", "kind": "climb"}),
    ("fence/fence-1", "fence.restored", {"segment": "s1"}),
    (
        "probe/probe-1",
        "probe.sighting",
        {"address": "aa:bb:cc:dd:ee:ff", "randomised": False, "rssi": -60, "radio": "ble"},
    ),
    ("help/help-1", "help.pressed", {"location": "yard"}),
    ("patrol/reader-1", "patrol.checkpoint", {**WHO, "checkpoint": "cp-1", "method": "nfc"}),
    ("patrol/alpha/members/a1", "patrol.checkpoint", {**WHO, "checkpoint": "cp-1", "method": "qr"}),
    ("patrol/alpha/members/a1", "patrol.position", {**WHO, "position": POINT}),
    ("patrol/alpha/members/a1", "patrol.response", {"alert": "none", "member": "a1", "action": "received"}),
    (
        "report/hotline",
        "report.submitted",
        {"channel": "hotline", "category": "noise", "text": "loud music", "location": "yard"},
    ),
]
"""Every event type that a device sends, but for `access.door_forced`, which the alerts below come from."""

ALERT_FIELDS: dict[str, tuple[type, ...]] = {
    **dict.fromkeys(
        ("id", "estate", "rule", "episode", "severity", "state", "condition", "zone", "squad"), (str,)
    ),
    **dict.fromkeys(("at", "raised_at"), (str,)),
    **dict.fromkeys(("devices", "evidence"), (list,)),
    **dict.fromkeys(
        ("assignee", "ack_due_at", "shelved_until", "suppressed_by", "disposition"), (str, type(None))
    ),
    "title": (dict,),
    "late": (bool,),
    "exercise": (bool,),
    "version": (int,),
}


def told(place: str, kind: str, /, *, after: timedelta = timedelta(), **data: Any) -> dict[str, Any]:
    """An event of a place below the estate, with the door or the lane that its device stands at."""
    source = f"estates/town/{place}"
    if kind.startswith("access."):
        data = {"door": place.rpartition("/")[2], **data}
    if kind.startswith("vehicle."):
        data = {"lane": "drive-in", **data}
    return {
        "specversion": "1.0",
        "id": uuid.uuid4().hex,
        "source": source,
        "type": kind,
        "time": (datetime.now(UTC) + after).isoformat(),
        "data": data,
    }


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    """The outside program's own estate, running."""
    system = System(tmp_path_factory.mktemp("town"), estate=ESTATE)
    try:
        system.start()
        yield system
        system.stop()
    finally:
        system.abandon()


@pytest.fixture(scope="module")
def logins(town: System) -> dict[str, Login]:
    """The accounts of a gateway and of the squads."""
    squads = ("alpha", "bravo", "charlie")
    with ThreadPoolExecutor(2) as pool:
        gateway = pool.submit(town.token, "--gateway", "outside")
        made = {name: pool.submit(town.token, "--squad", name) for name in squads}
        return {"gateway": gateway.result(), **{name: each.result() for name, each in made.items()}}


@pytest.fixture(scope="module")
def devices(town: System, logins: dict[str, Login]) -> Iterator[Publisher]:
    with closing(Publisher(town.mqtt_url, logins["gateway"].user, logins["gateway"].password)) as publisher:
        yield publisher


@pytest.fixture(scope="module")
def desk(town: System, logins: dict[str, Login]) -> Iterator[Listener]:
    login = logins["gateway"]
    topics = [ALERTS, "estates/town/safety", "estates/town/system"]
    with closing(Listener(town.mqtt_url, login.user, login.password, topics)) as listener:
        yield listener


@pytest.fixture(scope="module")
def phones(town: System, logins: dict[str, Login]) -> Iterator[dict[str, Listener]]:
    """A phone a squad."""
    listeners = {
        squad: Listener(
            town.mqtt_url, logins[squad].user, logins[squad].password, [topic(squad), topic(squad, "open")]
        )
        for squad in ("alpha", "bravo", "charlie")
    }
    yield listeners
    for each in listeners.values():
        each.close()


@pytest.fixture(scope="module")
def operator(town: System) -> Iterator[httpx.Client]:
    with town.api("operator") as client:
        yield client


def topic(squad: str, kind: str = "alerts") -> str:
    return f"estates/town/patrol/{squad}/{kind}"


def force(devices: Publisher, desk: Listener, door: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """A door forced: the event, and the alert that it raises."""
    event = told(f"access/{door}", "access.door_forced")
    devices.event(event)
    return event, desk.wait_for(lambda alert: alert.get("evidence") == [event["id"]], ALERTS)


# What devices send


def test_every_event_type_is_taken_on_its_familys_topic(town: System, devices: Publisher) -> None:
    sent = [told(place, kind, **data) for place, kind, data in EVENTS]
    for event in sent:
        devices.event(event)
    devices.flush()
    with town.log() as log:
        missing = [event["type"] for event in sent if log.find(event["source"], event["id"]) is None]
    assert not missing, town.cli("quarantine", "list").out


GATE = "estates/town/access/gate-1/events"
GRANT: dict[str, Any] = {"credential": "c", "method": "card", "direction": "in"}


def grant(**other: Any) -> dict[str, Any]:
    return {**told("access/gate-1", "access.granted", **GRANT), **other}


BAD: list[tuple[str, str, Any]] = [
    ("undecodable", GATE, b"not json"),
    ("undecodable", GATE, b"\xff\xfe"),
    ("undecodable", GATE, b""),
    ("oversized", GATE, grant(padding="x" * 270_000)),
    ("wrongly_typed", GATE, told("access/gate-1", "access.teleported")),
    ("wrongly_typed", GATE, told("access/gate-1", "alert.raised", alert={})),
    ("wrongly_typed", GATE, told("access/gate-1", "access.granted", credential="c")),
    ("wrongly_typed", GATE, grant(time="2026-11-22T10:00:00")),
    ("unknown_device", "estates/town/access/ghost/events", grant(source="estates/town/access/ghost")),
    ("unknown_device", "estates/town/camera/gate-1/events", grant(source="estates/town/camera/gate-1")),
    ("impersonation", GATE, grant(source="estates/town/access/house-1")),
    ("misplaced", GATE, told("access/gate-1", "patrol.response", alert="x", member="a1", action="accept")),
    ("time_not_taken", "estates/town/time", {"at": "2026-11-22T10:00:00Z"}),
    ("unknown_maker", "vendors/acme/town/gate-1", {"opened": True}),
]


def test_what_is_wrong_is_put_aside_with_its_reason(town: System, devices: Publisher) -> None:
    known = {one["id"] for one in town.cli("quarantine", "list", "--json").json}
    cases = [*BAD, ("future_dated", GATE, told("access/gate-1", "access.granted", after=_DAY, **GRANT))]
    once = grant()
    other = {**once, "data": {**once["data"], "credential": "d"}}
    cases += [("", GATE, once), ("", GATE, once), ("conflict", GATE, other)]
    good = [grant() for _ in range(49)]
    cases += [("wrongly_typed", GATE, [*good[:20], {"no": "event"}, *good[20:]])]
    for _, where, what in cases:
        devices.publish(where, what)
    devices.flush()
    listed = [one for one in town.cli("quarantine", "list", "--json").json if one["id"] not in known]
    found = sorted((one["reason"], one["topic"]) for one in listed)
    assert found == sorted((why, where) for why, where, _ in cases if why)
    assert [one["index"] for one in listed if one["index"] is not None] == [20]
    with town.log() as log:
        assert all(log.find(event["source"], event["id"]) for event in good), "the good ones go on"


_DAY = timedelta(hours=25)


# What an alert is


def test_an_alert_has_the_fields_of_the_contract_everywhere(
    devices: Publisher, desk: Listener, phones: dict[str, Listener], operator: httpx.Client
) -> None:
    event, alert = force(devices, desk, "gate-1")
    squads = phones["alpha"].wait_for(lambda one: one.get("id") == alert["id"], topic("alpha"))
    listed = phones["alpha"].wait_for(
        lambda one: alert["id"] in {each["id"] for each in one["alerts"]}, topic("alpha", "open")
    )
    (opened,) = (one for one in listed["alerts"] if one["id"] == alert["id"])

    def given() -> Any:
        return [one for one in operator.get("/alerts").json()["items"] if one["id"] == alert["id"]]

    (item,) = wait_until(given, what="the alert is in the list")
    detail = operator.get(f"/alerts/{alert['id']}").json()
    for form in (alert, squads, opened, item, detail):
        wrong = {
            name: form.get(name, "missing")
            for name, types in ALERT_FIELDS.items()
            if not isinstance(form.get(name, ...), types)
        }
        assert not wrong
        assert (form["evidence"], form["devices"], form["squad"]) == ([event["id"]], ["gate-1"], "alpha")
        assert all(form["title"][tongue] for tongue in ("zh", "en"))
    assert [one["id"] for one in detail["evidence_events"]] == [event["id"]]
    assert [one["type"] for one in detail["history"]] == ["alert.raised"]


# What a desk does with it


def test_the_table_of_actions_over_http(
    devices: Publisher, desk: Listener, phones: dict[str, Listener], operator: httpx.Client
) -> None:
    _, alert = force(devices, desk, "house-1")
    where = f"/alerts/{alert['id']}"

    def ask(action: str, status: int, **body: Any) -> Any:
        version = operator.get(where).json()["version"]
        answer = operator.post(f"{where}/{action}", json={"version": version, **body})
        assert answer.status_code == status, f"{action}: {answer.text}"
        kind = "application/json" if status == 200 else "application/problem+json"
        assert answer.headers["content-type"] == kind
        return answer.json()

    def hear(phone: str, change: str, squad: str = "alpha") -> None:
        wanted = {"id": alert["id"], "event": change, "squad": squad}
        phones[phone].wait_for(lambda one: all(one[name] == it for name, it in wanted.items()), topic(phone))

    def listed(squad: str) -> bool:
        return alert["id"] in {one["id"] for one in phones[squad].of(topic(squad, "open"))[-1]["alerts"]}

    ask("reopen", 409, reason="it is open")
    assert ask("acknowledge", 200)["ack_due_at"], "an acknowledgement runs out"
    ask("acknowledge", 409)
    ask("shelve", 422, until=_ahead(9), reason="over 8 h")
    ask("shelve", 200, until=_ahead(1), reason="painters")
    hear("alpha", "alert.shelved")
    wait_until(lambda: not listed("alpha"), what="what is shelved is not in the squad's list")
    ask("unshelve", 200)
    wait_until(lambda: listed("alpha"), what="it is there again")
    ask("assign", 422, squad="nobody")
    ask("assign", 200, squad="bravo")
    hear("bravo", "alert.assigned", squad="bravo")
    hear("alpha", "alert.assigned", squad="bravo")
    wait_until(lambda: listed("bravo") and not listed("alpha"), what="it went from squad to squad")
    ask("shelve", 409, until=_ahead(1), reason="it is assigned")
    ask("arrive", 403)
    ask("close", 422)
    assert ask("close", 200, disposition="false_alarm")["disposition"] == "false_alarm"
    ask("assign", 409, squad="alpha")
    ask("note", 200, note="the wind")
    assert ask("reopen", 200, reason="not the wind")["state"] == "acknowledged"
    assert ask("close", 200, disposition="nuisance")["state"] == "closed"


def _ahead(hours: float) -> str:
    return (datetime.now(UTC) + timedelta(hours=hours)).isoformat()


def test_who_may_only_look_changes_nothing(town: System, operator: httpx.Client) -> None:
    alert = operator.get("/alerts", params={"limit": 1}).json()["items"][0]
    with town.api("viewer") as viewer:
        assert viewer.get("/alerts").status_code == 200
        answer = viewer.post(f"/alerts/{alert['id']}/note", json={"version": alert["version"], "note": "x"})
    assert (answer.status_code, answer.headers["content-type"]) == (403, "application/problem+json")
    for path in ("alerts", "events", "devices", "zones", "occupancy", "stream"):
        assert httpx.get(f"{town.url}/api/v1/{path}").status_code == 401


def test_pages_follow_each_other(operator: httpx.Client) -> None:
    whole = [one["id"] for one in operator.get("/alerts").json()["items"]]
    paged: list[str] = []
    cursor: dict[str, str] = {}
    for _ in whole:
        page = operator.get("/alerts", params={"limit": 1, **cursor}).json()
        paged += [one["id"] for one in page["items"]]
        cursor = {"cursor": page["next"]}
    assert len(whole) > 1
    assert paged == whole
    assert page["next"] is None


def test_the_stream_tells_an_alert(devices: Publisher, desk: Listener, operator: httpx.Client) -> None:
    lines: list[str] = []
    open_ = threading.Event()

    def listen() -> None:
        with operator.stream("GET", "/stream") as answer:
            assert answer.headers["content-type"].startswith("text/event-stream")
            for line in answer.iter_lines():
                lines.append(line)
                open_.set()
                if line.startswith("data:") and "shed-1" in line:
                    return

    listener = threading.Thread(target=listen, daemon=True)
    listener.start()
    assert open_.wait(10)
    _, alert = force(devices, desk, "shed-1")
    listener.join(10)
    assert not listener.is_alive(), lines
    assert json.loads(lines[-1].removeprefix("data:"))["alert"]["id"] == alert["id"]
    assert "event: alert.raised" in lines


# What an import changes


def test_limits_and_lists_imported_while_it_runs_take_effect(
    town: System, devices: Publisher, desk: Listener, phones: dict[str, Listener], tmp_path: Path
) -> None:
    def open_door(door: str) -> None:
        devices.event(told(f"access/{door}", "access.granted", **GRANT))
        devices.event(told(f"access/{door}", "access.door_opened"))

    def held(door: str) -> Any:
        return lambda one: (one.get("rule"), one.get("devices")) == ("door_held_open", [door])

    open_door("shed-1")  # 30 s may pass there
    open_door("house-1")
    desk.wait_for(held("house-1"), ALERTS)
    assert not any(held("shed-1")(one) for one in desk.of(ALERTS))
    devices.event(told("access/shed-1", "access.door_closed"))

    text = ESTATE.read_text("utf-8")
    for old, new in (
        ("house: {building_s: 1}", "shed: {building_s: 1}"),
        ("entries: [豫A99999]", "entries: [豫A99999, 豫C55555]"),
        ("squad: charlie", "squad: bravo"),
        ("  - {id: charlie, members: [c1]}\n", ""),
    ):
        assert old in text
        text = text.replace(old, new)
    file = tmp_path / "changed.yaml"
    file.write_text(text, "utf-8")
    town.cli("estate", "import", str(file))

    open_door("shed-1")
    assert desk.wait_for(held("shed-1"), ALERTS)["squad"] == "bravo"
    devices.event(
        told("vehicle/lpr-1", "vehicle.plate_read", plate="豫C55555", confidence=0.99, direction="in")
    )
    desk.wait_for(lambda one: one.get("rule") == "watchlist_plate", ALERTS)
    gone = topic("charlie", "open")
    wait_until(
        lambda: [one.payload for one in phones["charlie"].heard if one.topic == gone][-1] == b"",
        what="the retained list of a squad that is no more is cleared",
    )


# Gatehouse itself


def test_our_own_status_beats_and_tells_a_death(town: System, desk: Listener) -> None:
    system = "estates/town/system"
    assert next(one for one in desk.heard if one.topic == system).retained
    town.kill9("process")
    desk.wait_for(lambda one: one.get("state") == "offline", system)
    heard = len(desk.of(system))
    wait_until(lambda: len(desk.of(system)) > heard + 1, timeout_s=30, what="it is back, and beats")
    beats = [datetime.fromisoformat(one["at"]) for one in desk.of(system)[heard:]]
    assert timedelta(seconds=9) < beats[1] - beats[0] < timedelta(seconds=13)
