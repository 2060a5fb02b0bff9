"""The registers of what is planned: duty, rounds and their checkpoints, maintenance, gatherings, drills;
and of the fence's segments.

A `…_set` event carries the whole entry, the last one counts; `registry.plan_removed` and the like take it
away. Moments are absolute; hours of every day are `Hours` of the estate's local clock.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AwareDatetime, Field

from eventlog.vocabulary.base import Event, Member, Name, Part, Role, Words, event
from eventlog.vocabulary.registry import Clock, Hours, Removed

Weekdays = tuple[Annotated[int, Field(ge=1, le=7)], ...]
"""ISO weekdays: 1 Monday to 7 Sunday."""


@event("registry.duty_set", role=Role.INPUT)
class DutySet(Event):
    """A shift: who of a squad is on duty from when until when. With `hours` it recurs in that time: on duty
    in these hours of these `days` (1 Monday to 7 Sunday; the day on which the hours begin). `leader` and
    `manager` are whom an alert that nobody accepts goes to; `persons` are staff of the registers who are on
    duty with them."""

    duty: Name
    squad: Name
    starts_at: AwareDatetime
    ends_at: AwareDatetime
    hours: Hours | None = None
    days: Weekdays = (1, 2, 3, 4, 5, 6, 7)
    members: tuple[Member, ...] = ()
    leader: Member | None = None
    manager: Member | None = None
    persons: tuple[Name, ...] = ()


@event("registry.duty_removed", role=Role.INPUT)
class DutyRemoved(Removed): ...


@event("registry.checkpoint_set", role=Role.INPUT)
class CheckpointSet(Event):
    """A patrol point on the plan."""

    checkpoint: Name
    zone: Name
    name: Words | None = None


@event("registry.checkpoint_removed", role=Role.INPUT)
class CheckpointRemoved(Removed): ...


class Stop(Part):
    """A checkpoint of a round (or a camera of a video round): minutes after its start it is due, and how far
    off is still on time (`buffer_min`) and still counted, early or late (`extended_min`)."""

    checkpoint: Name
    after_min: Annotated[float, Field(ge=0, le=1440)]
    buffer_min: Annotated[float, Field(ge=0, le=240)] = 5
    extended_min: Annotated[float, Field(ge=0, le=480)] = 15


@event("registry.round_set", role=Role.INPUT)
class RoundSet(Event):
    """A round's plan: which squad walks it, at which starts of every day, over which checkpoints; `planned`
    order is the order of the stops, `random` any. A `video` round's checkpoints are cameras that an operator
    confirms. `lone`: one guard alone, who is looked after."""

    plan: Name
    squad: Name
    stops: tuple[Stop, ...]
    starts: tuple[Clock, ...] = ()
    days: Weekdays = (1, 2, 3, 4, 5, 6, 7)
    order: Literal["planned", "random"] = "planned"
    kind: Literal["foot", "video"] = "foot"
    lone: bool = False
    name: Words | None = None


@event("registry.round_removed", role=Role.INPUT)
class RoundRemoved(Removed): ...


@event("registry.maintenance_set", role=Role.INPUT)
class MaintenanceSet(Event):
    """Planned work on devices, or on everything in zones: their condition raises nothing meanwhile."""

    maintenance: Name
    starts_at: AwareDatetime
    ends_at: AwareDatetime
    devices: tuple[Name, ...] = ()
    zones: tuple[Name, ...] = ()


@event("registry.maintenance_removed", role=Role.INPUT)
class MaintenanceRemoved(Removed): ...


@event("registry.gathering_set", role=Role.INPUT)
class GatheringSet(Event):
    """An announced gathering: a festival, a removal, a market."""

    gathering: Name
    zones: tuple[Name, ...]
    starts_at: AwareDatetime
    ends_at: AwareDatetime
    name: Words | None = None


@event("registry.gathering_removed", role=Role.INPUT)
class GatheringRemoved(Removed): ...


@event("registry.drill_set", role=Role.INPUT)
class DrillSet(Event):
    """A drill: what is raised in these zones (everywhere where none is named) meanwhile, by these rules (all
    where none is named), is an exercise: it says so and pages nobody outside."""

    drill: Name
    starts_at: AwareDatetime
    ends_at: AwareDatetime
    zones: tuple[Name, ...] = ()
    rules: tuple[Name, ...] = ()


@event("registry.drill_removed", role=Role.INPUT)
class DrillRemoved(Removed): ...


@event("registry.segment_set", role=Role.INPUT)
class SegmentSet(Event):
    """A segment of the fence: its device, its zone, and the segments beside it."""

    segment: Name
    device: Name
    zone: Name
    beside: tuple[Name, ...] = ()


@event("registry.segment_removed", role=Role.INPUT)
class SegmentRemoved(Removed): ...
