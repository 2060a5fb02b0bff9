"""The shapes of answers, for the OpenAPI document. Answers are written from rows, not through these."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from eventlog.vocabulary import Alert, Report, ReportState, SafetyLevel, Severity, Words
from eventlog.vocabulary import State as AlertState


class Problem(BaseModel):
    """RFC 9457 problem details; conflicts carry `reason`, `version`, `state`, `words`, `command`."""

    model_config = ConfigDict(extra="allow")

    type: str
    title: str
    status: int
    detail: str


class ShownEvent(BaseModel):
    """A CloudEvent as stored, with its place in the log."""

    model_config = ConfigDict(extra="allow")

    specversion: Literal["1.0"]
    id: str
    source: str
    type: str
    time: str
    data: dict[str, Any] | None = None
    position: int
    estate: str
    received_at: AwareDatetime
    recorded_at: AwareDatetime
    late: bool


class Change(BaseModel):
    """One change of an alert."""

    position: int
    type: str
    at: AwareDatetime
    by: str | None
    via: str
    note: str | None
    state: AlertState
    severity: Severity
    squad: str | None
    disposition: str | None
    version: int


class DeliveryRecord(BaseModel):
    """What became of one message: `attempted` before it left, then `sent` or `failed`, or `given_up`;
    `published` when the broker took it over, `confirmed` when a person's phone answered. `said` is the
    answer: the error, the reason, what the phone said."""

    position: int
    what: Literal["attempted", "sent", "failed", "confirmed", "given_up", "published"]
    at: AwareDatetime
    version: int
    channel: str | None
    recipient: str
    kind: str | None
    message: str | None
    attempt: int
    resent: bool
    by: str | None
    said: str | None


class ChecklistStep(BaseModel):
    """One step of what to do; a required one has to be done before the alert is closed as genuine."""

    step: str
    required: bool
    done: bool
    text: Words


class AlertPage(BaseModel):
    items: list[Alert]
    next: str | None


class AlertDetail(BaseModel):
    """An alert as a list gives it, with its `evidence` events whole, its `history`, what became of its
    messages (`deliveries`, the last 500) and its `checklist`. `trace` leads from the device's event to the
    messages (`gatehouse log trace`)."""

    model_config = ConfigDict(extra="allow")

    id: str
    estate: str
    rule: str
    severity: Severity
    state: AlertState
    version: int
    trace: str
    evidence: list[str]
    evidence_events: list[ShownEvent]
    history: list[Change]
    deliveries: list[DeliveryRecord]
    checklist: list[ChecklistStep]


class ReportItem(Report):
    """A report, with its words and who made it for those who may read them."""

    text: str | None
    reporter: str | None


class ReportPage(BaseModel):
    items: list[ReportItem]
    next: str | None


class ReportChange(BaseModel):
    """One change of a report."""

    position: int
    type: str
    at: AwareDatetime
    by: str | None
    via: str
    note: str | None
    state: ReportState
    squad: str | None
    due_at: AwareDatetime | None
    satisfied: bool | None
    version: int


class ReportDetail(ReportItem):
    """A report with its `history` and the reports `merged` into it."""

    history: list[ReportChange]
    merged: list[ReportItem]


class QueueLine(BaseModel):
    """An alert; or, drawn together `by` something in a flood, the most severe and newest of `count` alerts in
    `zones` zones, `waiting` of them accepted by nobody. `list` is where all of them are."""

    id: str
    by: Literal["episode", "place", "rule", "severity"] | None
    count: int
    waiting: int
    zones: int
    alert: Alert
    list: str | None


class FloodNow(BaseModel):
    """More than `limit` alerts came within `window_s`. It lasts, or is over (`ended_at`) and `open` of its
    alerts are not closed yet."""

    since: AwareDatetime
    began_at: AwareDatetime
    ended_at: AwareDatetime | None
    limit: int
    operators: int
    window_s: float
    open: int
    drawn_together: int


class Queue(BaseModel):
    """The list of one estate's desk; alerts that are late, shelved or held back are counted only."""

    estate: str
    flood: FloodNow | None
    open: int
    late: int
    shelved: int
    suppressed: int
    by_severity: dict[str, int]
    lines: list[QueueLine]


class QueuePage(BaseModel):
    """Every estate's list on one page."""

    items: list[Queue]
    next: None


class EventPage(BaseModel):
    items: list[ShownEvent]
    next: str | None


class Device(BaseModel):
    estate: str
    device: str
    family: str
    zone: str
    name: Words | None
    maker: str
    parent: str | None
    presence: Literal["online", "offline", "unknown"]
    presence_at: AwareDatetime | None
    last_seen_at: AwareDatetime | None
    last_event_at: AwareDatetime | None
    last_heartbeat_at: AwareDatetime | None
    battery: float | None
    uptime_s: float | None
    events: int


class DevicePage(BaseModel):
    items: list[Device]
    next: str | None


class Zone(BaseModel):
    estate: str
    zone: str
    name: Words
    kind: str
    key: Literal["road", "unit"] | None
    squad: str | None
    level: SafetyLevel
    cause: str | None
    cause_kind: str | None
    since: AwareDatetime | None


class EstateLevel(BaseModel):
    estate: str
    name: Words
    time_zone: str
    level: SafetyLevel
    zones_at_level: int
    since: AwareDatetime | None


class ZonePage(BaseModel):
    """All zones on one page, and the estates that they belong to."""

    items: list[Zone]
    estates: list[EstateLevel]
    next: None


class Finding(BaseModel):
    """What is not as it should be in a register: how many entries, of how many, and the first of them by id
    (`null` for whoever may not see whole events)."""

    kind: str
    register_: str = Field(alias="register")
    title: Words
    count: int
    of: int
    entries: list[str] | None


class RegisterCounts(BaseModel):
    """Entries of each register; `residents` live here now, `tenants` among them."""

    homes: int
    people: int
    residents: int
    tenants: int
    credentials: int
    vehicles: int
    visitors: int


class Quality(BaseModel):
    estate: str
    at: AwareDatetime
    counts: RegisterCounts
    findings: list[Finding]


class QualityPage(BaseModel):
    """Every estate on one page."""

    items: list[Quality]
    next: None


class Vehicle(BaseModel):
    estate: str
    plate: str
    since: AwareDatetime
    gate: str
    position: int


class VehiclePage(BaseModel):
    """Vehicles inside, the longest first; `counts` by estate."""

    items: list[Vehicle]
    counts: dict[str, int]
    next: str | None
