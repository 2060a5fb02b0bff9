"""A report as the desk holds it: with who changed it last, what joined it, what is due when. Pure values.

Times are µs since 1970 by the log's clock.
"""

from __future__ import annotations

from bisect import insort
from dataclasses import dataclass, field
from typing import Any, Literal

import orjson

from eventlog.ports import SavedState
from eventlog.vocabulary import Report

PREFIX = "report/"
Due = Literal["remind", "leader", "manager", "follow_up", "forget"]
LIMITS: tuple[Due, ...] = ("remind", "leader", "manager")
"""What belongs to a limit, in the order in which it comes."""
DUES: tuple[Due, ...] = (*LIMITS, "follow_up", "forget")


@dataclass(slots=True)
class Case:
    """One report. `number` is its place in the log, `begins_us` when its limit began to run, `last_us` when
    the newest report of the thing came, `members` are the reports merged into it."""

    report: Report
    number: int
    begins_us: int
    last_us: int
    by: str | None = None
    members: tuple[str, ...] = ()
    alarmed: bool = False
    dues: dict[str, int] = field(default_factory=dict)
    wake: tuple[int, int] | None = None

    @property
    def place(self) -> tuple[str, str]:
        """What makes two reports one: category and place."""
        return self.report.category, self.report.location

    def saved(self) -> SavedState:
        """The same, to be kept."""
        fields = {name: getattr(self, name) for name in _PLAIN}
        report = self.report.model_dump(mode="json", exclude_none=True)
        return SavedState(PREFIX + self.report.id, orjson.dumps({"report": report, **fields}))


_PLAIN = ("number", "begins_us", "last_us", "by", "members", "alarmed", "dues", "wake")


def case_of(saved: SavedState) -> Case | None:
    """The report in a saved value of the decider's; None when it isn't one."""
    if not saved.key.startswith(PREFIX):
        return None
    fields: dict[str, Any] = orjson.loads(saved.value)
    fields["report"] = Report.model_validate(fields["report"])
    fields["members"] = tuple(fields["members"])
    fields["wake"] = tuple(fields["wake"]) if fields["wake"] else None
    return Case(**fields)


class Places:
    """The open reports of each category and place in the log's order, without merged ones and history."""

    def __init__(self) -> None:
        self._at: dict[tuple[str, str], list[tuple[int, str]]] = {}

    def add(self, case: Case) -> None:
        """An open report more."""
        if case.report.late:
            return
        known = self._at.setdefault(case.place, [])
        entry = (case.number, case.report.id)
        if entry not in known:
            insort(known, entry)

    def drop(self, place: tuple[str, str], case: Case) -> None:
        """One is closed, merged, or of another category."""
        known = self._at.get(place, [])
        entry = (case.number, case.report.id)
        if entry in known:
            known.remove(entry)
        if not known:
            self._at.pop(place, None)

    def newest(self, place: tuple[str, str]) -> str | None:
        """The newest open report of a category and place."""
        known = self._at.get(place)
        return known[-1][1] if known else None
