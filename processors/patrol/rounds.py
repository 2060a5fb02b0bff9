"""The rounds of one estate: begun by the clock, proved by visits, waiting while their squad is called away.
Pure.

Told as `round.*`. What is wrong with a round is raised as a signal of `checkpoint_missed`, a lone guard who
is not heard of as one of `guard_overdue`. A video round's points are cameras that an operator confirms; it is
judged once the desk has begun to confirm cameras of it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from eventlog.estate import Estate
from eventlog.ports import Recorded, SavedState
from eventlog.times import from_us
from eventlog.vocabulary import (
    RoundCheckpoint,
    RoundFinished,
    RoundPaused,
    RoundResumed,
    RoundSet,
    RoundStarted,
    Stop,
)
from processors.alerts.episodes import Limits
from processors.outbox import Outbox
from processors.patrol.walks import Plan, Result, Walk, next_start_us, plan_of
from processors.rules.base import Clear, Evidence, Raise, Signal, evidence_of
from processors.rules.titles import title, zone_name
from processors.wakeups import CATCH_UP_US, Wakeups, fire_time

OWNER = "round"
MISSED, OVERDUE = "checkpoint_missed", "guard_overdue"
_PREFIX = "round/"

Told = list[tuple[str, Signal]]
"""Signals by the rule that they are of."""


class Rounds:
    """Every plan's round. `called` gives an alert that a squad has in hand, if there is one."""

    def __init__(
        self,
        estate: Callable[[], Estate],
        wakeups: Wakeups,
        called: Callable[[str], str | None],
        policy: Callable[[str], Limits],
    ) -> None:
        self._estate = estate
        self._wakeups = wakeups
        self._called = called
        self._missed, self._overdue = policy(MISSED), policy(OVERDUE)
        self._plans: dict[str, Plan] = {}
        self._dirty: set[str] = set()
        self._gone: set[str] = set()

    def set(self, entry: Recorded, plan: RoundSet, out: Outbox) -> None:
        """A plan was set: a round under way by the old one ends here."""
        self.removed(plan.plan)
        start_us = next_start_us(self._estate(), plan, entry.recorded_us)
        self._plans[plan.plan] = Plan(entry.id, entry.position, start_us)
        self._gone.discard(plan.plan)
        self._keep(plan.plan, out.now_us)

    def removed(self, plan: str) -> None:
        """A plan is no more, or another one."""
        kept = self._plans.pop(plan, None)
        if kept is None:
            return
        self._wakeups.cancel(OWNER, plan)
        self._dirty.discard(plan)
        self._gone.add(plan)

    def visit(self, squad: str, member: str, checkpoint: str, entry: Recorded, out: Outbox) -> Told:
        """A member was at a patrol point."""
        told: Told = []
        for name in sorted(self._plans):
            plan = self._estate().rounds.get(name)
            if plan and plan.kind == "foot" and plan.squad == squad:
                told += self._visited(name, plan, member, checkpoint, entry, out)
        return told

    def confirm(self, name: str, camera: str, by: str, entry: Recorded, out: Outbox) -> Told | None:
        """An operator has looked at a camera; None where no such video round has it, or none is under way."""
        plan, kept = self._estate().rounds.get(name), self._plans.get(name)
        if plan is None or plan.kind != "video" or camera not in {each.checkpoint for each in plan.stops}:
            return None
        if kept is None or kept.walk is None or kept.walk.finished:
            return None
        kept.used = True
        self._dirty.add(name)
        return self._visited(name, plan, by, camera, entry, out)

    def _visited(
        self, name: str, plan: RoundSet, member: str, checkpoint: str, entry: Recorded, out: Outbox
    ) -> Told:
        kept = self._plans[name]
        if self._comes_early(kept, plan, checkpoint, entry.effective_us) and kept.next_us is not None:
            kept.walk = self._begin(name, plan, kept.next_us, out)
            kept.next_us = next_start_us(self._estate(), plan, kept.next_us)
        walk = kept.walk
        judged = walk.judge(checkpoint, entry.effective_us, plan) if walk else None
        if walk is None or judged is None:
            return []
        place, result = judged
        missed_before = walk.results.get(str(place)) == "absent"
        walk.results[str(place)] = result
        walk.member = member
        told = self._heard(name, plan, walk, entry.effective_us, evidence_of(entry))
        late_s = (entry.effective_us - walk.due_us(plan.stops[place], plan)) / 1e6
        self._point(name, plan, walk, place, result, out, late_s=late_s, evidence=entry.id)
        told += self._said(name, plan, place, result, entry, withdrawn=missed_before)
        self._end(name, plan, walk, out)
        self._keep(name, out.now_us)
        return told

    def _comes_early(self, kept: Plan, plan: RoundSet, checkpoint: str, at_us: int) -> bool:
        """Whether a visit is of the next round, which begins by it: a guard need not wait for the minute."""
        if kept.next_us is None or at_us >= kept.next_us or (kept.walk and not kept.walk.finished):
            return False
        if kept.walk and kept.walk.judge(checkpoint, at_us, plan) is not None:
            return False  # of a point of the last round that counted as missed
        found = Walk("", kept.next_us).judge(checkpoint, at_us, plan)
        return found is not None and found[1] == "on_time"

    def _said(
        self, name: str, plan: RoundSet, place: int, result: Result, entry: Recorded, *, withdrawn: bool
    ) -> Told:
        """What a visit means for the alerts of its point, and of the round that nobody walked."""
        stop, at_us = plan.stops[place], entry.effective_us
        evidence = (evidence_of(entry),)
        zone = self._zone(stop)
        told: Told = [(MISSED, Clear(name, self._zone(plan.stops[0]), at_us, evidence))]
        key = f"{name}/{stop.checkpoint}"
        if result == "on_time" or withdrawn:
            told.append((MISSED, Clear(key, zone, at_us, evidence, withdrawn=withdrawn)))
        if result != "on_time" and self._missed(zone):
            told.append((MISSED, self._raise(key, stop, result, at_us, plan, evidence)))
        return told

    def heard(self, member: str, entry: Recorded, out: Outbox) -> Told:
        """A member's phone said something."""
        told: Told = []
        for name in sorted(self._plans):
            plan, walk = self._estate().rounds.get(name), self._plans[name].walk
            if plan and walk and plan.lone and walk.member == member:
                told += self._heard(name, plan, walk, entry.effective_us, evidence_of(entry))
                self._keep(name, out.now_us)
        return told

    def _heard(self, name: str, plan: RoundSet, walk: Walk, at_us: int, evidence: Evidence) -> Told:
        walk.heard_us = max(walk.heard_us, at_us)
        if not walk.told or at_us < walk.told_us:
            return []
        walk.told = 0
        return [(OVERDUE, Clear(name, self._zone(plan.stops[0]), at_us, (evidence,)))]

    def squads(self, out: Outbox) -> None:
        """Alerts changed hands: rounds whose squad is called away wait, those whose squad is free go on."""
        for name, kept in sorted(self._plans.items()):
            plan, walk = self._estate().rounds.get(name), kept.walk
            if plan is None or walk is None or walk.finished or plan.kind == "video":
                continue
            alert = self._called(plan.squad)
            if alert and walk.paused_us is None:
                walk.paused_us = out.now_us
                self._tell(RoundPaused, name, plan, walk, out, alert=alert)
            elif not alert and walk.paused_us is not None:
                paused_us = out.now_us - walk.paused_us
                walk.shift_us, walk.paused_us = walk.shift_us + paused_us, None
                self._tell(RoundResumed, name, plan, walk, out, paused_s=paused_us / 1e6)
            else:
                continue
            self._keep(name, out.now_us)

    def due(self, name: str, due_us: int, now_us: int, out: Outbox) -> Told:
        """A round begins, a point is missed, or a guard is overdue.

        Where the log stood still, rounds that would have begun over `CATCH_UP_US` before `now_us` are left
        out: nobody could have seen them walked.
        """
        kept, plan = self._plans[name], self._estate().rounds.get(name)
        kept.wake = None
        told: Told = []
        if plan is None:
            return told
        if kept.walk and kept.walk.paused_us is None:
            told += self._judge_missed(name, plan, kept, due_us, out)
            told += self._judge_silent(name, plan, kept.walk, due_us, out)
        if kept.next_us is not None and kept.next_us <= due_us:
            if kept.walk and not kept.walk.finished:  # it waited for so long that the next one is due
                self._finish(name, plan, kept.walk, out)
            since_us = now_us - CATCH_UP_US
            if kept.next_us >= since_us:
                kept.walk = self._begin(name, plan, kept.next_us, out)
            kept.next_us = next_start_us(self._estate(), plan, max(kept.next_us, since_us))
        self._keep(name, out.now_us)
        return told

    def _begin(self, name: str, plan: RoundSet, start_us: int, out: Outbox) -> Walk:
        walk = Walk(f"{name}@{start_us // 1_000_000}", start_us, heard_us=start_us - 1)
        ends_us = max((walk.due_us(stop, plan) for stop in plan.stops), default=start_us)
        points = tuple(stop.checkpoint for stop in plan.stops)
        self._tell(RoundStarted, name, plan, walk, out, checkpoints=points, due_at=from_us(ends_us))
        alert = self._called(plan.squad) if plan.kind == "foot" else None
        if alert:
            walk.paused_us = out.now_us
            self._tell(RoundPaused, name, plan, walk, out, alert=alert)
        return walk

    def _judge_missed(self, name: str, plan: RoundSet, kept: Plan, now_us: int, out: Outbox) -> Told:
        walk = kept.walk
        told: Told = []
        if walk is None or walk.finished:
            return told
        for place, stop in walk.open_stops(plan):
            if self._judged_us(walk, stop, plan) > now_us:
                continue
            walk.results[str(place)] = "absent"
            self._point(name, plan, walk, place, "absent", out)
            if self._missed(self._zone(stop)) and (plan.kind == "foot" or kept.used):
                nobody = all(each == "absent" for each in walk.results.values())
                key = name if nobody else f"{name}/{stop.checkpoint}"
                evidence = _plan_evidence(kept)
                told.append((MISSED, self._raise(key, stop, "absent", now_us, plan, evidence)))
        self._end(name, plan, walk, out)
        return told

    def _judge_silent(self, name: str, plan: RoundSet, walk: Walk, now_us: int, out: Outbox) -> Told:
        due_us = self._silent_us(plan, walk)
        if due_us is None or due_us > now_us:
            return []
        walk.told, walk.told_us = walk.told + 1, now_us
        zone = self._zone(plan.stops[0])
        text = "guard_overdue.title" if walk.told == 1 else "guard_overdue.title_dispatch"
        said = title(text, round=self._round_name(plan), zone=zone_name(self._estate(), zone))
        evidence = _plan_evidence(self._plans[name])
        return [(OVERDUE, Raise(name, zone, "high", said, now_us, evidence=evidence))]

    def _silent_us(self, plan: RoundSet, walk: Walk) -> int | None:
        """When a lone guard is to be called, or somebody sent."""
        limits = self._overdue(self._zone(plan.stops[0])) if plan.stops else None
        if limits is None or not plan.lone or walk.member is None or walk.told > 1:
            return None
        if walk.told == 1:
            return walk.told_us + int(limits.dispatch_us)
        point_us = walk.unheard_us(plan)
        return None if point_us is None else point_us + int(limits.silent_us)

    def _judged_us(self, walk: Walk, stop: Stop, plan: RoundSet) -> int:
        limits = self._missed(self._zone(stop))
        return walk.last_us(stop, plan) + (int(limits.settle_us) if limits else 0)

    def _raise(
        self, key: str, stop: Stop, result: Result, at_us: int, plan: RoundSet, evidence: tuple[Evidence, ...]
    ) -> Raise:
        estate, zone = self._estate(), self._zone(stop)
        point = estate.checkpoints.get(stop.checkpoint) or estate.devices.get(stop.checkpoint)
        whole = key == plan.plan
        said = title(
            "checkpoint_missed.title_round" if whole else f"checkpoint_missed.title_{result}",
            zone=zone_name(estate, zone),
            point=(point and point.name) or stop.checkpoint,
            round=self._round_name(plan),
        )
        devices = (stop.checkpoint,) if stop.checkpoint in estate.devices and not whole else ()
        severity: Any = "medium" if result == "absent" else "low"
        place = self._zone(plan.stops[0]) if whole else zone
        return Raise(key, place, severity, said, at_us, devices, evidence)

    def _round_name(self, plan: RoundSet) -> Any:
        return plan.name or plan.plan

    def _zone(self, stop: Stop) -> str:
        estate = self._estate()
        return estate.checkpoint_zone(stop.checkpoint) or estate.id

    def _point(
        self, name: str, plan: RoundSet, walk: Walk, place: int, result: Result, out: Outbox, **more: Any
    ) -> None:
        checkpoint = plan.stops[place].checkpoint
        self._tell(RoundCheckpoint, name, plan, walk, out, checkpoint=checkpoint, result=result, **more)

    def _end(self, name: str, plan: RoundSet, walk: Walk, out: Outbox) -> None:
        if not walk.finished and not walk.open_stops(plan):
            self._finish(name, plan, walk, out)

    def _finish(self, name: str, plan: RoundSet, walk: Walk, out: Outbox) -> None:
        walk.finished = True
        missed = sum(each == "absent" for each in walk.results.values())
        visited = len(walk.results) - missed
        self._tell(RoundFinished, name, plan, walk, out, visited=visited, missed=missed)

    def _tell(self, kind: Any, name: str, plan: RoundSet, walk: Walk, out: Outbox, **more: Any) -> None:
        common = {"round": walk.id, "plan": name, "squad": plan.squad, "member": walk.member}
        out.add(OWNER, name, kind(**common, at=from_us(out.now_us), **more))

    def _keep(self, name: str, now_us: int) -> None:
        """Saves a plan's state, and wakes it when something is due next."""
        kept, plan = self._plans[name], self._estate().rounds.get(name)
        self._dirty.add(name)
        dues = [] if kept.next_us is None else [kept.next_us]
        walk = kept.walk
        if plan and walk and walk.paused_us is None:
            if not walk.finished:
                dues += [self._judged_us(walk, stop, plan) for _, stop in walk.open_stops(plan)]
            silent_us = self._silent_us(plan, walk)
            dues += [] if silent_us is None else [silent_us]
        due_us = min(dues, default=None)
        if due_us is None:
            kept.wake = None
            self._wakeups.cancel(OWNER, name)
        elif kept.wake is None or kept.wake[0] != due_us:
            kept.wake = (due_us, fire_time(due_us, now_us))
            self._wakeups.set(OWNER, name, *kept.wake)

    def registers(self, now_us: int) -> None:
        """Plans that were set before rounds were followed begin with their next start."""
        for name, plan in self._estate().rounds.items():
            if name not in self._plans:
                self._plans[name] = Plan("", 0, next_start_us(self._estate(), plan, now_us))
                self._keep(name, now_us)

    def load(self, saved: SavedState) -> bool:
        """Takes back a plan's state, with its wake-up; False when it isn't one."""
        if not saved.key.startswith(_PREFIX):
            return False
        name = saved.key.removeprefix(_PREFIX)
        kept = self._plans[name] = plan_of(saved.value)
        if kept.wake:
            self._wakeups.set(OWNER, name, *kept.wake)
        return True

    def changed(self) -> tuple[list[SavedState], list[str]]:
        """What to write and what to delete since the last time."""
        write = [SavedState(_PREFIX + each, self._plans[each].dumped()) for each in sorted(self._dirty)]
        gone = [_PREFIX + each for each in sorted(self._gone)]
        self._dirty, self._gone = set(), set()
        return write, gone


def _plan_evidence(kept: Plan) -> tuple[Evidence, ...]:
    """What was not done is shown by the plan that asks for it."""
    return (Evidence(kept.entry, kept.position),) if kept.entry else ()
