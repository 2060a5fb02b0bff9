"""`guard_overdue`: a lone guard is not heard of past a point of the round. The settings only:
`processors.patrol.rounds` follows the rounds."""

from __future__ import annotations

from pydantic import Field

from processors.rules.base import RuleSettings, Seconds
from processors.rules.policy import Policy


class Settings(RuleSettings):
    silent_s: Seconds = Field(900, description="not heard of this long past a point: to be called, seconds")
    dispatch_s: Seconds = Field(
        300, description="still not heard of this long after that: somebody goes, seconds"
    )


class GuardOverdue(Policy):
    """When a lone guard is looked for."""

    name = "guard_overdue"
    version = 1
    Settings = Settings
