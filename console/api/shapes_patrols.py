"""The shapes of GET patrols, for the OpenAPI document."""

from __future__ import annotations

from typing import Literal

from pydantic import AwareDatetime, BaseModel, Field

from eventlog.vocabulary import Severity, Words
from eventlog.vocabulary import State as AlertState


class Sight(BaseModel):
    """Where a member was last seen: at a patrol point, where the phone said, or where an alert took them.
    `heard` is the latest that the phone said, an answer too."""

    member: str
    heard: AwareDatetime | None
    seen: AwareDatetime | None
    zone: str | None
    checkpoint: str | None


class PatrolMember(Sight):
    on_duty: bool


class Point(BaseModel):
    """A point of a round; `outcome` null: not yet visited nor missed. `at` is when that was told, `late_s`
    how long after its time the visit was, negative when before."""

    checkpoint: str
    outcome: Literal["on_time", "early", "late", "out_of_order", "absent"] | None
    at: AwareDatetime | None
    late_s: float | None


class Round(BaseModel):
    """`abandoned`: its plan was changed or taken away while it was under way."""

    round: str
    plan: str
    member: str | None
    state: Literal["begun", "paused", "finished", "abandoned"]
    begun: AwareDatetime
    due: AwareDatetime | None
    ended: AwareDatetime | None
    points: list[Point]


class AlertInHand(BaseModel):
    id: str
    rule: str
    zone: str
    severity: Severity
    state: AlertState
    raised: AwareDatetime


class Patrol(BaseModel):
    """A squad. `alerts` are the worst 20 of its `alerts_count` in the list, null for those who may see none;
    `rounds` the last 20 of its `rounds_count` of the period that are over."""

    estate: str
    squad: str
    name: Words
    kind: Literal["full_time", "volunteer", "company"]
    members: list[PatrolMember]
    shifts: list[str] = Field(description="The shifts on duty now.")
    leader: str | None
    manager: str | None
    last_seen: Sight | None
    alerts: list[AlertInHand] | None
    alerts_count: int | None
    under_way: list[Round]
    rounds: list[Round]
    rounds_count: int


class PatrolPage(BaseModel):
    items: list[Patrol]
    next: str | None
