"""An alert that comes and goes is told of now and then; every signal is in the log."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eventlog.vocabulary import CommandAcknowledge, CommandClose
from tests.processors.alerts.night import Night
from tests.support.examples import examples


@pytest.fixture
def night() -> Iterator[Night]:
    """Nobody is called besides: only the signals speak."""
    made = Night(policies={"escalation": None})
    yield made
    made.over()


def flutter(night: Night, times: int, severity: str = "medium", every_s: float = 1.0) -> None:
    """A fence that comes and goes."""
    for turn in range(times):
        if turn % 2:
            night.clear("perimeter_breach", "yard", "fence-1")
        else:
            night.raised("perimeter_breach", "yard", severity, "fence-1")
        night.after(seconds=every_s)


def changes(night: Night) -> int:
    return len(night.told("alert.raised", "alert.updated", "alert.cleared"))


def test_beyond_six_changes_a_minute_they_are_told_together(night: Night) -> None:
    flutter(night, 31)
    assert changes(night) == 1 + 6
    assert len(night.told("signal.raised", "signal.cleared")) == 31
    night.after(seconds=35)
    assert changes(night) == 7
    night.after(seconds=1)
    told = night.told("alert.updated", "alert.cleared")[-1]
    assert (told.alert.condition, len(told.alert.evidence)) == ("active", 31)
    assert "24 changes in one" in told.note
    night.after(hours=1)
    assert changes(night) == 8


def test_slower_ones_are_told_one_by_one(night: Night) -> None:
    flutter(night, 30, every_s=10.001)
    assert changes(night) == 30


def test_what_ends_cleared_is_told_cleared(night: Night) -> None:
    flutter(night, 30)
    night.after(minutes=1)
    last = night.told("alert.updated", "alert.cleared")[-1]
    assert (last.TYPE, last.alert.condition) == ("alert.cleared", "cleared")


def test_a_higher_severity_is_told_at_once_with_all_before_it(night: Night) -> None:
    flutter(night, 21)
    alert = night.raised("perimeter_breach", "yard", "high", "fence-1")
    assert (alert.severity, len(alert.evidence)) == ("high", 22)
    night.after(minutes=2)
    assert night.told()[-1].TYPE == "alert.severity_changed", "nothing was left to tell"


def test_critical_ones_are_never_calmed(night: Night) -> None:
    flutter(night, 20, "critical")
    assert changes(night) == 20


def test_a_withdrawal_is_told_at_once(night: Night) -> None:
    flutter(night, 15)
    closed = night.clear("perimeter_breach", "yard", "fence-1", withdrawn=True)
    assert (closed.state, closed.condition, len(closed.evidence)) == ("closed", "cleared", 16)
    before = len(night.told())
    night.after(minutes=2)
    assert len(night.told()) == before


def test_people_act_meanwhile_and_nothing_untold_is_lost(night: Night) -> None:
    flutter(night, 15)
    alert = next(iter(night.alerts().values()))
    night.say(CommandAcknowledge(alert=alert.id, by="wang"))
    night.after(minutes=1)
    assert (night.now_is(alert).state, len(night.now_is(alert).evidence)) == ("acknowledged", 15)
    flutter(night, 15)
    night.say(CommandClose(alert=alert.id, by="wang", disposition="nuisance"))
    assert len(night.now_is(alert).evidence) == 30, "closed with what it came to"
    count = len(night.told())
    night.after(minutes=5)
    assert len(night.told()) == count


def test_switched_off_every_change_is_told() -> None:
    night = Night(policies={"calming": None, "escalation": None})
    flutter(night, 30)
    assert changes(night) == 30
    night.over()


@examples(30)
@given(
    turns=st.lists(
        st.tuples(
            st.sampled_from(["medium", "high", "clear", "withdrawn", "acknowledge", "close"]),
            st.sampled_from([0.0, 0.5, 5.0, 30.0, 61.0]),
        ),
        max_size=40,
    )
)
def test_any_night_tells_all_in_the_end_and_little_at_once(turns: list[tuple[str, float]]) -> None:
    night = Night(policies={"calming": {"changes": 3}})
    condition: str | None = None
    for what, after_s in turns:
        is_open = any(each.state != "closed" for each in night.alerts().values())
        alert = list(night.alerts().values())[-1] if is_open else None
        if what in ("medium", "high"):
            night.raised("perimeter_breach", "yard", what, "fence-1")
            condition = "active"
        elif alert and what in ("clear", "withdrawn"):
            night.clear("perimeter_breach", "yard", "fence-1", withdrawn=what == "withdrawn")
            condition = "cleared"
        elif alert and what == "acknowledge":
            night.say(CommandAcknowledge(alert=alert.id, by="wang"))
        elif alert and what == "close":
            night.say(CommandClose(alert=alert.id, by="wang", disposition="genuine"))
        night.after(seconds=after_s)
    night.after(minutes=2)
    if night.alerts():
        assert list(night.alerts().values())[-1].condition == condition
    night.over()
