"""Rounds whatever guards, desks and time do, found by Hypothesis."""

from __future__ import annotations

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from eventlog.vocabulary import CommandClose
from tests.processors.alerts.night import Night
from tests.processors.patrol.walking import POINTS, plan, visit
from tests.support.examples import examples


class Walks(RuleBasedStateMachine):
    """Whatever guards, desks and time do: every point of a round is judged once or withdrawn, rounds end
    before the next begins, a paused round misses nothing."""

    def __init__(self) -> None:
        super().__init__()
        self.night = Night(more=POINTS)
        starts = ("12:30", "13:30", "15:00")
        self.night.say(plan(starts=starts, lone=True))
        self.night.say(plan(plan="free", starts=starts, order="random"))

    @rule(minutes=st.sampled_from([0.0, 1.0, 4.9, 5.0, 10.0, 15.0, 15.2, 30.0, 300.0]))
    def time(self, minutes: float) -> None:
        self.night.after(minutes=minutes)

    @rule(point=st.sampled_from(["p1", "p2", "p3"]), ago_s=st.sampled_from([0.0, 0.0, 3.0, 400.0]))
    def visits(self, point: str, ago_s: float) -> None:
        visit(self.night, point, ago_s=ago_s)

    @rule(accept=st.booleans())
    def called(self, accept: bool) -> None:
        crowd = [a for a in self.night.alerts().values() if a.rule == "crowd" and a.state != "closed"]
        if accept:
            self.night.answers("li", self.night.raised("crowd", "building-4", "medium", "cam-1"), "accept")
        elif crowd:
            self.night.say(CommandClose(alert=crowd[0].id, by="wang", disposition="genuine"))

    @invariant()
    def rounds_are_in_order(self) -> None:
        paused: set[str] = set()
        walking: dict[str, str] = {}
        points: dict[str, list[str]] = {}
        for event in self.night.told(
            "round.started", "round.checkpoint", "round.paused", "round.resumed", "round.finished"
        ):
            kind = event.TYPE.removeprefix("round.")
            if kind == "started":
                assert event.plan not in walking, "the one before has ended"
                walking[event.plan] = event.round
            elif kind == "finished":
                assert walking.pop(event.plan) == event.round
                paused.discard(event.round)
            elif kind == "checkpoint":
                assert event.result != "absent" or event.round not in paused
                points.setdefault(event.round, []).append(event.result)
            elif kind == "paused":
                assert event.round not in paused
                paused.add(event.round)
            else:
                paused.remove(event.round)
        for judged in points.values():
            withdrawn = sum(result == "absent" for result in judged)
            assert len(judged) - withdrawn <= 3
            assert len(judged) <= 3 + withdrawn

    def teardown(self) -> None:
        self.night.over()


Walks.TestCase.settings = examples(25, stateful_step_count=25)
TestWalks = Walks.TestCase
