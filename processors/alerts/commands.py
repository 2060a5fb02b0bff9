"""What people ask of alerts, decided: the contract's table of actions, who may, who was faster. Pure.

A wish comes as `command.*` from the console or as `patrol.response` from a member's phone; both are
decided here, the same way. What is not taken is answered with `command.refused` and the reason.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from eventlog import sop
from eventlog.catalogue import words
from eventlog.estate import Estate
from eventlog.ports import Recorded
from eventlog.times import from_us, to_us
from eventlog.vocabulary import (
    Alert,
    AlertAccepted,
    AlertAcknowledged,
    AlertArrived,
    AlertAssigned,
    AlertDeclined,
    AlertEvent,
    AlertNoted,
    AlertReopened,
    AlertShelved,
    AlertStepDone,
    AlertUnshelved,
    Command,
    CommandRefused,
    PatrolResponse,
    Words,
)
from eventlog.vocabulary.base import TEXT_CHARS_MAX
from processors.alerts.desk import AlertDesk
from processors.alerts.held import ACKNOWLEDGED_FOR, Held, shown_again
from processors.outbox import Outbox
from processors.patrol.squads import is_member
from processors.rules.titles import both

SHELVE_MAX_US = 8 * 3_600_000_000
NEED_HELP = "need_help"
DECLINED_MAX = 20
"""Squads remembered as having given an alert back."""

Reason = Literal["conflict", "not_allowed", "unknown_alert", "unknown_report", "bad_request", "forbidden"]

_DESK = frozenset({"operator", "supervisor", "administrator"})
_OPEN = frozenset({"raised", "acknowledged", "assigned", "accepted", "arrived"})
_ANY = _OPEN | {"closed"}


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody asks of an alert. `version` is the one the person saw, where known."""

    id: str
    action: str
    alert: str
    by: str
    role: str
    via: str
    version: int | None = None
    note: str | None = None
    squad: str | None = None
    disposition: str | None = None
    until_us: int | None = None
    step: str | None = None


@dataclass(frozen=True, slots=True)
class RefusedError(Exception):
    """Why a wish was not taken."""

    reason: Reason
    detail: Words


@dataclass(frozen=True, slots=True)
class Case:
    """A wish about an alert that is there, with what is needed to grant it."""

    desk: AlertDesk
    held: Held
    wish: Wish
    estate: Estate
    out: Outbox

    def change(self, kind: type[AlertEvent], **changes: Any) -> None:
        """Changes the alert as the person asked."""
        who = {"by": self.wish.by, "via": self.wish.via, "note": self.wish.note}
        self.desk.change(self.held, kind, self.out, **{**who, **changes})


@dataclass(frozen=True, slots=True)
class Action:
    """In which states, and for whom besides members of the alert's squad (`member`)."""

    states: frozenset[str]
    roles: frozenset[str]
    do: Callable[[Case], None]
    member_states: frozenset[str] = frozenset()


def wish_of(entry: Recorded) -> Wish | None:
    """The wish in an input; None for a receipt, which asks nothing."""
    event = entry.event
    if isinstance(event, PatrolResponse):
        if event.action == "received":
            return None
        return Wish(
            entry.id,
            event.action,
            event.alert,
            event.member,
            "member",
            "phone",
            note=event.note,
            disposition=event.disposition,
        )
    if not isinstance(event, Command):
        raise TypeError(f"{entry.type} is no command")
    until = getattr(event, "until", None)
    return Wish(
        entry.id,
        event.TYPE.removeprefix("command."),
        event.alert,
        event.by,
        event.role,
        event.via,
        event.version,
        event.note,
        getattr(event, "squad", None),
        getattr(event, "disposition", None),
        to_us(until) if until else None,
        getattr(event, "step", None),
    )


def decide(desk: AlertDesk, wish: Wish, estate: Estate, out: Outbox) -> None:
    """Takes a wish, or refuses it with the alert's present version and state."""
    held = desk.get(wish.alert, out.now_us)
    if held is None:
        _refuse(RefusedError("unknown_alert", words("alerts.refused.unknown_alert")), wish, None, out)
        return
    action = ACTIONS[wish.action]
    try:
        _may(action, held, wish, estate)
        _is_present(held, wish)
        _is_allowed(action, held, wish)
        action.do(Case(desk, held, wish, estate, out))
    except RefusedError as refusal:
        _refuse(refusal, wish, held.alert, out)


