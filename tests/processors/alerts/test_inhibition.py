"""A recorder that is gone is one alert, with a count; nothing that hides behind it is lost."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eventlog.vocabulary import (
    Alert,
    CommandAcknowledge,
    CommandAssign,
    CommandClose,
    CommandReopen,
    DeviceSet,
    MaintenanceRemoved,
    MaintenanceSet,
)
from tests.processors.alerts.night import Night
from tests.processors.story import NOON
from tests.support.examples import examples


def gone(night: Night, device: str, severity: str = "low", zone: str = "yard") -> Alert:
    """A device is offline."""
    return night.raised("device_offline", zone, severity, device)


def hidden(night: Night) -> dict[str, str | None]:
    """What hides behind what, of the alerts that are open."""
    return {each.key: each.suppressed_by for each in night.alerts().values() if each.state != "closed"}


def test_a_camera_behind_a_recorder_that_is_gone_is_held_back(night: Night) -> None:
    recorder = gone(night, "nvr-1", "medium")
    camera = gone(night, "cam-1")
    assert camera.suppressed_by == recorder.id
    raised, suppressed = night.told("alert.raised", "alert.suppressed")[1:]
    assert raised.alert.suppressed_by == recorder.id, "no squad is told of it first"
    assert suppressed.fresh
    gone(night, "cam-2", zone="far")
    night.after(seconds=1)
    assert night.now_is(recorder).held_back == 2
    counts = [each for each in night.told("alert.updated") if each.alert.id == recorder.id]
    assert len(counts) == 1, "told once for many"


def test_what_was_raised_before_its_cause_was_known_is_held_back_then(night: Night) -> None:
    camera = gone(night, "cam-1")
    assert camera.suppressed_by is None
    recorder = gone(night, "nvr-1", "medium")
    assert night.now_is(camera).suppressed_by == recorder.id
    assert not night.told("alert.suppressed")[0].fresh


@pytest.mark.parametrize(
    ("device", "zone", "rule", "severity"),
    [
        ("lpr-n", "gate-n", "device_offline", "low"),  # behind nothing
        ("cam-1", "yard", "device_offline", "high"),  # more severe than its cause
        ("cam-1", "yard", "intrusion", "medium"),  # about people, not about devices
        ("nvr-1", "yard", "camera_blind", "medium"),  # the recorder itself
    ],
)
def test_what_does_not_follow_from_it_is_not_held_back(
    night: Night, device: str, zone: str, rule: str, severity: str
) -> None:
    gone(night, "nvr-1", "medium")
    assert night.raised(rule, zone, severity, device).suppressed_by is None


def test_what_a_squad_was_given_is_not_taken_out_of_its_sight(night: Night) -> None:
    camera = gone(night, "cam-1")
    night.say(CommandAssign(alert=camera.id, by="wang", squad="squad-1"))
    gone(night, "nvr-1", "medium")
    assert night.now_is(camera).suppressed_by is None


def test_only_what_stands_behind_it_whole_is_held_back(night: Night) -> None:
    gone(night, "nvr-1", "medium")
    both = night.raised("camera_blind", "yard", "medium", "cam-1", "lpr-n")
    assert both.suppressed_by is None
    assert night.raised("camera_blind", "far", "medium", "cam-2", "cam-1").suppressed_by


def test_when_the_cause_is_over_what_is_over_too_is_closed_and_the_rest_is_shown(night: Night) -> None:
    recorder = gone(night, "nvr-1", "medium")
    back, away = gone(night, "cam-1"), gone(night, "cam-2", zone="far")
    night.after(seconds=5)
    night.clear("device_offline", "yard", "nvr-1")
    night.after(seconds=30)
    night.clear("device_offline", "yard", "cam-1")
    night.after(seconds=29.999)
    assert set(hidden(night).values()) == {None, recorder.id}
    night.after(seconds=0.001)
    closed = night.now_is(back)
    assert (closed.state, closed.disposition) == ("closed", "nuisance")
    shown = night.now_is(away)
    assert (shown.state, shown.suppressed_by) == ("raised", None)
    assert [each.alert.id for each in night.told("alert.released")] == [away.id]
    night.after(seconds=1)
    assert night.now_is(recorder).held_back == 0


def test_a_cause_that_comes_back_in_time_releases_nothing(night: Night) -> None:
    recorder = gone(night, "nvr-1", "medium")
    gone(night, "cam-1")
    night.clear("device_offline", "yard", "nvr-1")
    night.after(seconds=59)
    gone(night, "nvr-1", "medium")
    night.after(seconds=600)
    assert hidden(night)["cam-1"] == recorder.id


def test_a_cause_that_is_closed_releases(night: Night) -> None:
    recorder = gone(night, "nvr-1", "medium")
    camera = gone(night, "cam-1")
    night.say(CommandClose(alert=recorder.id, by="wang", disposition="genuine"))
    night.after(seconds=60)
    assert night.now_is(camera).suppressed_by is None


def test_what_gets_worse_than_its_cause_is_shown_at_once(night: Night) -> None:
    gone(night, "nvr-1", "medium")
    camera = gone(night, "cam-1")
    gone(night, "cam-1", "high")
    now = night.now_is(camera)
    assert (now.severity, now.suppressed_by) == ("high", None)


def test_an_acknowledged_one_does_not_rise_while_hidden_and_counts_anew_after(night: Night) -> None:
    camera = gone(night, "cam-1")
    night.say(CommandAcknowledge(alert=camera.id, by="wang"))
    gone(night, "nvr-1", "medium")
    night.after(minutes=20)
    assert night.now_is(camera).state == "acknowledged"
    night.clear("device_offline", "yard", "nvr-1")
    night.after(minutes=1)
    assert night.now_is(camera).ack_due_at == night.now + timedelta(minutes=10)


def test_the_largest_cause_counts() -> None:
    night = Night(more=(DeviceSet(device="switch-1", family="camera", zone="yard"),))
    night.say(DeviceSet(device="nvr-1", family="camera", zone="yard", parent="switch-1"))
    recorder = gone(night, "nvr-1", "medium")
    camera = gone(night, "cam-1")
    switch = gone(night, "switch-1", "medium")
    assert hidden(night) == {"switch-1": None, "nvr-1": switch.id, "cam-1": recorder.id}
    night.after(minutes=1)
    assert night.now_is(camera).suppressed_by == switch.id, (
        "what hid behind the recorder hides behind the switch"
    )
    night.over()


WORK = MaintenanceSet(
    maintenance="cameras", starts_at=NOON, ends_at=NOON + timedelta(hours=1), devices=("nvr-1",)
)


def test_planned_work_holds_back_until_its_end() -> None:
    night = Night(more=(WORK,))
    one, other = gone(night, "nvr-1", "medium"), gone(night, "cam-1")
    assert hidden(night) == {"nvr-1": "maintenance/cameras", "cam-1": "maintenance/cameras"}
    assert night.raised("intrusion", "yard", "high", "cam-1").suppressed_by is None
    night.clear("device_offline", "yard", "nvr-1")
    night.after(minutes=60)
    assert night.now_is(one).state == "closed"
    assert night.now_is(other).suppressed_by is None
    night.over()


def test_planned_work_that_is_called_off_or_takes_longer() -> None:
    night = Night(more=(WORK,))
    camera = gone(night, "cam-1")
    night.after(minutes=30)
    night.say(WORK.model_copy(update={"ends_at": NOON + timedelta(hours=2)}))
    night.after(minutes=30)
    assert night.now_is(camera).suppressed_by == "maintenance/cameras"
    night.say(MaintenanceRemoved(entry="cameras"))
    assert night.now_is(camera).suppressed_by is None
    night.over()


def test_what_was_closed_while_hidden_is_seen_when_opened_again(night: Night) -> None:
    gone(night, "nvr-1", "medium")
    camera = gone(night, "cam-1")
    night.say(CommandClose(alert=camera.id, by="wang", disposition="genuine"))
    night.say(CommandReopen(alert=camera.id, by="wang", note="look again"))
    assert night.now_is(camera).suppressed_by is None


def test_switched_off_nothing_is_held_back() -> None:
    night = Night(policies={"inhibition": None})
    gone(night, "nvr-1", "medium")
    assert gone(night, "cam-1").suppressed_by is None
    night.over()


@examples(30)
@given(
    history=st.lists(
        st.tuples(
            st.sampled_from([0.0, 1.0, 30.0, 60.0, 600.0]),
            st.sampled_from(["nvr-1", "cam-1", "cam-2"]),
            st.sampled_from(["low", "medium", "high", "cleared", "close", "assign", "work"]),
        ),
        max_size=25,
    )
)
def test_any_night_hides_only_behind_what_is_on_and_shows_all_in_the_end(
    history: list[tuple[float, str, str]],
) -> None:
    night = Night()
    for after_s, device, what in history:
        night.after(seconds=after_s)
        open_one = next((a for a in night.alerts().values() if a.key == device and a.state != "closed"), None)
        if what in ("low", "medium", "high"):
            gone(night, device, what)
        elif what == "work":
            until = night.now + timedelta(minutes=5)
            night.say(WORK.model_copy(update={"starts_at": night.now, "ends_at": until}))
        elif open_one and what == "cleared":
            night.clear("device_offline", "yard", device)
        elif open_one and what == "close":
            night.say(CommandClose(alert=open_one.id, by="wang", disposition="genuine"))
        elif open_one:
            night.say(CommandAssign(alert=open_one.id, by="wang", squad="squad-1"))
    alerts = night.alerts()
    for alert in alerts.values():
        if alert.suppressed_by and alert.state != "closed":
            assert alert.state in ("raised", "acknowledged")
            cause = alerts.get(alert.suppressed_by)
            assert cause is None or cause.key == "nvr-1"
    for alert in list(alerts.values()):
        if alert.key == "nvr-1" and alert.state != "closed":
            night.say(CommandClose(alert=alert.id, by="wang", disposition="genuine"))
    night.after(minutes=10)
    assert not any(hidden(night).values())
    night.over()
