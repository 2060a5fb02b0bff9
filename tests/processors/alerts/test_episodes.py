"""What belongs together is one episode, and what two kinds of device say is more than what one says."""

from __future__ import annotations

from collections import defaultdict
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eventlog.vocabulary import Alert, CommandClose, DeviceSet, DoorSet, DrillSet
from processors.alerts.episodes import ZONE_EPISODES_MAX
from tests.processors.alerts.night import Night
from tests.processors.story import NOON
from tests.support.examples import examples


def test_a_fence_and_a_camera_next_door_are_one_episode_one_step_up(night: Night) -> None:
    fence = night.raised("perimeter_breach", "yard", "medium", "fence-1")
    night.after(seconds=30)
    camera = night.raised("intrusion", "building-3", "high", "cam-1")
    assert camera.episode == fence.episode == fence.id
    lifted = night.told("alert.severity_changed")
    assert [(each.alert.id, each.alert.severity) for each in lifted] == [(camera.id, "critical")]
    assert "two kinds of device agree" in lifted[0].note
    assert night.now_is(fence).severity == "medium"


@pytest.mark.parametrize(("after_s", "one"), [(30, True), (30.001, False)])
def test_within_thirty_seconds(night: Night, after_s: float, one: bool) -> None:
    first = night.raised("watchlist_plate", "gate-n", "high", "lpr-n")
    night.after(seconds=after_s)
    second = night.raised("watchlist_face", "gate-n", "high", "cam-1")
    assert (second.episode == first.episode) is one
    assert len(night.told("alert.severity_changed")) == one


def test_a_moment_before_counts_like_one_after(night: Night) -> None:
    camera = night.raised("intrusion", "yard", "high", "cam-1")
    night.after(seconds=70)
    held = night.raised("door_forced", "building-3", "high", "building-3", ago_s=100)
    assert held.episode == camera.episode
    assert (
        night.raised("door_forced", "building-4", "high", "building-4", ago_s=101).episode != camera.episode
    )


def test_zones_that_do_not_touch_do_not_join(night: Night) -> None:
    near = night.raised("intrusion", "building-3", "high", "cam-1")
    beyond = night.raised("watchlist_plate", "gate-n", "high", "lpr-n")
    assert near.episode != beyond.episode
    between = night.raised("perimeter_breach", "yard", "medium", "fence-1")
    assert between.episode in (near.episode, beyond.episode)


LOBBY = (
    DeviceSet(device="side-1", family="access", zone="building-3"),
    DoorSet(door="side-1", device="side-1", zone="building-3"),
)


def test_unrelated_doors_of_a_busy_lobby_stay_apart() -> None:
    night = Night(more=LOBBY)
    one = night.raised("door_held_open", "building-3", "medium", "building-3")
    other = night.raised("repeated_denials", "building-3", "medium", "side-1")
    assert one.episode != other.episode
    same_door = night.raised("repeated_denials", "building-3", "medium", "building-3", key="door:building-3")
    assert same_door.episode == one.episode
    night.over()


def test_a_door_matter_that_is_high_joins_others() -> None:
    night = Night(more=LOBBY)
    one = night.raised("door_held_open", "building-3", "medium", "building-3")
    forced = night.raised("door_forced", "building-3", "high", "side-1")
    assert forced.episode == one.episode
    assert not night.told("alert.severity_changed"), "doors are one kind of device"
    night.over()


def test_a_camera_joins_the_doors_of_a_lobby_and_agrees_with_them() -> None:
    night = Night(more=LOBBY)
    night.raised("door_forced", "building-3", "high", "building-3")
    night.raised("crowd", "building-3", "medium", "cam-1")
    assert [each.alert.severity for each in night.told("alert.severity_changed")] == ["critical"]
    night.over()


def test_what_says_less_than_medium_confirms_nothing(night: Night) -> None:
    fence = night.raised("perimeter_breach", "yard", "high", "fence-1")
    low = night.raised("crowd", "yard", "low", "cam-1")
    assert low.episode == fence.episode
    assert not night.told("alert.severity_changed")


def test_one_step_is_all_however_many_agree(night: Night) -> None:
    night.raised("perimeter_breach", "yard", "medium", "fence-1")
    night.raised("crowd", "yard", "medium", "cam-1")
    night.raised("door_held_open", "building-3", "medium", "building-3")
    severities = sorted(each.severity for each in night.alerts().values())
    assert severities == ["high", "medium", "medium"]


def test_two_of_one_kind_agree_on_nothing(night: Night) -> None:
    night.raised("intrusion", "yard", "high", "cam-1")
    night.raised("crowd", "yard", "medium", "cam-2")
    assert not night.told("alert.severity_changed")


def test_a_rule_that_speaks_again_keeps_its_episode_open(night: Night) -> None:
    fence = night.raised("perimeter_breach", "yard", "medium", "fence-1")
    night.after(seconds=25)
    night.raised("perimeter_breach", "yard", "medium", "fence-1")
    night.after(seconds=25)
    assert night.raised("intrusion", "yard", "high", "cam-1").episode == fence.episode


