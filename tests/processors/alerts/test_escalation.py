"""Nobody is forgotten: who is called, who is called next, and who takes over at the change of shift."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from eventlog.times import from_us, to_us
from eventlog.vocabulary import (
    CommandAcknowledge,
    CommandAssign,
    CommandClose,
    CommandReopen,
    CommandShelve,
    DrillSet,
    DutyRemoved,
    Event,
    Hours,
    PatrolCheckpoint,
    Words,
)
from processors.patrol.shifts import next_end_us
from tests.processors.alerts.night import Night
from tests.processors.alerts.rosters import GUARDS, OUTSIDE, ROSTER, VOLUNTEERS, duty
from tests.processors.estate import NAME, estate
from tests.processors.story import NOON


def steps(night: Night) -> list[tuple[str, str | None]]:
    """Who was told besides, in order."""
    return [(each.to, each.who) for each in night.told("alert.escalated")]


@pytest.mark.parametrize(
    ("severity", "step_s"), [("critical", 60), ("high", 120), ("medium", 300), ("low", 1_800)]
)
def test_each_step_takes_the_time_of_its_severity(severity: str, step_s: float) -> None:
    night = Night(more=ROSTER, policies=OUTSIDE)
    alert = night.raised("crowd", "building-3", severity, "cam-1")
    early = len(steps(night))
    night.after(seconds=step_s - 0.001)
    assert len(steps(night)) == early
    night.after(seconds=0.001)
    assert steps(night)[early][0] == "squad"
    night.after(seconds=step_s)
    assert steps(night)[early + 1] == ("leader", "li")
    night.after(seconds=step_s)
    assert steps(night)[early + 2] == ("manager", "boss")
    night.after(seconds=step_s)
    if severity in ("high", "critical"):
        assert steps(night)[early + 3] == ("outside", "police post")
    night.after(hours=3)
    assert len(steps(night)) == early + (4 if severity in ("high", "critical") else 3)
    assert night.now_is(alert).escalates_at is None
    night.over()


def test_the_next_squad_is_told_and_may_accept_and_the_first_one_hears_of_it() -> None:
    night = Night(more=ROSTER)
    alert = night.raised("crowd", "building-3", "medium", "cam-1")
    assert (alert.squad, alert.support) == ("squad-1", ())
    night.after(minutes=5)
    called = night.now_is(alert)
    assert (called.squad, called.support, called.escalation) == ("squad-1", ("squad-2",), 1)
    told = night.answers("chen", alert, "accept")
    assert [(each.TYPE, each.alert.squad) for each in told] == [
        ("alert.assigned", "squad-2"),
        ("alert.accepted", "squad-2"),
    ]
    assert told[0].taken_from == "squad-1"
    assert (told[1].alert.assignee, told[1].alert.support) == ("chen", ())
    refused = next(each for each in night.answers("li", alert, "accept") if each.TYPE == "command.refused")
    assert refused.reason == "forbidden"
    night.after(hours=2)
    assert len(steps(night)) == 1, "it stops on acceptance"
    night.over()


@pytest.mark.parametrize("stop", ["accept", "shelve", "close", "clear"])
def test_what_stops_it(stop: str) -> None:
    night = Night(more=ROSTER)
    alert = night.raised("crowd", "building-3", "medium", "cam-1")
    if stop == "accept":
        night.answers("li", alert, "accept")
    elif stop == "shelve":
        until = night.now + timedelta(hours=1)
        night.say(CommandShelve(alert=alert.id, by="wang", note="x", until=until))
    elif stop == "close":
        night.say(CommandClose(alert=alert.id, by="wang", disposition="nuisance"))
    else:
        night.clear("crowd", "building-3", "cam-1")
    assert night.now_is(alert).escalates_at is None
    night.after(minutes=59)
    assert not steps(night)
    night.over()


def test_an_acknowledgement_is_no_acceptance() -> None:
    night = Night(more=ROSTER)
    alert = night.raised("crowd", "building-3", "medium", "cam-1")
    night.say(CommandAcknowledge(alert=alert.id, by="wang"))
    night.after(minutes=5)
    assert steps(night) == [("squad", "squad-2")]
    night.over()


def test_it_begins_anew_when_it_comes_off_the_shelf_or_is_opened_again() -> None:
    night = Night(more=ROSTER)
    alert = night.raised("crowd", "building-3", "medium", "cam-1")
    until = night.now + timedelta(hours=1)
    night.say(CommandShelve(alert=alert.id, by="wang", note="x", until=until))
    night.after(hours=1)
    assert night.now_is(alert).escalates_at == night.now + timedelta(minutes=5)
    night.after(minutes=10)
    assert night.now_is(alert).escalation == 2
    night.say(CommandClose(alert=alert.id, by="wang", disposition="nuisance"))
    night.say(CommandReopen(alert=alert.id, by="wang", note="again"))
    assert (night.now_is(alert).escalation, night.now_is(alert).escalates_at) == (
        0,
        night.now + timedelta(minutes=5),
    )
    night.over()


def test_what_gets_worse_waits_no_longer_than_it_may() -> None:
    night = Night(more=ROSTER)
    alert = night.raised("crowd", "building-3", "low", "cam-1")
    night.after(minutes=10)
    night.raised("crowd", "building-3", "high", "cam-1")
    assert night.now_is(alert).escalates_at == night.now + timedelta(seconds=120)
    night.after(seconds=60)
    night.raised("crowd", "building-3", "high", "cam-1")
    assert night.now_is(alert).escalates_at == night.now + timedelta(seconds=60), "no later by speaking again"
    night.over()


def test_a_critical_one_has_a_second_squad_and_the_supervisor_at_once() -> None:
    night = Night(more=ROSTER)
    alert = night.raised("help", "building-3", "critical", "cam-1")
    first = night.told("alert.escalated")[0]
    assert (first.level, first.to, first.who, first.alert.support) == (0, "supervisor", "li", ("squad-2",))
    night.answers("li", alert, "accept")
    assert night.now_is(alert).support == ("squad-2",), "the second squad goes too"
    night.over()


def test_what_becomes_critical_calls_more_and_is_no_volunteers_matter() -> None:
    roster = (VOLUNTEERS, duty("squad-v"), duty("squad-1", hours=1), duty("squad-2", hours=2, leader="chen"))
    night = Night(more=roster)
    night.after(hours=1)
    night.answers("chen", night.raised("crowd", "gate-n", "medium", "lpr-n"), "accept")
    alert = night.raised("crowd", "building-3", "medium", "cam-1")
    assert alert.squad == "squad-v"
    night.raised("crowd", "building-3", "critical", "cam-1")
    now = night.now_is(alert)
    assert (now.severity, now.squad) == ("critical", "squad-2")
    assert steps(night) == [("supervisor", "chen")]
    night.over()


def test_exercises_tell_nobody_outside_and_history_tells_nobody() -> None:
    drill = DrillSet(drill="fire", starts_at=NOON, ends_at=NOON + timedelta(hours=1))
    night = Night(more=(*ROSTER, drill), policies=OUTSIDE)
    night.raised("fire_smoke", "building-3", "critical", "cam-1")
    night.after(hours=2)
    assert ("outside", "police post") not in steps(night)
    assert "nobody is left to tell" in night.told("alert.updated")[-1].note
    count = len(steps(night))
    old = night.raised("intrusion", "building-3", "critical", "cam-2", ago_s=4_000)
    night.after(hours=2)
    assert old.late
    assert len(steps(night)) == count
    night.over()


def test_switched_off_nothing_escalates() -> None:
    night = Night(more=ROSTER, policies={"escalation": None})
    assert night.raised("crowd", "building-3", "medium", "cam-1").escalates_at is None
    night.after(hours=3)
    assert not steps(night)
    night.over()


# Who goes.


def test_without_rosters_an_alert_is_the_zones_squads_as_ever(night: Night) -> None:
    assert night.raised("crowd", "gate-n", "critical", "lpr-n").squad == "squad-2"
    assert night.raised("crowd", "building-3", "medium", "cam-1").squad == "squad-1"


@pytest.mark.parametrize(
    ("roster", "severity", "goes"),
    [
        ((duty("squad-1"), duty("squad-2")), "medium", "squad-1"),  # the zone's own
        ((duty("squad-2"), duty("squad-g")), "medium", "squad-2"),  # nearer by the zones they look after
        ((duty("squad-v"),), "medium", "squad-v"),
        ((duty("squad-v"), duty("squad-g")), "high", "squad-g"),  # volunteers never
        ((duty("squad-v"),), "high", "squad-1"),  # nobody fit is on duty: whose it is
        ((duty("squad-1", hours=-0.5), duty("squad-g")), "medium", "squad-g"),  # off duty by now
    ],
)
def test_who_goes(roster: tuple[Event, ...], severity: str, goes: str) -> None:
    night = Night(more=(VOLUNTEERS, GUARDS, *roster), policies={"escalation": None})
    assert night.raised("crowd", "building-3", severity, "cam-1").squad == goes
    night.over()


def test_who_is_free_goes_before_whose_zone_it_is() -> None:
    night = Night(more=ROSTER)
    one = night.raised("crowd", "building-3", "medium", "cam-1")
    night.answers("li", one, "accept")
    night.after(minutes=2)
    other = night.raised("door_held_open", "building-3", "medium", "building-3")
    assert other.squad == "squad-2"
    night.say(CommandClose(alert=one.id, by="wang", disposition="genuine"))
    night.after(minutes=2)
    assert night.raised("repeated_denials", "building-3", "medium", "building-3", key="x").squad == "squad-1"
    night.over()


def test_who_was_just_seen_near_is_near() -> None:
    night = Night(more=(GUARDS, duty("squad-2"), duty("squad-g"), *_checkpoints()))
    seen = PatrolCheckpoint(member="bo", squad="squad-g", checkpoint="point-3", method="nfc")
    night.say(seen, f"estates/{NAME}/patrol/bo")
    assert night.raised("crowd", "building-3", "medium", "cam-1").squad == "squad-g"
    night.after(minutes=30, seconds=1)
    assert night.raised("crowd", "building-4", "medium", "cam-2").squad == "squad-2"
    night.over()


def _checkpoints() -> tuple[Event, ...]:
    from eventlog.vocabulary import CheckpointSet, Neighbour, ZoneSet

    return (
        CheckpointSet(checkpoint="point-3", zone="building-3"),
        ZoneSet(
            zone="yard",
            name=Words(zh="院", en="yard"),
            adjacent=(
                Neighbour(zone="building-3", walk_m=40),
                Neighbour(zone="building-4", walk_m=50),
                Neighbour(zone="gate-n", walk_m=60),
            ),
        ),
    )


def test_an_episode_is_one_dispatch() -> None:
    night = Night(more=ROSTER)
    one = night.raised("perimeter_breach", "gate-n", "medium", "fence-1")
    assert one.squad == "squad-2"
    assert night.raised("intrusion", "yard", "high", "cam-1").squad == "squad-2"
    night.after(seconds=31)
    assert night.raised("crowd", "building-4", "medium", "cam-2").squad == "squad-1"
    night.over()


def test_who_declined_is_not_called_again() -> None:
    night = Night(more=ROSTER)
    alert = night.raised("crowd", "building-3", "medium", "cam-1")
    night.say(CommandAssign(alert=alert.id, by="wang", squad="squad-2"))
    told = night.answers("chen", alert, "decline", note="too far")
    assert (told[0].TYPE, told[0].note, told[0].taken_from) == ("alert.declined", "too far", "squad-2")
    night.after(minutes=5)
    assert steps(night) == [("squad", "squad-1")]
    night.over()


def test_a_squad_called_besides_may_decline_too() -> None:
    night = Night(more=ROSTER)
    alert = night.raised("help", "building-3", "critical", "cam-1")
    night.say(CommandAssign(alert=alert.id, by="wang", squad="squad-1"))
    night.answers("chen", alert, "decline")
    now = night.now_is(alert)
    assert (now.state, now.squad, now.support) == ("assigned", "squad-1", ())
    night.over()


# The change of shift.


def test_open_alerts_pass_to_the_next_squad_by_name() -> None:
    night = Night(more=(duty("squad-1", hours=1), duty("squad-2", leader="chen")))
    given = night.raised("crowd", "building-3", "medium", "cam-1")
    night.answers("li", given, "accept")
    fresh = night.raised("intrusion", "building-4", "medium", "cam-2")
    night.say(CommandAssign(alert=fresh.id, by="wang", squad="squad-1"))
    night.after(hours=1)
    passed = night.now_is(given)
    assert (passed.squad, passed.state, passed.assignee) == ("squad-2", "assigned", "chen")
    told = [each for each in night.told("alert.assigned") if each.alert.id == given.id][-1]
    assert told.taken_from == "squad-1"
    assert "handed over to squad-2 (chen)" in told.note
    assert night.now_is(fresh).squad == "squad-2"
    night.over()


def test_the_same_squads_next_shift_takes_over_by_name() -> None:
    following = duty(
        "squad-1", duty="later", starts_at=NOON + timedelta(hours=1), members=("wu",), leader="wu"
    )
    night = Night(more=(duty("squad-1", hours=1, members=("li",)), following))
    alert = night.raised("crowd", "building-3", "medium", "cam-1")
    night.answers("li", alert, "accept")
    night.after(hours=1)
    passed = night.now_is(alert)
    assert (passed.squad, passed.state, passed.assignee) == ("squad-1", "assigned", "wu")
    night.over()


def test_with_nobody_else_on_duty_it_stays() -> None:
    night = Night(more=(duty("squad-1", hours=1),), policies={"escalation": None})
    alert = night.raised("crowd", "building-3", "medium", "cam-1")
    night.answers("li", alert, "accept")
    before = night.now_is(alert)
    night.after(hours=2)
    assert night.now_is(alert) == before
    night.over()


def test_a_shift_that_is_called_off_ends_nothing() -> None:
    night = Night(more=(duty("squad-1", hours=1), duty("squad-2")))
    alert = night.raised("crowd", "building-3", "medium", "cam-1")
    night.answers("li", alert, "accept")
    night.say(DutyRemoved(entry="squad-1-now"))
    night.say(duty("squad-1", hours=2))
    night.after(hours=1)
    assert night.now_is(alert).squad == "squad-1"
    night.after(hours=1)
    assert night.now_is(alert).squad == "squad-2"
    night.over()


def at(text: str) -> datetime:
    """A moment of the estate's local day in November 2026."""
    return datetime.fromisoformat(f"2026-11-{text}+08:00")


