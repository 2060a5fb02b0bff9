"""The safety level of zones, told as it changes."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from eventlog.estate import Estate
from eventlog.vocabulary import (
    CommandClose,
    CommandReopen,
    DeviceOffline,
    DeviceOnline,
    DeviceRemoved,
    DeviceSet,
    DoorForcedByDevice,
    DoorRemoved,
    DoorSet,
    Event,
    Neighbour,
    PlateRead,
    WatchEntrySet,
    Words,
    ZoneRemoved,
    ZoneSet,
)
from processors.outbox import Outbox
from processors.runners.embedded import EmbeddedRunner
from processors.safety import Safety, Trigger
from processors.wakeups import Wakeups
from tests.processors.estate import REGISTERS
from tests.processors.live import Live

ZONES = sorted(entry.zone for entry in REGISTERS if isinstance(entry, ZoneSet))


def changes(live: Live, since: int = 0) -> list[tuple[str, str, str, str]]:
    """Every change of a zone: zone, from, to, kind of cause."""
    found = []
    for entry in live.outputs():
        if entry.type == "safety.changed" and entry.position > since:
            event: Any = entry.event
            found.append((event.zone, event.previous, event.level, event.cause_kind))
    return found


def estate_levels(live: Live, since: int = 0) -> list[tuple[str, int]]:
    """Every change of the estate's level, with the number of zones at it."""
    return [
        (entry.event.level, entry.event.zones)  # type: ignore[attr-defined]
        for entry in live.outputs()
        if entry.type == "threat_level.changed" and entry.position > since
    ]


def close(live: Live) -> None:
    """Closes the newest alert."""
    live.command(CommandClose(alert=live.alert().id, by="wang", disposition="genuine"))


def test_a_zone_is_unknown_until_a_device_watches_it() -> None:
    live = Live()
    assert sorted(changes(live)) == [(zone, "unknown", "safe", "registry") for zone in ZONES]
    assert estate_levels(live)[-1] == ("safe", len(ZONES))


def test_a_medium_alert_is_watch_here_and_nothing_next_door() -> None:
    live = Live()
    before = live.log.head()
    live.burst()
    assert changes(live, before) == [("building-3", "safe", "watch", "alert")]
    assert estate_levels(live, before) == [("watch", 1)]
    changed = next(e.event for e in live.outputs() if e.position > before and e.type == "safety.changed")
    assert changed.cause == live.alert().id  # type: ignore[attr-defined]


def test_a_high_alert_is_alert_here_and_watch_next_door_both_ways() -> None:
    live = Live()
    before = live.log.head()
    live.say(DoorForcedByDevice(door="building-3"))
    live.run()
    assert changes(live, before) == [
        ("building-3", "safe", "alert", "alert"),
        ("yard", "safe", "watch", "neighbour"),
    ]


def test_a_critical_alert_is_danger() -> None:
    live = Live()
    live.say(WatchEntrySet(list="x", kind="plate", value="京D00000", severity="critical"))
    before = live.log.head()
    live.say(PlateRead(lane="lane-1", plate="京D00000", confidence=1, direction="in"))
    live.run()
    assert ("gate-n", "safe", "watch", "alert") in changes(live, before)
    assert ("gate-n", "watch", "danger", "alert") in changes(live, before)
    assert estate_levels(live, before)[-1] == ("danger", 1)


def test_it_falls_back_fifteen_minutes_after_the_last_cause_is_closed() -> None:
    live = Live()
    live.say(DoorForcedByDevice(door="building-3"))
    live.run()
    high = live.alert()
    live.after(minutes=1)
    live.burst()
    close(live)
    live.after(minutes=1)
    live.command(CommandClose(alert=high.id, by="wang", disposition="genuine"))
    before = live.log.head()
    live.after(minutes=15, microseconds=-1)
    assert changes(live, before) == []
    live.after(microseconds=1)
    assert changes(live, before) == [
        ("building-3", "alert", "safe", "closed"),
        ("yard", "watch", "safe", "closed"),
    ]
    assert estate_levels(live, before) == [("safe", len(ZONES))]


def test_the_worst_cause_holds_while_it_must_then_the_next() -> None:
    live = Live()
    live.say(DoorForcedByDevice(door="building-3"))
    live.run()
    close(live)
    live.after(minutes=10)
    live.burst()
    before = live.log.head()
    live.after(minutes=5)
    assert changes(live, before) == [
        ("building-3", "alert", "watch", "closed"),
        ("yard", "watch", "safe", "closed"),
    ]


def test_a_reopened_alert_is_a_cause_again() -> None:
    live = Live()
    live.burst()
    close(live)
    live.after(minutes=20)
    before = live.log.head()
    live.command(CommandReopen(alert=live.alert().id, by="wang", note="again"))
    live.after(hours=1)
    assert changes(live, before) == [("building-3", "safe", "watch", "alert")]


def test_a_zone_whose_only_device_is_gone_is_unknown_over_watch() -> None:
    live = Live()
    before = live.log.head()
    live.say(DeviceOffline(device="building-3"))
    live.after(seconds=20)
    assert changes(live, before) == [("building-3", "safe", "unknown", "device")]
    live.say(DeviceOnline(device="building-3"))
    live.run()
    assert changes(live, before)[1:] == [("building-3", "unknown", "watch", "device")]


def test_alert_is_over_unknown() -> None:
    live = Live()
    live.say(DoorForcedByDevice(door="building-3"))
    live.run()
    before = live.log.head()
    live.say(DeviceOffline(device="building-3"))
    live.after(seconds=20)
    assert changes(live, before) == []


