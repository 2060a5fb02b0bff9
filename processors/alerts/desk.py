"""The alerts of one estate: signals folded into alerts, and every change of an alert told as an event. Pure.

Knows nothing of doors or plates, and nothing of who may do what (`commands`). An alert belongs to one rule
and key; while it is not closed, further signals of that rule and key change the same alert.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import orjson

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
    AlertUnshelved,
    AlertUpdated,
    Words,
)
from processors.alerts.episodes import Episodes, Limits
from processors.outbox import Outbox
from processors.patrol.squads import default_squad
from processors.rules.base import Clear, Evidence, Raise
from processors.rules.titles import both
from processors.wakeups import Wakeup, Wakeups

ACKNOWLEDGED_FOR = timedelta(minutes=10)
"""An acknowledgement runs out after this when nothing follows, and the alert rises again."""
REOPEN_WITHIN_US = 24 * 3_600_000_000
"""A closed alert can be reopened this long; then it is history and no longer kept here."""
EVIDENCE_MAX = 50
"""Evidence kept with an alert: the first ten and the newest."""
DEVICES_MAX = 50
PREFIX = "alert/"
ACK, SHELF = "alert.ack", "alert.shelf"


@dataclass(slots=True)
class Held:
    """An alert and who changed it last."""

    alert: Alert
    by: str | None = None


Policies = Callable[[str], Limits]
"""The settings of a policy (`processors.rules.policy`) by its name, then by zone."""


def _off(_: str) -> Limits:
    return lambda _: None


class AlertDesk:
    """All alerts that are open, or closed within the time they can be reopened."""

    def __init__(self, estate: str, wakeups: Wakeups, policy: Policies = _off) -> None:
        self._estate = estate
        self._wakeups = wakeups
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
        return held if held and not _history(held.alert, now_us) else None

    def alerts(self) -> list[Alert]:
        """Every alert held."""
        return [held.alert for held in self._held.values()]

    def open_ones(self) -> list[Held]:
        """Every alert that is not closed, in an order that a restart does not change."""
        return [self._held[each] for each in sorted(self._open.values())]

    def open_of(self, rule: str, key: str) -> Held | None:
        """The alert of a rule and key that is not closed."""
        alert_id = self._open.get((rule, key))
        return self._held[alert_id] if alert_id else None

    def _open_alert(self, alert_id: str) -> Alert | None:
        held = self._held.get(alert_id)
        return held.alert if held and held.alert.state != "closed" else None

    def raised(self, rule: str, signal: Raise, estate: Estate, out: Outbox) -> None:
        """A rule's condition holds: a new alert, or a change of the open one."""
        held = self.open_of(rule, signal.key)
        if held is None:
            held = self._begin(rule, signal, estate, out)
        else:
            self._go_on(held, signal, estate, out)
            self._episodes.again(held.alert, signal, estate, out.now_us)
        lift = self._episodes.lift(held.alert.episode, out.now_us)
        if lift:
            said = both("alerts.note.agree")
            note = f"{said.zh} {said.en}"
            self.change(self._held[lift[0]], AlertSeverityChanged, out, severity=lift[1], note=note)

    def _go_on(self, held: Held, signal: Raise, estate: Estate, out: Outbox) -> None:
        """An open alert's condition holds still, or again. What was an exercise is none once something real
        joins it."""
        old = held.alert
        ids, positions = _joined(old, signal.evidence)
        if signal.late and not old.late:  # history makes nothing of the present worse, nor pages anybody
            self.change(held, AlertUpdated, out, history=True, evidence=ids, evidence_positions=positions)
            return
        exercise = old.exercise and estate.drill_at(signal.zone, old.rule, signal.at_us)
        worse = SEVERITIES.index(signal.severity) > SEVERITIES.index(old.severity)
        self.change(
            held,
            AlertSeverityChanged if worse else AlertUpdated,
            out,
            severity=signal.severity if worse else old.severity,
            condition="active",
            title=_title(signal, exercise=exercise),
            exercise=exercise,
            devices=tuple(dict.fromkeys((*old.devices, *signal.devices)))[:DEVICES_MAX],
            evidence=ids,
            evidence_positions=positions,
            late=old.late and signal.late,
        )

    def cleared(self, rule: str, signal: Clear, out: Outbox) -> None:
        """A rule's condition is over. One that never held is closed as a false alarm."""
        held = self.open_of(rule, signal.key)
        if held is None:
            return
        ids, positions = _joined(held.alert, signal.evidence)
        self.change(held, AlertCleared, out, condition="cleared", evidence=ids, evidence_positions=positions)
        if signal.withdrawn:
            self.close(held, "false_alarm", out)

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
            **who,
        )

    def squad_gone(self, squad: str, estate: Estate, out: Outbox) -> None:
        """A squad is no more: what it had open goes to the zone's or the estate's, to be accepted again; back
        to the desk where there is none."""
        for held in self.open_ones():
            alert = held.alert
            if alert.squad != squad:
                continue
            new = default_squad(estate, alert.zone)
            if alert.state in {"raised", "acknowledged"}:
                self.change(held, AlertUpdated, out, squad=new)
            elif new:
                self.change(held, AlertAssigned, out, state="assigned", squad=new, assignee=None)
            else:
                self.change(held, AlertUpdated, out, state="raised", squad=None, assignee=None)

    def on_time(self, wakeup: Wakeup, estate: Estate, out: Outbox) -> None:
        """An acknowledgement has run out, or a shelf's time is over."""
        held = self._held[wakeup.key]
        alert = held.alert
        if wakeup.owner == ACK:
            squad = alert.squad or default_squad(estate, alert.zone)
            self.change(held, AlertUpdated, out, state="raised", ack_due_at=None, squad=squad)
        else:
            self.change(held, AlertUnshelved, out, **unshelved(alert, out.now_us))

    def change(
        self,
        held: Held,
        kind: type[AlertEvent],
        out: Outbox,
        *,
        by: str | None = None,
        via: str = "system",
        note: str | None = None,
        taken_from: str | None = None,
        history: bool = False,
        step: str | None = None,
        **changes: Any,
    ) -> None:
        """Changes an alert and tells it, with a new version. `changes` are fields of the alert."""
        before = held.alert
        held.alert = alert = before.model_copy(update={**changes, "version": before.version + 1})
        held.by = by
        extra: dict[str, Any] = {"taken_from": taken_from} if taken_from else {}
        if history:
            extra["history"] = True
        if step:
            extra["step"] = step
        out.add("alert", alert.id, kind(alert=alert, by=by, via=via, note=note, cause=out.input_id, **extra))
        self._keep(held)

    def _begin(self, rule: str, signal: Raise, estate: Estate, out: Outbox) -> Held:
        alert_id = out.id_of(f"alert {rule}", signal.key)
        exercise = estate.drill_at(signal.zone, rule, signal.at_us)
        episode = self._episodes.begin(alert_id, rule, signal, estate, out.now_us, exercise=exercise)
        alert = Alert(
            id=alert_id,
            estate=self._estate,
            rule=rule,
            key=signal.key,
            episode=episode,
            severity=signal.severity,
            state="raised",
            condition="active",
            zone=signal.zone,
            devices=signal.devices[:DEVICES_MAX],
            title=_title(signal, exercise=exercise),
            at=from_us(signal.at_us),
            raised_at=from_us(out.now_us),
            evidence=tuple(each.id for each in signal.evidence[-EVIDENCE_MAX:]),
            evidence_positions=tuple(each.position for each in signal.evidence[-EVIDENCE_MAX:]),
            squad=default_squad(estate, signal.zone),
            late=signal.late,
            exercise=exercise,
        )
        out.add("alert", alert_id, AlertRaised(alert=alert, cause=out.input_id))
        held = Held(alert)
        self._keep(held)
        return held

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
        for owner, due in ((ACK, alert.ack_due_at), (SHELF, alert.shelved_until)):
            if due is None:
                self._wakeups.cancel(owner, alert.id)
            else:
                self._wakeups.set(owner, alert.id, to_us(due), to_us(due))

    def load(self, saved: SavedState) -> bool:
        """Takes back a saved alert, with its wake-ups, or episode; False when it is neither."""
        alert = alert_of(saved)
        if alert is None:
            return self._episodes.load(saved)
        held = Held(alert, orjson.loads(saved.value)["by"])
        self._held[alert.id] = held
        self._index(alert)
        return True

    def changed(self, now_us: int) -> tuple[list[SavedState], list[str]]:
        """What to write and what to delete since the last time; history is let go."""
        while self._closed and self._closed[0][0] + REOPEN_WITHIN_US < now_us:
            _, alert_id = self._closed.popleft()
            held = self._held.get(alert_id)
            if held and _history(held.alert, now_us):
                del self._held[alert_id]
                self._dirty.discard(alert_id)
                self._gone.append(PREFIX + alert_id)
        write = [_saved(self._held[alert_id]) for alert_id in sorted(self._dirty)]
        gone, self._gone = self._gone, []
        self._dirty = set()
        episodes, grown_up = self._episodes.changed(now_us)
        return write + episodes, gone + grown_up


