"""What may stand in the sections of what is planned: duties, checkpoints, rounds, maintenance, gatherings,
drills, and of the fence's segments. One model an entry, like `models`.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from eventlog.vocabulary.registry import Clock
from gatehouse.estatefile.entry import Entry, Hours, Id, NameEntry
from gatehouse.estatefile.moments import From, Until

Days = tuple[Annotated[int, Field(ge=1, le=7)], ...]
EVERY_DAY: Days = (1, 2, 3, 4, 5, 6, 7)


class DutyEntry(Entry):
    """A shift of a squad; with `hours` it recurs on its `days` from `starts_at` until `ends_at`."""

    id: Id
    squad: Id
    starts_at: From
    ends_at: Until
    hours: Hours | None = None
    days: Annotated[Days, Field(min_length=1)] = EVERY_DAY
    members: tuple[Id, ...] = ()
    leader: Id | None = None
    manager: Id | None = None
    persons: tuple[Id, ...] = ()


class CheckpointEntry(Entry):
    """A patrol point."""

    id: Id
    zone: Id
    name: NameEntry | None = None


class StopEntry(Entry):
    """A stop of a round: minutes after its start it is due, and how far off is on time, and counted."""

    checkpoint: Id
    after_min: Annotated[float, Field(ge=0, le=1440)]
    buffer_min: Annotated[float, Field(ge=0, le=240)] = 5
    extended_min: Annotated[float, Field(ge=0, le=480)] = 15


class RoundEntry(Entry):
    """A round's plan."""

    id: Id
    squad: Id
    stops: Annotated[tuple[StopEntry, ...], Field(min_length=1)]
    starts: tuple[Clock, ...] = ()
    days: Annotated[Days, Field(min_length=1)] = EVERY_DAY
    order: Literal["planned", "random"] = "planned"
    kind: Literal["foot", "video"] = "foot"
    lone: bool = False
    name: NameEntry | None = None


class MaintenanceEntry(Entry):
    """Planned work on devices or in zones."""

    id: Id
    starts_at: From
    ends_at: Until
    devices: tuple[Id, ...] = ()
    zones: tuple[Id, ...] = ()


class GatheringEntry(Entry):
    """An announced gathering."""

    id: Id
    zones: Annotated[tuple[Id, ...], Field(min_length=1)]
    starts_at: From
    ends_at: Until
    name: NameEntry | None = None


class DrillEntry(Entry):
    """A drill; everywhere where no zone is named, for all rules where none is."""

    id: Id
    starts_at: From
    ends_at: Until
    zones: tuple[Id, ...] = ()
    rules: tuple[str, ...] = ()


class SegmentEntry(Entry):
    """A segment of the fence; `device` is the one of the same id when not given, `zone` its device's."""

    id: Id
    device: Id | None = None
    zone: Id | None = None
    beside: tuple[Id, ...] = ()
