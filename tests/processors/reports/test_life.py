"""The life of a report: how it is triaged, who may do what when, what is asked in the end."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from eventlog.vocabulary import ReportSubmitted, SquadRemoved
from processors.reports.commands import ACTIONS
from processors.rules.reports import CATEGORIES
from tests.processors.reports.office import Office, refused


def test_a_noise_at_night_goes_straight_to_a_squad_and_is_done_on_the_spot(office: Office) -> None:
    report = office.reports("noise")
    assert office.story(report) == ["opened", "triaged", "assigned"]
    assert (report.state, report.squad, report.handling, report.way) == (
        "assigned",
        "squad-1",
        "squad",
        "on_the_spot",
    )
    assert report.due_at == office.now + timedelta(hours=2)
    office.phones("accept", report)
    assert (office.at(report).state, office.at(report).assignee) == ("accepted", "li")
    office.after(minutes=20)
    office.phones("done", report, note="asked them to close the window")
    closed = office.history(report)[-1]
    assert (closed.TYPE, closed.by, closed.via, closed.note) == (
        "report.closed",
        "li",
        "phone",
        "asked them to close the window",
    )
    office.asks("follow_up", report, satisfied=True)
    assert (office.at(report).state, office.at(report).satisfied) == ("closed", True)


@pytest.mark.parametrize(
    ("category", "handling", "way", "hours", "squad"),
    [
        ("lift", "helped", "at_once", 4, "squad-1"),
        ("lighting", "helped", "at_once", 24, "squad-1"),
        ("garage_floor", "shared", "at_once", 24, None),
        ("hazard", "joint", "at_once", 7 * 24, None),
        ("advice", "shared", "online", 3 * 24, None),
        ("stairwell", "squad", "on_the_spot", 2, "squad-1"),
    ],
)
def test_every_kind_is_handled_its_own_way(
    office: Office, category: str, handling: str, way: str, hours: int, squad: str | None
) -> None:
    report = office.reports(category)
    assert (report.handling, report.way, report.squad) == (handling, way, squad)
    assert report.due_at == office.now + timedelta(hours=hours)
    assert report.state == ("assigned" if squad else "triaged")
    assert report.partners == CATEGORIES[category].partners


def test_what_nobody_thought_of_waits_for_a_person(office: Office) -> None:
    report = office.reports("a swan in the pond")
    assert (report.state, report.due_at) == ("opened", office.now + timedelta(minutes=30))
    office.after(minutes=10)
    told = office.asks("triage", report, handling="helped", partners=["zoo"], way="on_the_spot")
    assert [each.TYPE for each in told] == ["report.triaged", "report.assigned"]
    now = office.at(report)
    assert (now.partners, now.squad) == (("zoo",), "squad-1")
    assert now.due_at == report.opened_at + timedelta(hours=2), "whoever reported has waited since then"


def test_an_estate_says_how_its_own_kinds_are_handled(opened: Callable[..., Office]) -> None:
    office = opened(
        categories={
            "noise": {"handling": "shared", "way": "online", "limit_s": 600, "partners": ["choir"]},
            "swan": {"squad": "squad-2"},
        }
    )
    noise, swan = office.reports("noise"), office.reports("swan")
    assert (noise.handling, noise.squad, noise.limit_s, noise.partners) == ("shared", None, 600, ("choir",))
    assert (swan.squad, swan.limit_s) == ("squad-2", 86_400)
    assert office.reports("lift").handling == "helped"


def test_by_hand_only(opened: Callable[..., Office]) -> None:
    office = opened(automatic=False)
    report = office.reports("noise")
    assert report.state == "opened"
    office.asks("triage", report, handling="joint")
    now = office.at(report)
    assert (now.state, now.limit_s, now.way) == ("triaged", 604_800, "on_the_spot")


def test_a_place_is_found_in_the_registers(office: Office) -> None:
    assert office.reports(location="home-3").zone == "building-3"
    assert office.reports(location="gate-n1").zone == "gate-n"
    assert office.reports(location="behind the moon").zone == "xiegou"


STATES = ("opened", "triaged", "assigned", "accepted", "closed", "merged")
MORE: dict[str, dict[str, Any]] = {
    "triage": {"handling": "joint"},
    "assign": {"squad": "squad-1"},
    "note": {"note": "x"},
    "close": {"note": "x"},
    "follow_up": {"satisfied": True},
    "reopen": {"note": "x"},
    "merge": {},
    "split": {},
}


def _in_state(office: Office, state: str) -> Any:
    """A report in a state, and another one that is open."""
    other = office.reports("noise")
    if state == "merged":
        return office.reports("noise"), other
    report = office.reports("a swan")
    if state != "opened":
        office.asks("triage", report, handling="joint")
    if state in ("assigned", "accepted"):
        office.asks("assign", report, squad="squad-1")
    if state == "accepted":
        office.phones("accept", report)
    if state == "closed":
        office.asks("close", report, note="x")
    return office.at(report), other


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("action", sorted(ACTIONS))
def test_every_action_in_every_state(opened: Callable[..., Office], action: str, state: str) -> None:
    office = opened()
    report, other = _in_state(office, state)
    assert report.state == state
    if action in MORE:
        more = {"into": other.id} if action == "merge" else MORE[action]
        told = office.asks(action, report, version=report.version, **more)
    else:
        told = office.phones(action, report, note="x")
    changed = office.at(report)
    if "member" in ACTIONS[action].roles and report.squad is None:
        assert refused(told)[0] == "forbidden"
    elif state in ACTIONS[action].states:
        assert changed.version > report.version
        assert told[0].cause is not None or told[0].report.id != report.id
    else:
        assert refused(told)[0] == "not_allowed"
        assert changed == report


def test_of_two_operators_the_second_is_told_who_was_faster(office: Office) -> None:
    report = office.reports("garage_floor")
    office.asks("note", report, by="li.wei", note="called the owners", version=report.version)
    told = office.asks("close", report, note="done", version=report.version)
    assert refused(told) == ("conflict", "li.wei was faster: the report is now at version 3 (triaged)")
    assert told[0].version == office.at(report).version == 3


@pytest.mark.parametrize(
    ("action", "more", "reason"),
    [
        ("close", {}, "bad_request"),
        ("close", {"note": "  "}, "bad_request"),
        ("note", {}, "bad_request"),
        ("assign", {"squad": "squad-9"}, "bad_request"),
        ("triage", {"handling": "squad", "squad": "squad-9"}, "bad_request"),
        ("merge", {"into": "nothing"}, "bad_request"),
        ("close", {"note": "x", "role": "dispatcher"}, "forbidden"),
        ("follow_up", {"satisfied": True}, "not_allowed"),
    ],
)
def test_what_is_asked_wrongly_is_refused(
    office: Office, action: str, more: dict[str, Any], reason: str
) -> None:
    report = office.reports()
    assert refused(office.asks(action, report, **more))[0] == reason
    assert office.at(report) == report


def test_nobody_knows_a_report_that_is_not_there(office: Office) -> None:
    report = office.reports().model_copy(update={"id": "gone"})
    assert refused(office.asks("note", report, note="x"))[0] == "unknown_report"


def test_a_member_of_another_squad_may_not(office: Office) -> None:
    report = office.reports()
    assert refused(office.phones("accept", report, "chen"))[0] == "forbidden"


def test_a_squad_gives_it_back_and_the_limit_runs_on(office: Office) -> None:
    report = office.reports()
    told = office.phones("decline", report, note="we are at the gate")
    assert (told[0].TYPE, told[0].taken_from) == ("report.declined", "squad-1")
    now = office.at(report)
    assert (now.state, now.squad, now.due_at) == ("triaged", None, report.due_at)


def test_another_squad_gets_it_and_the_first_is_named(office: Office) -> None:
    report = office.reports()
    told = office.asks("assign", report, squad="squad-2")
    assert (told[0].taken_from, office.at(report).squad) == ("squad-1", "squad-2")


def test_whoever_it_is_taken_from_is_told_however_that_came(office: Office) -> None:
    lift, light = office.reports("lift"), office.reports("lighting")
    told = office.asks("merge", light, into=lift.id)
    assert (told[0].TYPE, told[0].taken_from) == ("report.merged", "squad-1")
    told = office.asks("triage", lift, handling="joint")
    assert told[0].taken_from == "squad-1"
    told = office.asks("triage", office.reports("noise"), handling="squad")
    assert {each.taken_from for each in told} == {None}, "it has it still"


def test_a_squad_that_is_no_more_leaves_its_reports_to_the_desk(office: Office) -> None:
    report = office.reports()
    office.say(SquadRemoved(entry="squad-1"))
    assert (office.at(report).state, office.at(report).squad) == ("triaged", None)


def test_whoever_is_not_satisfied_opens_it_again_and_the_history_stays(office: Office) -> None:
    report = office.reports("garage_floor")
    office.asks("close", report, note="swept")
    office.after(hours=1)
    told = office.asks("follow_up", report, satisfied=False, note="the hole is still there")
    assert [each.TYPE for each in told] == ["report.followed_up", "report.reopened"]
    now = office.at(report)
    assert (now.state, now.satisfied, now.reopened, now.closed_at) == ("triaged", False, 1, None)
    assert now.due_at == office.now + timedelta(days=1)
    office.asks("close", report, note="filled")
    assert (office.at(report).satisfied, office.at(report).followed_up_at) == (None, None)
    office.asks("follow_up", report, satisfied=True)
    assert office.story(report) == [
        "opened", "triaged", "closed", "followed_up", "reopened", "closed", "followed_up",
    ]  # fmt: skip
    assert [each.report.version for each in office.history(report)] == list(range(1, 8))


def test_an_estate_may_leave_reopening_to_people(opened: Callable[..., Office]) -> None:
    office = opened(reopen_unsatisfied=False)
    report = office.reports("garage_floor")
    office.asks("close", report, note="swept")
    office.asks("follow_up", report, satisfied=False)
    assert (office.at(report).state, office.at(report).satisfied) == ("closed", False)
    assert refused(office.asks("follow_up", report, satisfied=True))[0] == "not_allowed"
    office.asks("reopen", report, note="they are right")
    assert office.at(report).state == "triaged"


def test_what_is_urgent_is_an_alert_and_no_squad_is_sent_twice(office: Office) -> None:
    report = office.reports("fire", "building-4")
    alert = next(iter(office.alerts().values()))
    assert (alert.rule, alert.key, alert.zone, alert.severity) == (
        "urgent_report",
        report.id,
        "building-4",
        "high",
    )
    assert alert.title.en == "building-4: somebody reports fire"
    assert alert.evidence == report.evidence
    assert (report.urgent, report.state, report.squad) == (True, "triaged", None)
    again = office.reports("fire", "building-4")
    assert (again.state, again.merged_into) == ("merged", report.id)
    assert len(office.alerts()) == 1
    assert len(office.now_is(alert).evidence) == 2
    office.asks("close", report, note="a pan, put out")
    assert office.now_is(alert).condition == "cleared"


def test_where_urgent_reports_are_off_they_are_like_any_other(opened: Callable[..., Office]) -> None:
    office = opened(urgent={"categories": []})
    report = office.reports("fire")
    assert not office.alerts()
    assert (report.squad, report.limit_s) == ("squad-1", 1_800)


def test_history_is_listed_and_goes_to_nobody_until_a_person_triages_it(office: Office) -> None:
    report = office.reports("noise", ago_s=3_600)
    assert (report.late, report.state, report.due_at, report.squad) == (True, "opened", None, None)
    office.after(hours=50)
    assert office.story(report) == ["opened"]
    office.asks("triage", report, handling="squad")
    assert office.at(report).due_at == office.now + timedelta(hours=2)


def test_no_output_copies_the_words_or_the_name(office: Office) -> None:
    report = office.reports("fire", text="Wang of 3-201 burns paper", reporter="tel 5550100")
    office.asks("close", report, note="put out")
    for new, _ in office.outputs:
        for secret in ("burns paper", "5550100", "3-201"):
            assert secret not in new.body.decode()


def test_where_reports_are_off_only_who_sits_at_a_desk_is_told() -> None:
    from tests.processors.alerts.night import POLICIES, Night

    night = Night(rules=dict(POLICIES))
    said = {"channel": "phone", "category": "noise", "text": "x", "location": "yard"}
    assert night.say(ReportSubmitted(**said)) == []
    told = night.say(ReportSubmitted(**said, entered_by="li.wei"))
    assert refused(told)[0] == "not_allowed"
    night.over()
