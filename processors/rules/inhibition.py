"""`inhibition`: what is held back behind something larger. The settings only; `processors.alerts.inhibition`
goes by them."""

from __future__ import annotations

from pydantic import Field

from processors.rules.base import RuleSettings, Seconds
from processors.rules.policy import Policy

_RULES = ("device_offline", "camera_blind", "clock_skewed", "sequence_gap", "chattering")


class Settings(RuleSettings):
    hold_s: Seconds = Field(
        60, description="once the cause is over, the rest has this long to recover, seconds"
    )
    rules: tuple[str, ...] = Field(_RULES, description="rules whose alerts may be held back")


class Inhibition(Policy):
    """When an alert hides behind another one, or behind planned work."""

    name = "inhibition"
    version = 1
    Settings = Settings
