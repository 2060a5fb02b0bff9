"""The shapes of GET score and GET coverage, for the OpenAPI document."""

from __future__ import annotations

from typing import Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from eventlog.vocabulary import Words


class PerOperator(BaseModel):
    """Alerts in ten minutes for each operator: the mean, the worst of any ten minutes, when these began, and
    the share of the time with over ten in the ten minutes before."""

    mean: float
    worst: float
    worst_from: AwareDatetime | None
    over_ten_share: float


class Took(BaseModel):
    """How long a step took after an alert was raised, in seconds."""

    count: int
    median_s: float | None
    p90_s: float | None


class Times(BaseModel):
    acknowledged: Took
    accepted: Took
    arrived: Took
    closed: Took


class Lasted(BaseModel):
    since: AwareDatetime
    ended: AwareDatetime | None
    count: int


class Floods(BaseModel):
    count: int
    seconds: float
    longest: list[Lasted]


class FalseAlarms(BaseModel):
    """Of a rule or a device; `withdrawn` are false alarms that the rule took back itself."""

    rule: str | None = None
    device: str | None = None
    alerts: int
    closed: int
    false_alarms: int
    withdrawn: int
    nuisances: int
    false_share: float | None


class Source(BaseModel):
    rule: str
    source: str
    alerts: int
    share: float


class Chatterer(BaseModel):
    device: str
    times: int


class Standing(BaseModel):
    id: str
    rule: str
    zone: str
    device: str | None
    raised: AwareDatetime


class Stale(BaseModel):
    """What stood for over a day at the end of the period."""

    count: int
    longest: list[Standing]


class ReportScore(BaseModel):
    """Reports of people opened in the period: closed, in time of those with a limit, overdue at its end,
    reopened; of those asked how many were satisfied."""

    opened: int
    closed: int
    in_time: int
    in_time_share: float | None
    overdue: int
    reopened: int
    asked: int
    satisfied_share: float | None


class Score(BaseModel):
    model_config = ConfigDict(populate_by_name=True)

    estate: str
    from_: AwareDatetime = Field(alias="from")
    to: AwareDatetime
    operators: int
    alerts: int
    held_back: int
    per_operator: PerOperator
    floods: Floods
    severities: dict[str, int]
    times: Times
    rules: list[FalseAlarms]
    devices: list[FalseAlarms]
    top_sources: list[Source]
    chatterers: list[Chatterer]
    reports: ReportScore
    stale: Stale


class ScorePage(BaseModel):
    """Every estate on one page."""

    items: list[Score]
    next: None


class Hour(BaseModel):
    """`camera_s`: seconds of the hour in which at least one camera had the zone in view."""

    hour: AwareDatetime
    visits: int
    positions: int
    confirmations: int
    camera_s: float
    eyes: bool


class ZoneCoverage(BaseModel):
    estate: str
    zone: str
    name: Words
    key: Literal["road", "unit"] | None
    cameras: int
    unseen: list[AwareDatetime]
    hours: list[Hour]


class CoveragePage(BaseModel):
    """Every zone on one page."""

    items: list[ZoneCoverage]
    next: None
