"""What people ask of reports, decided: in which states, by whom, who was faster. Pure.

A wish comes as `command.report_…` from the console or as `patrol.report_response` from a member's phone. What
is not taken is answered with `command.refused`, the reason and the report's present version.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from eventlog.catalogue import words
from eventlog.ports import Recorded
from eventlog.times import from_us
from eventlog.vocabulary import (
    TYPES,
    CommandRefused,
    CommandReportAssign,
    CommandReportFollowUp,
    CommandReportMerge,
    CommandReportTriage,
    Event,
    PatrolReportResponse,
    ReportAccepted,
    ReportCommand,
    ReportDeclined,
    ReportFollowedUp,
    ReportNoted,
    ReportSubmitted,
    Words,
)
from processors.alerts.commands import Reason, RefusedError
from processors.outbox import Outbox
from processors.patrol.rounds import Told
from processors.patrol.squads import is_member
from processors.reports.cases import Case
from processors.reports.desk import ReportDesk
from processors.reports.merging import MEMBERS_MAX, merge, split
from processors.rules.reports import Category, category_of
from processors.rules.titles import both

INPUTS = frozenset(
    {
        ReportSubmitted.TYPE,
        PatrolReportResponse.TYPE,
        *(name for name, kind in TYPES.items() if issubclass(kind, ReportCommand)),
    }
)
"""Inputs about reports."""

_DESK = frozenset({"operator", "supervisor", "administrator"})
_SENDS = _DESK | {"dispatcher"}
_OPEN = frozenset({"opened", "triaged", "assigned", "accepted"})
_ANY = _OPEN | {"closed", "merged"}


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody asks of a report. `version` is the one the person saw, where known."""

    id: str
    action: str
    report: str
    by: str
    role: str
    via: str
    version: int | None
    note: str | None
    event: Event


@dataclass(frozen=True, slots=True)
class Asked:
    """A wish about a report that is there, with what is needed to grant it."""

    desk: ReportDesk
    case: Case
    wish: Wish
    out: Outbox

    @property
    def who(self) -> dict[str, Any]:
        """Who asked, how, in which words; as a change of the report says it."""
        wish = self.wish
        return {"by": wish.by, "via": wish.via, "note": wish.note, "cause": wish.id}


@dataclass(frozen=True, slots=True)
class Action:
    """In which states, and for whom."""

    states: frozenset[str]
    roles: frozenset[str]
    do: Callable[[Asked], Told]


def take(desk: ReportDesk, entry: Recorded, out: Outbox) -> Told:
    """An input about reports; the signals that it makes."""
    event = entry.event
    if isinstance(event, ReportSubmitted):
        return desk.submitted(entry, event, out)
    wish = _wish_of(entry)
    return _decide(desk, wish, out) if wish else []


def _wish_of(entry: Recorded) -> Wish | None:
    """The wish in an input; None for a receipt, which asks nothing."""
    event = entry.event
    if isinstance(event, PatrolReportResponse):
        if event.action == "received":
            return None
        said = (event.report, event.member, "member", "phone")
        return Wish(entry.id, event.action, *said, None, event.note, event)
    if not isinstance(event, ReportCommand):
        raise TypeError(f"{entry.type} is no wish about a report")
    action = event.TYPE.removeprefix("command.report_")
    asked = (event.report, event.by, event.role, event.via)
    return Wish(entry.id, action, *asked, event.version, event.note, event)


def _decide(desk: ReportDesk, wish: Wish, out: Outbox) -> Told:
    """Takes a wish, or refuses it."""
    case = desk.get(wish.report)
    if case is None:
        _refuse(RefusedError("unknown_report", _say("unknown_report")), wish, None, out)
        return []
    action = ACTIONS[wish.action]
    try:
        _may(action, desk, case, wish)
        _is_present(case, wish)
        _is_allowed(action, case, wish)
        return action.do(Asked(desk, case, wish, out))
    except RefusedError as refusal:
        _refuse(refusal, wish, case, out)
        return []


def _refuse(refusal: RefusedError, wish: Wish, case: Case | None, out: Outbox) -> None:
    refused = CommandRefused(
        command=wish.id,
        report=wish.report,
        version=case.report.version if case else None,
        state=case.report.state if case else None,
        reason=refusal.reason,
        detail=refusal.detail,
    )
    out.add("command", wish.id, refused)


def _may(action: Action, desk: ReportDesk, case: Case, wish: Wish) -> None:
    if wish.role not in action.roles:
        raise RefusedError("forbidden", _say("forbidden", action=_action(wish)))
    if wish.role == "member" and not is_member(desk.estate(), case.report.squad, wish.by):
        raise RefusedError("forbidden", _say("not_in_squad"))


def _is_present(case: Case, wish: Wish) -> None:
    report = case.report
    if wish.version is not None and wish.version != report.version:
        who = case.by or words("alerts.who.rule")
        raise RefusedError("conflict", _say("conflict", who=who, version=report.version, state=_state(case)))


def _is_allowed(action: Action, case: Case, wish: Wish) -> None:
    if case.report.state not in action.states:
        raise RefusedError("not_allowed", _say("not_allowed", action=_action(wish), state=_state(case)))