def test_a_zone_with_another_working_device_stays_known() -> None:
    live = Live()
    before = live.log.head()
    live.say(DeviceOffline(device="fence-1"))
    live.after(seconds=20)
    assert changes(live, before) == [("yard", "safe", "watch", "alert")]


def test_what_stands_behind_a_recorder_that_is_gone_sees_nothing() -> None:
    live = Live()
    before = live.log.head()
    live.say(DeviceOffline(device="nvr-1"))
    live.after(seconds=20)
    assert ("far", "safe", "unknown", "device") in changes(live, before)


def test_presence_counts_also_while_the_rule_is_not_on() -> None:
    live = Live(rules=())
    before = live.log.head()
    live.say(DeviceOffline(device="building-3"))
    live.after(seconds=20)
    assert changes(live, before) == [("building-3", "safe", "unknown", "device")]


def test_registers_change_what_is_watched() -> None:
    live = Live()
    before = live.log.head()
    live.say(DeviceRemoved(entry="cam-2"))
    live.run()
    assert changes(live, before) == [("far", "safe", "unknown", "registry")]
    live.say(DeviceSet(device="cam-9", family="camera", zone="yard", sees=("far",)))
    live.run()
    assert changes(live, before)[1:] == [("far", "unknown", "safe", "registry")]
    name = Words(zh="新", en="new")
    live.say(ZoneSet(zone="new", name=name))
    live.run()
    assert estate_levels(live, before)[-1] == ("unknown", 1)
    live.say(ZoneRemoved(entry="new"))
    live.run()
    assert estate_levels(live, before)[-1] == ("safe", len(ZONES))


def test_levels_survive_a_restart() -> None:
    live = Live()
    live.say(DoorForcedByDevice(door="building-3"))
    live.run()
    close(live)
    live.after(minutes=5)
    live.runner = type(live.runner)(live.log)
    before = live.log.head()
    live.after(minutes=10)
    assert [each[:3] for each in changes(live, before)] == [
        ("building-3", "alert", "safe"),
        ("yard", "watch", "safe"),
    ]
    assert live.replayed() == live.told()


def test_which_of_several_alerts_is_named_as_the_cause_survives_a_restart() -> None:
    live = Live()
    for number in range(6):
        live.say(DoorSet(door=f"far-{number}", device="building-4", zone="far"), source="registry")
        live.say(DoorForcedByDevice(door=f"far-{number}"))
    live.run()
    live.runner = EmbeddedRunner(live.log)
    name = Words(zh="三号楼", en="three")
    live.say(ZoneSet(zone="building-3", name=name, adjacent=(Neighbour(zone="far"),)), source="registry")
    live.run()
    assert changes(live)[-1] == ("building-3", "safe", "watch", "neighbour")
    assert live.replayed() == live.told()


_NAMES = st.sampled_from("abc")


def _zone(zone: str, near: str) -> Event:
    return ZoneSet(zone=zone, name=Words(en=zone, zh=zone), kind="lobby", adjacent=(Neighbour(zone=near),))


def _camera(device: str, zone: str, sees: list[str]) -> Event:
    return DeviceSet(device=device, family="camera", zone=zone, sees=tuple(sees))


_ENTRIES = st.one_of(
    st.builds(_zone, _NAMES, _NAMES),
    st.builds(ZoneRemoved, entry=_NAMES),
    st.builds(_camera, _NAMES, _NAMES, st.lists(_NAMES, max_size=2)),
    st.builds(DeviceRemoved, entry=_NAMES),
    st.builds(DoorSet, door=_NAMES, device=_NAMES, zone=_NAMES, kind=st.just("other")),
    st.builds(DoorRemoved, entry=_NAMES),
)


@given(entries=st.lists(_ENTRIES, max_size=30), down=st.sets(_NAMES))
def test_register_by_register_the_levels_are_those_of_the_whole(entries: list[Event], down: set[str]) -> None:
    estate, followed = Estate("green-garden"), Safety(Wakeups())
    for device in sorted(down):
        followed.presence(device, working=False)
    for entry in entries:
        estate = estate.with_event(entry)
        followed.registry(estate, entry)
        followed.settle(Trigger("registry"), Outbox(estate.id))
    whole = Safety(Wakeups())
    for device in sorted(down):
        whole.presence(device, working=False)
    whole.follow(estate)
    for zone in estate.zones:
        whole.due(zone)
    whole.settle(Trigger("registry"), Outbox(estate.id))
    assert followed.levels == whole.levels


def test_a_door_is_watched_by_the_controller_it_hangs_on() -> None:
    estate, safety = Estate("green-garden"), Safety(Wakeups())
    safety.presence("b", working=False)
    levels = []
    for entry in (
        _zone("hall", "hall"),
        _camera("a", "room", []),
        _camera("b", "room", []),
        DoorSet(door="door", device="a", zone="hall", kind="other"),
        DoorSet(door="door", device="b", zone="hall", kind="other"),
        DoorSet(door="door", device="a", zone="hall", kind="other"),
        DoorRemoved(entry="door"),
    ):
        estate = estate.with_event(entry)
        safety.registry(estate, entry)
        safety.settle(Trigger("registry"), Outbox(estate.id))
        levels.append(safety.levels.get("hall"))
    assert levels[3:] == ["safe", "unknown", "safe", "unknown"]
