"""`flood`: when more alerts come than a desk can take in. The settings only;
`processors.alerts.flood` goes by them."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from processors.rules.base import RuleSettings, Seconds
from processors.rules.policy import Policy


class Settings(RuleSettings):
    alerts: Annotated[int, Field(ge=1, le=1_000)] = Field(
        10, description="more new alerts than this for each operator within `window_s` are a flood"
    )
    window_s: Seconds = Field(600, description="the span in which they are counted, seconds")
    calm: Annotated[int, Field(ge=1, le=1_000)] = Field(
        5, description="it is over once fewer than this for each operator came within `window_s`"
    )
    lines: Annotated[int, Field(ge=4, le=100)] = Field(
        20, description="lines by which the list may grow meanwhile; duress, fire and help come on top"
    )


class Flood(Policy):
    """When the operators' list is drawn together."""

    name = "flood"
    version = 1
    Settings = Settings