@pytest.mark.parametrize(("after_s", "one"), [(600, True), (601, False)])
def test_an_episode_ends(night: Night, after_s: int, one: bool) -> None:
    first = night.raised("perimeter_breach", "yard", "medium", "fence-1")
    for _ in range(after_s // 25):
        night.after(seconds=25)
        night.raised("perimeter_breach", "yard", "medium", "fence-1")
    night.after(seconds=after_s % 25)
    assert (night.raised("intrusion", "yard", "high", "cam-1").episode == first.episode) is one


def test_an_episode_has_so_many_alerts_at_most() -> None:
    night = Night(policies={"episode": {"most": 2}})
    alerts = [night.raised("watchlist_plate", "yard", "high", "lpr-n", key=f"plate {n}") for n in range(4)]
    episodes = [alert.episode for alert in alerts]
    assert episodes == [alerts[0].id, alerts[0].id, alerts[2].id, alerts[2].id]
    night.over()


def test_without_a_setting_that_is_twenty() -> None:
    night = Night()
    alerts = [night.raised("watchlist_plate", "yard", "high", "lpr-n", key=f"plate {n}") for n in range(21)]
    assert {alert.episode for alert in alerts[:20]} == {alerts[0].id}
    assert alerts[20].episode == alerts[20].id


def test_what_is_closed_draws_nobody_in(night: Night) -> None:
    fence = night.raised("perimeter_breach", "yard", "medium", "fence-1")
    night.say(CommandClose(alert=fence.id, by="wang", disposition="false_alarm"))
    camera = night.raised("intrusion", "yard", "high", "cam-1")
    assert camera.episode == camera.id
    assert night.now_is(camera).severity == "high"


def test_rules_about_devices_stay_apart(night: Night) -> None:
    gone = night.raised("device_offline", "yard", "medium", "fence-1")
    camera = night.raised("intrusion", "yard", "high", "cam-1")
    assert (gone.episode, camera.episode) == (gone.id, camera.id)


def test_history_joins_history_only_and_lifts_nothing(night: Night) -> None:
    old = night.raised("perimeter_breach", "yard", "medium", "fence-1", ago_s=3_600)
    night.raised("watchlist_face", "yard", "high", "cam-1", ago_s=3_590)
    assert old.late
    assert {alert.episode for alert in night.alerts().values()} == {old.id}
    assert not night.told("alert.severity_changed")
    night.after(seconds=1)
    now = night.raised("intrusion", "yard", "high", "cam-2")
    assert now.episode == now.id


def test_an_exercise_and_what_is_real_are_two_episodes() -> None:
    drill = DrillSet(drill="fire", starts_at=NOON, ends_at=NOON + timedelta(hours=1), rules=("fire_smoke",))
    night = Night(more=(drill,))
    drilled = night.raised("fire_smoke", "building-3", "critical", "cam-1")
    real = night.raised("intrusion", "building-3", "high", "cam-2")
    assert (drilled.episode, real.episode) == (drilled.id, real.id)


def test_switched_off_every_alert_is_its_own_episode() -> None:
    night = Night(policies={"episode": None})
    night.raised("perimeter_breach", "yard", "medium", "fence-1")
    camera = night.raised("intrusion", "yard", "high", "cam-1")
    assert (camera.episode, camera.severity) == (camera.id, "high")
    night.over()


def test_a_zone_keeps_so_many_episodes_and_forgets_them_in_time() -> None:
    night = Night(policies={"episode": {"most": 1}})
    first: Alert | None = None
    for number in range(ZONE_EPISODES_MAX + 1):
        raised = night.raised("watchlist_plate", "yard", "high", "lpr-n", key=f"plate {number}")
        first = first or raised
        night.after(seconds=0.1)
    write, gone = night.step.changed()
    kept = {each.key for each in write if each.key.startswith("episode/")}
    assert first is not None
    assert len(kept) == ZONE_EPISODES_MAX
    assert f"episode/{first.id}" not in kept
    night.after(seconds=331)
    write, gone = night.step.changed()
    assert kept <= set(gone)
    night.over()


PLACES = {
    "cam-1": ("intrusion", "yard"),
    "cam-2": ("crowd", "far"),
    "fence-1": ("perimeter_breach", "yard"),
    "building-3": ("door_held_open", "building-3"),
    "building-4": ("door_forced", "building-4"),
    "lpr-n": ("watchlist_plate", "gate-n"),
}
HAPPENINGS = st.tuples(
    st.sampled_from([0.0, 1.0, 29.999, 30.0, 30.001, 330.0, 601.0]),
    st.sampled_from(sorted(PLACES)),
    st.sampled_from(["low", "medium", "high", "cleared", "close"]),
    st.sampled_from([0.0, 0.0, 20.0, 3_600.0]),
)


@examples(30)
@given(history=st.lists(HAPPENINGS, max_size=20))
def test_any_night_holds_what_an_episode_is(history: list[tuple[float, str, str, float]]) -> None:
    night = Night()
    for after_s, device, what, ago_s in history:
        night.after(seconds=after_s)
        rule, zone = PLACES[device]
        open_ones = [a for a in night.alerts().values() if a.key == device and a.state != "closed"]
        if what == "close":
            for alert in open_ones:
                night.say(CommandClose(alert=alert.id, by="wang", disposition="genuine"))
        elif what != "cleared":
            night.raised(rule, zone, what, device, ago_s=ago_s)
        elif open_ones:
            night.clear(rule, zone, device)
    night.over()
    by_episode: dict[str, list[Alert]] = defaultdict(list)
    for event in night.told("alert.raised"):
        by_episode[event.alert.episode].append(event.alert)
    for episode, alerts in by_episode.items():
        assert alerts[0].id == episode, "the first alert gives an episode its name"
        assert len({alert.late for alert in alerts}) == 1
        for place, alert in enumerate(alerts[1:], 1):
            touching = {alert.zone, *night.place.plan.beside(alert.zone)}
            assert {each.zone for each in alerts[:place]} & touching
    lifted = {alert.id for alert in night.alerts().values() if alert.severity == "critical"}
    assert all(len(by_episode[night.alerts()[each].episode]) > 1 for each in lifted)
