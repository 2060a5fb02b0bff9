"""An alert that nobody accepts goes on: the next squad, the shift's leader, the manager, outside. Pure.

The next step's time is in the alert itself (`escalates_at`), so that a restart forgets nobody. It waits while
a squad could still accept; acceptance, shelving and inhibition stop it, what comes after begins anew. A
critical alert has a second squad and the supervisor from the start.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from eventlog.times import from_us, to_us
from eventlog.vocabulary import SEVERITIES, Alert, AlertAssigned, AlertEscalated, AlertUpdated
from processors.alerts.held import Held, note_of
from processors.outbox import Outbox
from processors.patrol.squads import on_duty

if TYPE_CHECKING:
    from processors.alerts.desk import AlertDesk
    from processors.alerts.episodes import Limits

ESCALATE = "alert.escalate"
Step = Literal["squad", "leader", "manager", "outside"]
STEPS: tuple[Step, ...] = ("squad", "leader", "manager", "outside")
_WAITING = frozenset({"raised", "acknowledged", "assigned"})


class Whom(NamedTuple):
    """Who is told next."""

    level: int
    to: str
    who: str


def waits(alert: Alert) -> bool:
    """Whether an alert waits for somebody to accept it. A small matter that is over waits for nobody."""
    hidden = alert.late or alert.shelved_until is not None or alert.suppressed_by is not None
    over = alert.condition == "cleared" and alert.severity in {"low", "medium"}
    return alert.state in _WAITING and not hidden and not over


class Escalation:
    """The steps of one estate's alerts."""

    def __init__(self, desk: AlertDesk, limits: Limits) -> None:
        self._desk = desk
        self._limits = limits

    def armed(self, before: Alert | None, alert: Alert, now_us: int) -> Alert:
        """The alert with the time of its next step, as its change asks for."""
        due = self._due_us(before, alert, now_us)
        if due == (to_us(alert.escalates_at) if alert.escalates_at else None):
            return alert
        began = {"escalation": 0} if before and before.state == "closed" else {}
        due_at = None if due is None else from_us(due)
        return alert.model_copy(update={"escalates_at": due_at, **began})

    def _due_us(self, before: Alert | None, alert: Alert, now_us: int) -> int | None:
        limits = self._limits(alert.zone)
        if limits is None or not waits(alert):
            return None
        fresh_us = now_us + self._step_us(limits, alert)
        if before is None or not waits(before):
            return fresh_us
        standing_us = to_us(alert.escalates_at) if alert.escalates_at else None
        if _rank(alert) > _rank(before):
            return fresh_us if standing_us is None else min(standing_us, fresh_us)
        return standing_us

    def _step_us(self, limits: Any, alert: Alert) -> int:
        step_us: int = getattr(limits, f"{alert.severity}_us")
        return step_us

    def follow(self, before: Alert | None, held: Held, out: Outbox) -> None:
        """An alert was raised or changed: what has become high is no volunteers' matter, what has become
        critical calls more."""
        alert = held.alert
        if not self._desk.estate.duties or not waits(alert):
            return
        fresh = before is None or not waits(before) or before.severity != alert.severity
        if not fresh:
            return
        if alert.squad and not self._desk.dispatch.fit(alert.squad, alert.severity):
            self._take_from_volunteers(held, out)
        if alert.severity == "critical":
            self._call_more(held, out)

    def _take_from_volunteers(self, held: Held, out: Outbox) -> None:
        alert = held.alert
        squad = self._desk.dispatch.choose(alert.zone, alert.severity, out.now_us, held.declined)
        if squad is None:
            return
        if alert.state == "assigned":
            self._desk.change(held, AlertAssigned, out, squad=squad, taken_from=alert.squad, assignee=None)
        else:
            self._desk.change(held, AlertUpdated, out, squad=squad)

    def _call_more(self, held: Held, out: Outbox) -> None:
        """A second squad, and the supervisor."""
        alert = held.alert
        leader = self._on_duty(alert, "leader", out.now_us)
        second = None if alert.support else self._next_squad(held, out)
        if not (leader or second):
            return
        note = note_of("critical", squad=second or "-", who=leader or "-")
        support = (second,) if second else alert.support
        self._desk.change(held, AlertEscalated, out, to="supervisor", who=leader, support=support, note=note)

    def due(self, held: Held, out: Outbox) -> None:
        """Nobody has accepted in time."""
        alert = held.alert
        limits = self._limits(alert.zone)
        if limits is None or not waits(alert):
            self._desk.change(held, AlertUpdated, out, escalates_at=None)
            return
        whom = self._whom(held, limits, out)
        if whom is None:
            self._desk.change(held, AlertUpdated, out, escalates_at=None, note=note_of("nobody_left"))
            return
        level, to, who = whom
        last = level == len(STEPS)
        self._desk.change(
            held,
            AlertEscalated,
            out,
            level=level,
            to=to,
            who=who,
            escalation=level,
            support=(*alert.support, who) if to == "squad" else alert.support,
            escalates_at=None if last else from_us(out.now_us + self._step_us(limits, alert)),
            note=note_of(f"to_{to}", who=who),
        )

    def _whom(self, held: Held, limits: Any, out: Outbox) -> Whom | None:
        """The first of the steps to come that leads to somebody."""
        alert = held.alert
        for level in range(alert.escalation + 1, len(STEPS) + 1):
            to = STEPS[level - 1]
            who: str | None
            if to == "squad":
                who = self._next_squad(held, out)
            elif to == "outside":
                outside = SEVERITIES.index(limits.outside_from) <= _rank(alert) and not alert.exercise
                who = (limits.outside or None) if outside else None
            else:
                who = self._on_duty(alert, to, out.now_us)
            if who:
                return Whom(level, to, who)
        return None

    def _next_squad(self, held: Held, out: Outbox) -> str | None:
        alert = held.alert
        but = {*alert.support, *held.declined, alert.squad or ""}
        return self._desk.dispatch.choose(alert.zone, alert.severity, out.now_us, but)

    def _on_duty(self, alert: Alert, role: Literal["leader", "manager"], now_us: int) -> str | None:
        """The leader or manager of the squad's shift, else of any that is on."""
        return on_duty(self._desk.estate, alert.squad, role, now_us)


def _rank(alert: Alert) -> int:
    return SEVERITIES.index(alert.severity)
