"""Which alert tells of which incident: kind, place and time, from both sides."""

from __future__ import annotations

from typing import Any

import pytest

from eventlog.vocabulary import Words
from simulators.day.truth import Label
from simulators.evaluation.judge import Told
from simulators.evaluation.matching import Alarm, Case, match
from simulators.evaluation.report import Figures, Report, most_in_ten, recall_words

AT_US = 1_000_000_000
SECOND_US = 1_000_000
TITLE = Words(zh="门", en="door")


def told(at_s: float = 0, **more: Any) -> Told:
    values: dict[str, Any] = {
        "what": "raised", "alert": "a", "episode": "a", "rule": "door_forced", "key": "building-7",
        "zone": "building-7", "devices": ("building-7",), "severity": "high", "title": TITLE,
        "at_us": AT_US, "told_us": AT_US + int(at_s * SECOND_US), "quiet": False, "evidence": (1,),
    }  # fmt: skip
    return Told(**{**values, **more})


def label(**more: Any) -> Label:
    values: dict[str, Any] = {
        "kind": "door_forced", "zone": "building-7", "place": "building-7", "at_us": AT_US,
        "harmless": False, "story": "levered",
    }  # fmt: skip
    return Label(**{**values, **more})


@pytest.mark.parametrize(
    ("at_s", "found"), [(-5.1, False), (-5, True), (0, True), (120, True), (120.1, False)]
)
def test_an_alert_counts_from_five_seconds_before_to_two_minutes_after(at_s: float, found: bool) -> None:
    findings = match([Case(label(), ())], [told(at_s)])
    assert bool(findings.found) is found
    assert bool(findings.missed) is not found


@pytest.mark.parametrize(
    ("more", "found"),
    [
        ({"rule": "door_held_open"}, False),
        ({"zone": "yard", "key": "k", "devices": ()}, False),
        ({"zone": "yard", "key": "k"}, True),
        ({"zone": "yard", "devices": ()}, True),
        ({"what": "cleared"}, False),
        ({"what": "updated"}, True),
        ({"what": "worse"}, True),
    ],
)
def test_it_must_be_of_its_kind_and_place(more: dict[str, Any], found: bool) -> None:
    assert bool(match([Case(label(), ())], [told(**more)]).found) is found


@pytest.mark.parametrize(
    ("at_s", "found", "history"),
    [(0, 1, 0), (121, 0, 0), (3594.9, 0, 0), (3595, 1, 1), (3720, 1, 1), (3720.1, 0, 0)],
)
def test_what_a_controller_kept_can_be_told_when_it_is_uploaded(
    at_s: float, found: int, history: int
) -> None:
    case = Case(label(), (1,), AT_US + 3600 * SECOND_US)
    findings = match([case], [told(at_s, quiet=at_s > 0)])
    assert (len(findings.found), len(findings.missed)) == (found, 1 - found)
    assert len(findings.history) == history
    report = Report("pilot", 1, 1, 1)
    report.count(findings)
    assert report.as_json()["rules"]["door_forced"]["found_as_history"] == history


def test_another_alert_at_that_moment_is_not_of_what_was_uploaded() -> None:
    case = Case(label(), (7,), AT_US + 3600 * SECOND_US)
    assert match([case], [told(3600, quiet=True)]).missed == [case]
    assert match([case], [told(3600, quiet=False, evidence=(7,))]).history == []


def verdicts(cases: list[Case], *alerts: Told, sensors: tuple[Label, ...] = ()) -> list[str]:
    return [alarm.verdict for alarm in match(cases, alerts, sensors).alarms]


def test_every_alert_is_explained() -> None:
    incident, double = Case(label(), (1,)), Case(label(harmless=True, at_us=AT_US * 9), (7,))
    assert verdicts([incident], told()) == ["incident"]
    assert verdicts([incident], told(rule="tailgating")) == ["consequence"]
    assert verdicts([incident], told(rule="tailgating", evidence=(2,))) == ["false"]
    assert verdicts([double], told(rule="tailgating", evidence=(7,))) == ["double"]
    assert verdicts([double], told(evidence=(), told_us=AT_US * 9 + SECOND_US)) == ["double"]
    assert verdicts([double], told(evidence=())) == ["false"]
    off = label(kind="clock_skewed", place="cam-1")
    assert verdicts([], told(rule="clock_skewed", key="cam-1"), sensors=(off,)) == ["sensor"]
    assert verdicts([], told(rule="clock_skewed", key="cam-2"), sensors=(off,)) == ["false"]


def test_an_episode_is_found_when_two_rules_share_one() -> None:
    case = Case(label(kind="episode", zone="perimeter", place="fence-01"), (3,))
    fence = told(rule="perimeter_breach", zone="perimeter", key="fence-01", evidence=(3,), alert="1")
    camera = told(rule="intrusion", zone="perimeter", key="perimeter", alert="2")
    assert not match([case], [fence]).found
    assert match([case], [fence, camera]).found
    apart = told(rule="intrusion", zone="perimeter", key="perimeter", alert="2", episode="b")
    assert not match([case], [fence, apart]).found


def test_figures_are_counted_with_what_they_mean() -> None:
    report = Report("pilot", 1, days=1, estates=1)
    double = Case(label(harmless=True), (7,))
    alarms = [
        told(alert="1"), told(alert="2", rule="tailgating", severity="low", evidence=(9,)),
        told(alert="3", rule="tailgating", evidence=(7,)), told(alert="4", quiet=True),
    ]  # fmt: skip
    report.count(match([Case(label(), ()), Case(label(at_us=5), ()), double], alarms))
    assert report.rules["door_forced"].incidents == 2
    assert report.rules["door_forced"].found == 1
    tailgating = report.rules["tailgating"].as_json(1.0)
    assert (tailgating["false"], tailgating["false_medium_or_above"]) == (2, 1)
    assert (tailgating["doubles_told"], tailgating["doubles_high_or_critical"]) == (1, 1)
    document = report.as_json()
    assert document["alerts"] == 3
    assert document["alerts_late_or_suppressed"] == 1
    assert document["severities"] == {"low": 1, "medium": 0, "high": 2, "critical": 0}
    assert document["alerts_per_10min"] == {"mean": round(3 / 144, 4), "worst": 1}
    assert document["total"]["recall"] == 0.5


def test_told_again_is_told_twice_of_one_thing() -> None:
    """A door beside it is another one, told for the first time."""
    report = Report("pilot", 1, days=1, estates=1)
    beside = told(alert="2", key="building-7-back")
    case = Case(label(), (1,))
    report.count(match([case], [told(alert="1"), beside]))
    assert report.total().again == 0
    report.count(match([case], [told(alert="1"), beside, told(alert="3", at_s=60)]))
    assert report.total().again == 1


def test_the_most_in_ten_minutes_slides_and_counts_episodes_once() -> None:
    at = [(0, "a"), (1, "a"), (599, "b"), (600, "c"), (1_198, "d"), (1_199.5, "e")]
    assert most_in_ten([told(s, alert=str(s), episode=e) for s, e in at]) == 3


def test_no_percentage_below_150_incidents() -> None:
    assert recall_words(Figures(incidents=149, found=149)) == "–"
    assert recall_words(Figures(incidents=150, found=75)) == "50.0%"


def test_the_alarm_of_nothing_has_no_case() -> None:
    assert Alarm(told()).case is None
