"""The reports of one estate: opened, triaged, limited, merged, closed; every change told as an event. Pure.

Knows nothing of who may do what (`processors.reports.commands`). The words of a report and who made it stay
in the input: what is told points to it. What was uploaded late is opened and listed, and goes to nobody until
a person triages it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from eventlog.estate import Estate
from eventlog.ports import Recorded, SavedState
from eventlog.times import from_us, to_us
from eventlog.vocabulary import (
    CommandRefused,
    Report,
    ReportAssigned,
    ReportClosed,
    ReportEscalated,
    ReportEvent,
    ReportOpened,
    ReportReminded,
    ReportReopened,
    ReportSubmitted,
    ReportTriaged,
)
from processors.alerts.episodes import Limits
from processors.outbox import Outbox
from processors.patrol.dispatch import Dispatch
from processors.patrol.rounds import Told
from processors.patrol.squads import on_duty
from processors.reports.cases import DUES, LIMITS, PREFIX, Case, Due, Places, case_of
from processors.reports.merging import MEMBERS_MAX, merge
from processors.rules.base import Clear, Evidence, Raise, us
from processors.rules.reports import DEFAULTS, Category, category_of, limit_s
from processors.rules.titles import both, title, zone_name
from processors.wakeups import Wakeups, fire_time

OWNER = "report"
POLICY, URGENT = "reports", "urgent_report"
KEPT_US = 30 * 24 * 3_600_000_000
"""A closed report can be reopened this long; then it is history and no longer kept."""


class ReportDesk:
    """All reports that are open, or closed within the time they can be reopened."""

    def __init__(
        self,
        estate: Callable[[], Estate],
        wakeups: Wakeups,
        dispatch: Dispatch,
        policy: Callable[[str], Limits],
    ) -> None:
        self.estate = estate
        self._wakeups = wakeups
        self._dispatch = dispatch
        self._limits, self._urgent = policy(POLICY), policy(URGENT)
        self._cases: dict[str, Case] = {}
        self.places = Places()
        self._dirty: set[str] = set()
        self._gone: set[str] = set()

    def get(self, report_id: str) -> Case | None:
        """A report that is open, or closed no longer than it can be reopened."""
        return self._cases.get(report_id)

    def limits(self, zone: str) -> Any:
        """The settings that hold in a zone; where the policy is off, as Gatehouse comes."""
        return self._limits(zone) or DEFAULTS

    def submitted(self, entry: Recorded, said: ReportSubmitted, out: Outbox) -> Told:
        """Somebody reports something."""
        zone = self.estate().place_zone(said.location)
        limits = self._limits(zone)
        if limits is None:
            if said.entered_by:  # who sits at a desk is told; a device would not hear it
                refused = CommandRefused(
                    command=entry.id, reason="not_allowed", detail=both("reports.refused.off")
                )
                out.add("command", entry.id, refused)
            return []
        other = None if entry.late else self._same((said.category, said.location), limits, out)
        case = self._open(entry, said, zone, limits, out, similar=other)
        if other and limits.merge == "automatic":
            return merge(self, case, other, out, cause=entry.id, note=note_of("merged_by_itself"))
        return self.begin(case, out, cause=entry.id)

    def _same(self, place: tuple[str, str], limits: Any, out: Outbox) -> Case | None:
        """The newest open report of a category and place, near enough in time."""
        newest = None if limits.merge == "off" else self.places.newest(place)
        other = self._cases[newest] if newest else None
        if other is None or len(other.members) >= MEMBERS_MAX:
            return None
        return other if out.now_us - other.last_us <= limits.merge_window_us else None

    def _open(
        self,
        entry: Recorded,
        said: ReportSubmitted,
        zone: str,
        limits: Any,
        out: Outbox,
        *,
        similar: Case | None,
    ) -> Case:
        now_us = out.now_us
        urgent = self._urgent(zone)
        report = Report(
            id=out.id_of("report", entry.id),
            estate=self.estate().id,
            category=said.category,
            channel=said.channel,
            location=said.location,
            zone=zone,
            urgent=urgent is not None and said.category in urgent.categories,
            state="opened",
            similar=similar.report.id if similar else None,
            submitted_at=from_us(entry.effective_us),
            opened_at=from_us(now_us),
            evidence=(entry.id,),
            evidence_positions=(entry.position,),
            late=entry.late,
        )
        case = Case(report, entry.position, now_us, now_us)
        due = {} if report.late else self._limited(case, us(limits.triage_s), limits, now_us)
        case.report = report.model_copy(update=due)
        self._cases[report.id] = case
        out.add("report", report.id, ReportOpened(report=case.report, cause=entry.id))
        self.places.add(case)
        self._keep(case, now_us)
        return case

    def begin(self, case: Case, out: Outbox, cause: str | None) -> Told:
        """A report that is a matter of its own sets out."""
        report = case.report
        limits = self.limits(report.zone)
        told = self.alarm(case, report.evidence, to_us(report.submitted_at), out)
        chosen = category_of(limits, report.category)
        if chosen and limits.automatic and not report.late:
            self.triage(case, chosen, out, cause=cause)
        return told

    def limited_for_triage(self, case: Case, out: Outbox) -> dict[str, Any]:
        """The fields of a limit for triage that begins now."""
        case.begins_us = out.now_us
        limits = self.limits(case.report.zone)
        return self._limited(case, us(limits.triage_s), limits, out.now_us)

    def alarm(self, case: Case, evidence: tuple[str, ...], at_us: int, out: Outbox) -> Told:
        """What can't wait is an alert at once, one for the report and all that joins it."""
        report = case.report
        urgent = self._urgent(report.zone) if report.urgent else None
        if urgent is None:
            return []
        case.alarmed = True
        self._dirty.add(report.id)
        pairs = dict(zip(report.evidence, report.evidence_positions, strict=True))
        known = tuple(Evidence(each, pairs[each]) for each in evidence if each in pairs)
        zone = zone_name(self.estate(), report.zone)
        said = title("urgent_report.title", zone=zone, category=category_words(report.category))
        signal = Raise(report.id, report.zone, urgent.severity, said, at_us, (), known, report.late)
        return [(URGENT, signal)]

    def calm(self, case: Case, out: Outbox) -> Told:
        """The report is closed: its alert's condition is over."""
        if not case.alarmed:
            return []
        case.alarmed = False
        return [(URGENT, Clear(case.report.id, case.report.zone, out.now_us))]

    def triage(self, case: Case, chosen: Category, out: Outbox, **who: Any) -> None:
        """Settles how a report is handled, by when, and by whom. What is an alert goes the alert's way: no
        squad is sent twice."""
        limits = self.limits(case.report.zone)
        squad = self._squad_for(case, chosen, out)
        if case.report.late and case.report.state == "opened":
            case.begins_us = max(case.begins_us, out.now_us)
        due = self._limited(case, us(limit_s(limits, chosen)), limits, out.now_us)
        self.change(
            case,
            ReportTriaged,
            out,
            state="triaged",
            handling=chosen.handling,
            way=chosen.way,
            partners=chosen.partners,
            squad=squad if squad == case.report.squad else None,
            assignee=None,
            **due,
            **who,
        )
        if squad:
            self.assign(case, squad, out, **who | {"note": None})

    def _squad_for(self, case: Case, chosen: Category, out: Outbox) -> str | None:
        if case.alarmed:
            return None
        if chosen.squad in self.estate().squads:
            return chosen.squad
        goes = chosen.way != "online" and chosen.handling in {"squad", "helped"}
        return self._dispatch.fresh(case.report.zone, "low", out.now_us) if goes else None

    def assign(self, case: Case, squad: str, out: Outbox, **who: Any) -> None:
        """Gives it to a squad."""
        self.change(case, ReportAssigned, out, state="assigned", squad=squad, assignee=None, **who)

    def squad_gone(self, squad: str, out: Outbox) -> None:
        """A squad is no more: what it had is the desk's to assign again."""
        for report_id in sorted(self._cases):
            case = self._cases[report_id]
            if case.report.squad == squad and case.report.state in {"assigned", "accepted"}:
                self.change(case, ReportTriaged, out, state="triaged", squad=None, assignee=None)

    def close(self, case: Case, out: Outbox, **who: Any) -> Told:
        """Done, for everybody who reported it; each is to be asked whether it is good."""
        self._closed(case, out, **who)
        note = note_of("closed_with")
        for member in case.members:
            self._closed(self._cases[member], out, note=note)
        return self.calm(case, out)

    def _closed(self, case: Case, out: Outbox, **who: Any) -> None:
        case.dues = {
            "follow_up": out.now_us + self.limits(case.report.zone).follow_up_us,
            "forget": out.now_us + KEPT_US,
        }
        closed_at = from_us(out.now_us)
        fresh: dict[str, Any] = {"satisfied": None, "followed_up_at": None}
        self.change(case, ReportClosed, out, state="closed", closed_at=closed_at, **fresh, **who)

    def reopen(self, case: Case, out: Outbox, **who: Any) -> Told:
        """Open again, with a limit of its own and all that joined it. What was merged opens what it was
        merged into; where that is gone, it is a matter of its own."""
        whole = self._cases.get(case.report.merged_into or "") or case
        others = {"note": note_of("reopened_with")}
        self._reopened(whole, out, **(who if whole is case else others))
        for each in whole.members:
            member = self._cases[each]
            self._reopened_member(member, out, **(who if member is case else others))
        return self.alarm(whole, whole.report.evidence, out.now_us, out)

    def _reopened(self, case: Case, out: Outbox, **who: Any) -> None:
        report, limits = case.report, self.limits(case.report.zone)
        case.begins_us, case.dues = out.now_us, {}
        due = self._limited(case, us(report.limit_s or limits.at_once_s), limits, out.now_us)
        squad = report.squad if report.squad in self.estate().squads else None
        fields: dict[str, Any] = {
            "state": "assigned" if squad else "triaged" if report.handling else "opened",
            "squad": squad,
            "assignee": None,
            "closed_at": None,
            "followed_up_at": None,
            "merged_into": None,
            "reopened": report.reopened + 1,
        }
        self.change(case, ReportReopened, out, **fields, **due, **who)

    def _reopened_member(self, case: Case, out: Outbox, **who: Any) -> None:
        case.dues = {}
        fields: dict[str, Any] = {"state": "merged", "closed_at": None, "followed_up_at": None}
        self.change(case, ReportReopened, out, **fields, reopened=case.report.reopened + 1, **who)

    def _limited(self, case: Case, limit_us: int, limits: Any, now_us: int) -> dict[str, Any]:
        """The fields of a report's limit; its reminder and escalation begin anew where it is another one."""
        due_us = case.begins_us + limit_us
        if case.report.due_at == from_us(due_us) and case.report.state != "closed":
            return {}
        case.dues = {each: at for each, at in case.dues.items() if each not in LIMITS}
        case.dues["leader"] = due_us
        remind_us = case.begins_us + int(limit_us * limits.remind_share)
        if remind_us < due_us and due_us > now_us:
            case.dues["remind"] = remind_us
        due_at = from_us(due_us)
        return {"due_at": due_at, "limit_s": limit_us / 1e6, "reminded": False, "escalation": 0}

    def due(self, report_id: str, due_us: int, out: Outbox) -> None:
        """A limit is near or has passed, a follow-up is missing, or a report is history."""
        case = self._cases[report_id]
        case.wake = None
        for what in DUES:
            if case.dues.get(what, due_us + 1) <= due_us:
                case.dues.pop(what)
                self._come(case, what, out)
        if report_id in self._cases:
            self._keep(case, out.now_us)

    def _come(self, case: Case, what: Due, out: Outbox) -> None:
        if what == "remind":
            of = "triage" if case.report.state == "opened" else "closing"
            self.change(case, ReportReminded, out, said={"of": of}, reminded=True)
        elif what == "follow_up":
            self.change(case, ReportReminded, out, said={"of": "follow_up"})
        elif what == "forget":
            self._forget(case)
        else:
            who = on_duty(self.estate(), case.report.squad, what, out.now_us)
            note = note_of(f"to_{what}", who=who) if who else note_of("to_nobody")
            said = {"to": what, "who": who}
            level = 1 if what == "leader" else 2
            if what == "leader":
                case.dues["manager"] = out.now_us + self.limits(case.report.zone).manager_us
            self.change(case, ReportEscalated, out, said=said, note=note, escalation=level)

    def _forget(self, case: Case) -> None:
        report_id = case.report.id
        del self._cases[report_id]
        self._dirty.discard(report_id)
        self._gone.add(report_id)
        lead = self._cases.get(case.report.merged_into or "")
        if lead:
            self.set_members(lead, tuple(each for each in lead.members if each != report_id))

    def set_members(self, lead: Case, members: tuple[str, ...]) -> None:
        """Which reports are merged into one."""
        lead.members = members
        self._dirty.add(lead.report.id)

    def change(
        self,
        case: Case,
        kind: type[ReportEvent],
        out: Outbox,
        *,
        by: str | None = None,
        via: str = "system",
        note: str | None = None,
        cause: str | None = None,
        said: dict[str, Any] | None = None,
        **changes: Any,
    ) -> None:
        """Changes a report and tells it, with a new version; `said` is what the event says besides."""
        place, had = case.place, case.report.squad
        report = case.report.model_copy(update={**changes, "version": case.report.version + 1})
        case.report, case.by = report, by
        who = {"by": by, "via": via, "note": note, "cause": cause}
        taken_from = had if had != report.squad else None
        event: Any = kind
        out.add("report", report.id, event(report=report, taken_from=taken_from, **who, **(said or {})))
        if place != case.place or report.state in {"closed", "merged"}:
            self.places.drop(place, case)
        if report.state not in {"closed", "merged"}:
            self.places.add(case)
        self._keep(case, out.now_us)

    def _keep(self, case: Case, now_us: int) -> None:
        """Saves a report, and wakes it when something is due next."""
        report_id = case.report.id
        self._dirty.add(report_id)
        due_us = min(case.dues.values(), default=None)
        if due_us is None:
            case.wake = None
            self._wakeups.cancel(OWNER, report_id)
        elif case.wake is None or case.wake[0] != due_us:
            case.wake = (due_us, fire_time(due_us, now_us))
            self._wakeups.set(OWNER, report_id, *case.wake)

    def load(self, saved: SavedState) -> bool:
        """Takes back a saved report, with its wake-up; False when it isn't one."""
        case = case_of(saved)
        if case is None:
            return False
        self._cases[case.report.id] = case
        if case.report.state not in {"closed", "merged"}:
            self.places.add(case)
        if case.wake:
            self._wakeups.set(OWNER, case.report.id, *case.wake)
        return True

    def changed(self) -> tuple[list[SavedState], list[str]]:
        """What to write and what to delete since the last time."""
        write = [self._cases[each].saved() for each in sorted(self._dirty)]
        gone = [PREFIX + each for each in sorted(self._gone)]
        self._dirty, self._gone = set(), set()
        return write, gone


def note_of(key: str, **params: Any) -> str:
    """A note of our own, in both languages."""
    said = both(f"reports.note.{key}", **params)
    return f"{said.zh} {said.en}"


def category_words(category: str) -> Any:
    """A category's name where Gatehouse has one, else the category itself."""
    try:
        return both(f"reports.category.{category}")
    except KeyError:
        return category