def _refuse(refusal: RefusedError, wish: Wish, alert: Alert | None, out: Outbox) -> None:
    refused = CommandRefused(
        command=wish.id,
        alert=wish.alert,
        version=alert.version if alert else None,
        state=alert.state if alert else None,
        reason=refusal.reason,
        detail=refusal.detail,
    )
    out.add("command", wish.id, refused)


def _may(action: Action, held: Held, wish: Wish, estate: Estate) -> None:
    if wish.role != "member":
        if wish.role not in action.roles:
            raise RefusedError("forbidden", _say("forbidden", action=_action(wish)))
        return
    if not action.member_states:
        raise RefusedError("forbidden", _say("forbidden", action=_action(wish)))
    if _squad_of(estate, held.alert, wish.by) is None:
        raise RefusedError("forbidden", _say("not_in_squad"))


def _squad_of(estate: Estate, alert: Alert, member: str) -> str | None:
    """The squad that a member answers for: the alert's own, or one called besides."""
    squads = (alert.squad, *alert.support)
    return next((squad for squad in squads if is_member(estate, squad, member)), None)


def _is_present(held: Held, wish: Wish) -> None:
    if wish.version is not None and wish.version != held.alert.version:
        who = held.by or words("alerts.who.rule")
        state = words(f"common.state.{held.alert.state}")
        raise RefusedError("conflict", _say("conflict", who=who, version=held.alert.version, state=state))


def _is_allowed(action: Action, held: Held, wish: Wish) -> None:
    states = action.member_states if wish.role == "member" else action.states
    if held.alert.state not in states:
        state = words(f"common.state.{held.alert.state}")
        said = {"action": _action(wish), "state": state}
        if wish.version is None and held.by not in (None, wish.by):  # a phone knows of no version
            raise RefusedError("not_allowed", _say("too_late", who=held.by, **said))
        raise RefusedError("not_allowed", _say("not_allowed", **said))


def _say(key: str, **params: Any) -> Words:
    return both(f"alerts.refused.{key}", **params)


def _action(wish: Wish) -> Words:
    return words(f"alerts.action.{'note' if wish.action == NEED_HELP else wish.action}")


def _reason(wish: Wish) -> None:
    if not (wish.note and wish.note.strip()):
        raise RefusedError("bad_request", _say("reason_missing"))


def _acknowledge(case: Case) -> None:
    due = None if case.held.alert.shelved_until else _runs_out(case)
    case.change(AlertAcknowledged, state="acknowledged", ack_due_at=due)


def _assign(case: Case) -> None:
    squad = case.wish.squad
    if squad not in case.estate.squads:
        raise RefusedError("bad_request", _say("unknown_squad", squad=squad or ""))
    alert = case.held.alert
    case.change(
        AlertAssigned,
        taken_from=alert.squad if alert.squad != squad else None,
        state="assigned",
        squad=squad,
        support=tuple(each for each in alert.support if each != squad),
        **_FREED,
    )


def _accept(case: Case) -> None:
    """Whoever accepts first has it. The others called are stood down, unless it is critical."""
    alert, mine = case.held.alert, _squad_of(case.estate, case.held.alert, case.wish.by)
    others = tuple(each for each in (alert.squad, *alert.support) if each and each != mine)
    if alert.state != "assigned" or mine != alert.squad:  # the squad dispatches itself
        taken_from = alert.squad if alert.squad != mine else None
        case.change(
            AlertAssigned,
            state="assigned",
            squad=mine,
            support=others,
            taken_from=taken_from,
            note=None,
            **_FREED,
        )
    support = others if alert.severity == "critical" else ()
    case.change(AlertAccepted, state="accepted", assignee=case.wish.by, support=support)


def _decline(case: Case) -> None:
    """Back to the dispatcher: a desk has seen it, no squad has it, and it rises again if nothing follows. A
    squad that was called besides is called no more."""
    alert, mine = case.held.alert, _squad_of(case.estate, case.held.alert, case.wish.by)
    case.held.declined = (*case.held.declined, *((mine,) if mine else ()))[-DECLINED_MAX:]
    if mine != alert.squad:
        support = tuple(each for each in alert.support if each != mine)
        case.change(AlertDeclined, taken_from=mine, support=support)
        return
    freed = {**_FREED, "ack_due_at": _runs_out(case)}
    case.change(AlertDeclined, taken_from=mine, state="acknowledged", squad=None, **freed)