def alert_of(saved: SavedState) -> Alert | None:
    """The alert in a saved value of the decider's; None when it isn't one."""
    if not saved.key.startswith(PREFIX):
        return None
    return Alert.model_validate(orjson.loads(saved.value)["alert"])


def _title(signal: Raise, *, exercise: bool) -> Words:
    """What is an exercise says so wherever its title is read."""
    return both("alerts.exercise", title=signal.title) if exercise else signal.title


def unshelved(alert: Alert, now_us: int) -> dict[str, Any]:
    """The fields of an alert that comes off the shelf: an acknowledged one counts from now."""
    due = from_us(now_us) + ACKNOWLEDGED_FOR if alert.state == "acknowledged" else None
    return {"shelved_until": None, "ack_due_at": due}


def _history(alert: Alert, now_us: int) -> bool:
    return alert.closed_at is not None and to_us(alert.closed_at) + REOPEN_WITHIN_US < now_us


def _saved(held: Held) -> SavedState:
    value = orjson.dumps({"alert": held.alert.model_dump(mode="json", exclude_none=True), "by": held.by})
    return SavedState(PREFIX + held.alert.id, value)


def _joined(alert: Alert, more: tuple[Evidence, ...]) -> tuple[tuple[str, ...], tuple[int, ...]]:
    """The alert's evidence and more, each once, the first ten and the newest when there are too many."""
    known = dict(zip(alert.evidence, alert.evidence_positions, strict=True))
    known.update((each.id, each.position) for each in more)
    pairs = list(known.items())
    if len(pairs) > EVIDENCE_MAX:
        pairs = pairs[:10] + pairs[10 - EVIDENCE_MAX :]
    return tuple(each for each, _ in pairs), tuple(place for _, place in pairs)
