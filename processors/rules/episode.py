"""`episode`: which signals belong together. The settings only; `processors.alerts.episodes` goes by them."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from eventlog.vocabulary import Severity
from processors.rules.base import RuleSettings, Seconds
from processors.rules.policy import Policy

_APART = (
    "device_offline",
    "clock_skewed",
    "sequence_gap",
    "chattering",
    "gatehouse_unwell",
    "duress",
    "wellbeing_check",
    "stranger_returns",
    "vehicle_overstay",
    "checkpoint_missed",
    "guard_overdue",
)


class Settings(RuleSettings):
    window_s: Seconds = Field(30, description="signals this near in time belong together, seconds")
    longest_s: Seconds = Field(
        600, description="an episode takes nothing more this long after it began, seconds"
    )
    most: Annotated[int, Field(ge=1, le=100)] = Field(20, description="alerts in one episode at most")
    agree_from: Severity = Field(
        "medium", description="two kinds of device agree where each says this or more"
    )
    apart: tuple[str, ...] = Field(_APART, description="rules whose alerts never join others")


class Episode(Policy):
    """When alerts share an episode, and when it is one step more severe."""

    name = "episode"
    version = 1
    Settings = Settings
