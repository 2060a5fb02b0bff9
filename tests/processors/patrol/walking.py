"""A round of three points that a night's tests walk."""

from __future__ import annotations

from typing import Any

from eventlog.topics import device_source
from eventlog.vocabulary import CheckpointSet, Event, PatrolCheckpoint, RoundSet, Stop
from tests.processors.alerts.night import Night
from tests.processors.estate import NAME

POINTS: tuple[Event, ...] = (
    CheckpointSet(checkpoint="p1", zone="gate-n"),
    CheckpointSet(checkpoint="p2", zone="yard"),
    CheckpointSet(checkpoint="p3", zone="building-3"),
)
STOPS = (
    Stop(checkpoint="p1", after_min=0),
    Stop(checkpoint="p2", after_min=10),
    Stop(checkpoint="p3", after_min=20),
)
"""On time within 5 minutes, counted within 15."""


def plan(**more: Any) -> RoundSet:
    """A round of squad-1 at 12:30, half an hour into the night."""
    return RoundSet(**{"plan": "north", "squad": "squad-1", "stops": STOPS, "starts": ("12:30",), **more})


def begun(**more: Any) -> Night:
    """The night in which the round has just begun."""
    night = Night(more=POINTS)
    night.say(plan(**more))
    night.after(minutes=30)
    return night


def visit(
    night: Night, point: str, member: str = "li", squad: str = "squad-1", ago_s: float = 0
) -> list[Any]:
    """A member is at a point."""
    said = PatrolCheckpoint(member=member, squad=squad, checkpoint=point, method="nfc")
    return night.say(said, device_source(NAME, "patrol", member), ago_s)
