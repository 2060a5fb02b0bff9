"""The score of the desk, by days whose figures are known beforehand."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine

from eventlog import codec
from eventlog.memory import MemoryLog
from eventlog.times import to_us
from eventlog.vocabulary import (
    Alert,
    AlertAccepted,
    AlertAcknowledged,
    AlertArrived,
    AlertCleared,
    AlertClosed,
    AlertRaised,
    AlertReopened,
    EstateSet,
    Event,
    FloodEnded,
    Report,
    ReportClosed,
    ReportFollowedUp,
    ReportOpened,
    ReportReopened,
    Words,
)
from projections.runner import ProjectionRunner
from projections.score import SPAN_US, _per_operator, score
from tests.support.histories import START, alert, flood_began, report


class Day:
    """A log whose clock is in the test's hand, by seconds of the day."""

    def __init__(self, engine: Engine, operators: int = 1) -> None:
        self.engine, self.now = engine, START
        self.log = MemoryLog(clock=lambda: to_us(self.now))
        self.versions: dict[str, int] = {}
        self.tell(0, EstateSet(name=Words(zh="谢沟", en="Xiegou"), operators=operators))

    def tell(self, at_s: float, event: Event) -> None:
        self.now = max(self.now, START + timedelta(seconds=at_s))
        new = codec.make(
            event, estate="xiegou", source="estates/xiegou/gatehouse",
            event_id=f"e{self.log.head()}", at=self.now,
        )  # fmt: skip
        self.log.append([new])

    def raised(self, at_s: float, name: str, **fields: Any) -> Alert:
        one = alert(name, at=START + timedelta(seconds=at_s), **fields)
        self.tell(at_s, AlertRaised(alert=one))
        return one

    def change(self, at_s: float, kind: Any, one: Alert, via: str = "console", **fields: Any) -> None:
        self.tell(at_s, kind(alert=one.model_copy(update=fields), via=via))

    def score(self, from_s: float = 0, to_s: float = 6_000) -> dict[str, Any]:
        ProjectionRunner(self.log, self.engine).catch_up()
        bounds = [to_us(START + timedelta(seconds=each)) for each in (from_s, to_s)]
        with self.engine.connect() as connection:
            return score(connection, "xiegou", *bounds)


def test_nothing_happened(views: Engine) -> None:
    found = Day(views).score()
    assert (found["alerts"], found["per_operator"]["mean"], found["per_operator"]["worst"]) == (0, 0, 0)
    assert found["times"]["accepted"] == {"count": 0, "median_s": None, "p90_s": None}
    assert (found["rules"], found["top_sources"], found["stale"]["count"]) == ([], [], 0)


def test_how_long_each_step_took(any_views: Engine) -> None:
    day = Day(any_views)
    for number, took_s in enumerate((10, 20, 30, 40, 1_000)):
        one = day.raised(number, f"a{number}")
        day.change(number + took_s, AlertAcknowledged, one, state="acknowledged")
        day.change(number + took_s + 1, AlertAccepted, one, state="accepted")
        day.change(number + took_s + 2, AlertArrived, one, state="arrived")
        day.change(number + took_s + 3, AlertClosed, one, state="closed", disposition="genuine")
    withdrawn = day.raised(1_100, "w")
    day.change(1_101, AlertClosed, withdrawn, via="system", state="closed", disposition="false_alarm")
    times = day.score()["times"]
    # Each was told after the one before it was over: the log's clock never goes back.
    assert times["acknowledged"]["count"] == 5
    assert times["closed"]["count"] == 5, "what closed itself took nobody's time"
    assert times["acknowledged"]["p90_s"] == 1_000
    assert times["accepted"]["median_s"] == times["acknowledged"]["median_s"] + 1
    assert times["arrived"]["median_s"] == times["acknowledged"]["median_s"] + 2


def test_false_alarms_by_rule_and_device(views: Engine) -> None:
    day = Day(views)
    for number, (rule, device, disposition, via) in enumerate(
        (
            ("fall", "cam-1", "false_alarm", "console"),
            ("fall", "cam-1", "false_alarm", "system"),
            ("fall", "cam-2", "genuine", "phone"),
            ("fall", "cam-2", "test", "console"),
            ("crowd", "cam-2", "nuisance", "console"),
        )
    ):
        one = day.raised(number, f"a{number}", rule=rule, devices=(device,))
        day.change(number, AlertClosed, one, via=via, state="closed", disposition=disposition)
    day.raised(9, "open", rule="crowd", devices=("cam-2",))
    found = day.score()
    rules = {each["rule"]: each for each in found["rules"]}
    assert rules["fall"] == {
        "rule": "fall", "alerts": 4, "closed": 3, "false_alarms": 2, "withdrawn": 1, "nuisances": 0,
        "false_share": pytest.approx(2 / 3),
    }  # fmt: skip
    assert (rules["crowd"]["closed"], rules["crowd"]["nuisances"], rules["crowd"]["false_share"]) == (1, 1, 0)
    assert [(each["device"], each["false_alarms"]) for each in found["devices"]] == [("cam-1", 2)]
    assert [(each["rule"], each["source"], each["alerts"]) for each in found["top_sources"]] == [
        ("crowd", "cam-2", 2),
        ("fall", "cam-1", 2),
        ("fall", "cam-2", 2),
    ]


