"""The figures of an evaluation, with their counts: per rule, per desk, the mix, the worst cases. Pure.

Where fewer than `PERCENT_FROM` incidents were met, people get no percentage: so few prove nothing.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from eventlog.vocabulary import SEVERITIES
from simulators.day.truth import Label
from simulators.evaluation.judge import Told
from simulators.evaluation.matching import Alarm, Findings

PERCENT_FROM = 150
WINDOW_US = 600_000_000
DAY_US = 86_400_000_000
WORST_MAX = 3
"""Cases shown of each rule."""


@dataclass(slots=True)
class Figures:
    """What was counted of one rule. `history` are those found as history only, `loud` false alarms of medium
    severity or above, `again` alerts of an incident beyond the first of their key."""

    incidents: int = 0
    found: int = 0
    history: int = 0
    false: int = 0
    loud: int = 0
    doubles: int = 0
    told_doubles: int = 0
    severe_doubles: int = 0
    consequences: int = 0
    of_sensors: int = 0
    again: int = 0

    def add(self, other: Figures) -> None:
        """Sums up."""
        for name in self.__slots__:
            setattr(self, name, getattr(self, name) + getattr(other, name))

    def as_json(self, days: float) -> dict[str, Any]:
        """As the contract has it, and what goes beyond it."""
        return {
            "incidents": self.incidents,
            "found": self.found,
            "found_as_history": self.history,
            "false": self.false,
            "recall": round(self.found / self.incidents, 4) if self.incidents else None,
            "false_per_day": round(self.false / days, 4) if days else 0.0,
            "false_medium_or_above": self.loud,
            "doubles": self.doubles,
            "doubles_told": self.told_doubles,
            "doubles_high_or_critical": self.severe_doubles,
            "consequences": self.consequences,
            "of_sensors": self.of_sensors,
            "told_again": self.again,
        }


@dataclass(frozen=True, slots=True)
class Worst:
    """A case to look at: an incident nobody was told of, or an alert that was none; with its events."""

    kind: str
    rule: str
    estate: str
    label: Label | None
    told: Told | None
    events: tuple[str, ...]


@dataclass(slots=True)
class Report:
    """Everything that was counted, over all estates of `seeds` worlds from `seed` on."""

    preset: str
    seed: int
    days: int
    estates: int
    seeds: int = 1
    events: int = 0
    seconds: float = 0.0
    rules: dict[str, Figures] = field(default_factory=dict)
    severities: Counter[str] = field(default_factory=Counter)
    alerts: int = 0
    quiet: int = 0
    worst_in_ten: int = 0
    missed: list[Worst] = field(default_factory=list)
    false: list[Worst] = field(default_factory=list)

    @property
    def estate_days(self) -> int:
        """Days times estates, of all worlds."""
        return self.days * self.estates * self.seeds

    def total(self) -> Figures:
        """All rules together."""
        total = Figures()
        for figures in self.rules.values():
            total.add(figures)
        return total

    def add(self, part: Report) -> None:
        """Counts an estate that was run by itself; its seconds too."""
        for rule, figures in part.rules.items():
            self._of(rule).add(figures)
        self.severities.update(part.severities)
        self.events += part.events
        self.seconds += part.seconds
        self.alerts += part.alerts
        self.quiet += part.quiet
        self.worst_in_ten = max(self.worst_in_ten, part.worst_in_ten)
        self.missed += part.missed
        self.false += part.false

    def count(self, findings: Findings) -> None:
        """Adds one estate's findings."""
        for case in findings.found:
            self._of(case.label.kind).incidents += 1
            self._of(case.label.kind).found += 1
        for case in findings.history:
            self._of(case.label.kind).history += 1
        for case in findings.missed:
            self._of(case.label.kind).incidents += 1
        for case in findings.doubles:
            self._of(case.label.kind).doubles += 1
        for alarm in findings.alarms:
            self._alarm(alarm)
        for (_, kind, _), alerts in _of_incidents(findings.alarms).items():
            self._of(kind).again += alerts - 1
        told = [alarm.told for alarm in findings.alarms if not alarm.told.quiet]
        self.worst_in_ten = max(self.worst_in_ten, most_in_ten(told))

    def _of(self, rule: str) -> Figures:
        return self.rules.setdefault(rule, Figures())

    def _alarm(self, alarm: Alarm) -> None:
        told, figures = alarm.told, self._of(alarm.told.rule)
        if told.quiet:
            self.quiet += 1
            return
        self.alerts += 1
        self.severities[told.severity] += 1
        if alarm.verdict == "consequence":
            figures.consequences += 1
        if alarm.verdict == "sensor":
            figures.of_sensors += 1
        if alarm.verdict in ("false", "double"):
            figures.false += 1
            figures.loud += told.severity != "low"
        if alarm.verdict == "double":
            figures.told_doubles += 1
            figures.severe_doubles += told.severity in ("high", "critical")

    def as_json(self) -> dict[str, Any]:
        """The contract's document, and more."""
        days = float(self.estate_days)
        total = self.alerts or 1
        return {
            "preset": self.preset,
            "seed": self.seed,
            "seeds": self.seeds,
            "events": self.events,
            "days": self.days,
            "estates": self.estates,
            "seconds": round(self.seconds, 3),
            "rules": {name: self.rules[name].as_json(days) for name in sorted(self.rules)},
            "total": self.total().as_json(days),
            "alerts_per_10min": {"mean": round(self.mean_in_ten, 4), "worst": self.worst_in_ten},
            "severities": {name: self.severities[name] for name in SEVERITIES},
            "severity_shares": {name: round(self.severities[name] / total, 4) for name in SEVERITIES},
            "alerts": self.alerts,
            "alerts_late_or_suppressed": self.quiet,
            "missed": [_worst(each) for each in self.missed],
            "false": [_worst(each) for each in self.false],
        }

    @property
    def mean_in_ten(self) -> float:
        """Alerts that one operator an estate gets in ten minutes."""
        windows = self.estate_days * DAY_US / WINDOW_US
        return self.alerts / windows if windows else 0.0


