"""The rounds, the shifts, and where members were last seen, by the story of a night."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, func, select

from eventlog import codec
from eventlog.memory import MemoryLog
from eventlog.times import to_us
from eventlog.vocabulary import (
    AlertArrived,
    AlertRaised,
    CheckpointSet,
    DutyRemoved,
    DutySet,
    EstateSet,
    Event,
    Hours,
    PatrolCheckpoint,
    PatrolPosition,
    PatrolResponse,
    RoundCheckpoint,
    RoundFinished,
    RoundPaused,
    RoundRemoved,
    RoundResumed,
    RoundStarted,
    SquadMember,
    SquadRemoved,
    SquadSet,
    Words,
)
from eventlog.vocabulary.people import GeoPoint
from projections.patrols import ROUND_DAYS, ROUNDS
from projections.runner import ProjectionRunner
from projections.squads import ALERTS_SHOWN, ROUNDS_SHOWN, Wanted, patrols
from tests.support.histories import START, alert

NAME = Words(zh="一队", en="squad 1")
HERE = GeoPoint(lat=34.7, lon=113.6)
MEMBERS = (SquadMember(member="li", name="李雷", phone="13800000000"), SquadMember(member="chen"))


class Shift:
    """An estate with two squads and two points, told in seconds after midnight UTC (08:00 in Shanghai)."""

    def __init__(self, engine: Engine) -> None:
        self.engine, self.now = engine, START
        self.log = MemoryLog(clock=lambda: to_us(self.now))
        self.runner = ProjectionRunner(self.log, engine)
        for event in (
            EstateSet(name=NAME),
            SquadSet(squad="squad-1", name=NAME, members=MEMBERS),
            SquadSet(squad="squad-2", name=NAME, kind="volunteer"),
            CheckpointSet(checkpoint="p1", zone="north"),
            CheckpointSet(checkpoint="p2", zone="south"),
        ):
            self.tell(0, event)

    def tell(self, at_s: float, event: Event, ago_s: float = 0) -> None:
        self.now = max(self.now, START + timedelta(seconds=at_s))
        new = codec.make(
            event,
            estate="xiegou",
            source="estates/xiegou/patrol/x",
            event_id=f"e{self.log.head()}",
            at=self.now - timedelta(seconds=ago_s),
            received_us=to_us(self.now),
        )
        self.log.append([new])

    def ask(self, days: float = 1, limit: int = 10, after: str = "", **given: Any) -> list[dict[str, Any]]:
        self.runner.catch_up()
        now_us = to_us(self.now) + 1
        wanted = Wanted(
            "xiegou", given.pop("squads", ()), now_us - round(days * 86_400e6), now_us, after=after
        )
        rights = {"alerts": True, "discreet": True, **given}
        with self.engine.connect() as connection:
            return patrols(connection, wanted, now_us, limit=limit, **rights)

    def squad(self, **given: Any) -> dict[str, Any]:
        (found,) = self.ask(squads=("squad-1",), **given)
        return found


@pytest.fixture
def shift(any_views: Engine) -> Shift:
    return Shift(any_views)


def walk(at_s: float, name: str = "night@1", **more: Any) -> dict[str, Any]:
    at: datetime = START + timedelta(seconds=at_s)
    return {"round": name, "plan": name.partition("@")[0], "squad": "squad-1", "at": at, **more}


def outcomes(found: dict[str, Any]) -> list[tuple[str, str | None]]:
    return [(point["checkpoint"], point["outcome"]) for point in found["points"]]


def test_a_round_from_its_beginning_to_its_end(shift: Shift) -> None:
    due = START + timedelta(seconds=600)
    shift.tell(0, RoundStarted(**walk(0), checkpoints=("p1", "p2", "p1"), due_at=due))
    visit = RoundCheckpoint(**walk(30, member="li"), checkpoint="p1", result="on_time", late_s=-30.0)
    shift.tell(30, visit)
    shift.tell(60, RoundPaused(**walk(60), alert="a"))
    (begun,) = shift.squad()["under_way"]
    assert (begun["state"], begun["member"], begun["ended_us"]) == ("paused", "li", None)
    assert outcomes(begun) == [("p1", "on_time"), ("p2", None), ("p1", None)]
    assert (begun["points"][0]["at_us"], begun["points"][0]["late_s"]) == (to_us(START) + 30_000_000, -30.0)
    shift.tell(90, RoundResumed(**walk(90), paused_s=30))
    assert shift.squad()["under_way"][0]["due_us"] == to_us(due) + 30_000_000
    shift.tell(100, RoundCheckpoint(**walk(100), checkpoint="p2", result="absent"))
    shift.tell(110, RoundCheckpoint(**walk(110), checkpoint="p1", result="late", late_s=20.0))
    shift.tell(110, RoundFinished(**walk(110), visited=2, missed=1))
    shift.tell(200, RoundCheckpoint(**walk(200), checkpoint="p2", result="late", late_s=150.0))
    found = shift.squad()
    assert (found["under_way"], found["rounds_count"]) == ([], 1)
    (over,) = found["rounds"]
    assert (over["state"], over["ended_us"]) == ("finished", to_us(START) + 110_000_000)
    assert outcomes(over) == [("p1", "on_time"), ("p2", "late"), ("p1", "late")], "visited after all"


def test_a_plan_that_is_changed_leaves_its_round(shift: Shift) -> None:
    shift.tell(0, RoundStarted(**walk(0), checkpoints=("p1",)))
    shift.tell(1, RoundStarted(**walk(1, "day@1"), checkpoints=("p1",)))
    shift.tell(5, RoundRemoved(entry="night"))
    found = shift.squad()
    assert [(each["plan"], each["state"]) for each in found["rounds"]] == [("night", "abandoned")]
    assert [each["plan"] for each in found["under_way"]] == ["day"]
    shift.tell(60, RoundStarted(**walk(60, "day@2"), checkpoints=("p1",)))
    found = shift.squad()
    assert [each["round"] for each in found["under_way"]] == ["day@2"]
    assert [each["round"] for each in found["rounds"]] == ["day@1", "night@1"], "the last begun first"


def test_rounds_of_a_period_and_no_more_than_are_kept(shift: Shift) -> None:
    for number in range(ROUNDS_SHOWN + 5):
        shift.tell(number * 60, RoundStarted(**walk(number * 60, f"n@{number}")))
        shift.tell(
            number * 60 + 1, RoundFinished(**walk(number * 60 + 1, f"n@{number}"), visited=0, missed=0)
        )
    found = shift.squad()
    assert (found["rounds_count"], len(found["rounds"])) == (ROUNDS_SHOWN + 5, ROUNDS_SHOWN)
    assert found["rounds"][0]["round"] == f"n@{ROUNDS_SHOWN + 4}"
    assert [each["round"] for each in shift.squad(days=45 / 86_400)["rounds"]] == ["n@24"]
    later_s = ROUND_DAYS * 86_400 + 600
    shift.tell(later_s, RoundStarted(**walk(later_s, "n@99")))
    shift.tell(later_s, RoundCheckpoint(**walk(later_s, "n@1"), checkpoint="p1", result="late"))
    assert shift.squad()["under_way"][0]["round"] == "n@99"
    with shift.engine.connect() as connection:
        assert connection.scalar(select(func.count()).select_from(ROUNDS)) == ROUNDS_SHOWN + 5 - 10 + 1


def test_where_members_were_last_seen(shift: Shift) -> None:
    assert shift.squad()["last_seen"] is None
    shift.tell(10, PatrolCheckpoint(member="li", squad="squad-1", checkpoint="p1", method="nfc"))
    shift.tell(20, PatrolPosition(member="chen", squad="squad-1", position=HERE, zone="garage"))
    shift.tell(30, PatrolCheckpoint(member="li", squad="squad-1", checkpoint="p2", method="nfc"), ago_s=25)
    shift.tell(40, PatrolPosition(member="li", squad="squad-1", position=HERE))
    shift.tell(50, PatrolResponse(alert="a", member="li", action="received"))
    found = shift.squad()
    li, chen = found["members"]
    assert (li["member"], li["zone"], li["checkpoint"]) == ("li", "north", "p1"), "late takes nothing back"
    assert (li["seen_us"], li["heard_us"]) == (to_us(START) + 10_000_000, to_us(START) + 50_000_000)
    assert (chen["zone"], chen["checkpoint"]) == ("garage", None)
    assert (found["last_seen"]["member"], found["last_seen"]["zone"]) == ("chen", "garage")
    one = alert("a", state="arrived", zone="roof", squad="squad-1")
    shift.tell(60, AlertArrived(alert=one, by="li", via="phone"))
    assert (shift.squad()["last_seen"]["zone"], shift.squad()["members"][0]["checkpoint"]) == ("roof", None)
    silent = alert("b", rule="duress", state="arrived", zone="vault", squad="squad-1")
    shift.tell(70, AlertArrived(alert=silent, by="li", via="phone"))
    shift.tell(80, AlertArrived(alert=one.model_copy(update={"zone": "x"}), by="wang", via="console"))
    assert shift.squad()["last_seen"]["zone"] == "roof"
    assert "李雷" not in repr(shift.squad())


def test_who_is_on_duty_now(shift: Shift) -> None:
    days = {"starts_at": START - timedelta(days=9), "ends_at": START + timedelta(days=9)}
    morning = Hours(start="08:00", end="16:00")
    named = DutySet(duty="early", squad="squad-1", hours=morning, members=("chen",), leader="zhao", **days)
    shift.tell(0, named)
    shift.tell(0, DutySet(duty="late", squad="squad-1", hours=Hours(start="16:00", end="23:00"), **days))
    found = shift.squad()
    assert (found["shifts"], found["leader"], found["manager"]) == (["early"], "zhao", None)
    on = {each["member"]: each["on_duty"] for each in found["members"]}
    assert on == {"li": False, "chen": True, "zhao": True}
    shift.tell(8 * 3_600, CheckpointSet(checkpoint="p3", zone="north"))
    found = shift.squad()
    assert (found["shifts"], found["leader"]) == (["late"], None)
    assert {each["member"] for each in found["members"] if each["on_duty"]} == {"li", "chen"}, "all of it"
    shift.tell(8 * 3_600, DutyRemoved(entry="late"))
    assert not any(each["on_duty"] for each in shift.squad()["members"])


def test_what_a_squad_has_in_hand_and_who_may_see_it(shift: Shift) -> None:
    for number in range(ALERTS_SHOWN + 1):
        shift.tell(number, AlertRaised(alert=alert(f"a{number:02}")))
    shift.tell(60, AlertRaised(alert=alert("worst", severity="critical", rule="duress")))
    shift.tell(60, AlertRaised(alert=alert("done", state="closed", disposition="test")))
    shift.tell(60, AlertRaised(alert=alert("late", late=True)))
    shift.tell(60, AlertRaised(alert=alert("other", squad="squad-2")))
    found = shift.squad()
    assert (found["alerts_count"], len(found["alerts"])) == (ALERTS_SHOWN + 2, ALERTS_SHOWN)
    assert [each["id"] for each in found["alerts"][:2]] == ["worst", "a00"]
    assert shift.squad(discreet=False)["alerts"][0]["id"] == "a00"
    blind = shift.squad(alerts=False)
    assert (blind["alerts"], blind["alerts_count"]) == (None, None)


def test_page_by_page_and_none_that_is_no_more(shift: Shift) -> None:
    (first,) = shift.ask(limit=1)
    (second,) = shift.ask(limit=1, after=first["key"])
    assert (first["squad"], second["squad"], second["kind"]) == ("squad-1", "squad-2", "volunteer")
    assert shift.ask(after=second["key"]) == []
    shift.tell(1, SquadRemoved(entry="squad-2"))
    assert [each["squad"] for each in shift.ask()] == ["squad-1"]
    assert shift.ask(squads=("squad-9",)) == []
