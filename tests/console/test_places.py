"""Devices, zones, vehicles inside, and the events themselves."""

from __future__ import annotations

from datetime import timedelta

from eventlog.times import from_us, iso
from eventlog.vocabulary import HomeSet, PersonSet
from tests.console.conftest import Asking
from tests.console.town import ZONES, Town


def test_devices_with_presence_and_battery(place: Town, desk: Asking) -> None:
    place.settle()
    found = {device["device"]: device for device in desk.get("devices", limit=200).json()["items"]}
    assert set(found) == {f"gate-{zone}" for zone in ZONES} | {"cam-p1"}
    gate = found["gate-north-gate"]
    assert (gate["presence"], gate["battery"], gate["events"]) == ("online", 80, 1)
    assert gate["name"] == {"zh": "北门", "en": "North gate"}
    assert found["gate-garage"]["presence"] == "unknown"
    assert [d["device"] for d in desk.get("devices", family="vehicle").json()["items"]] == ["cam-p1"]
    assert [d["device"] for d in desk.get("devices", presence="online").json()["items"]] == [
        "gate-north-gate"
    ]
    page = desk.get("devices", limit=3).json()
    rest = desk.get("devices", limit=200, cursor=page["next"]).json()
    assert len(page["items"]) + len(rest["items"]) == len(found)


def test_zones_with_their_levels(place: Town, desk: Asking, elsewhere: Asking) -> None:
    place.alert("playground")
    body = desk.get("zones").json()
    levels = {zone["zone"]: zone["level"] for zone in body["items"]}
    assert set(levels) == set(ZONES)
    assert levels["playground"] == "watch", "an open medium alert"
    assert body["estates"][0]["level"] == "watch"
    assert elsewhere.get("zones").json()["items"] == []


def test_vehicles_inside(place: Town, desk: Asking) -> None:
    place.settle()
    body = desk.get("occupancy").json()
    assert [(v["plate"], v["gate"]) for v in body["items"]] == [("苏A12345", "gate-v1")]
    assert body["counts"] == {"xiegou": 1}


def test_the_quality_of_the_registers(place: Town, desk: Asking, wall: Asking, elsewhere: Asking) -> None:
    place.tell(
        [HomeSet(home="1-101", zone="garage"), PersonSet(person="p1", role="tenant", home="1-101")],
        "estates/xiegou/registry",
    )
    place.settle()
    (found,) = desk.get("quality").json()["items"]
    wrong = {each["kind"]: each for each in found["findings"] if each["count"]}
    assert set(wrong) == {"tenants_without_lease"}
    lease = wrong["tenants_without_lease"]
    assert (lease["register"], lease["count"], lease["of"], lease["entries"]) == ("people", 1, 1, ["p1"])
    assert lease["title"]["zh"] == "没有租期的租户"
    assert found["counts"]["residents"] == 1
    (seen,) = wall.get("quality").json()["items"]
    assert {each["count"] for each in seen["findings"]} == {0, 1}
    assert all(each["entries"] is None for each in seen["findings"]), "ids of people are not for a wall"
    assert elsewhere.get("quality").json() == {"items": [], "next": None}


def test_events_newest_first_over_pages(place: Town, desk: Asking) -> None:
    place.deny("garage")
    place.settle()
    whole = desk.get("events", limit=200).json()["items"]
    assert [e["position"] for e in whole] == sorted((e["position"] for e in whole), reverse=True)
    assert whole[0]["position"] == place.log.head()
    seen, cursor = [], None
    while True:
        page = desk.get("events", limit=17, **({"cursor": cursor} if cursor else {})).json()
        seen += [event["position"] for event in page["items"]]
        cursor = page["next"]
        if cursor is None:
            break
    assert seen == list(range(place.log.head(), 0, -1))


def test_events_by_type_device_and_time(place: Town, desk: Asking) -> None:
    place.deny("garage")
    place.settle()
    denied = desk.get("events", type="access.denied", device="gate-garage").json()["items"]
    assert {(e["type"], e["source"]) for e in denied} == {
        ("access.denied", "estates/xiegou/access/gate-garage")
    }
    families = {e["type"] for e in desk.get("events", type="access.*", limit=200).json()["items"]}
    assert families == {"access.denied"}
    same = desk.get("events", source="estates/xiegou/access/gate-garage", type="access.denied").json()[
        "items"
    ]
    assert same == denied
    newest = denied[0]["recorded_at"]
    assert desk.get("events", device="gate-garage", to=denied[-1]["recorded_at"]).json()["items"] == []
    after = desk.get("events", device="gate-garage", **{"from": newest}).json()["items"]
    assert newest in {e["recorded_at"] for e in after}
    future = iso(from_us(place.log.now_us()) + timedelta(days=1))
    assert desk.get("events", **{"from": future}).json() == {"items": [], "next": None}
    assert desk.get("events", estate="nowhere").json()["items"] == []


def test_a_cursor_that_we_never_gave_is_told_so(desk: Asking) -> None:
    for path in ("alerts", "events", "devices", "occupancy", "patrols"):
        for cursor in ("rubbish", "W10", "WyJhIiwiYiIsImMiXQ", "WzEuNV0", "é"):
            answer = desk.get(path, cursor=cursor)
            assert answer.status_code == 422, (path, cursor)
            assert answer.json()["errors"][0]["name"] == "cursor"
