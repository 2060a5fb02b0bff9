"""Gatehouse itself: how it is, told to its own log so that a rule can watch it."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from eventlog.vocabulary.base import Event, Name, Part, Role, event


class PartVital(Part):
    """A part: how far it has come in the log, how many entries it is behind, for how long it stands still."""

    position: Annotated[int, Field(ge=0)] = 0
    behind: Annotated[int, Field(ge=0)] = 0
    still_s: Annotated[float, Field(ge=0)] = 0


@event("system.vitals", role=Role.INPUT)
class SystemVitals(Event):
    """How Gatehouse is: what waits in quarantine, how full its disk is (0 to 1), how its parts move."""

    quarantine_count: Annotated[int, Field(ge=0)] | None = None
    disk_used_share: Annotated[float, Field(ge=0, le=1)] | None = None
    parts: dict[Name, PartVital] = Field(default_factory=dict)
