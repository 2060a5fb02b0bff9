"""`escalation`: how long an alert may wait for somebody to accept it. The settings only;
`processors.alerts.escalation` goes by them."""

from __future__ import annotations

from pydantic import Field

from eventlog.vocabulary import Severity
from processors.rules.base import RuleSettings, Seconds
from processors.rules.policy import Policy


class Settings(RuleSettings):
    critical_s: Seconds = Field(60, description="each step of a critical alert, seconds")
    high_s: Seconds = Field(120, description="each step of a high one, seconds")
    medium_s: Seconds = Field(300, description="each step of a medium one, seconds")
    low_s: Seconds = Field(1_800, description="each step of a low one, seconds")
    outside: str = Field("", max_length=200, description="whom to tell outside in the end; nobody when empty")
    outside_from: Severity = Field("high", description="told outside from this severity on")


class Escalation(Policy):
    """When an alert that nobody accepts is told to the next."""

    name = "escalation"
    version = 1
    Settings = Settings
