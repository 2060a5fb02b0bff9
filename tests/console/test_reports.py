"""Reports over the API: entered, listed, acted on; who may read what was said."""

from __future__ import annotations

from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from console.app import create_app
from eventlog.vocabulary import RuleActivated
from tests.console.conftest import Asking
from tests.console.town import Town, town

WORDS = "the lift hangs between 4 and 5"


@pytest.fixture(scope="module", autouse=True)
def office(place: Town) -> None:
    """The estate handles reports."""
    place.tell([RuleActivated(rule="reports", version=1)], f"estates/{place.estate}/gatehouse")
    place.settle()


def entered(desk: Asking, **more: object):  # type: ignore[no-untyped-def]
    """Somebody at the desk writes a report down."""
    said = {"channel": "phone", "category": "lift", "location": "building-3", "text": WORDS, **more}
    answer = desk.post("reports", **said)
    assert answer.status_code == 201, answer.text
    return answer.json()


def test_a_report_is_entered_and_comes_back_triaged(desk: Asking) -> None:
    answer = desk.post(
        "reports",
        channel="hotline",
        category="lighting",
        location="garage",
        text="dark",
        reporter="Mrs Wu",
    )
    made = answer.json()
    assert answer.headers["location"] == f"/api/v1/reports/{made['id']}"
    assert (made["state"], made["handling"], made["squad"]) == ("assigned", "helped", "squad-1")
    assert (made["text"], made["reporter"], made["zone"]) == ("dark", "Mrs Wu", "garage")
    detail = desk.get(f"reports/{made['id']}").json()
    assert [change["type"] for change in detail["history"]] == [
        "report.opened",
        "report.triaged",
        "report.assigned",
    ]
    (event,) = desk.get("events", type="report.submitted", limit=1).json()["items"]
    assert event["data"]["entered_by"] == "desk-1"


def test_who_may_not_read_whole_events_reads_no_words(desk: Asking, wall: Asking) -> None:
    made = entered(desk, location="playground", reporter="Mr Li")
    for item in (wall.get(f"reports/{made['id']}").json(), wall.get("reports").json()["items"][0]):
        assert (item["text"], item["reporter"]) == (None, None)
    assert WORDS not in wall.get("reports").text
    assert wall.post("reports", channel="app", category="x", location="y", text="z").status_code == 403


def test_somebody_elses_estate_is_not_there(desk: Asking, elsewhere: Asking, nobody: Asking) -> None:
    made = entered(desk, location="fence-east")
    assert elsewhere.get("reports").json()["items"] == []
    assert elsewhere.get(f"reports/{made['id']}").status_code == 404
    assert elsewhere.post(f"reports/{made['id']}/note", note="x").status_code == 404
    assert elsewhere.post(
        "reports", estate="xiegou", channel="app", category="x", location="y", text="z"
    ).status_code == (422)
    assert nobody.get("reports").status_code == 403


def test_the_second_of_two_operators_is_told(desk: Asking) -> None:
    made = entered(desk, category="garage_floor", location="garage")
    path = f"reports/{made['id']}"
    assert desk.post(f"{path}/note", note="called the owners").status_code == 200
    slow = desk.post(f"{path}/close", version=made["version"], note="swept")
    assert slow.status_code == 409
    assert slow.headers["content-type"] == "application/problem+json"
    problem = slow.json()
    assert (problem["reason"], problem["state"]) == ("conflict", "triaged")
    assert "desk-1 was faster" in problem["detail"]
    assert desk.post(f"{path}/close", version=problem["version"], note="swept").json()["state"] == "closed"
    told = desk.post(f"{path}/close", version=problem["version"] + 1, note="swept", language="zh-CN").json()
    assert told["detail"] == "报事已办结时不能办结"


