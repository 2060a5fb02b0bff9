"""Rounds of the patrols: started, each point, paused for an alert, resumed, over. Made by the step."""

from __future__ import annotations

from typing import Literal

from pydantic import AwareDatetime

from eventlog.vocabulary.base import Event, Member, Name, Role, event


class RoundEvent(Event):
    """A change of one round; `round` names it, `plan` the plan it follows, `squad` who walks it."""

    round: Name
    plan: Name
    squad: Name
    member: Member | None = None
    at: AwareDatetime


@event("round.started", role=Role.OUTPUT)
class RoundStarted(RoundEvent):
    """The round began; its points in the order of the plan, and when it should be over."""

    checkpoints: tuple[Name, ...] = ()
    due_at: AwareDatetime | None = None


@event("round.checkpoint", role=Role.OUTPUT)
class RoundCheckpoint(RoundEvent):
    """A point of the round: visited (`late_s` over its time, negative when early), or missed.

    `evidence` is the id of the `patrol.checkpoint` that proves the visit.
    """

    checkpoint: Name
    result: Literal["on_time", "early", "late", "out_of_order", "absent"]
    late_s: float | None = None
    evidence: str | None = None


@event("round.paused", role=Role.OUTPUT)
class RoundPaused(RoundEvent):
    """The squad was called to an alert: the round waits."""

    alert: Name


@event("round.resumed", role=Role.OUTPUT)
class RoundResumed(RoundEvent):
    """The squad is free again: what is left of the round goes on, its times moved by `paused_s`."""

    paused_s: float


@event("round.finished", role=Role.OUTPUT)
class RoundFinished(RoundEvent):
    """The round is over; how many of its points were visited and missed."""

    visited: int
    missed: int
