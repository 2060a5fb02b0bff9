"""The alerts of one estate: signals folded into alerts, and every change of an alert told as an event. Pure.

Knows nothing of doors or plates, and nothing of who may do what (`commands`). An alert belongs to one rule
and key; while it is not closed, further signals of that rule and key change the same alert.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from functools import cache
from typing import Any

from eventlog.estate import Estate
from eventlog.ports import SavedState
from eventlog.times import from_us, to_us
from eventlog.vocabulary import (
    SEVERITIES,
    Alert,
    AlertAssigned,
    AlertCleared,
    AlertClosed,
    AlertEvent,
    AlertRaised,
    AlertSeverityChanged,
    AlertSuppressed,
    AlertUnshelved,
    AlertUpdated,
)
from processors.alerts.episodes import Episodes, Limits
from processors.alerts.escalation import ESCALATE, Escalation
from processors.alerts.flood import FLOOD, Flood
from processors.alerts.held import (
    EVIDENCE_MAX,
    PREFIX,
    REOPEN_WITHIN_US,
    SIGNAL_FIELDS,
    Held,
    held_of,
    is_history,
    joined,
    note_of,
    shown_again,
    title_of,
)
from processors.alerts.inhibition import COUNT, RELEASE, Inhibition
from processors.outbox import Outbox
from processors.patrol.dispatch import Dispatch
from processors.patrol.squads import default_squad
from processors.rules.base import Clear, Raise
from processors.wakeups import Wakeup, Wakeups

DEVICES_MAX = 50
ACK, SHELF, CALM = "alert.ack", "alert.shelf", "alert.calm"
OWNERS = frozenset({ACK, SHELF, CALM, RELEASE, COUNT, ESCALATE, FLOOD})
"""Of wake-ups that are the desk's."""
_IN_HAND = frozenset({"assigned", "accepted", "arrived"})

Policies = Callable[[str], Limits]
"""The settings of a policy (`processors.rules.policy`) by its name, then by zone."""


def _off(_: str) -> Limits:
    return lambda _: None


