"""Rounds: walked on time, early, late, out of order, not at all; paused; and the guard who walks alone."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from eventlog.times import from_us, to_us
from eventlog.topics import device_source
from eventlog.vocabulary import (
    CommandClose,
    CommandConfirmCamera,
    PatrolPosition,
    RoundRemoved,
    Stop,
)
from eventlog.vocabulary.people import GeoPoint
from processors.patrol.walks import next_start_us
from tests.processors.alerts.night import Night
from tests.processors.estate import NAME, estate
from tests.processors.patrol.walking import POINTS, STOPS, begun, plan, visit


def results(night: Night) -> list[tuple[str, str]]:
    return [(each.checkpoint, each.result) for each in night.told("round.checkpoint")]


def open_alerts(night: Night) -> dict[str, tuple[str, str]]:
    """Alerts of rounds by key: severity and condition."""
    return {
        alert.key: (alert.severity, alert.condition)
        for alert in night.alerts().values()
        if alert.state != "closed"
    }


def test_a_round_walked_as_planned_tells_nobody() -> None:
    night = begun()
    started = night.told("round.started")[0]
    assert (started.plan, started.squad, started.checkpoints) == ("north", "squad-1", ("p1", "p2", "p3"))
    assert started.due_at == night.now + timedelta(minutes=20)
    for point in ("p1", "p2", "p3"):
        visit(night, point)
        night.after(minutes=10)
    assert results(night) == [("p1", "on_time"), ("p2", "on_time"), ("p3", "on_time")]
    finished = night.told("round.finished")[0]
    assert (finished.visited, finished.missed, finished.member) == (3, 0, "li")
    night.after(hours=12)
    assert not night.alerts()
    night.over()


@pytest.mark.parametrize(
    ("after_s", "result"),
    [
        (-900, "early"), (-301, "early"), (-300, "on_time"), (300, "on_time"), (301, "late"), (900, "late"),
    ],
)  # fmt: skip
def test_by_its_buffer_a_visit_is_on_time_early_or_late(after_s: int, result: str) -> None:
    night = Night(more=POINTS)
    night.say(plan(stops=(Stop(checkpoint="p1", after_min=20),)))
    night.after(minutes=50, seconds=after_s)
    visit(night, "p1")
    assert results(night) == [("p1", result)]
    told = night.told("round.checkpoint")[0]
    assert told.late_s == after_s
    expected = {} if result == "on_time" else {"north/p1": ("low", "active")}
    assert open_alerts(night) == expected
    night.over()


def test_too_early_is_no_visit_of_this_round_and_too_late_neither() -> None:
    night = Night(more=POINTS)
    night.say(plan(stops=(Stop(checkpoint="p1", after_min=20),)))
    night.after(minutes=35, seconds=-1)
    visit(night, "p1")
    assert not results(night)
    night.after(minutes=30, seconds=2)
    visit(night, "p1")
    night.after(seconds=10)
    assert results(night) == [("p1", "absent")]
    night.over()


def test_a_point_left_out_is_told_after_its_last_moment_and_a_while() -> None:
    night = begun()
    visit(night, "p1")
    night.after(minutes=25, seconds=9.999)
    assert results(night)[1:] == []
    night.after(seconds=0.001)
    assert results(night)[1:] == [("p2", "absent")]
    assert open_alerts(night) == {"north/p2": ("medium", "active")}
    alert = next(iter(night.alerts().values()))
    assert (alert.zone, alert.rule) == ("yard", "checkpoint_missed")
    assert "left out p2" in alert.title.en
    night.over()


def test_a_visit_in_time_that_is_heard_of_late_withdraws_it() -> None:
    night = begun()
    visit(night, "p1")
    night.after(minutes=26)
    visit(night, "p2", ago_s=900)
    alert = next(iter(night.alerts().values()))
    assert (alert.state, alert.disposition) == ("closed", "false_alarm")
    assert results(night)[-1] == ("p2", "out_of_order") or results(night)[-1] == ("p2", "on_time")
    night.over()


def test_a_round_nobody_walks_is_one_alert() -> None:
    night = begun()
    night.after(hours=1)
    assert open_alerts(night) == {"north": ("medium", "active")}
    assert [result for _, result in results(night)] == ["absent"] * 3
    assert night.told("round.finished")[0].missed == 3
    night.after(hours=23)
    visit(night, "p1")
    assert open_alerts(night)["north"][1] == "cleared", "the next round is walked"
    night.over()


def test_the_next_round_on_time_clears_what_was_wrong_with_a_point() -> None:
    night = begun()
    night.after(minutes=6)
    visit(night, "p1")
    assert open_alerts(night)["north/p1"] == ("low", "active")
    night.after(hours=23, minutes=54)
    visit(night, "p1")
    assert open_alerts(night)["north/p1"] == ("low", "cleared")
    night.over()


def test_out_of_order_in_a_planned_round() -> None:
    night = begun()
    visit(night, "p1")
    night.after(minutes=16)
    visit(night, "p3")
    assert results(night)[-1] == ("p3", "out_of_order")
    visit(night, "p2")
    assert results(night)[-1] == ("p2", "late")
    assert open_alerts(night) == {"north/p3": ("low", "active"), "north/p2": ("low", "active")}
    night.over()


def test_a_random_round_has_no_order_and_one_end() -> None:
    night = begun(order="random")
    for point in ("p3", "p1"):
        visit(night, point)
        night.after(minutes=1)
    night.after(minutes=23)
    visit(night, "p2")
    assert results(night) == [("p3", "on_time"), ("p1", "on_time"), ("p2", "on_time")]
    assert not open_alerts(night)
    night.over()


def test_a_random_round_late_and_left_out() -> None:
    night = begun(order="random")
    visit(night, "p1")
    night.after(minutes=26)
    visit(night, "p2")
    night.after(minutes=10)
    assert results(night)[1:] == [("p2", "late"), ("p3", "absent")]
    night.over()


def test_one_point_twice_in_a_round() -> None:
    there_and_back = (STOPS[0], Stop(checkpoint="p1", after_min=30))
    night = begun(stops=there_and_back)
    visit(night, "p1")
    visit(night, "p1")
    assert results(night) == [("p1", "on_time")], "once more at once is a visit too many"
    night.after(minutes=30)
    visit(night, "p1")
    assert results(night) == [("p1", "on_time"), ("p1", "on_time")]
    night.over()


def test_another_squads_visit_is_not_this_rounds() -> None:
    night = begun()
    visit(night, "p1", "chen", "squad-2")
    assert not results(night)
    night.over()


def test_a_round_waits_while_its_squad_is_called_away() -> None:
    night = begun()
    visit(night, "p1")
    night.after(minutes=5)
    alert = night.raised("crowd", "building-4", "medium", "cam-1")
    assert not night.told("round.paused")
    night.answers("li", alert, "accept")
    assert night.told("round.paused")[0].alert == alert.id
    night.after(minutes=40)
    assert results(night) == [("p1", "on_time")]
    night.say(CommandClose(alert=alert.id, by="wang", disposition="genuine"))
    assert night.told("round.resumed")[0].paused_s == 2_400
    night.after(minutes=5)
    visit(night, "p2")
    assert results(night)[-1] == ("p2", "on_time")
    night.after(minutes=25, seconds=10)
    assert results(night)[-1] == ("p3", "absent")
    night.over()


def test_who_walks_on_as_planned_though_the_squad_was_called_is_on_time() -> None:
    night = begun()
    visit(night, "p1")
    alert = night.raised("crowd", "building-4", "medium", "cam-1")
    night.answers("li", alert, "accept")
    night.after(minutes=10)
    visit(night, "p2")
    night.say(CommandClose(alert=alert.id, by="wang", disposition="genuine"))
    night.after(minutes=10)
    visit(night, "p3")
    assert results(night) == [("p1", "on_time"), ("p2", "on_time"), ("p3", "on_time")]
    assert not open_alerts(night)
    night.over()


def test_a_round_begins_by_a_guard_who_is_at_its_first_point_a_little_early() -> None:
    night = Night(more=POINTS)
    night.say(plan())
    night.after(minutes=28)
    visit(night, "p1")
    assert len(night.told("round.started")) == 1
    night.after(minutes=12)
    visit(night, "p2")
    night.after(minutes=10)
    visit(night, "p3")
    assert results(night) == [("p1", "on_time"), ("p2", "on_time"), ("p3", "on_time")]
    night.after(hours=12)
    assert len(night.told("round.started")) == 1
    assert not night.alerts()
    night.over()


def test_who_passes_the_first_point_earlier_than_its_buffer_begins_no_round() -> None:
    night = Night(more=POINTS)
    night.say(plan())
    night.after(minutes=24, seconds=59)
    visit(night, "p1")
    assert not night.told("round.started")
    assert not night.alerts()
    night.over()


def test_a_round_that_waits_until_the_next_one_ends_with_nothing_held_against_it() -> None:
    night = begun()
    alert = night.raised("crowd", "building-4", "medium", "cam-1")
    night.answers("li", alert, "accept")
    night.after(hours=25)
    finished = night.told("round.finished")[0]
    assert (finished.visited, finished.missed) == (0, 0)
    assert len(night.told("round.started")) == 2
    assert len(night.told("round.paused")) == 2
    assert set(open_alerts(night)) == {"cam-1"}
    night.over()


# The guard who walks alone.


def overdue(night: Night) -> list[tuple[str, str]]:
    """What was told of the guard."""
    return [
        (each.TYPE.removeprefix("signal."), getattr(each, "severity", ""))
        for each in night.told("signal.raised", "signal.cleared")
        if each.rule == "guard_overdue"
    ]


def test_a_lone_guard_not_heard_of_is_called_and_then_looked_for() -> None:
    night = begun(lone=True)
    visit(night, "p1")
    night.after(minutes=25, seconds=-0.001)
    assert not overdue(night)
    night.after(seconds=0.001)
    assert overdue(night) == [("raised", "high")]
    assert "call first" in night.told("signal.raised")[-1].title.en
    night.after(minutes=5, seconds=-0.001)
    assert len(overdue(night)) == 1
    night.after(seconds=0.001)
    assert overdue(night) == [("raised", "high")] * 2
    alert = next(each for each in night.alerts().values() if each.rule == "guard_overdue")
    assert "send somebody" in alert.title.en
    night.after(hours=2)
    assert len(overdue(night)) == 2
    night.over()


@pytest.mark.parametrize("sign", ["position", "answer", "point"])
def test_any_sign_of_life_will_do(sign: str) -> None:
    night = begun(lone=True)
    alert = night.raised("crowd", "building-4", "medium", "cam-1")
    visit(night, "p1")
    night.after(minutes=20)
    if sign == "position":
        here = PatrolPosition(member="li", squad="squad-1", position=GeoPoint(lat=39.9, lon=116.3))
        night.say(here, device_source(NAME, "patrol", "li"))
    elif sign == "answer":
        night.answers("li", alert, "received")
    else:
        visit(night, "p2")
    night.after(minutes=15, seconds=-1)
    assert not overdue(night)
    night.after(minutes=1)
    assert overdue(night), "and then not heard of past the next point"
    visit(night, "p3")
    assert overdue(night)[-1] == ("cleared", "")
    night.over()


@pytest.mark.parametrize(("more", "member"), [({}, "li"), ({"lone": True}, None)])
def test_nobody_is_looked_for_who_is_not_alone_or_has_not_begun(
    more: dict[str, Any], member: str | None
) -> None:
    night = begun(**more)
    if member:
        visit(night, "p1", member)
    night.after(hours=2)
    assert not overdue(night)
    night.over()


def test_a_guard_called_to_an_alert_is_not_looked_for() -> None:
    night = begun(lone=True)
    visit(night, "p1")
    night.answers("li", night.raised("crowd", "building-4", "medium", "cam-1"), "accept")
    night.after(hours=2)
    assert not overdue(night)
    night.over()


def test_a_guard_who_finished_is_not_looked_for() -> None:
    night = begun(lone=True)
    for point in ("p1", "p2", "p3"):
        visit(night, point)
        night.after(minutes=10)
    night.after(hours=5)
    assert not overdue(night)
    night.over()


# Rounds of cameras.


def confirm(night: Night, camera: str, **more: Any) -> list[Any]:
    """An operator has looked at a camera."""
    return night.say(CommandConfirmCamera(**{"plan": "video", "camera": camera, "by": "wang", **more}))


VIDEO: dict[str, Any] = {
    "plan": "video",
    "kind": "video",
    "stops": (Stop(checkpoint="cam-1", after_min=0), Stop(checkpoint="cam-2", after_min=10)),
}


def test_a_video_round_is_confirmed_camera_by_camera() -> None:
    night = begun(**VIDEO)
    confirm(night, "cam-1")
    night.after(minutes=10)
    confirm(night, "cam-2")
    assert results(night) == [("cam-1", "on_time"), ("cam-2", "on_time")]
    assert night.told("round.finished")[0].member == "wang"
    night.over()


def test_a_desk_that_looks_at_cameras_is_told_of_those_it_left_out() -> None:
    night = begun(**VIDEO)
    confirm(night, "cam-1")
    night.after(hours=1)
    assert open_alerts(night) == {"video/cam-2": ("medium", "active")}
    alert = next(iter(night.alerts().values()))
    assert (alert.zone, alert.devices) == ("far", ("cam-2",))
    night.over()


def test_a_desk_that_never_looked_is_not() -> None:
    night = begun(**VIDEO)
    night.after(hours=50)
    assert not night.alerts()
    assert {result for _, result in results(night)} == {"absent"}
    night.over()


@pytest.mark.parametrize("wrong", [{"camera": "cam-9"}, {"plan": "nowhere"}])
def test_a_camera_of_no_round_is_refused(wrong: dict[str, str]) -> None:
    night = begun(**VIDEO)
    told = confirm(night, **{"camera": "cam-1", **wrong})
    assert [each.TYPE for each in told] == ["command.refused"]
    night.over()


def test_outside_its_time_a_video_round_is_refused_and_a_foot_round_always() -> None:
    night = Night(more=POINTS)
    night.say(plan(**VIDEO))
    night.say(plan())
    assert confirm(night, "cam-1")[0].TYPE == "command.refused"
    night.after(minutes=30)
    assert confirm(night, "p1", plan="north")[0].TYPE == "command.refused"
    night.over()


# Plans.


def test_a_plan_that_is_taken_away_or_changed_ends_its_round() -> None:
    night = begun()
    night.say(plan(starts=("14:00",)))
    night.after(minutes=89)
    assert not results(night)
    night.after(minutes=1)
    assert len(night.told("round.started")) == 2
    night.say(RoundRemoved(entry="north"))
    night.after(days=2)
    assert not results(night)
    night.over()


def test_a_round_starts_on_its_days_by_the_estates_clock() -> None:
    mine = plan(starts=("23:30", "06:00"), days=(1, 7))

    def following(text: str) -> str:
        found = next_start_us(estate(), mine, to_us(from_us(0).fromisoformat(f"2026-11-{text}+08:00")))
        return f"{estate().local(from_us(found or 0)):%dT%H:%M}"

    assert following("22T05:59") == "22T06:00"  # a Sunday
    assert following("22T06:00") == "22T23:30"
    assert following("22T23:30") == "23T06:00"
    assert following("23T23:30") == "29T06:00"
    assert next_start_us(estate(), plan(starts=()), 0) is None


def test_rounds_of_an_estate_without_the_rule_raise_nothing() -> None:
    night = Night(more=POINTS, policies={"checkpoint_missed": None, "guard_overdue": None})
    night.say(plan(lone=True))
    night.after(minutes=30)
    visit(night, "p1")
    night.after(hours=3)
    assert not night.alerts()
    assert results(night) == [("p1", "on_time"), ("p2", "absent"), ("p3", "absent")]
    night.over()
