"""The queue, the score and the coverage over HTTP."""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import parse_qsl, urlsplit

import pytest

from eventlog.times import from_us
from eventlog.vocabulary import AlertClosed, AlertRaised, DeviceSet, ZoneSet
from tests.console.conftest import Asking
from tests.console.town import Town
from tests.support.histories import BOTH, alert, flood_began

SOURCE = "estates/xiegou/gatehouse"


@pytest.fixture(scope="module")
def stormy(place: Town) -> Town:
    """A flood of forty alerts of two rules in twenty-one zones, with a fire, one shelved, one held back."""
    now = from_us(place.log.now_us())
    began = flood_began(0).model_copy(update={"at": now, "since": now})
    events = [began]
    for number in range(42):
        rule = ("device_offline", "camera_blind")[number % 2]
        one = alert(f"s{number}", rule=rule, severity="low", zone=f"z{number % 21}", at=now)
        events.append(AlertRaised(alert=one))
    events += [
        AlertRaised(alert=alert("fire", rule="fire_smoke", severity="critical", zone="garage", at=now)),
        AlertRaised(alert=alert("behind", rule="camera_blind", suppressed_by="s1", at=now)),
        AlertRaised(alert=alert("kept", shelved_until=now + timedelta(hours=1), at=now)),
        ZoneSet(zone="playground", name=BOTH, key="unit"),
        DeviceSet(device="cam-p", family="camera", zone="playground"),
    ]
    place.tell(events, SOURCE)
    place.settle()
    return place


def test_the_queue_in_a_flood(stormy: Town, desk: Asking, elsewhere: Asking) -> None:
    (found,) = desk.get("queue", estate="xiegou").json()["items"]
    assert found["flood"]["limit"] == 10
    assert found["flood"]["ended_at"] is None
    assert (found["suppressed"], found["shelved"]) == (1, 1)
    lines = found["lines"]
    assert (lines[0]["id"], lines[0]["by"], lines[0]["list"]) == ("fire", None, None)
    drawn = [line for line in lines if line["by"]]
    assert [(line["by"], line["count"]) for line in drawn] == [("rule", 21), ("rule", 21)]
    assert sum(line["count"] for line in lines) == found["open"]
    for line in drawn:
        address = urlsplit(line["list"])
        asked = [*parse_qsl(address.query), ("limit", "200")]
        listed = desk._client.get(address.path, params=asked, headers=desk._headers).json()
        assert len(listed["items"]) == line["count"]
        assert {one["rule"] for one in listed["items"]} == {line["alert"]["rule"]}
    assert elsewhere.get("queue").json()["items"] == []


@pytest.mark.parametrize(("held", "ids"), [("shelved", ["kept"]), ("suppressed", ["behind"])])
def test_what_is_held_back_is_listed(stormy: Town, desk: Asking, held: str, ids: list[str]) -> None:
    assert [one["id"] for one in desk.get("alerts", held=held).json()["items"]] == ids


def test_the_score(stormy: Town, desk: Asking, elsewhere: Asking) -> None:
    fire = alert("fire", rule="fire_smoke", severity="critical", state="closed", disposition="false_alarm")
    stormy.tell([AlertClosed(alert=fire, by="li.wei", via="console")], SOURCE)
    stormy.settle()
    (found,) = desk.get("score", estate="xiegou").json()["items"]
    assert found["alerts"] >= 43
    assert found["per_operator"]["worst"] >= 43
    assert found["floods"]["count"] == 1
    fires = next(each for each in found["rules"] if each["rule"] == "fire_smoke")
    assert (fires["closed"], fires["false_share"]) == (1, 1)
    assert len(found["top_sources"]) <= 10
    assert elsewhere.get("score").json()["items"] == []


def test_the_coverage_of_a_key_zone(stormy: Town, desk: Asking) -> None:
    (found,) = desk.get("coverage").json()["items"]
    assert (found["zone"], found["key"], found["cameras"]) == ("playground", "unit", 1)
    assert len(found["hours"]) in (23, 24)
    assert found["unseen"] == [hour["hour"] for hour in found["hours"]], "its camera was never heard of"
    (asked,) = desk.get("coverage", zone="garage").json()["items"]
    assert (asked["zone"], asked["key"]) == ("garage", None)
    kinds = {zone["zone"]: zone["key"] for zone in desk.get("zones").json()["items"]}
    assert (kinds["playground"], kinds["garage"]) == ("unit", None)


@pytest.mark.parametrize(
    "asked",
    [
        {"from": "2026-01-02T00:00:00Z", "to": "2026-01-01T00:00:00Z"},
        {"from": "2020-01-01T00:00:00Z", "to": "2026-01-01T00:00:00Z"},
        {"from": "2999-01-01T00:00:00Z"},
    ],
)
@pytest.mark.parametrize("path", ["score", "coverage"])
def test_a_period_that_is_none_or_too_long_is_refused(desk: Asking, path: str, asked: dict[str, str]) -> None:
    answer = desk.get(path, **asked)
    assert answer.status_code == 422
    assert "from" in answer.json()["detail"]