def _arrive(case: Case) -> None:
    case.change(AlertArrived, state="arrived", assignee=case.wish.by)


def _note(case: Case) -> None:
    _reason(case.wish)
    case.change(AlertNoted)


def _need_help(case: Case) -> None:
    said = words("alerts.note.need_help")
    note = f"{said.zh} {said.en}" + (f": {case.wish.note}" if case.wish.note else "")
    case.change(AlertNoted, note=note[:TEXT_CHARS_MAX])


def _shelve(case: Case) -> None:
    _reason(case.wish)
    until_us = case.wish.until_us or 0
    if not case.out.now_us < until_us <= case.out.now_us + SHELVE_MAX_US:
        raise RefusedError("bad_request", _say("shelve_until"))
    case.change(AlertShelved, shelved_until=from_us(until_us), ack_due_at=None)


def _unshelve(case: Case) -> None:
    if case.held.alert.shelved_until is None:
        raise RefusedError("not_allowed", _say("not_shelved"))
    hidden = {"suppressed_by": case.held.alert.suppressed_by}
    case.change(AlertUnshelved, **shown_again(case.held.alert, case.out.now_us) | hidden)


def _step_done(case: Case) -> None:
    alert, step = case.held.alert, case.wish.step
    known = next((each for each in sop.checklist(alert.rule) if each.step == step), None)
    if known is None:
        raise RefusedError("bad_request", _say("unknown_step", step=step or ""))
    if known.step in alert.steps_done:
        raise RefusedError("not_allowed", _say("step_already", step=known.text))
    done = (*alert.steps_done, known.step)
    case.change(AlertStepDone, step=step, steps_done=done)


def _close(case: Case) -> None:
    wish = case.wish
    if wish.disposition is None:
        raise RefusedError("bad_request", _say("disposition_missing"))
    undone = sop.missing(case.held.alert.rule, case.held.alert.steps_done)
    # Who stands there has done more than a checklist asks, and a false alarm asks for nothing.
    if undone and wish.role != "member" and wish.disposition == "genuine":
        steps = Words(zh="、".join(s.text.zh for s in undone), en="; ".join(s.text.en for s in undone))
        raise RefusedError("not_allowed", _say("steps_missing", steps=steps))
    case.desk.close(case.held, wish.disposition, case.out, by=wish.by, via=wish.via, note=wish.note)


def _reopen(case: Case) -> None:
    _reason(case.wish)
    if case.desk.open_of(case.held.alert.rule, case.held.alert.key):
        raise RefusedError("not_allowed", _say("newer_open"))
    reset = {**_FREED, "ack_due_at": _runs_out(case)}
    case.change(AlertReopened, state="acknowledged", disposition=None, closed_at=None, **reset)


def _runs_out(case: Case) -> datetime:
    return from_us(case.out.now_us) + ACKNOWLEDGED_FOR


_FREED: dict[str, Any] = {
    "assignee": None,
    "ack_due_at": None,
    "shelved_until": None,
    "suppressed_by": None,
}

ACTIONS: dict[str, Action] = {
    "acknowledge": Action(frozenset({"raised"}), _DESK, _acknowledge),
    "assign": Action(_OPEN, _DESK | {"dispatcher"}, _assign),
    "accept": Action(frozenset(), frozenset(), _accept, frozenset({"raised", "acknowledged", "assigned"})),
    "decline": Action(frozenset(), frozenset(), _decline, frozenset({"assigned"})),
    "arrive": Action(frozenset(), frozenset(), _arrive, frozenset({"accepted"})),
    "note": Action(_ANY, _DESK | {"dispatcher"}, _note, _ANY),
    "step_done": Action(_ANY, _DESK | {"dispatcher"}, _step_done, _ANY),
    "shelve": Action(frozenset({"raised", "acknowledged"}), _DESK, _shelve),
    "unshelve": Action(frozenset({"raised", "acknowledged"}), _DESK, _unshelve),
    "close": Action(_OPEN, _DESK, _close, frozenset({"arrived"})),
    "reopen": Action(frozenset({"closed"}), _DESK, _reopen),
    NEED_HELP: Action(frozenset(), frozenset(), _need_help, _ANY),
}
"""The table of actions of the contract."""
