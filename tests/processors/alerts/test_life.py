"""The life of an alert beside the table of actions: who was faster, checklists, squads that go, exercises."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from eventlog import sop
from eventlog.vocabulary import (
    Alert,
    CommandAssign,
    CommandClose,
    CommandReopen,
    CommandStepDone,
    DrillSet,
    EstateSet,
    SquadRemoved,
    Words,
)
from tests.processors.alerts.night import Night
from tests.processors.story import NOON


def refusal(told: list[Any]) -> tuple[str, str]:
    """The reason and the words of a refusal."""
    refused = next(each for each in told if each.TYPE == "command.refused")
    return refused.reason, refused.detail.en


def test_of_two_phones_that_accept_at_once_one_is_told_who_was_faster(night: Night) -> None:
    alert = night.raised("intrusion", "building-3", "high", "cam-1")
    assert [each.TYPE for each in night.answers("li", alert, "accept")][-1] == "alert.accepted"
    assert refusal(night.answers("wu", alert, "accept")) == (
        "not_allowed",
        "li was faster: can't accept an alert that is accepted",
    )
    assert refusal(night.answers("li", alert, "accept"))[1] == "can't accept an alert that is accepted"
    assert night.now_is(alert).assignee == "li"


def tick(night: Night, alert: Alert, step: str, **more: Any) -> list[Any]:
    """A step is ticked at the desk."""
    return night.say(CommandStepDone(alert=alert.id, by="wang", step=step, **more))


def test_steps_are_ticked_one_by_one(night: Night) -> None:
    alert = night.raised("fire_smoke", "building-3", "critical", "cam-1")
    told = tick(night, alert, "call_fire_brigade", note="on the way")
    assert (told[0].TYPE, told[0].step, told[0].by, told[0].note) == (
        "alert.step_done",
        "call_fire_brigade",
        "wang",
        "on the way",
    )
    tick(night, alert, "confirm_fire")
    assert night.now_is(alert).steps_done == ("call_fire_brigade", "confirm_fire")
    assert refusal(tick(night, alert, "confirm_fire")) == (
        "not_allowed",
        "the step is done already: confirm the fire by camera or on the spot",
    )
    assert refusal(tick(night, alert, "shut_door"))[0] == "bad_request"
    assert night.now_is(alert).state == "raised"


def close(night: Night, alert: Alert, disposition: str = "genuine") -> list[Any]:
    return night.say(CommandClose(alert=alert.id, by="wang", disposition=disposition))


def test_required_steps_come_before_closing(night: Night) -> None:
    alert = night.raised("fire_smoke", "building-3", "critical", "cam-1")
    assert refusal(close(night, alert)) == (
        "not_allowed",
        "to be done before closing: confirm the fire by camera or on the spot; call the fire brigade (119)",
    )
    tick(night, alert, "confirm_fire")
    assert "confirm the fire" not in refusal(close(night, alert))[1]
    tick(night, alert, "call_fire_brigade")
    close(night, alert)
    assert night.now_is(alert).state == "closed"


@pytest.mark.parametrize("disposition", ["false_alarm", "nuisance", "test"])
def test_what_was_nothing_needs_no_steps(night: Night, disposition: str) -> None:
    alert = night.raised("fire_smoke", "building-3", "critical", "cam-1")
    close(night, alert, disposition)
    assert night.now_is(alert).state == "closed"


def test_who_stands_there_closes_without_a_checklist(night: Night) -> None:
    alert = night.raised("help", "building-3", "critical", "cam-1")
    for action in ("accept", "arrive"):
        night.answers("li", alert, action)
    night.answers("li", alert, "close", disposition="genuine")
    assert night.now_is(alert).state == "closed"


def test_steps_stay_done_when_an_alert_is_opened_again(night: Night) -> None:
    alert = night.raised("help", "building-3", "critical", "cam-1")
    tick(night, alert, "answer_call")
    close(night, alert)
    night.say(CommandReopen(alert=alert.id, by="wang", note="she calls again"))
    assert (night.now_is(alert).state, night.now_is(alert).steps_done) == ("acknowledged", ("answer_call",))


def test_a_checklist_has_each_step_once_and_few_that_are_required() -> None:
    for rule in ("help", "fire_smoke", "duress", "door_held_open", "of no known name"):
        steps = [each.step for each in sop.checklist(rule)]
        assert steps
        assert len(set(steps)) == len(steps)
        assert len(sop.missing(rule, ())) <= 2
    assert not sop.missing("door_held_open", ())
    assert [each.step for each in sop.missing("help", ())] == ["answer_call"]
    assert not sop.missing("help", ("answer_call",))


def test_what_a_squad_had_goes_on_when_the_squad_is_no_more(night: Night) -> None:
    fresh = night.raised("intrusion", "gate-n", "high", "cam-1")
    given = night.raised("crowd", "yard", "medium", "cam-1")
    night.say(CommandAssign(alert=given.id, by="wang", squad="squad-2"))
    night.answers("chen", given, "accept")
    others = night.raised("crowd", "far", "medium", "cam-2")
    assert (fresh.squad, others.squad) == ("squad-2", "squad-1")
    night.say(SquadRemoved(entry="squad-2"))
    assert (night.now_is(fresh).squad, night.now_is(fresh).state) == ("squad-1", "raised")
    passed = night.now_is(given)
    assert (passed.squad, passed.state, passed.assignee) == ("squad-1", "assigned", None)
    assert night.now_is(others) == others


def test_with_no_squad_left_an_alert_is_back_at_the_desk(night: Night) -> None:
    alert = night.raised("crowd", "yard", "medium", "cam-1")
    night.answers("li", alert, "accept")
    night.say(EstateSet(name=Words(zh="谢沟", en="Xiegou")))
    night.say(SquadRemoved(entry="squad-1"))
    back = night.now_is(alert)
    assert (back.squad, back.state, back.assignee) == (None, "raised", None)


DRILL = DrillSet(
    drill="fire-drill",
    starts_at=NOON,
    ends_at=NOON + timedelta(hours=1),
    zones=("building-3",),
    rules=("fire_smoke",),
)


def test_what_a_drill_raises_says_so_and_makes_no_zone_unsafe() -> None:
    night = Night(more=(DRILL,))
    drilled = night.raised("fire_smoke", "building-3", "critical", "cam-1")
    assert drilled.exercise
    assert (drilled.title.zh[:4], drilled.title.en[:10]) == ("【演练】", "[exercise]")
    assert not [each for each in night.told("safety.changed") if each.level == "danger"]
    elsewhere = night.raised("fire_smoke", "yard", "critical", "cam-2")
    other_rule = night.raised("crowd", "building-3", "medium", "cam-1")
    assert not elsewhere.exercise
    assert not other_rule.exercise
    assert elsewhere.episode != drilled.episode
    night.over()


def test_a_drill_counts_at_the_moment_of_what_happened() -> None:
    night = Night(more=(DRILL,))
    night.after(hours=1)
    assert night.raised("fire_smoke", "building-3", "critical", "cam-1", ago_s=1).exercise
    assert not night.raised("fire_smoke", "building-3", "critical", "cam-2").exercise
    night.over()


def test_an_exercise_that_turns_real_is_none_any_more() -> None:
    night = Night(more=(DRILL,), policies={"escalation": None})
    drilled = night.raised("fire_smoke", "building-3", "critical", "cam-1")
    night.after(hours=1)
    night.raised("fire_smoke", "building-3", "critical", "cam-1")
    real = night.now_is(drilled)
    assert (real.exercise, real.title.en, real.version) == (False, "fire_smoke cam-1", drilled.version + 1)
    assert [each.level for each in night.told("safety.changed") if each.zone == "building-3"][-1] == "danger"
    night.over()


def test_what_is_real_stays_so_during_a_drill() -> None:
    night = Night(more=(DRILL,), now=NOON - timedelta(minutes=1))
    real = night.raised("fire_smoke", "building-3", "critical", "cam-1")
    night.after(minutes=5)
    night.raised("fire_smoke", "building-3", "critical", "cam-1")
    assert not night.now_is(real).exercise
    night.over()
