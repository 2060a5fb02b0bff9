"""Alerts over the API: lists, one in detail, the actions and what stands against them."""

from __future__ import annotations

import time
from datetime import timedelta
from pathlib import Path

from fastapi.testclient import TestClient

from console.app import create_app
from eventlog.times import from_us
from tests.console.conftest import Asking
from tests.console.town import LONG_AGO, Town, town


def version_of(desk: Asking, alert: str) -> int:
    found: int = desk.get(f"alerts/{alert}").json()["version"]
    return found


def test_a_list_gives_every_alert_once_over_its_pages(place: Town, desk: Asking) -> None:
    for zone in ("north-gate", "garage", "building-3", "building-7"):
        place.alert(zone)
    whole = [alert["id"] for alert in desk.get("alerts", limit=200).json()["items"]]
    seen: list[str] = []
    cursor = None
    while True:
        page = desk.get("alerts", limit=2, **({"cursor": cursor} if cursor else {})).json()
        assert 0 < len(page["items"]) <= 2
        seen += [alert["id"] for alert in page["items"]]
        cursor = page["next"]
        if cursor is None:
            break
    assert seen == whole
    raised = [alert["raised_at"] for alert in desk.get("alerts", limit=200).json()["items"]]
    assert raised == sorted(raised, reverse=True)


def test_filters_pick_alerts(place: Town, desk: Asking) -> None:
    mine = place.alert("playground")
    place.deny("fence-east", at=LONG_AGO)
    place.settle()

    def found(**filters: object) -> set[str]:
        return {alert["zone"] for alert in desk.get("alerts", **filters).json()["items"]}

    assert found(zone="playground") == {"playground"}
    assert found(zone=["playground", "fence-east"]) == {"playground", "fence-east"}
    assert found(zone="playground", state="closed") == set()
    assert found(zone="playground", severity="medium", squad="squad-1", rule="repeated_denials")
    assert found(rule="door_forced") == set()
    assert found(estate="nowhere") == set()
    raised = next(a["raised_at"] for a in desk.get("alerts").json()["items"] if a["id"] == mine)
    assert found(zone="playground", **{"from": raised}) == {"playground"}
    assert found(zone="playground", to=raised) == set()
    late = desk.get("alerts", zone="fence-east").json()["items"][0]
    assert late["late"] is True


def test_an_alert_comes_with_its_history_and_whole_evidence(place: Town, desk: Asking) -> None:
    alert = place.alert("garage") if not _of(desk, "garage") else _of(desk, "garage")
    detail = desk.get(f"alerts/{alert}").json()
    assert [event["id"] for event in detail["evidence_events"]] == detail["evidence"]
    first = detail["evidence_events"][0]
    assert first["type"] == "access.denied"
    assert first["data"]["credential"].startswith("card-garage")
    assert first["position"] == detail["evidence_positions"][0]
    assert [change["type"] for change in detail["history"]] == ["alert.raised"]
    assert detail["history"][0]["by"] is None


def _of(desk: Asking, zone: str) -> str:
    items = desk.get("alerts", zone=zone, state=["raised", "acknowledged"]).json()["items"]
    return items[0]["id"] if items else ""


def test_a_viewer_sees_no_names_in_evidence(place: Town, desk: Asking, wall: Asking) -> None:
    alert = _of(desk, "garage") or place.alert("garage")
    detail = wall.get(f"alerts/{alert}").json()
    assert detail["evidence_events"]
    assert all("data" not in event for event in detail["evidence_events"])
    assert "card-" not in wall.get(f"alerts/{alert}").text


