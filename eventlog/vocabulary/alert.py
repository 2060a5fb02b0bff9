"""What the estate's step makes: signals (what was detected) and alerts (what a person must deal with)."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AwareDatetime, Field

from eventlog.vocabulary.base import Event, Member, Name, Part, Role, Text, Words, event
from eventlog.vocabulary.people import Disposition
from eventlog.vocabulary.report import ReportState

Severity = Literal["low", "medium", "high", "critical"]
SEVERITIES: tuple[Severity, ...] = ("low", "medium", "high", "critical")
State = Literal["raised", "acknowledged", "assigned", "accepted", "arrived", "closed"]
Condition = Literal["active", "cleared"]


class Alert(Part):
    """An alert as published and as the API gives it.

    `evidence` are ids of events, `evidence_positions` their places in the log, in the same order.
    `at` is when it happened (the rule's time), `raised_at` when it entered the log. `suppressed_by` is the
    alert it hides behind, or `maintenance/…`; `held_back` how many hide behind this one. `support` are squads
    called besides its own. `escalation` counts the steps taken because nobody accepted; the next one is at
    `escalates_at`. `steps_done` are steps of the rule's checklist.
    """

    id: Name
    estate: Name
    rule: Name
    key: str
    episode: Name
    severity: Severity
    state: State
    condition: Condition
    zone: Name
    devices: tuple[Name, ...] = ()
    title: Words
    at: AwareDatetime
    raised_at: AwareDatetime
    evidence: tuple[str, ...] = ()
    evidence_positions: tuple[int, ...] = ()
    squad: str | None = None
    assignee: str | None = None
    ack_due_at: AwareDatetime | None = None
    shelved_until: AwareDatetime | None = None
    suppressed_by: str | None = None
    held_back: Annotated[int, Field(ge=0)] = 0
    support: tuple[Name, ...] = ()
    escalation: Annotated[int, Field(ge=0)] = 0
    escalates_at: AwareDatetime | None = None
    steps_done: tuple[Name, ...] = ()
    disposition: Disposition | None = None
    closed_at: AwareDatetime | None = None
    late: bool = False
    exercise: bool = False
    version: Annotated[int, Field(ge=1)] = 1


class SignalEvent(Event):
    """What a rule saw, about one key (a door, a plate, a device)."""

    rule: Name
    rule_version: int
    key: str
    zone: Name
    evidence: tuple[str, ...] = ()
    evidence_positions: tuple[int, ...] = ()
    late: bool = False


@event("signal.raised", role=Role.OUTPUT)
class SignalRaised(SignalEvent):
    """A rule's condition holds."""

    severity: Severity
    devices: tuple[Name, ...] = ()
    title: Words
    at: AwareDatetime


@event("signal.cleared", role=Role.OUTPUT)
class SignalCleared(SignalEvent):
    """A rule's condition is over; `withdrawn` when it turned out that it never held."""

    at: AwareDatetime
    withdrawn: bool = False


class AlertEvent(Event):
    """A change of an alert: the whole alert after it, and who did it, where a person did.

    `cause` is the source and id of the input that made the change.
    """

    alert: Alert
    by: Member | None = None
    via: Literal["console", "api", "phone", "system"] = "system"
    note: Text | None = None
    cause: str | None = None


@event("alert.raised", role=Role.OUTPUT)
class AlertRaised(AlertEvent): ...


@event("alert.updated", role=Role.OUTPUT)
class AlertUpdated(AlertEvent):
    """`history`: only evidence uploaded late was added, which pages nobody."""

    history: bool = False


@event("alert.severity_changed", role=Role.OUTPUT)
class AlertSeverityChanged(AlertEvent): ...


@event("alert.acknowledged", role=Role.OUTPUT)
class AlertAcknowledged(AlertEvent): ...


@event("alert.assigned", role=Role.OUTPUT)
class AlertAssigned(AlertEvent):
    """`taken_from` is the squad that had it before."""

    taken_from: str | None = None


@event("alert.accepted", role=Role.OUTPUT)
class AlertAccepted(AlertEvent): ...


@event("alert.declined", role=Role.OUTPUT)
class AlertDeclined(AlertEvent):
    """`taken_from` is the squad that gave it back."""

    taken_from: str | None = None


@event("alert.escalated", role=Role.OUTPUT)
class AlertEscalated(AlertEvent):
    """Nobody accepted in time, or it is critical from the start (`level` 0): `who` is told besides, a squad
    or a person by what they are to the shift."""

    level: Annotated[int, Field(ge=0)] = 0
    to: Literal["squad", "supervisor", "leader", "manager", "outside"] = "squad"
    who: Member | None = None


@event("alert.arrived", role=Role.OUTPUT)
class AlertArrived(AlertEvent): ...


@event("alert.noted", role=Role.OUTPUT)
class AlertNoted(AlertEvent): ...


@event("alert.step_done", role=Role.OUTPUT)
class AlertStepDone(AlertEvent):
    """A step of the rule's checklist was ticked."""

    step: Name | None = None


@event("alert.shelved", role=Role.OUTPUT)
class AlertShelved(AlertEvent): ...


@event("alert.unshelved", role=Role.OUTPUT)
class AlertUnshelved(AlertEvent): ...


@event("alert.suppressed", role=Role.OUTPUT)
class AlertSuppressed(AlertEvent):
    """`fresh`: held back from the start, so that no squad was told of it before."""

    fresh: bool = False


@event("alert.released", role=Role.OUTPUT)
class AlertReleased(AlertEvent): ...


@event("alert.cleared", role=Role.OUTPUT)
class AlertCleared(AlertEvent): ...


@event("alert.closed", role=Role.OUTPUT)
class AlertClosed(AlertEvent): ...


@event("alert.reopened", role=Role.OUTPUT)
class AlertReopened(AlertEvent): ...


@event("command.refused", role=Role.OUTPUT)
class CommandRefused(Event):
    """A command that the estate's step did not take; `version` and `state` are the present ones of the alert
    or the report."""

    command: Name
    alert: str | None = None
    report: str | None = None
    version: int | None = None
    state: State | ReportState | None = None
    reason: Literal["conflict", "not_allowed", "unknown_alert", "unknown_report", "bad_request", "forbidden"]
    detail: Words


SafetyLevel = Literal["safe", "watch", "alert", "danger", "unknown"]


@event("safety.changed", role=Role.OUTPUT)
class SafetyChanged(Event):
    """The safety level of a zone changed; `cause` is the alert or the device behind it."""

    zone: Name
    level: SafetyLevel
    previous: SafetyLevel
    cause: str | None = None
    cause_kind: Literal["alert", "neighbour", "device", "closed", "registry"]
    at: AwareDatetime


@event("threat_level.changed", role=Role.OUTPUT)
class ThreatLevelChanged(Event):
    """The estate's level, its worst zone's, with the count of zones at it."""

    level: SafetyLevel
    previous: SafetyLevel
    zones: int
    at: AwareDatetime
