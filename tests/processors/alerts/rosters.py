"""Squads on duty, for the tests of who goes and who is told."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from eventlog.vocabulary import DutySet, Event, SquadMember, SquadSet, Words
from tests.processors.story import NOON


def squad(name: str, *members: str, kind: str = "full_time") -> SquadSet:
    members_of = tuple(SquadMember(member=each) for each in members)
    return SquadSet(squad=name, name=Words(zh=name, en=name), kind=kind, members=members_of)


def duty(of: str, *, hours: float = 12, leader: str | None = None, **more: Any) -> DutySet:
    """A shift that has begun before the night and ends so many hours into it."""
    fields = {
        "duty": f"{of}-now",
        "squad": of,
        "starts_at": NOON - timedelta(hours=1),
        "ends_at": NOON + timedelta(hours=hours),
        "leader": leader,
        **more,
    }
    return DutySet(**fields)


VOLUNTEERS = squad("squad-v", "ann", kind="volunteer")
GUARDS = squad("squad-g", "bo", kind="company")
ROSTER: tuple[Event, ...] = (
    VOLUNTEERS,
    GUARDS,
    duty("squad-1", leader="li", manager="boss"),
    duty("squad-2"),
    duty("squad-g"),
    duty("squad-v"),
)
OUTSIDE = {"escalation": {"outside": "police post"}}
