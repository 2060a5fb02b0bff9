"""Several reports of one thing: one is worked on, the others go with it, and each of those who reported is
asked in the end. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from eventlog.vocabulary import ReportJoined, ReportMerged, ReportSplit
from processors.outbox import Outbox
from processors.patrol.rounds import Told
from processors.reports.cases import Case

if TYPE_CHECKING:
    from processors.reports.desk import ReportDesk

MEMBERS_MAX = 500
"""Reports merged into one; what comes beyond is opened on its own."""
EVIDENCE_MAX = 50
"""Reports named as evidence of one: the first and the newest."""


def merge(desk: ReportDesk, case: Case, lead: Case, out: Outbox, **who: Any) -> Told:
    """A report, and what is merged into it, goes on with another one."""
    moved, evidence = (case.report.id, *case.members), case.report.evidence
    joined = _joined(lead, case)
    told = desk.calm(case, out)
    for each in case.members:
        member = desk.get(each)
        if member:
            _goes_with(desk, member, lead, out)
    desk.set_members(case, ())
    _goes_with(desk, case, lead, out, **who)
    desk.set_members(lead, (*lead.members, *moved))
    lead.last_us = max(lead.last_us, case.last_us)
    for each in moved:
        _counted(desk, lead, each, out, left=False, **joined)
    return told + desk.alarm(lead, evidence, out.now_us, out)


def _goes_with(desk: ReportDesk, case: Case, lead: Case, out: Outbox, **who: Any) -> None:
    case.dues = {}
    desk.change(
        case,
        ReportMerged,
        out,
        state="merged",
        merged_into=lead.report.id,
        similar=None,
        squad=None,
        assignee=None,
        due_at=None,
        limit_s=None,
        reporters=1,
        evidence=case.report.evidence[:1],
        evidence_positions=case.report.evidence_positions[:1],
        **who,
    )


def _joined(lead: Case, case: Case) -> dict[str, Any]:
    """The evidence of both, each once, the first and the newest when there is too much."""
    known = dict(_pairs(lead) + _pairs(case))
    pairs = list(known.items())
    if len(pairs) > EVIDENCE_MAX:
        pairs = pairs[:1] + pairs[1 - EVIDENCE_MAX :]
    return {
        "evidence": tuple(each for each, _ in pairs),
        "evidence_positions": tuple(place for _, place in pairs),
    }


def _counted(desk: ReportDesk, lead: Case, joined: str, out: Outbox, *, left: bool, **evidence: Any) -> None:
    said = {"joined": joined, "left": left}
    reporters = lead.report.reporters + (-1 if left else 1)
    desk.change(lead, ReportJoined, out, said=said, reporters=reporters, **evidence)


def split(desk: ReportDesk, case: Case, out: Outbox, **who: Any) -> Told:
    """A merged report turns out to be a matter of its own: opened again, and set out like a new one."""
    lead = desk.get(case.report.merged_into or "")
    if lead:
        desk.set_members(lead, tuple(each for each in lead.members if each != case.report.id))
        kept = [pair for pair in _pairs(lead) if pair[0] != case.report.evidence[0]]
        evidence, positions = (tuple(part) for part in zip(*kept, strict=True))
        fields = {"evidence": evidence, "evidence_positions": positions}
        _counted(desk, lead, case.report.id, out, left=True, **fields)
    due = desk.limited_for_triage(case, out)
    desk.change(case, ReportSplit, out, state="opened", merged_into=None, **due, **who)
    return desk.begin(case, out, who.get("cause"))


def _pairs(case: Case) -> list[tuple[str, int]]:
    return list(zip(case.report.evidence, case.report.evidence_positions, strict=True))
