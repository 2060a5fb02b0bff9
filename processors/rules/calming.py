"""`calming`: an alert that comes and goes is told of now and then. The settings only;
`processors.alerts.desk` goes by them."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from processors.rules.base import RuleSettings, Seconds
from processors.rules.policy import Policy


class Settings(RuleSettings):
    changes: Annotated[int, Field(ge=1, le=100)] = Field(
        6, description="an alert's signals are told one by one up to this many in `window_s`"
    )
    window_s: Seconds = Field(60, description="beyond that they are told together this often, seconds")


class Calming(Policy):
    """When the changes of one alert are told together."""

    name = "calming"
    version = 1
    Settings = Settings