def _say(key: str, **params: Any) -> Words:
    return both(f"reports.refused.{key}", **params)


def _action(wish: Wish) -> Words:
    return words(f"reports.action.{wish.action}")


def _state(case: Case) -> Words:
    return words(f"reports.state.{case.report.state}")


def _bad(key: str, reason: Reason = "bad_request", **params: Any) -> RefusedError:
    return RefusedError(reason, _say(key, **params))


def _words_needed(wish: Wish, key: str) -> None:
    if not (wish.note and wish.note.strip()):
        raise _bad(key)


def _known_squad(asked: Asked, squad: str) -> None:
    if squad not in asked.desk.estate().squads:
        raise _bad("unknown_squad", squad=squad)


def _triage(asked: Asked) -> Told:
    wish, case, desk = asked.wish.event, asked.case, asked.desk
    if not isinstance(wish, CommandReportTriage):
        raise TypeError(f"{wish.TYPE} triages nothing")
    if wish.squad:
        _known_squad(asked, wish.squad)
    kind = wish.category or case.report.category
    usual = category_of(desk.limits(case.report.zone), kind) or Category()
    asks = {"handling": wish.handling, "way": wish.way, "limit_s": wish.limit_s, "squad": wish.squad}
    given: dict[str, Any] = {name: value for name, value in asks.items() if value is not None}
    if wish.handling != usual.handling and wish.limit_s is None:
        given["limit_s"] = None  # the usual limit was for another handling
    if wish.partners is not None:
        given["partners"] = wish.partners
    desk.triage(case, usual.model_copy(update=given), asked.out, category=kind, **asked.who)
    return []


def _assign(asked: Asked) -> Told:
    wish = asked.wish.event
    squad = wish.squad if isinstance(wish, CommandReportAssign) else ""
    _known_squad(asked, squad)
    asked.desk.assign(asked.case, squad, asked.out, **asked.who)
    return []


def _accept(asked: Asked) -> Told:
    member = asked.wish.by
    asked.desk.change(asked.case, ReportAccepted, asked.out, state="accepted", assignee=member, **asked.who)
    return []


def _decline(asked: Asked) -> Told:
    """Back to the desk; its limit runs on."""
    freed: dict[str, Any] = {"state": "triaged", "squad": None, "assignee": None}
    asked.desk.change(asked.case, ReportDeclined, asked.out, **freed, **asked.who)
    return []


def _note(asked: Asked) -> Told:
    _words_needed(asked.wish, "reason_missing")
    asked.desk.change(asked.case, ReportNoted, asked.out, **asked.who)
    return []


def _close(asked: Asked) -> Told:
    _words_needed(asked.wish, "done_missing")
    return asked.desk.close(asked.case, asked.out, **asked.who)


def _follow_up(asked: Asked) -> Told:
    wish, case, desk = asked.wish.event, asked.case, asked.desk
    if case.report.followed_up_at is not None:
        raise _bad("followed_up_already", "not_allowed")
    satisfied = isinstance(wish, CommandReportFollowUp) and wish.satisfied
    case.dues.pop("follow_up", None)
    answer: dict[str, Any] = {"satisfied": satisfied, "followed_up_at": from_us(asked.out.now_us)}
    desk.change(case, ReportFollowedUp, asked.out, **answer, **asked.who)
    if satisfied or not desk.limits(case.report.zone).reopen_unsatisfied:
        return []
    return desk.reopen(case, asked.out, **asked.who)


def _reopen(asked: Asked) -> Told:
    _words_needed(asked.wish, "reason_missing")
    return asked.desk.reopen(asked.case, asked.out, **asked.who)


def _merge(asked: Asked) -> Told:
    wish, case = asked.wish.event, asked.case
    into = wish.into if isinstance(wish, CommandReportMerge) else ""
    lead = asked.desk.get(into)
    if lead is None or lead.report.state not in _OPEN or lead is case:
        raise _bad("merge_into", report=into)
    if len(lead.members) + len(case.members) >= MEMBERS_MAX:
        raise _bad("merge_full", "not_allowed", most=MEMBERS_MAX)
    return merge(asked.desk, case, lead, asked.out, **asked.who)


def _split(asked: Asked) -> Told:
    return split(asked.desk, asked.case, asked.out, **asked.who)


_MEMBER = frozenset({"member"})
_GIVEN = frozenset({"assigned", "accepted"})

ACTIONS: dict[str, Action] = {
    "triage": Action(_OPEN, _SENDS, _triage),
    "assign": Action(_OPEN - {"opened"}, _SENDS, _assign),
    "accept": Action(frozenset({"assigned"}), _MEMBER, _accept),
    "decline": Action(_GIVEN, _MEMBER, _decline),
    "done": Action(_GIVEN, _MEMBER, _close),
    "note": Action(_ANY, _SENDS, _note),
    "close": Action(_OPEN, _DESK, _close),
    "follow_up": Action(frozenset({"closed"}), _DESK, _follow_up),
    "reopen": Action(frozenset({"closed"}), _DESK, _reopen),
    "merge": Action(_OPEN, _DESK, _merge),
    "split": Action(frozenset({"merged"}), _DESK, _split),
}
