"""An office where people report things: said to a whole step, cut and replayed as nights are."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from eventlog.topics import device_source
from eventlog.vocabulary import (
    CommandReportAssign,
    CommandReportClose,
    CommandReportFollowUp,
    CommandReportMerge,
    CommandReportNote,
    CommandReportReopen,
    CommandReportSplit,
    CommandReportTriage,
    DutySet,
    PatrolReportResponse,
    Report,
    ReportSubmitted,
)
from tests.processors.alerts.night import POLICIES, Night
from tests.processors.estate import NAME

COMMANDS: dict[str, Any] = {
    "triage": CommandReportTriage,
    "assign": CommandReportAssign,
    "note": CommandReportNote,
    "close": CommandReportClose,
    "follow_up": CommandReportFollowUp,
    "reopen": CommandReportReopen,
    "merge": CommandReportMerge,
    "split": CommandReportSplit,
}
ALWAYS = {"starts_at": datetime(2026, 1, 1, tzinfo=UTC), "ends_at": datetime(2027, 1, 1, tzinfo=UTC)}
ROSTER = (DutySet(duty="day", squad="squad-1", leader="lead", manager="boss", **ALWAYS),)


class Office(Night):
    """The small estate with the policies only; `settings` are those of `reports`."""

    def __init__(self, *more: Any, urgent: dict[str, Any] | None = None, **settings: Any) -> None:
        policies = {"reports": settings, "urgent_report": {} if urgent is None else urgent}
        super().__init__(more=more, policies=policies, rules=dict(POLICIES))

    def reports(self, category: str = "noise", location: str = "building-3", **more: Any) -> Report:
        """Somebody reports something; the report as it is then."""
        ago_s, fields = more.pop("ago_s", 0.0), {"channel": "phone", "text": "it is loud here", **more}
        told = self.say(
            ReportSubmitted(category=category, location=location, **fields),
            device_source(NAME, "report", "desk"),
            ago_s,
        )
        opened = next(each for each in told if each.TYPE == "report.opened")
        return self.at(opened.report)

    def asks(self, action: str, report: Report, **more: Any) -> list[Any]:
        """Somebody at the desk asks something of a report."""
        return self.say(COMMANDS[action](**{"report": report.id, "by": "wang", **more}))

    def phones(self, action: str, report: Report, member: str = "li", note: str | None = None) -> list[Any]:
        """A member of a squad answers."""
        said = PatrolReportResponse(report=report.id, member=member, action=action, note=note)
        return self.say(said, device_source(NAME, "patrol", member))

    def at(self, report: Report) -> Report:
        """A report as it is now."""
        return self.all()[report.id]

    def all(self) -> dict[str, Report]:
        """Every report as last told."""
        return {each.report.id: each.report for each in self.history()}

    def history(self, report: Report | None = None) -> list[Any]:
        """Every change of every report, or of one."""
        changes = [event for _, event in self.outputs if event.TYPE.startswith("report.")]
        return [each for each in changes if report is None or each.report.id == report.id]

    def story(self, report: Report) -> list[str]:
        """What became of a report, by the last words of the types."""
        return [each.TYPE.removeprefix("report.") for each in self.history(report)]


def refused(told: list[Any]) -> tuple[str, str]:
    """The reason and the words of a refusal."""
    found = next(each for each in told if each.TYPE == "command.refused")
    return found.reason, found.detail.en
