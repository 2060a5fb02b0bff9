"""The verdict: pure, so alerts are written down by hand."""

from __future__ import annotations

from typing import Any

import pytest

from eventlog.times import from_us
from eventlog.vocabulary import Alert, Words
from simulators.scenarios import parse
from simulators.verdict import Verdict, judge
from tests.simulators.test_scenario_files import GOOD

START = 1_793_491_200_000_000  # 2026-11-01 08:00 in Shanghai
SECOND = 1_000_000
SCENARIO = parse(GOOD)
SENT = {"sent-1", "sent-2"}


def alert(at_s: float = 37, **more: Any) -> Alert:
    moment = from_us(START + int(at_s * SECOND))
    fields: dict[str, Any] = {
        "id": "a1", "estate": "xiegou", "rule": "door_held_open", "key": "building-7", "episode": "e1",
        "severity": "medium", "state": "raised", "condition": "active", "zone": "building-7",
        "devices": ("building-7",), "title": Words(zh="门", en="door"), "at": moment, "raised_at": moment,
        "evidence": ("sent-1",),
    }  # fmt: skip
    return Alert(**{**fields, **more})


def verdict(*alerts: Alert) -> Verdict:
    return judge(SCENARIO, START, alerts, sent=SENT)


def test_an_alert_in_its_window_meets_the_expectation() -> None:
    found = verdict(alert())
    assert found.ok
    assert found.exit_code == 0


def test_no_alert_is_a_miss() -> None:
    assert verdict().exit_code == 1
    assert verdict().judged[0].alert is None


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        (alert(34.9), "raised at 00:34.900"),
        (alert(40.1), "raised at 00:40.100"),
        (alert(severity="low"), "severity low, not medium"),
        (alert(key="building-8"), "another alert"),
        (alert(late=True), "late"),
    ],
)
def test_what_does_not_fit_is_missed_and_unexpected(wrong: Alert, why: str) -> None:
    found = verdict(wrong)
    assert found.judged[0].why == why
    assert found.unexpected == (wrong,)


def test_the_window_is_closed_at_both_ends() -> None:
    assert verdict(alert(35)).ok
    assert verdict(alert(40)).ok


def test_a_second_alert_is_unexpected_but_an_update_of_the_same_is_not() -> None:
    assert verdict(alert(), alert(version=2, condition="cleared")).ok
    second = alert(id="a2", key="building-7-again")
    assert verdict(alert(), second).unexpected == (second,)


def test_a_severity_that_changed_on_the_way_counts() -> None:
    assert verdict(alert(), alert(version=2, severity="high")).ok


def test_alerts_of_other_devices_that_rest_on_other_events_are_not_ours() -> None:
    other = alert(id="b", rule="door_forced", key="building-1", devices=("building-1",), evidence=("theirs",))
    found = verdict(alert(), other)
    assert found.ok
    assert found.foreign == (other,)


def test_alerts_of_our_devices_or_without_evidence_are_held_against_us() -> None:
    ours = alert(id="b", rule="device_offline", evidence=("a-last-will",))
    unfounded = alert(id="c", rule="door_forced", key="x", devices=(), evidence=())
    assert verdict(alert(), ours).unexpected == (ours,)
    assert verdict(alert(), unfounded).unexpected == (unfounded,)


def test_what_must_never_be_is_held_against_us_whoever_caused_it() -> None:
    strict = parse(GOOD.replace("expect:", "never:\n  - {rule: door_forced}\nexpect:"))
    other = alert(id="b", rule="door_forced", key="building-1", devices=("building-1",), evidence=("theirs",))
    assert judge(strict, START, [alert(), other], sent=SENT).unexpected == (other,)


def test_an_alert_left_open_by_an_earlier_run_is_met_by_its_update_and_confuses_nobody() -> None:
    old = alert(-600, evidence=("earlier",))
    assert verdict(old.model_copy(update={"evidence": ("earlier", "sent-1"), "version": 5})).ok
    stale = old.model_copy(update={"id": "b", "rule": "door_forced", "state": "closed"})
    assert verdict(alert(), stale).ok
    touched = stale.model_copy(update={"evidence": ("earlier", "sent-2")})
    assert verdict(alert(), touched).unexpected == (touched,)


def test_only_clearing_an_old_alert_meets_nothing() -> None:
    cleared = alert(-600, evidence=("earlier",), condition="cleared")
    found = verdict(cleared)
    assert found.judged[0].why == "open from before, and not seen again"
    assert found.unexpected == ()


def test_the_condition_at_the_end_counts_where_it_is_asked_for() -> None:
    ends = parse(GOOD.replace("severity: medium,", "severity: medium, condition: cleared,"))
    assert not judge(ends, START, [alert()], sent=SENT).ok
    assert judge(ends, START, [alert(), alert(version=2, condition="cleared")], sent=SENT).ok


def test_by_night_the_other_severity_is_expected() -> None:
    nightly = parse(GOOD.replace("severity: medium,", "severity: medium, at_night: high,"))
    night = START + 15 * 3_600 * SECOND
    shifted = {"at": from_us(night + 37 * SECOND), "raised_at": from_us(night + 37 * SECOND)}
    assert judge(nightly, START, [alert()], sent=SENT).ok
    assert judge(nightly, night, [alert(severity="high", **shifted)], sent=SENT).ok
    assert not judge(nightly, night, [alert(**shifted)], sent=SENT).ok


def test_the_same_change_delivered_twice_counts_once() -> None:
    assert verdict(alert(), alert()).ok