def test_a_night_of_one_alert(place: Town, desk: Asking) -> None:
    alert = _of(desk, "building-3") or place.alert("building-3")
    version = version_of(desk, alert)
    taken = desk.post(f"alerts/{alert}/acknowledge", version=version)
    assert taken.status_code == 200
    assert taken.json()["state"] == "acknowledged"
    assert taken.json()["version"] == version + 1
    noted = desk.post(f"alerts/{alert}/note", note="门卫正在查看")
    assert noted.status_code == 200
    sent = desk.post(f"alerts/{alert}/assign", version=noted.json()["version"], squad="squad-2")
    assert (sent.json()["state"], sent.json()["squad"]) == ("assigned", "squad-2")
    closed = desk.post(
        f"alerts/{alert}/close", version=sent.json()["version"], disposition="genuine", note="已处理"
    )
    assert (closed.json()["state"], closed.json()["disposition"]) == ("closed", "genuine")
    again = desk.post(f"alerts/{alert}/reopen", version=closed.json()["version"], reason="又来了")
    assert again.json()["state"] == "acknowledged"
    history = desk.get(f"alerts/{alert}").json()["history"]
    told = [(change["type"].removeprefix("alert."), change["by"], change["note"]) for change in history]
    assert told == [
        ("raised", None, None),
        ("acknowledged", "desk-1", None),
        ("noted", "desk-1", "门卫正在查看"),
        ("assigned", "desk-1", None),
        ("closed", "desk-1", "已处理"),
        ("reopened", "desk-1", "又来了"),
    ]
    assert {change["via"] for change in history} == {"system", "api"}


def test_a_checklist_is_shown_and_ticked(place: Town, desk: Asking) -> None:
    alert = place.alert("stairwell")
    steps = desk.get(f"alerts/{alert}").json()["checklist"]
    assert (steps[0]["step"], steps[0]["required"], steps[0]["done"]) == ("look_camera", False, False)
    assert steps[0]["text"] == {"zh": "查看附近摄像机", "en": "look at the cameras nearby"}
    ticked = desk.post(f"alerts/{alert}/step", step="look_camera", note="没有人")
    assert ticked.status_code == 200, ticked.text
    assert ticked.json()["steps_done"] == ["look_camera"]
    detail = desk.get(f"alerts/{alert}").json()
    assert [each["step"] for each in detail["checklist"] if each["done"]] == ["look_camera"]
    last = detail["history"][-1]
    assert (last["type"], last["by"]) == ("alert.step_done", "desk-1")
    assert last["note"] == "查看附近摄像机 look at the cameras nearby: 没有人"
    assert desk.post(f"alerts/{alert}/step", step="look_camera").status_code == 409
    assert desk.post(f"alerts/{alert}/step", step="make_tea").status_code == 422
    assert desk.post(f"alerts/{alert}/step").status_code == 422


def test_shelved_and_shown_again(place: Town, desk: Asking) -> None:
    alert = _of(desk, "building-7") or place.alert("building-7")
    until = from_us(place.log.now_us()) + timedelta(hours=2)
    shelved = desk.post(
        f"alerts/{alert}/shelve", version=version_of(desk, alert), until=until.isoformat(), reason="施工"
    )
    assert shelved.status_code == 200, shelved.text
    assert shelved.json()["shelved_until"] is not None
    shown = desk.post(f"alerts/{alert}/unshelve", version=shelved.json()["version"])
    assert shown.json()["shelved_until"] is None


def test_the_slower_of_two_is_told_what_it_is_now(place: Town, desk: Asking) -> None:
    alert = _of(desk, "playground") or place.alert("playground")
    version = version_of(desk, alert)
    assert desk.post(f"alerts/{alert}/acknowledge", version=version).status_code == 200
    slower = desk.post(f"alerts/{alert}/close", version=version, disposition="nuisance")
    problem = slower.json()
    assert slower.status_code == 409
    assert slower.headers["content-type"] == "application/problem+json"
    assert (problem["reason"], problem["version"], problem["state"]) == (
        "conflict",
        version + 1,
        "acknowledged",
    )
    assert set(problem["words"]) == {"zh", "en"}
    chinese = desk.post(f"alerts/{alert}/close", language="zh-CN", version=version, disposition="test")
    assert chinese.json()["detail"] == chinese.json()["words"]["zh"]