@pytest.mark.parametrize(
    ("after", "end"),
    [
        ("22T12:00", "22T20:00"),
        ("22T19:59:59", "22T20:00"),
        ("22T20:00", "23T20:00"),  # Sunday, Monday
        ("24T20:00", "27T20:00"),  # not on Wednesday and Thursday
    ],
)
def test_a_shift_of_hours_ends_every_day_it_is_on(after: str, end: str) -> None:
    shift = duty(
        "squad-1",
        starts_at=at("01T00:00"),
        ends_at=at("30T00:00"),
        hours=12,
    ).model_copy(
        update={
            "hours": Hours(start="08:00", end="20:00"),
            "days": (1, 2, 5, 6, 7),
            "ends_at": at("30T00:00"),
        }
    )
    found = next_end_us(estate(), shift, to_us(at(after)))
    assert found is not None
    assert from_us(found) == at(end)


def test_hours_over_midnight_end_on_the_next_day_and_the_last_with_the_shift() -> None:
    night_shift = duty("squad-1").model_copy(
        update={
            "hours": Hours(start="20:00", end="08:00"),
            "starts_at": at("01T00:00"),
            "ends_at": at("30T06:00"),
        }
    )
    assert from_us(next_end_us(estate(), night_shift, to_us(at("22T12:00"))) or 0) == at("23T08:00")
    assert from_us(next_end_us(estate(), night_shift, to_us(at("29T12:00"))) or 0) == at("30T06:00")
    assert next_end_us(estate(), night_shift, to_us(at("30T06:00"))) is None
