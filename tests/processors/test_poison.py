"""One bad event, one odd change of registers or settings: the decider goes on, and so do the other rules."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from eventlog import metrics
from eventlog.topics import device_source
from eventlog.vocabulary import (
    AccessDenied,
    DeviceOffline,
    DeviceRemoved,
    DoorOpened,
    DoorSet,
    PlateRead,
    RuleActivated,
    WatchEntrySet,
)
from processors.rules.repeated_denials import RepeatedDenials
from tests.processors.estate import NAME
from tests.processors.live import Live

REGISTER = f"estates/{NAME}/estate-file"


def rules_raised(live: Live) -> list[str]:
    """The rules of the alerts raised, in order."""
    return [e.event.alert.rule for e in live.outputs() if e.type == "alert.raised"]  # type: ignore[attr-defined]


def test_a_device_taken_off_the_register_while_it_is_away_is_not_told_of() -> None:
    live = Live()
    live.say(DeviceOffline(device="fence-1"), source=device_source(NAME, "fence", "fence-1"))
    live.run()
    live.say(DeviceRemoved(entry="fence-1"), source=REGISTER)
    live.after(minutes=1)
    assert rules_raised(live) == []
    assert live.burst().rule == "repeated_denials"


def test_a_controller_removed_before_its_own_devices_are_judged_is_no_excuse_for_them() -> None:
    live = Live()
    for device in ("nvr-1", "cam-2"):
        live.say(DeviceOffline(device=device), source=device_source(NAME, "camera", device))
    live.run()
    live.say(DeviceRemoved(entry="nvr-1"), source=REGISTER)
    live.after(minutes=1)
    raised: list[Any] = [e.event for e in live.outputs() if e.type == "alert.raised"]
    gone = [event.alert.key for event in raised if event.alert.rule == "device_offline"]
    assert gone == ["cam-2"]
    assert live.replayed() == live.told()


def test_a_repeat_made_shorter_while_a_door_is_open_is_caught_up_with_at_once() -> None:
    live = Live(rules=[RuleActivated(rule="door_held_open", version=1, settings={"building_s": 3_600})])
    live.say(DoorOpened(door="building-3"))
    live.run()
    shorter = {"building_s": 30, "repeat_s": 60}
    live.say(RuleActivated(rule="door_held_open", version=1, settings=shorter), source=REGISTER)
    live.after(hours=1, seconds=2)
    assert rules_raised(live) == ["door_held_open"]
    before = live.alert().version
    live.after(seconds=60)
    assert live.alert().version == before + 1
    assert live.replayed() == live.told()


def test_a_door_that_becomes_one_of_a_shorter_limit_is_judged() -> None:
    live = Live(
        rules=[RuleActivated(rule="door_held_open", version=1, settings={"gate_s": 900, "repeat_s": 5})]
    )
    live.say(DoorOpened(door="gate-n1"))
    live.run()
    live.say(DoorSet(door="gate-n1", device="gate-n1", zone="gate-n", kind="building"), source=REGISTER)
    live.after(minutes=20)
    assert rules_raised(live) == ["door_held_open"]
    assert live.replayed() == live.told()


def test_a_list_with_odd_plates_is_watched() -> None:
    live = Live()
    live.say(WatchEntrySet(list="odd", kind="plate", value="a:b: c"), source=REGISTER)
    live.say(PlateRead(lane="lane-open", plate="A:B:C", confidence=1, direction="in"))
    live.run()
    assert rules_raised(live) == ["watchlist_plate"]


@pytest.mark.parametrize("when", [datetime(1970, 1, 1, 0, 5, tzinfo=UTC), datetime(1900, 1, 2, tzinfo=UTC)])
def test_an_event_of_a_clock_that_lost_its_battery_is_judged_and_late(when: datetime) -> None:
    live = Live()
    live.say(DoorOpened(door="building-3"), at=when)
    live.say(PlateRead(lane="lane-1", plate="京X00042", confidence=1, direction="in"), at=when)
    live.after(minutes=1)
    assert set(rules_raised(live)) == {"door_forced", "door_held_open", "vehicle_not_permitted"}
    assert live.alert().late


def test_a_rule_that_fails_is_counted_and_stops_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(self: RepeatedDenials, key: str, *more: Any) -> Any:
        if key == "door:gate-n1":
            raise ZeroDivisionError("a mistake in a rule")
        return whole(self, key, *more)

    whole = RepeatedDenials.on_event
    monkeypatch.setattr(RepeatedDenials, "on_event", fail)
    counter = metrics.RULE_FAILURES.labels("repeated_denials")
    before = counter._value.get()
    live = Live()
    for card in ("a", "b", "c"):
        live.say(
            AccessDenied(door="gate-n1", credential=card, method="card", direction="in", reason="unknown")
        )
    live.say(DoorOpened(door="gate-n1"))
    live.after(seconds=10)
    assert rules_raised(live) == ["door_forced"]
    assert live.burst().rule == "repeated_denials"
    assert counter._value.get() == before + 3
    assert live.replayed() == live.told()


def test_a_failing_wake_up_is_not_tried_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    from processors.rules.door_held_open import DoorHeldOpen

    def fail(self: DoorHeldOpen, *more: Any) -> Any:
        raise ZeroDivisionError("a mistake in a rule")

    monkeypatch.setattr(DoorHeldOpen, "on_time", fail)
    live = Live()
    live.open()
    live.after(seconds=40)
    assert rules_raised(live) == []
    assert live.runner.due_in_s() > 0
    live.now += timedelta(hours=1)
    assert live.burst().rule == "repeated_denials"
