"""Escalation whatever people and time do, found by Hypothesis."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from eventlog.vocabulary import (
    Alert,
    CommandAcknowledge,
    CommandAssign,
    CommandClose,
    CommandReopen,
    CommandShelve,
)
from tests.processors.alerts.night import Night
from tests.processors.alerts.rosters import OUTSIDE, ROSTER
from tests.support.examples import examples


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
