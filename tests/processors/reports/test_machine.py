"""Whatever people and time do to reports: what holds all the same (a Hypothesis state machine)."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from eventlog.vocabulary import Report
from tests.processors.reports.office import ROSTER, Office
from tests.processors.reports.test_life import MORE
from tests.support.examples import examples

OPEN = ("opened", "triaged", "assigned", "accepted")


class Desk(RuleBasedStateMachine):
    """A report closes from an open state only; opened again it keeps its history; of each limit one reminder
    and one escalation a step; what is merged follows what it is merged into; restarts change nothing."""

    def __init__(self) -> None:
        super().__init__()
        self.office = Office(*ROSTER)

    @rule(
        category=st.sampled_from(["lift", "noise", "fire", "a swan"]),
        location=st.sampled_from(["building-3", "yard"]),
        ago_s=st.sampled_from([0.0, 0.0, 0.0, 3_600.0]),
    )
    def reported(self, category: str, location: str, ago_s: float) -> None:
        self.office.reports(category, location, ago_s=ago_s)

    @rule(hours=st.sampled_from([0.1, 1.0, 2.0, 4.0, 24.0, 72.0, 721.0]))
    def time(self, hours: float) -> None:
        self.office.after(hours=hours)

    @precondition(lambda self: self.office.all())
    @rule(data=st.data(), action=st.sampled_from(sorted(MORE)), satisfied=st.booleans())
    def desk(self, data: st.DataObject, action: str, satisfied: bool) -> None:
        report, more = self._any(data), dict(MORE[action])
        if action == "merge":
            more["into"] = self._any(data).id
        if action == "follow_up":
            more["satisfied"] = satisfied
        version = data.draw(st.sampled_from([None, report.version, max(report.version - 1, 1)]))
        self._asked(report, version, self.office.asks(action, report, version=version, **more))

    @precondition(lambda self: self.office.all())
    @rule(data=st.data(), action=st.sampled_from(["received", "accept", "decline", "done"]))
    def phone(self, data: st.DataObject, action: str) -> None:
        self.office.phones(action, self._any(data), note="done")

    def _any(self, data: st.DataObject) -> Report:
        return data.draw(st.sampled_from(list(self.office.all().values())))

    def _asked(self, before: Report, version: int | None, told: list[Any]) -> None:
        if version not in (None, before.version):
            assert [each.TYPE for each in told] == ["command.refused"]
            assert self.office.at(before) == before

    @invariant()
    def versions_run_on_and_states_follow(self) -> None:
        for report in self.office.all().values():
            changes = self.office.history(report)
            assert [each.report.version for each in changes] == list(range(1, len(changes) + 1))
            for before, after in pairwise(changes):
                if after.TYPE == "report.closed":
                    assert before.report.state in (*OPEN, "merged")
                if after.TYPE == "report.reopened":
                    assert before.report.state == "closed"
                    assert after.report.reopened == before.report.reopened + 1
                assert after.report.evidence[0] == before.report.evidence[0]

    @invariant()
    def each_limit_is_told_of_once(self) -> None:
        for report in self.office.all().values():
            told: list[tuple[object, str]] = []
            for each in self.office.history(report):
                if each.TYPE == "report.reopened":
                    told = []
                if each.TYPE == "report.reminded" and each.of != "follow_up":
                    told.append((each.report.due_at, "reminded"))
                if each.TYPE == "report.escalated":
                    told.append((each.report.due_at, each.to))
            assert len(told) == len(set(told))

    @invariant()
    def what_is_merged_follows_its_lead(self) -> None:
        everyone = self.office.all()
        for report in everyone.values():
            lead = everyone[report.merged_into] if report.merged_into else None
            if report.state == "merged":
                assert lead
                assert lead.state in OPEN
                assert lead.merged_into is None
            joined = [r for r in everyone.values() if r.merged_into == report.id]
            if report.state in OPEN:
                assert report.reporters == 1 + len(joined)
                assert report.late or report.due_at is not None

    def teardown(self) -> None:
        self.office.over()


Desk.TestCase.settings = examples(15, stateful_step_count=25)
TestDesk = Desk.TestCase
