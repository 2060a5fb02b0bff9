"""Reports of people on their way: what the estate's step makes of them, and what people ask of them.

The words of a report and who made it stay in `report.submitted`: nothing here copies them.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AwareDatetime, Field

from eventlog.vocabulary.base import DeviceEvent, Event, Member, Name, Part, Role, Text, event
from eventlog.vocabulary.people import Channel

Handling = Literal["joint", "shared", "helped", "squad"]
"""联办 jointly with the district, 共办 among those concerned, 协办 with help, or straight to a squad."""
Way = Literal["on_the_spot", "at_once", "online"]
"""现场办, 马上办, 网上办."""
ReportState = Literal["opened", "triaged", "assigned", "accepted", "closed", "merged"]
LimitSeconds = Annotated[float, Field(gt=0, le=2_678_400)]
"""A limit that a person sets, seconds; at most 31 days."""


class Report(Part):
    """A report as published and as the API gives it.

    `evidence` is the id of the `report.submitted` with the words, then those of the reports merged into it,
    `evidence_positions` their places in the log. `reporters` counts this report and those merged into it,
    which name it in `merged_into`; `similar` is an open one that it could be merged into. `partners` are
    those concerned, by name. `due_at` is the present limit: for triage while opened, else for closing;
    `limit_s` is how long that was. `reminded` and `escalation` (0 nobody, 1 the leader, 2 the manager) begin
    anew with every limit. `satisfied` is the last answer of whoever reported; `reopened` counts.
    """

    id: Name
    estate: Name
    category: Name
    channel: Channel
    location: Name
    zone: Name
    urgent: bool = False
    state: ReportState
    handling: Handling | None = None
    way: Way | None = None
    squad: str | None = None
    assignee: str | None = None
    partners: tuple[Name, ...] = ()
    submitted_at: AwareDatetime
    opened_at: AwareDatetime
    due_at: AwareDatetime | None = None
    limit_s: float | None = None
    reminded: bool = False
    escalation: Annotated[int, Field(ge=0)] = 0
    closed_at: AwareDatetime | None = None
    satisfied: bool | None = None
    followed_up_at: AwareDatetime | None = None
    reopened: Annotated[int, Field(ge=0)] = 0
    reporters: Annotated[int, Field(ge=1)] = 1
    merged_into: str | None = None
    similar: str | None = None
    evidence: tuple[str, ...] = ()
    evidence_positions: tuple[int, ...] = ()
    late: bool = False
    version: Annotated[int, Field(ge=1)] = 1


class ReportEvent(Event):
    """A change of a report: the whole report after it, and who did it, where a person did.

    `cause` is the id of the input that asked for it, on the report that was asked about; `taken_from` the
    squad that had it before and has it no more.
    """

    report: Report
    by: Member | None = None
    via: Literal["console", "api", "phone", "system"] = "system"
    note: Text | None = None
    cause: str | None = None
    taken_from: str | None = None


@event("report.opened", role=Role.OUTPUT)
class ReportOpened(ReportEvent): ...


@event("report.triaged", role=Role.OUTPUT)
class ReportTriaged(ReportEvent):
    """How it is handled was settled, and with that its limit."""


@event("report.assigned", role=Role.OUTPUT)
class ReportAssigned(ReportEvent): ...


@event("report.accepted", role=Role.OUTPUT)
class ReportAccepted(ReportEvent): ...


@event("report.declined", role=Role.OUTPUT)
class ReportDeclined(ReportEvent):
    """`taken_from` is the squad that gave it back."""


@event("report.noted", role=Role.OUTPUT)
class ReportNoted(ReportEvent): ...


@event("report.reminded", role=Role.OUTPUT)
class ReportReminded(ReportEvent):
    """A limit is near (of triage, of closing), or the follow-up has not been made."""

    of: Literal["triage", "closing", "follow_up"]


@event("report.escalated", role=Role.OUTPUT)
class ReportEscalated(ReportEvent):
    """A limit has passed: `who` is told, the leader or the manager on duty; nobody when nobody is."""

    to: Literal["leader", "manager"]
    who: Member | None = None


@event("report.closed", role=Role.OUTPUT)
class ReportClosed(ReportEvent):
    """Done; `note` says what was done."""


@event("report.followed_up", role=Role.OUTPUT)
class ReportFollowedUp(ReportEvent):
    """Whoever reported was asked: `report.satisfied`."""


@event("report.reopened", role=Role.OUTPUT)
class ReportReopened(ReportEvent): ...


@event("report.merged", role=Role.OUTPUT)
class ReportMerged(ReportEvent):
    """It tells of the same thing as `report.merged_into`, and goes on with that."""


@event("report.joined", role=Role.OUTPUT)
class ReportJoined(ReportEvent):
    """Another report of the same thing joined this one, or left it: `report.reporters` is the count."""

    joined: Name
    left: bool = False


@event("report.split", role=Role.OUTPUT)
class ReportSplit(ReportEvent):
    """It turned out to be a matter of its own."""


@event("patrol.report_response", role=Role.DEVICE)
class PatrolReportResponse(DeviceEvent):
    """A member's answer to a report; `done` needs a note that says what was done."""

    report: Name
    member: Member
    action: Literal["received", "accept", "decline", "done"]
    note: Text | None = None


class ReportCommand(Event):
    """A person's wish about a report, with the version of the report that the person saw."""

    report: Name
    version: Annotated[int, Field(ge=1)] | None = None
    by: Member
    role: Literal["operator", "supervisor", "administrator", "dispatcher"] = "operator"
    via: Literal["console", "api", "system"] = "api"
    note: Text | None = None


@event("command.report_triage", role=Role.INPUT)
class CommandReportTriage(ReportCommand):
    """Settle how it is handled; what is not given is the category's."""

    handling: Handling
    way: Way | None = None
    category: Name | None = None
    squad: Name | None = None
    partners: Annotated[tuple[Name, ...], Field(max_length=20)] | None = None
    limit_s: LimitSeconds | None = None


@event("command.report_assign", role=Role.INPUT)
class CommandReportAssign(ReportCommand):
    squad: Name


@event("command.report_note", role=Role.INPUT)
class CommandReportNote(ReportCommand): ...


@event("command.report_close", role=Role.INPUT)
class CommandReportClose(ReportCommand):
    """`note` says what was done."""


@event("command.report_follow_up", role=Role.INPUT)
class CommandReportFollowUp(ReportCommand):
    """Whoever reported was asked whether they are satisfied."""

    satisfied: bool


@event("command.report_reopen", role=Role.INPUT)
class CommandReportReopen(ReportCommand):
    """`note` says why."""


@event("command.report_merge", role=Role.INPUT)
class CommandReportMerge(ReportCommand):
    """It tells of the same thing as another one."""

    into: Name


@event("command.report_split", role=Role.INPUT)
class CommandReportSplit(ReportCommand):
    """It is a matter of its own after all."""