class AlertDesk:
    """All alerts that are open, or closed within the time they can be reopened."""

    def __init__(self, estate: Estate, wakeups: Wakeups, policy: Policies = _off) -> None:
        self.estate = estate
        """The registers as of what is being handled; whoever drives the desk keeps them so."""
        self._wakeups = wakeups
        self._inhibition = Inhibition(self, policy("inhibition"))
        self._calming = policy("calming")
        self._escalation = Escalation(self, policy("escalation"))
        self._flood = Flood(self, wakeups, policy("flood"))
        self.dispatch = Dispatch(lambda: self.estate, self.is_busy)
        self._has: dict[str, set[str]] = {}
        self._squad_of: dict[str, str] = {}
        self._episodes = Episodes(policy("episode"), self._open_alert)
        self._held: dict[str, Held] = {}
        self._open: dict[tuple[str, str], str] = {}
        self._closed: deque[tuple[int, str]] = deque()
        self._dirty: set[str] = set()
        self._gone: list[str] = []
        self.touched: list[Alert] = []
        """Alerts changed since the last look; whoever looks empties it."""

    def get(self, alert_id: str, now_us: int) -> Held | None:
        """An alert that is open, or closed no longer than it can be reopened."""
        held = self._held.get(alert_id)
        return held if held and not is_history(held.alert, now_us) else None

    def alerts(self) -> list[Alert]:
        """Every alert held."""
        return [held.alert for held in self._held.values()]

    def open_ones(self) -> list[Held]:
        """Every alert that is not closed, in an order that a restart does not change."""
        return [self._held[each] for each in sorted(self._open.values())]

    def is_busy(self, squad: str) -> bool:
        """Whether a squad has an alert in hand."""
        return bool(self._has.get(squad))

    def called(self, squad: str) -> str | None:
        """An alert that a squad has in hand."""
        return min(self._has.get(squad) or (), default=None)

    def open_of(self, rule: str, key: str) -> Held | None:
        """The alert of a rule and key that is not closed."""
        alert_id = self._open.get((rule, key))
        return self._held[alert_id] if alert_id else None

    def _open_alert(self, alert_id: str) -> Alert | None:
        held = self._held.get(alert_id)
        return held.alert if held and held.alert.state != "closed" else None

    def held(self, alert_id: str) -> Held | None:
        """An alert by its id, however long closed."""
        return self._held.get(alert_id)

    def raised(self, rule: str, signal: Raise, out: Outbox) -> None:
        """A rule's condition holds: a new alert, or a change of the open one."""
        held = self.open_of(rule, signal.key)
        if held is None:
            held = self._begin(rule, signal, out)
        else:
            self._go_on(held, signal, out)
            self._episodes.again(held.alert, signal, self.estate, out.now_us)
        lift = self._episodes.lift(held.alert.episode, out.now_us)
        if lift:
            lead = self._held[lift[0]]
            self.change(lead, AlertSeverityChanged, out, severity=lift[1], note=note_of("agree"))

    def _go_on(self, held: Held, signal: Raise, out: Outbox) -> None:
        """An open alert's condition holds still, or again. What was an exercise is none once something real
        joins it."""
        old = held.latest
        evidence = joined(old, signal.evidence)
        if signal.late and not old.late:  # history makes nothing of the present worse, nor pages anybody
            self._told(held, AlertUpdated, out, history=True, **evidence)
            return
        exercise = old.exercise and self.estate.drill_at(signal.zone, old.rule, signal.at_us)
        worse = SEVERITIES.index(signal.severity) > SEVERITIES.index(old.severity)
        changes = {
            "condition": "active",
            "title": title_of(signal, exercise=exercise),
            "exercise": exercise,
            "devices": tuple(dict.fromkeys((*old.devices, *signal.devices)))[:DEVICES_MAX],
            "late": old.late and signal.late,
            **evidence,
        }
        if worse:
            self.change(held, AlertSeverityChanged, out, severity=signal.severity, **changes)
        elif (exercise, changes["late"]) != (old.exercise, old.late):  # it is about the present now, and real
            self.change(held, AlertUpdated, out, **changes)
        else:
            self._told(held, AlertUpdated, out, **changes)

    def cleared(self, rule: str, signal: Clear, out: Outbox) -> None:
        """A rule's condition is over. One that never held is closed as a false alarm."""
        held = self.open_of(rule, signal.key)
        if held is None:
            return
        changes = {"condition": "cleared", **joined(held.latest, signal.evidence)}
        if signal.withdrawn:
            self.change(held, AlertCleared, out, **changes)
            self.close(held, "false_alarm", out)
        else:
            self._told(held, AlertCleared, out, **changes)

    def _told(
        self, held: Held, kind: type[AlertEvent], out: Outbox, *, history: bool = False, **changes: Any
    ) -> None:
        """A signal's change, told at once; or with others, where they come too thick."""
        limits = self._calming(held.alert.zone)
        if limits is None or held.alert.severity == "critical":
            self.change(held, kind, out, history=history, **changes)
            return
        turns = tuple(each for each in held.turns if each > out.now_us - limits.window_us)
        if len(turns) < limits.changes and held.pending is None:
            held.turns = (*turns, out.now_us)
            self.change(held, kind, out, history=history, **changes)
            return
        held.turns = turns
        held.pending = held.latest.model_copy(update=changes)
        held.calmed += 1
        self._dirty.add(held.alert.id)
        if CALM not in held.wakes:
            self.wake(held, CALM, out.now_us + limits.window_us)

    def _tell_calmed(self, held: Held, out: Outbox) -> None:
        pending, calmed = held.pending, held.calmed
        if pending is None or held.alert.state == "closed":
            return
        over = pending.condition == "cleared" != held.alert.condition
        changes = {name: getattr(pending, name) for name in SIGNAL_FIELDS}
        held.turns = (out.now_us,)
        kind = AlertCleared if over else AlertUpdated
        self.change(held, kind, out, note=note_of("calmed", count=calmed), **changes)

    def close(self, held: Held, disposition: str, out: Outbox, **who: Any) -> None:
        """Ends an alert."""
        self.change(
            held,
            AlertClosed,
            out,
            state="closed",
            disposition=disposition,
            closed_at=from_us(out.now_us),
            shelved_until=None,
            ack_due_at=None,
            **{name: getattr(held.latest, name) for name in SIGNAL_FIELDS},
            **who,
        )

    def squad_gone(self, squad: str, out: Outbox) -> None:
        """A squad is no more: what it had open goes to the zone's or the estate's, to be accepted again; back
        to the desk where there is none."""
        for held in self.open_ones():
            alert = held.alert
            if alert.squad != squad:
                continue
            new = default_squad(self.estate, alert.zone)
            if alert.state in {"raised", "acknowledged"}:
                self.change(held, AlertUpdated, out, squad=new)
            elif new:
                self.change(held, AlertAssigned, out, state="assigned", squad=new, assignee=None)
            else:
                self.change(held, AlertUpdated, out, state="raised", squad=None, assignee=None)

    def work_changed(self, out: Outbox) -> None:
        """Planned work was set anew or taken away."""
        self._inhibition.work_changed(out)

    def on_time(self, wakeup: Wakeup, out: Outbox) -> None:
        """A wake-up of an alert: an acknowledgement that ran out, a shelf's end, …"""
        if wakeup.owner == FLOOD:
            self._flood.due(out)
            return
        held = self._held.get(wakeup.key)
        if held is None:
            return
        if held.wakes.pop(wakeup.owner, None) is not None:
            self._dirty.add(wakeup.key)
        {
            ACK: self._rise,
            SHELF: self._unshelve,
            CALM: self._tell_calmed,
            RELEASE: self._inhibition.release,
            COUNT: self._inhibition.count,
            ESCALATE: self._escalation.due,
        }[wakeup.owner](held, out)

    def _rise(self, held: Held, out: Outbox) -> None:
        squad = held.alert.squad or default_squad(self.estate, held.alert.zone)
        self.change(held, AlertUpdated, out, state="raised", ack_due_at=None, squad=squad)

    def _unshelve(self, held: Held, out: Outbox) -> None:
        hidden = held.alert.suppressed_by
        self.change(
            held, AlertUnshelved, out, **shown_again(held.alert, out.now_us) | {"suppressed_by": hidden}
        )

    def wake(self, held: Held, owner: str, due_us: int) -> None:
        """A wake-up of an alert that its own fields do not say."""
        held.wakes[owner] = due_us
        self._wakeups.set(owner, held.alert.id, due_us, due_us)
        self._dirty.add(held.alert.id)

    def unwake(self, held: Held, owner: str) -> None:
        """Takes such a wake-up back."""
        if held.wakes.pop(owner, None) is not None:
            self._wakeups.cancel(owner, held.alert.id)
            self._dirty.add(held.alert.id)

    def change(
        self,
        held: Held,
        kind: type[AlertEvent],
        out: Outbox,
        *,
        by: str | None = None,
        via: str = "system",
        note: str | None = None,
        **changes: Any,
    ) -> None:
        """Changes an alert and tells it, with a new version. `changes` are fields of the alert, or of the
        event that tells it."""
        before = held.alert
        extra = {name: changes.pop(name) for name in set(changes) & _said_by(kind) if changes[name]}
        for name in _said_by(kind):
            changes.pop(name, None)
        alert = before.model_copy(update={**changes, "version": before.version + 1})
        held.alert = alert = self._escalation.armed(before, alert, out.now_us)
        held.by = by
        if not changes.keys().isdisjoint(SIGNAL_FIELDS):
            held.pending, held.calmed = None, 0
        out.add("alert", alert.id, kind(alert=alert, by=by, via=via, note=note, cause=out.input_id, **extra))
        self._keep(held)
        self._flood.follow(before, alert, out)
        self._inhibition.follow(before, held, out)
        self._escalation.follow(before, held, out)

    def _begin(self, rule: str, signal: Raise, out: Outbox) -> Held:
        alert_id = out.id_of(f"alert {rule}", signal.key)
        estate = self.estate
        exercise = estate.drill_at(signal.zone, rule, signal.at_us)
        alert = Alert(
            id=alert_id,
            estate=estate.id,
            rule=rule,
            key=signal.key,
            episode=self._episodes.begin(alert_id, rule, signal, estate, out.now_us, exercise=exercise),
            severity=signal.severity,
            state="raised",
            condition="active",
            zone=signal.zone,
            devices=signal.devices[:DEVICES_MAX],
            title=title_of(signal, exercise=exercise),
            at=from_us(signal.at_us),
            raised_at=from_us(out.now_us),
            evidence=tuple(each.id for each in signal.evidence[-EVIDENCE_MAX:]),
            evidence_positions=tuple(each.position for each in signal.evidence[-EVIDENCE_MAX:]),
            late=signal.late,
            exercise=exercise,
        )
        cause = self._inhibition.cause_of(alert, out.now_us)
        squad = self._squad_for(alert, out)
        alert = alert.model_copy(update={"suppressed_by": cause, "squad": squad})
        alert = self._escalation.armed(None, alert, out.now_us)
        out.add("alert", alert_id, AlertRaised(alert=alert, cause=out.input_id))
        held = Held(alert)
        self._keep(held)
        self._flood.follow(None, alert, out)
        self._inhibition.follow(None, held, out)
        if cause:
            self.change(held, AlertSuppressed, out, fresh=True)
        self._escalation.follow(None, held, out)
        return held

    def _squad_for(self, alert: Alert, out: Outbox) -> str | None:
        """An episode is one dispatch; else whoever is on duty, free and near."""
        lead = self._open_alert(alert.episode)
        if self.estate.duties and lead and lead.squad and self.dispatch.fit(lead.squad, alert.severity):
            return lead.squad
        return self.dispatch.fresh(alert.zone, alert.severity, out.now_us)

    def _keep(self, held: Held) -> None:
        alert = held.alert
        self._held[alert.id] = held
        self._index(alert)
        self._dirty.add(alert.id)
        self.touched.append(alert)

    def _index(self, alert: Alert) -> None:
        place = (alert.rule, alert.key)
        if alert.state != "closed":
            self._open[place] = alert.id
        elif self._open.get(place) == alert.id:
            del self._open[place]
        if alert.closed_at:
            self._closed.append((to_us(alert.closed_at), alert.id))
        self._inhibition.index(alert)
        self._index_squad(alert)
        dues = (ACK, alert.ack_due_at), (SHELF, alert.shelved_until), (ESCALATE, alert.escalates_at)
        for owner, due in dues:
            if due is None:
                self._wakeups.cancel(owner, alert.id)
            else:
                self._wakeups.set(owner, alert.id, to_us(due), to_us(due))

    def _index_squad(self, alert: Alert) -> None:
        squad = alert.squad if alert.state in _IN_HAND and not alert.late else None
        known = self._squad_of.pop(alert.id, None)
        if known:
            self._has[known].discard(alert.id)
        if squad:
            self._squad_of[alert.id] = squad
            self._has.setdefault(squad, set()).add(alert.id)

    def load(self, saved: SavedState) -> bool:
        """Takes back a saved alert, with its wake-ups, or episode; False when it is neither."""
        held = held_of(saved)
        if held is None:
            return self._episodes.load(saved) or self.dispatch.where.load(saved) or self._flood.load(saved)
        self._held[held.alert.id] = held
        self._index(held.alert)
        for owner, due_us in held.wakes.items():
            self._wakeups.set(owner, held.alert.id, due_us, due_us)
        return True

    def changed(self, now_us: int) -> tuple[list[SavedState], list[str]]:
        """What to write and what to delete since the last time; history is let go."""
        while self._closed and self._closed[0][0] + REOPEN_WITHIN_US < now_us:
            _, alert_id = self._closed.popleft()
            held = self._held.get(alert_id)
            if held and is_history(held.alert, now_us):
                del self._held[alert_id]
                self._dirty.discard(alert_id)
                self._gone.append(PREFIX + alert_id)
        write = [self._held[alert_id].saved() for alert_id in sorted(self._dirty)]
        gone, self._gone = self._gone, []
        self._dirty = set()
        episodes, grown_up = self._episodes.changed(now_us)
        others = self.dispatch.where.changed() + self._flood.changed()
        return write + episodes + others, gone + grown_up


_OWN = frozenset(AlertEvent.model_fields)


@cache
def _said_by(kind: type[AlertEvent]) -> frozenset[str]:
    """What an event says besides the alert itself and who changed it."""
    return frozenset(kind.model_fields) - _OWN