def test_reports_closed_in_time_and_what_people_say_of_it(any_views: Engine) -> None:
    day = Day(any_views)

    def opened(name: str, due_s: float, **fields: Any) -> Report:
        at = START + timedelta(seconds=10)
        due_at = START + timedelta(seconds=due_s)
        one = report(name, opened_at=at, due_at=due_at, **fields)
        day.tell(10, ReportOpened(report=one))
        return one

    def closed(one: Report, at_s: float, **fields: Any) -> Report:
        over = one.model_copy(
            update={"state": "closed", "closed_at": START + timedelta(seconds=at_s), "version": 2}
        )
        day.tell(at_s, ReportClosed(report=over, by="li"))
        if fields:
            over = over.model_copy(update={**fields, "version": 3})
            day.tell(at_s, ReportFollowedUp(report=over, by="li"))
        return over

    closed(opened("in-time", 100), 100, satisfied=True)
    closed(opened("a-second-late", 200), 201, satisfied=False)
    closed(opened("asked-nobody", 900), 300)
    back = closed(opened("back-again", 900), 400, satisfied=False)
    again = {"state": "assigned", "closed_at": None, "satisfied": None, "reopened": 1, "version": 4}
    day.tell(500, ReportReopened(report=back.model_copy(update=again), by="li"))
    opened("overdue", 600)
    opened("not-yet-due", 9_000)
    opened("the-same-again", 100, merged_into="in-time")
    assert day.score()["reports"] == {
        "opened": 6, "closed": 3, "in_time": 2, "in_time_share": pytest.approx(2 / 3), "overdue": 2,
        "reopened": 1, "asked": 2, "satisfied_share": pytest.approx(1 / 2),
    }  # fmt: skip
    earlier = day.score(to_s=250)["reports"]
    assert (earlier["closed"], earlier["in_time"], earlier["overdue"]) == (2, 1, 0), "as of the period's end"


def test_what_does_not_count(views: Engine) -> None:
    day = Day(views)
    day.raised(0, "drill", exercise=True)
    day.raised(1, "late", late=True)
    day.raised(2, "hidden", suppressed_by="x")
    day.raised(3, "before")
    day.raised(4_000, "after")
    found = day.score(3.5, 3_999)
    assert (found["alerts"], found["held_back"]) == (0, 0)
    found = day.score()
    assert (found["alerts"], found["held_back"]) == (2, 2)


def test_what_stands_for_over_a_day_is_stale_until_it_is_over(views: Engine) -> None:
    day = Day(views)
    stands = day.raised(0, "stands", rule="camera_blind")
    over = day.raised(1, "over")
    day.change(100, AlertCleared, over, condition="cleared")
    day.raised(80_000, "young")
    hours_25 = 25 * 3_600.0
    assert [each["id"] for each in day.score(to_s=hours_25)["stale"]["longest"]] == ["stands"]
    day.change(26 * 3_600, AlertClosed, stands, state="closed", disposition="genuine")
    assert day.score(to_s=hours_25)["stale"]["count"] == 1, "then it still stood"
    assert day.score(to_s=27 * 3_600)["stale"]["count"] == 0
    day.change(28 * 3_600, AlertReopened, stands, state="acknowledged")
    assert day.score(to_s=29 * 3_600)["stale"]["count"] == 1


def test_floods_chatterers_and_the_mix(views: Engine) -> None:
    day = Day(views, operators=2)
    day.tell(0, flood_began(100))
    day.raised(110, "c1", rule="chattering", devices=("door-1",), severity="low")
    one = day.raised(120, "c2", rule="chattering", devices=("door-1",), severity="low")
    day.change(130, AlertAcknowledged, one, severity="high")
    day.tell(
        400, FloodEnded(at=START + timedelta(seconds=400), since=START + timedelta(seconds=100), count=2)
    )
    found = day.score(0, 1_200)
    assert found["floods"]["count"] == 1
    assert found["floods"]["seconds"] == 300
    assert found["chatterers"] == [{"device": "door-1", "times": 2}]
    assert found["severities"] == {"low": 1, "medium": 0, "high": 1, "critical": 0}, "the highest it had"
    assert found["per_operator"]["mean"] == pytest.approx(2 / 2 / 2)
    assert day.score(0, 90)["floods"]["count"] == 0


@settings(max_examples=100)
@given(st.lists(st.integers(0, 3_599), max_size=60), st.integers(1, 3))
def test_the_worst_ten_minutes_are_the_worst_there_are(seconds: list[int], operators: int) -> None:
    """Against counting at every second."""
    raised = sorted(second * 1_000_000 for second in seconds)
    found = _per_operator(raised, 0, 3_600_000_000, operators)

    def came(second: int) -> int:
        return sum(second * 1_000_000 - SPAN_US < each <= second * 1_000_000 for each in raised)

    counts = [came(second) for second in range(3_600)]
    assert found["worst"] * operators == pytest.approx(max(counts))
    over = sum(count > 10 * operators for count in counts)
    assert found["over_ten_share"] == pytest.approx(over / 3_600, abs=1e-9)
    assert found["mean"] == pytest.approx(len(raised) / 6 / operators)