def most_in_ten(told: Iterable[Told]) -> int:
    """The most lines in the queue (episodes begun) that came in any ten minutes."""
    first: dict[str, int] = {}
    for each in told:
        first.setdefault(each.episode, each.told_us)
    moments = sorted(first.values())
    return max(
        (bisect_left(moments, begin + WINDOW_US) - index for index, begin in enumerate(moments)), default=0
    )


def _of_incidents(alarms: Iterable[Alarm]) -> Counter[tuple[int, str, str]]:
    """How many alerts of its kind told of each incident at each key: two segments of the fence that somebody
    climbs over have an alert each, and so have a stranger's face and phone."""
    return Counter(
        (id(alarm.case), alarm.told.rule, alarm.told.key)
        for alarm in alarms
        if alarm.verdict == "incident" and alarm.case and alarm.case.label.kind == alarm.told.rule
    )


def recall_words(figures: Figures) -> str:
    """The share found for people: a percentage only where there are enough incidents to mean anything."""
    if figures.incidents < PERCENT_FROM:
        return "–"
    return f"{figures.found / figures.incidents:.1%}"


def by_need(alarms: Sequence[Alarm]) -> list[Alarm]:
    """False alarms, the worst first: the severest, those on doubles before those on nothing."""
    false = [alarm for alarm in alarms if alarm.verdict in ("double", "false") and not alarm.told.quiet]
    return sorted(
        false, key=lambda alarm: (-SEVERITIES.index(alarm.told.severity), alarm.verdict, alarm.told.told_us)
    )


def few_of_each(cases: Iterable[Worst]) -> list[Worst]:
    """The first few cases of each rule, in their order."""
    shown: Counter[str] = Counter()
    kept = []
    for case in cases:
        shown[case.rule] += 1
        if shown[case.rule] <= WORST_MAX:
            kept.append(case)
    return kept


def _worst(worst: Worst) -> dict[str, Any]:
    told, label = worst.told, worst.label
    return {
        "kind": worst.kind,
        "rule": worst.rule,
        "estate": worst.estate,
        "at_us": told.told_us if told else label.at_us if label else 0,
        "zone": told.zone if told else label.zone if label else "",
        "place": label.place if label else told.key if told else "",
        "severity": told.severity if told else None,
        "story": label.story if label else None,
        "events": list(worst.events),
    }
