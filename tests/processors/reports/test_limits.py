"""Limits of reports: one reminder before, the leader at it, the manager after it; follow-ups; forgetting."""

from __future__ import annotations

from collections.abc import Callable

from tests.processors.reports.office import ROSTER, Office, refused


def said(office: Office, report: object) -> list[tuple[str, str]]:
    """What was told by time alone."""
    return [
        (each.TYPE.removeprefix("report."), getattr(each, "of", "") or getattr(each, "to", ""))
        for each in office.history(report)  # type: ignore[arg-type]
        if each.TYPE in ("report.reminded", "report.escalated")
    ]


def test_a_limit_is_reminded_of_and_escalated_once(office: Office) -> None:
    report = office.reports("noise")
    office.after(minutes=90, seconds=-0.001)
    assert said(office, report) == []
    office.after(seconds=0.001)
    assert said(office, report) == [("reminded", "closing")]
    office.after(minutes=30, seconds=-0.001)
    assert len(said(office, report)) == 1
    office.after(seconds=0.001)
    told = office.history(report)[-1]
    assert (told.TYPE, told.to, told.who, told.report.escalation) == ("report.escalated", "leader", "lead", 1)
    office.after(hours=1)
    told = office.history(report)[-1]
    assert (told.to, told.who, told.report.escalation) == ("manager", "boss", 2)
    office.after(days=20)
    assert said(office, report) == [
        ("reminded", "closing"),
        ("escalated", "leader"),
        ("escalated", "manager"),
    ]


def test_triage_has_a_limit_too_and_triage_begins_another(office: Office) -> None:
    report = office.reports("a swan")
    office.after(minutes=31)
    assert said(office, report) == [("reminded", "triage"), ("escalated", "leader")]
    assert office.at(report).escalation == 1
    office.asks("triage", report, handling="squad", way="on_the_spot")
    assert (office.at(report).escalation, office.at(report).reminded) == (0, False)
    office.after(hours=5)
    assert said(office, report)[2:] == [
        ("reminded", "closing"),
        ("escalated", "leader"),
        ("escalated", "manager"),
    ]


def test_triaged_again_with_the_same_limit_nobody_is_told_twice(office: Office) -> None:
    report = office.reports("noise")
    office.after(minutes=100)
    office.asks("triage", report, handling="squad")
    assert office.at(report).reminded
    office.after(minutes=19)
    assert said(office, report) == [("reminded", "closing")]


def test_a_limit_that_is_past_when_it_is_set_is_not_reminded_of(office: Office) -> None:
    report = office.reports("garage_floor")
    office.after(hours=3)
    office.asks("triage", report, handling="squad", limit_s=3_600)
    office.after(seconds=10)
    assert said(office, report) == [("escalated", "leader")]


def test_nobody_on_duty_leaves_it_to_the_desk(opened: Callable[..., Office]) -> None:
    office = opened()
    report = office.reports("noise")
    office.after(hours=2)
    told = office.history(report)[-1]
    assert (told.to, told.who) == ("leader", None)
    assert "the desk has to see to it" in told.note


def test_what_is_closed_is_not_late_and_is_followed_up(office: Office) -> None:
    report = office.reports("noise")
    office.asks("close", report, note="done")
    office.after(days=2, seconds=-1)
    assert said(office, report) == []
    office.after(seconds=1)
    assert said(office, report) == [("reminded", "follow_up")]
    office.after(days=5)
    assert len(said(office, report)) == 1


def test_who_was_asked_is_not_asked_again(office: Office) -> None:
    report = office.reports("noise")
    office.asks("close", report, note="done")
    office.asks("follow_up", report, satisfied=True)
    office.after(days=5)
    assert said(office, report) == []


def test_a_report_long_closed_is_history(office: Office) -> None:
    report = office.reports("noise")
    office.asks("close", report, note="done")
    office.after(days=30, seconds=-1)
    assert office.step.reports.get(report.id)
    office.after(seconds=1)
    assert office.step.reports.get(report.id) is None
    assert refused(office.asks("reopen", report, note="again"))[0] == "unknown_report"


def test_opened_again_it_has_the_whole_limit_once_more(office: Office) -> None:
    report = office.reports("noise")
    office.after(hours=4)
    office.asks("close", report, note="done")
    office.asks("reopen", report, note="not at all")
    assert (office.at(report).escalation, office.at(report).reminded) == (0, False)
    office.after(hours=4)
    assert said(office, report)[3:] == [
        ("reminded", "closing"),
        ("escalated", "leader"),
        ("escalated", "manager"),
    ]


def test_settings_of_an_estate(opened: Callable[..., Office]) -> None:
    office = opened(*ROSTER, on_the_spot_s=100, remind_share=0.5, manager_s=10, follow_up_s=5)
    report = office.reports("noise")
    for seconds, count in ((49, 0), (1, 1), (49, 1), (1, 2), (9, 2), (1, 3)):
        office.after(seconds=seconds)
        assert len(said(office, report)) == count
    office.asks("close", report, note="done")
    office.after(seconds=5)
    assert said(office, report)[-1] == ("reminded", "follow_up")