def test_the_whole_way_of_a_report(desk: Asking) -> None:
    made = entered(desk, category="a swan", location="north-gate")
    path = f"reports/{made['id']}"
    assert made["state"] == "opened"
    now = desk.post(f"{path}/triage", version=1, handling="squad", way="on_the_spot", limit_s=600).json()
    assert (now["state"], now["limit_s"], now["squad"]) == ("assigned", 600, "squad-1")
    now = desk.post(f"{path}/assign", version=now["version"], squad="squad-2").json()
    assert now["squad"] == "squad-2"
    now = desk.post(f"{path}/close", version=now["version"], note="it flew away").json()
    now = desk.post(f"{path}/follow_up", version=now["version"], satisfied=False, note="it is back").json()
    assert (now["state"], now["reopened"], now["satisfied"]) == ("assigned", 1, False)
    now = desk.post(f"{path}/close", version=now["version"], note="gone for good").json()
    now = desk.post(f"{path}/follow_up", version=now["version"], satisfied=True).json()
    assert (now["state"], now["satisfied"]) == ("closed", True)
    now = desk.post(f"{path}/reopen", version=now["version"], reason="again").json()
    assert now["state"] == "assigned"
    notes = [each["note"] for each in desk.get(path).json()["history"] if each["note"]]
    assert notes == ["it flew away", "it is back", "it is back", "gone for good", "again"]


def test_neighbours_who_report_one_thing_are_all_there(desk: Asking) -> None:
    first = entered(desk, location="building-7")
    second = entered(desk, location="building-7", text="stuck again", reporter="Mr Sun")
    assert (second["state"], second["merged_into"]) == ("merged", first["id"])
    detail = desk.get(f"reports/{first['id']}").json()
    assert detail["reporters"] == 2
    assert [(each["id"], each["reporter"]) for each in detail["merged"]] == [(second["id"], "Mr Sun")]
    apart = desk.post(f"reports/{second['id']}/split", version=second["version"]).json()
    assert apart["state"] == "assigned"
    again = desk.post(f"reports/{second['id']}/merge", version=apart["version"], into=first["id"]).json()
    assert again["state"] == "merged"


def test_lists_and_filters(desk: Asking) -> None:
    entered(desk, category="noise", location="fence-east")
    items = desk.get("reports", limit=200).json()["items"]
    assert [each["opened_at"] for each in items] == sorted(
        (each["opened_at"] for each in items), reverse=True
    )
    assert {each["category"] for each in desk.get("reports", category="noise").json()["items"]} == {"noise"}
    assert desk.get("reports", zone="fence-east", state="closed").json()["items"] == []
    assert desk.get("reports", overdue="true").json()["items"] == []
    seen: list[str] = []
    cursor: str | None = None
    while True:
        page = desk.get("reports", limit=2, **({"cursor": cursor} if cursor else {})).json()
        seen += [each["id"] for each in page["items"]]
        cursor = page["next"]
        if cursor is None:
            break
    assert seen == [each["id"] for each in items]


@pytest.mark.parametrize(
    ("action", "body", "status"),
    [
        ("close", {"version": 3}, 422),
        ("close", {"version": 3, "note": " "}, 422),
        ("triage", {"version": 3, "handling": "alone"}, 422),
        ("triage", {"version": 3, "handling": "squad", "squad": "squad-9"}, 422),
        ("merge", {"version": 3, "into": "nothing"}, 422),
        ("follow_up", {"version": 3, "satisfied": True}, 409),
        ("fly", {}, 404),
    ],
)
def test_what_is_asked_wrongly_is_answered_with_a_problem(
    desk: Asking, action: str, body: dict[str, object], status: int
) -> None:
    made = entered(desk, location=f"home {action} {len(body)}", category="parking")
    answer = desk.post(f"reports/{made['id']}/{action}", **body)
    assert answer.status_code == status, answer.text
    assert answer.json()["status"] == status


def test_where_reports_are_not_handled_the_desk_is_told(tmp_path: Path) -> None:
    with town(tmp_path) as place:
        app = create_app(place.context(), pages=False)
        with TestClient(app) as client:
            answer = Asking(client, "operator").post(
                "reports", channel="app", category="lift", location="garage", text="x"
            )
    assert answer.status_code == 409
    assert "`reports` is off" in answer.json()["detail"]
