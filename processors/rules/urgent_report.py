"""`urgent_report`: somebody reports what can't wait for triage. The settings only; `processors.reports`
raises the alert with the report, and clears it when the report is closed."""

from __future__ import annotations

from pydantic import Field

from eventlog.vocabulary import Severity
from processors.rules.base import RuleSettings
from processors.rules.policy import Policy


class Settings(RuleSettings):
    categories: tuple[str, ...] = Field(("help", "fire"), description="what can't wait")
    severity: Severity = Field("high", description="of the alert")


class UrgentReport(Policy):
    """When a report is an alert at once."""

    name = "urgent_report"
    version = 1
    Settings = Settings
