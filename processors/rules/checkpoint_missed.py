"""`checkpoint_missed`: a point of a round was visited early, late, out of order or not at all. The settings
only: `processors.patrol.rounds` follows the rounds, since they wait while their squad is called away."""

from __future__ import annotations

from pydantic import Field

from processors.rules.base import RuleSettings, Seconds
from processors.rules.policy import Policy


class Settings(RuleSettings):
    settle_s: Seconds = Field(
        10, description="a point counts as missed this long after its last moment, seconds"
    )


class CheckpointMissed(Policy):
    """When a point of a round is told of."""

    name = "checkpoint_missed"
    version = 1
    Settings = Settings
