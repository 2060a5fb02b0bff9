"""GET patrols over HTTP, with the real decider following a round."""

from __future__ import annotations

from datetime import timedelta

import pytest

from eventlog.times import from_us, iso
from eventlog.vocabulary import CheckpointSet, DutySet, PatrolCheckpoint, SquadMember, SquadSet, Words
from eventlog.vocabulary.round import RoundFinished, RoundStarted
from tests.console.conftest import Asking
from tests.console.town import Town

SOURCE = "estates/xiegou/gatehouse"


@pytest.fixture(scope="module")
def walked(place: Town) -> Town:
    """A squad of one, on duty, that was seen at a point and has a round behind it and one under way."""
    now = from_us(place.log.now_us())
    began = {"squad": "squad-1", "checkpoints": ("point-1",)}
    shift = {"starts_at": now - timedelta(hours=1), "ends_at": now + timedelta(hours=8)}
    old = {"round": "night@1", "plan": "night", "at": now - timedelta(hours=3)}
    place.tell(
        [
            SquadSet(
                squad="squad-1",
                name=Words(zh="专职一队", en="Squad 1"),
                members=(SquadMember(member="li", name="李雷", phone="13800000000"),),
            ),
            DutySet(duty="now", squad="squad-1", leader="li", **shift),
            CheckpointSet(checkpoint="point-1", zone="garage"),
            RoundStarted(**old, **began),
            RoundFinished(**old, squad="squad-1", visited=0, missed=0),
            RoundStarted(round="day@1", plan="day", at=now, **began),
        ],
        SOURCE,
    )
    seen = PatrolCheckpoint(member="li", squad="squad-1", checkpoint="point-1", method="nfc")
    place.tell([seen], "estates/xiegou/patrol/li")
    place.alert("garage")
    return place


def test_a_squad_with_all_that_is_known_of_it(walked: Town, desk: Asking, elsewhere: Asking) -> None:
    answer = desk.get("patrols", squad="squad-1")
    (found,) = answer.json()["items"]
    assert (found["name"]["en"], found["kind"]) == ("Squad 1", "full_time")
    assert (found["leader"], found["shifts"]) == ("li", ["now"])
    (li,) = found["members"]
    assert (li["member"], li["on_duty"], li["zone"], li["checkpoint"]) == ("li", True, "garage", "point-1")
    assert found["last_seen"]["zone"] == "garage"
    assert found["last_seen"]["seen"] == li["heard"]
    assert [each["state"] for each in found["alerts"]] == ["raised"]
    assert [each["round"] for each in found["under_way"]] == ["day@1"]
    assert [(each["round"], each["state"]) for each in found["rounds"]] == [("night@1", "finished")]
    assert found["rounds"][0]["points"] == [
        {"checkpoint": "point-1", "outcome": None, "at": None, "late_s": None}
    ]
    assert "李雷" not in answer.text
    assert "13800000000" not in answer.text
    assert elsewhere.get("patrols").json() == {"items": [], "next": None}


def test_rounds_by_time_and_pages(walked: Town, desk: Asking) -> None:
    hour_ago = iso(from_us(walked.log.now_us()) - timedelta(hours=1))
    (found,) = desk.get("patrols", squad="squad-1", **{"from": hour_ago}).json()["items"]
    assert (found["rounds"], found["rounds_count"]) == ([], 0)
    assert found["under_way"], "what is under way is told whatever the period"
    page = desk.get("patrols", limit=1).json()
    rest = desk.get("patrols", limit=1, cursor=page["next"]).json()
    assert [each["squad"] for each in (*page["items"], *rest["items"])] == ["squad-1", "squad-2"]
    assert rest["next"] is None


def test_a_period_too_long_is_told_so(desk: Asking) -> None:
    answer = desk.get("patrols", **{"from": "2020-01-01T00:00:00Z"})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["name"] == "from"


def test_a_moment_is_written_out(desk: Asking) -> None:
    answer = desk.get("patrols", to="691585721")
    assert (answer.status_code, answer.json()["errors"][0]["name"]) == (422, "to")
