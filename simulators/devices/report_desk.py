"""Where residents report: the app, the hotline, a grid worker's tablet."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from simulators.devices.base import Action, Device


class ReportDesk(Device):
    """What is reported happened at its place, unless the report names another."""

    kind = "report_desk"
    family = "report"
    actions: ClassVar[Mapping[str, Action]] = {
        "reports": Action("report.submitted", "location", {"channel": "app", "category": "other"}),
    }
