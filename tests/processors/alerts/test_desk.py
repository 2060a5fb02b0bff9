"""Signals folded into alerts."""

from __future__ import annotations

from typing import Any

from eventlog.vocabulary import (
    AccessDenied,
    Alert,
    CommandAcknowledge,
    CommandClose,
    DoorClosed,
    PlateRead,
    RuleActivated,
    RuleDeactivated,
)
from processors.rules import RULES
from tests.processors.live import Live


def kinds(live: Live) -> list[str]:
    """The types of all outputs about signals and alerts."""
    return [e.type for e in live.outputs() if e.type.startswith(("signal.", "alert."))]


def test_an_alert_says_where_what_and_whose() -> None:
    live = Live()
    alert = live.burst()
    raised = next(e for e in live.outputs() if e.type == "alert.raised")
    assert (alert.rule, alert.key, alert.zone, alert.squad) == (
        "repeated_denials",
        "door:building-3",
        "building-3",
        "squad-1",
    )
    assert (alert.state, alert.condition, alert.version, alert.episode) == ("raised", "active", 1, alert.id)
    assert alert.raised_at == alert.at == live.now
    assert len(alert.evidence) == 3
    assert [e.id for e in live.log.at(alert.evidence_positions)] == list(alert.evidence)
    assert raised.event.cause == alert.evidence[-1]  # type: ignore[attr-defined]
    assert raised.occurred_at == live.now


def test_the_squad_of_the_zone_comes_before_that_of_the_estate() -> None:
    live = Live()
    assert live.burst("gate-n1").squad == "squad-2"


def test_a_second_signal_updates_the_same_alert() -> None:
    live = Live()
    first = live.burst()
    live.after(minutes=2)
    second = live.burst()
    assert (second.id, second.version) == (first.id, 2)
    assert len(second.evidence) == 6
    assert kinds(live) == ["signal.raised", "alert.raised", "signal.raised", "alert.updated"]


def test_what_comes_after_closing_is_a_new_alert() -> None:
    live = Live()
    first = live.burst()
    live.command(CommandClose(alert=first.id, by="wang", version=1, disposition="genuine"))
    live.after(minutes=2)
    assert live.burst().id != first.id


def test_a_door_closed_late_clears_and_one_closed_in_time_withdraws() -> None:
    live = Live()
    live.open("building-4")
    live.after(seconds=40)
    assert live.alert().condition == "active"
    live.say(DoorClosed(door="building-4"))
    live.run()
    cleared = live.alert()
    assert (cleared.condition, cleared.state) == ("cleared", "raised")
    opened = live.now
    live.open("gate-n1")
    live.after(seconds=70)
    at = opened.replace(second=opened.second + 10)
    live.say(DoorClosed(door="gate-n1"), at=at)
    live.run()
    gone = next(a for a in _alerts(live).values() if a.key == "gate-n1" and a.rule == "door_held_open")
    assert (gone.condition, gone.state, gone.disposition) == ("cleared", "closed", "false_alarm")


def _alerts(live: Live) -> dict[str, Alert]:
    found = {}
    for entry in live.outputs():
        if entry.type.startswith("alert."):
            event: Any = entry.event
            found[event.alert.id] = event.alert
    return found


def test_severity_rises_and_does_not_fall() -> None:
    live = Live()
    for plate in ("京C880Z1", "京C8B0Z1", "京C880Z1"):
        live.say(PlateRead(lane="lane-open", plate=plate, confidence=0.99, direction="in"))
        live.after(seconds=11)
    assert kinds(live)[1::2] == ["alert.raised", "alert.severity_changed", "alert.updated"]
    assert live.alert().severity == "high"


def test_history_is_late_until_something_present_joins_it() -> None:
    live = Live()
    for card in "abc":
        denied = AccessDenied(
            door="building-3", credential=card, method="card", direction="in", reason="unknown"
        )
        live.say(denied, at=live.now.replace(hour=1))
    live.run()
    late = live.alert()
    assert late.late
    assert live.burst().id == late.id
    assert not live.alert().late


def test_a_rule_that_is_not_on_warms_up_silently() -> None:
    live = Live(rules=())
    live.open()
    live.after(seconds=40)
    assert kinds(live) == []
    live.say(RuleActivated(rule="door_held_open", version=1))
    live.say(DoorClosed(door="building-3"))
    live.run()
    assert kinds(live) == []
    live.open()
    live.after(seconds=20)
    live.say(RuleDeactivated(rule="door_held_open"))
    live.after(seconds=20)
    assert kinds(live) == []
    live.say(RuleActivated(rule="door_held_open", version=1))
    live.after(seconds=600)
    assert kinds(live) == ["signal.raised", "alert.raised"]


def test_another_version_than_the_one_switched_on_is_silent() -> None:
    live = Live(
        rules=(RuleActivated(rule="repeated_denials", version=RULES["repeated_denials"].version + 1),)
    )
    for card in "abc":
        live.say(
            AccessDenied(door="building-3", credential=card, method="card", direction="in", reason="unknown")
        )
    live.run()
    assert kinds(live) == []


def test_settings_hold_from_their_entry_on() -> None:
    live = Live()
    live.open()
    live.say(RuleActivated(rule="door_held_open", version=1, settings={"building_s": 90}))
    live.after(seconds=91)
    assert kinds(live) == []
    live.after(seconds=1)
    assert kinds(live) == ["signal.raised", "alert.raised"]


def test_bad_settings_are_refused_and_the_rule_is_silent() -> None:
    live = Live()
    outputs = live.command(RuleActivated(rule="repeated_denials", version=1, settings={"limit": 5}))
    refused: Any = outputs[0].event
    assert refused.reason == "bad_request"
    assert "limit: Extra inputs are not permitted" in refused.detail.en
    live.runner = type(live.runner)(live.log)
    for card in "abc":
        live.say(
            AccessDenied(door="building-3", credential=card, method="card", direction="in", reason="unknown")
        )
    live.run()
    assert kinds(live) == []


def test_clearing_what_is_closed_tells_nothing() -> None:
    live = Live()
    live.open()
    live.after(seconds=40)
    alert = live.alert()
    live.command(CommandClose(alert=alert.id, by="wang", disposition="nuisance"))
    before = len(kinds(live))
    live.say(DoorClosed(door="building-3"))
    live.run()
    assert len(kinds(live)) == before


def test_a_wake_up_and_an_acknowledgement_at_one_moment() -> None:
    live = Live()
    live.open()
    live.after(seconds=32)
    live.command(CommandAcknowledge(alert=live.alert().id, by="wang"))
    live.after(seconds=600)
    risen = live.alert()
    assert risen.state == "raised"
    assert kinds(live)[-3:] == ["alert.updated", "signal.raised", "alert.updated"]
    assert live.replayed() == live.told()
