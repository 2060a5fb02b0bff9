"""Escalation whatever people and time do, found by Hypothesis: what always holds, and against a small model
of one alert on a quiet night, which says when each step comes and whom it tells.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from eventlog.times import to_us
from eventlog.vocabulary import (
    Alert,
    AlertEvent,
    CommandAccept,
    CommandAcknowledge,
    CommandAssign,
    CommandClose,
    CommandReopen,
    CommandShelve,
)
from processors.delivery.paging import PAGES, Pager, Told
from processors.delivery.routes import Channel, Entry, Routes
from tests.processors.alerts.night import Night
from tests.processors.alerts.rosters import OUTSIDE, ROSTER
from tests.processors.story import NOON
from tests.support.examples import examples

# The model. It shares no code with what it tests: the numbers are those of docs/alerts.md.

STEP_S = {"low": 1_800, "medium": 300, "high": 120, "critical": 60}
SEVERITY = list(STEP_S)
RUNGS = ("squad", "leader", "manager", "outside")
NEAREST = ("squad-1", "squad-2", "squad-g")
MEMBERS = {"squad-1": "li", "squad-2": "chen", "squad-g": "bo"}
Told4 = tuple[float, int, str, str]
"""Seconds into the night, level, to whom, who."""


@dataclass
class Ladder:
    """One alert in building 3, everybody on duty, nothing else going on."""

    severity: str
    now_s: float = 0.0
    squad: str = "squad-1"
    support: list[str] = field(default_factory=list)
    rung: int = 0
    next_s: float | None = None
    told: list[Told4] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.next_s = STEP_S[self.severity]
        self._critical()

    def _critical(self) -> None:
        if self.severity == "critical":
            if not self.support:
                self.support.append(self._another())
            self.told.append((self.now_s, 0, "supervisor", "li"))

    def _another(self) -> str:
        return next(each for each in NEAREST if each not in (self.squad, *self.support))

    def wait(self, seconds: float) -> None:
        self.now_s += seconds
        while self.next_s is not None and self.next_s <= self.now_s:
            self._climb(self.next_s)

    def _climb(self, at_s: float) -> None:
        serious = self.severity in ("high", "critical")
        if self.rung == 4 or (self.rung == 3 and not serious):
            self.next_s = None  # nobody is left to tell
            return
        to = RUNGS[self.rung]
        self.rung += 1
        who = {"leader": "li", "manager": "boss", "outside": "police post"}.get(to) or self._another()
        if to == "squad":
            self.support.append(who)
        self.told.append((at_s, self.rung, to, who))
        self.next_s = None if self.rung == 4 else at_s + STEP_S[self.severity]

    def worse(self, severity: str) -> None:
        if SEVERITY.index(severity) <= SEVERITY.index(self.severity):
            return
        self.severity = severity
        fresh_s = self.now_s + STEP_S[severity]
        self.next_s = fresh_s if self.next_s is None else min(self.next_s, fresh_s)
        self._critical()

    def assign(self, squad: str) -> None:
        self.squad = squad
        self.support = [each for each in self.support if each != squad]


def steps(night: Night) -> list[Told4]:
    return [
        ((new.received_us - to_us(NOON)) / 1e6, event.level, event.to, event.who)
        for new, event in night.outputs
        if event.TYPE == "alert.escalated"
    ]


ROUTES = Routes(
    {"sms": Channel("sms", "json://sms")},
    tuple(Entry(kind, ("sms",)) for kind in ("squad", "person", "outside")),
)


def pages(night: Night, since: int = 0) -> list[tuple[str, str]]:
    """What goes outside of the changes from one on: kind and recipient."""
    known: Told | None = None
    found: list[tuple[str, str]] = []
    for place, (new, event) in enumerate(night.outputs):
        if isinstance(event, AlertEvent):
            sent, known = Pager(ROUTES).pages(known, event, night.place, new.received_us)
            found += [(page.kind, page.recipient) for page in sent if place >= since]
    return found


ACTS = st.one_of(
    st.tuples(st.just("wait"), st.sampled_from([0.5, 30.0, 59.0, 60.0, 61.0, 120.0, 299.0, 300.0, 1_800.0])),
    st.tuples(st.just("worse"), st.sampled_from(SEVERITY)),
    st.tuples(st.sampled_from(["acknowledge", "received", "desk accepts"]), st.none()),
    st.tuples(st.just("assign"), st.sampled_from(["squad-1", "squad-2"])),
)
STOPS = ("accept", "assign and accept", "close", "nothing")


def act(night: Night, alert: Alert, ladder: Ladder, what: str, value: Any) -> None:
    if what == "wait":
        ladder.wait(value)
        night.after(seconds=value)
    elif what == "worse":
        ladder.worse(value)
        night.raised("crowd", "building-3", value, "cam-1")
    elif what == "assign":
        ladder.assign(value)
        night.say(CommandAssign(alert=alert.id, by="wang", squad=value))
    elif what == "acknowledge":
        night.say(CommandAcknowledge(alert=alert.id, by="wang"))
    elif what == "received":
        night.answers("li", alert, "received")
    else:  # a desk can't accept in a squad's place: it changes nothing
        told = night.say(CommandAccept(alert=alert.id, by="wang"))
        assert [each.TYPE for each in told] == ["command.refused"]


def stop(night: Night, alert: Alert, ladder: Ladder, how: str) -> None:
    if how == "close":
        night.say(CommandClose(alert=alert.id, by="wang", disposition="nuisance"))
    elif how != "nothing":
        if how == "assign and accept":
            act(night, alert, ladder, "assign", "squad-2")
        told = night.answers(MEMBERS[ladder.squad], alert, "accept")
        assert "alert.accepted" in [each.TYPE for each in told]


@examples(60)
@example(
    "high", [("wait", 61.0), ("wait", 30.0), ("worse", "critical"), ("wait", 30.0)], "nothing"
)  # no later
@example("low", [("wait", 30.0), ("worse", "high"), ("wait", 120.0)], "accept")  # sooner
@example(
    "medium", [("wait", 1_800.0), ("worse", "critical")], "assign and accept"
)  # all told, now outside too
@given(st.sampled_from(SEVERITY), st.lists(ACTS, max_size=8), st.sampled_from(STOPS))
def test_each_step_comes_when_the_model_says_and_tells_whom_it_says(
    severity: str, acts: list[tuple[str, Any]], how: str
) -> None:
    night, ladder = Night(more=ROSTER, policies=OUTSIDE), Ladder(severity)
    alert = night.raised("crowd", "building-3", severity, "cam-1")
    for what, value in acts:
        act(night, alert, ladder, what, value)
        now = night.now_is(alert)
        assert steps(night) == ladder.told
        assert now.squad == ladder.squad
        assert now.escalates_at == (
            None if ladder.next_s is None else NOON + timedelta(seconds=ladder.next_s)
        )
    stop(night, alert, ladder, how)
    said = len(night.outputs)
    if how == "nothing":
        ladder.wait(10_800)
    night.after(hours=3)
    assert steps(night) == ladder.told
    called = [who for _, level, to, who in ladder.told if level and to != "squad"]
    outside = [recipient.partition(":")[2] for kind, recipient in pages(night) if kind == "escalated"]
    assert outside == called, "each once outside, at its step"
    if how != "nothing":
        assert not [each for each in pages(night, said) if each[0] in PAGES], "nobody is called any more"
    night.over()


@pytest.mark.parametrize("how", STOPS[:3])
def test_a_stop_a_moment_before_a_step_leaves_it_out_and_those_called_hear_of_it(how: str) -> None:
    night, ladder = Night(more=ROSTER, policies=OUTSIDE), Ladder("high")
    alert = night.raised("crowd", "building-3", "high", "cam-1")
    for seconds in (240.0, 119.999):
        act(night, alert, ladder, "wait", seconds)
    said = len(night.outputs)
    stop(night, alert, ladder, how)
    night.after(hours=3)
    assert steps(night) == [(120.0, 1, "squad", "squad-2"), (240.0, 2, "leader", "li")]
    assert ("over" if how == "close" else "accepted", "person:li") in pages(night, said)
    night.over()


class Escalations(RuleBasedStateMachine):
    """Whatever people and time do: an alert that waits has a next step or has told everybody, one that does
    not wait has none; steps only go up; nothing is lost when everything is restarted after every input."""

    def __init__(self) -> None:
        super().__init__()
        self.night = Night(more=ROSTER, policies=OUTSIDE)
        self.levels: dict[str, int] = {}

    @rule(
        severity=st.sampled_from(["low", "medium", "high", "critical"]),
        camera=st.sampled_from(["cam-1", "cam-2"]),
    )
    def raised(self, severity: str, camera: str) -> None:
        self.night.raised("crowd", "building-3", severity, camera)

    @rule(seconds=st.sampled_from([0.0, 30.0, 60.0, 120.0, 300.0, 1_800.0, 50_000.0]))
    def time(self, seconds: float) -> None:
        self.night.after(seconds=seconds)

    @precondition(lambda self: self.night.alerts())
    @rule(
        data=st.data(),
        what=st.sampled_from(["acknowledge", "assign", "close", "reopen", "shelve", "clear"]),
    )
    def desk(self, data: st.DataObject, what: str) -> None:
        alert = self._any(data)
        common = {"alert": alert.id, "by": "wang", "note": "x"}
        if what == "clear":
            if alert.state != "closed":
                self.night.clear("crowd", "building-3", alert.key)
            return
        kinds: dict[str, Any] = {
            "acknowledge": lambda: CommandAcknowledge(**common),
            "assign": lambda: CommandAssign(**common, squad="squad-2"),
            "close": lambda: CommandClose(**common, disposition="genuine"),
            "reopen": lambda: CommandReopen(**common),
            "shelve": lambda: CommandShelve(**common, until=self.night.now + timedelta(minutes=10)),
        }
        self.night.say(kinds[what]())

    @precondition(lambda self: self.night.alerts())
    @rule(
        data=st.data(),
        who=st.sampled_from(["li", "chen", "bo"]),
        what=st.sampled_from(["accept", "decline", "arrive", "close"]),
    )
    def phone(self, data: st.DataObject, who: str, what: str) -> None:
        more = {"disposition": "genuine"} if what == "close" else {}
        self.night.answers(who, self._any(data), what, **more)

    def _any(self, data: st.DataObject) -> Alert:
        return data.draw(st.sampled_from(list(self.night.alerts().values())))

    @invariant()
    def every_alert_is_in_order(self) -> None:
        for alert in self.night.alerts().values():
            waits = (
                alert.state in ("raised", "acknowledged", "assigned")
                and alert.shelved_until is None
                and (alert.condition == "active" or alert.severity in ("high", "critical"))
            )
            if not waits:
                assert alert.escalates_at is None
            elif alert.escalates_at is None:
                assert alert.escalation >= 1 or "nobody is left" in self._last_note(alert)
            else:
                assert alert.escalates_at > self.night.now
            assert alert.squad not in alert.support
            assert len(set(alert.support)) == len(alert.support)
            if alert.severity in ("high", "critical") and waits:
                assert "squad-v" not in (alert.squad, *alert.support)

    def _last_note(self, alert: Alert) -> str:
        notes = [e.note for e in self.night.told() if e.alert.id == alert.id and e.note]
        return " ".join(notes)

    def teardown(self) -> None:
        self.night.over()


Escalations.TestCase.settings = examples(25, stateful_step_count=25)
TestEscalations = Escalations.TestCase