def test_what_a_state_does_not_allow_is_409_with_the_state(place: Town, desk: Asking) -> None:
    alert = _of(desk, "playground") or place.alert("playground")
    version = version_of(desk, alert)
    desk.post(f"alerts/{alert}/acknowledge", version=version)
    refused = desk.post(f"alerts/{alert}/acknowledge", version=version_of(desk, alert))
    assert refused.status_code == 409
    assert (refused.json()["reason"], refused.json()["state"]) == ("not_allowed", "acknowledged")


def test_only_a_member_arrives(place: Town, desk: Asking) -> None:
    alert = _of(desk, "playground") or place.alert("playground")
    refused = desk.post(f"alerts/{alert}/arrive", version=version_of(desk, alert))
    assert refused.status_code == 403
    assert refused.json()["reason"] == "forbidden"


def test_wrong_bodies_say_which_field_and_why(place: Town, desk: Asking) -> None:
    alert = _of(desk, "garage") or place.alert("garage")
    cases = [
        ("acknowledge", {}, "version"),
        ("acknowledge", {"version": 0}, "version"),
        ("acknowledge", {"version": 1, "colour": "red"}, "colour"),
        ("close", {"version": 1}, "disposition"),
        ("close", {"version": 1, "disposition": "maybe"}, "disposition"),
        ("note", {"note": "   "}, "note"),
        ("shelve", {"version": 1, "until": "2026-11-22T10:00:00", "reason": "x"}, "until"),
        ("reopen", {"version": 1}, "reason"),
        ("assign", {"version": 1, "squad": ""}, "squad"),
    ]
    for action, body, field in cases:
        answer = desk.post(f"alerts/{alert}/{action}", **body)
        assert answer.status_code == 422, (action, body, answer.text)
        assert [error["name"] for error in answer.json()["errors"]] == [field]
        assert field in answer.json()["detail"]


def test_an_unknown_alert_is_404_and_nothing_is_appended(place: Town, desk: Asking) -> None:
    head = place.log.head()
    answer = desk.post("alerts/no-such-alert/acknowledge", version=1)
    assert answer.status_code == 404
    assert desk.get("alerts/no-such-alert").status_code == 404
    assert place.log.head() == head


def test_another_estates_alert_is_not_there(place: Town, desk: Asking, elsewhere: Asking) -> None:
    alert = _of(desk, "garage") or place.alert("garage")
    assert elsewhere.get("alerts").json()["items"] == []
    assert elsewhere.get("alerts", estate="xiegou").json()["items"] == []
    assert elsewhere.get(f"alerts/{alert}").status_code == 404
    assert elsewhere.post(f"alerts/{alert}/acknowledge", version=1).status_code == 404


def test_undecided_is_504_and_the_command_is_kept(tmp_path: Path) -> None:
    with town(tmp_path) as place:
        alert = place.alert()
    with town(tmp_path, decider=False) as place:
        app = create_app(place.context(command_timeout_s=0.2), pages=False)
        with TestClient(app) as client:
            answer = Asking(client, "operator").post(f"alerts/{alert}/acknowledge", version=1)
        assert answer.status_code == 504
        problem = answer.json()
        assert "not lost" in problem["detail"]
        kept = place.log.at([problem["position"]])[0]
        assert (kept.type, kept.id) == ("command.acknowledge", problem["command"])


def test_an_answer_takes_less_than_a_tenth_of_a_second(place: Town, desk: Asking) -> None:
    alert = _of(desk, "garage") or place.alert("garage")
    took = []
    for n in range(15):
        began = time.perf_counter()
        assert desk.post(f"alerts/{alert}/note", note=f"{n}").status_code == 200
        took.append(time.perf_counter() - began)
    assert sorted(took)[len(took) // 2] < 0.1, f"the median of {took}"
