"""Whether what was alerted is what a scenario expects. Pure: alerts in, verdict out.

Which alerts are this run's: those that rest on an event of the run, or concern one of its devices, or rest
on nothing that says otherwise. An alert that another run left open is not raised again but updated, under
its old id: such an update meets an expectation, and is held against nobody unless it rests on our events.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from eventlog.times import from_us, to_us
from eventlog.vocabulary import Alert, Report
from simulators.scenarios.model import Expected, ExpectedReport, Scenario, What, WhichReport, format_offset


@dataclass(frozen=True, slots=True)
class Seen:
    """Every change of one alert that was published during a run, in order."""

    changes: tuple[Alert, ...]

    @property
    def last(self) -> Alert:
        """How it stands."""
        return self.changes[-1]


@dataclass(frozen=True, slots=True)
class Judged:
    """What became of an expectation: the alert that met it, or None with the nearest there was."""

    expected: Expected
    alert: Alert | None
    why: str = ""


@dataclass(frozen=True, slots=True)
class Told:
    """A change of a report that was published: the type of the event, and the report after it."""

    event: str
    report: Report


@dataclass(frozen=True, slots=True)
class JudgedReport:
    """What became of an expected report: good, or why not."""

    expected: ExpectedReport
    why: str = ""


@dataclass(frozen=True, slots=True)
class Verdict:
    """The outcome of a run. `foreign` are alerts raised meanwhile that have nothing to do with it; `answered`
    says whether there was a Gatehouse at all: where nobody listens, silence proves nothing."""

    judged: tuple[Judged, ...]
    unexpected: tuple[Alert, ...]
    foreign: tuple[Alert, ...] = ()
    answered: bool = True
    unanswerable: int = 0
    """How many answers of phones found no alert or report to answer."""
    reports: tuple[JudgedReport, ...] = ()

    @property
    def ok(self) -> bool:
        """Every expected alert came, and no other."""
        met = all(judged.alert for judged in self.judged) and not any(each.why for each in self.reports)
        return self.answered and met and not self.unexpected and not self.unanswerable

    @property
    def exit_code(self) -> int:
        """0 when all is as expected, else 1."""
        return 0 if self.ok else 1


def group(alerts: Sequence[Alert]) -> list[Seen]:
    """Changes of alerts by alert, in the order in which each was first seen; a repeat counts once."""
    found: dict[str, list[Alert]] = {}
    for alert in alerts:
        changes = found.setdefault(alert.id, [])
        if alert not in changes:
            changes.append(alert)
    return [Seen(tuple(changes)) for changes in found.values()]


def judge_reports(
    scenario: Scenario, told: Sequence[Told], sent: Collection[str]
) -> tuple[JudgedReport, ...]:
    """How each expected report stands, by what was told of those that the run's devices made."""
    ours = [each for each in told if each.report.evidence and each.report.evidence[0] in sent]
    taken: set[str] = set()
    judged: list[JudgedReport] = []
    for expected in scenario.reports:
        found = next((r for r in first_fitting(expected, ours) if r not in taken), None)
        if found is None:
            judged.append(JudgedReport(expected, "not opened"))
            continue
        taken.add(found)
        judged.append(JudgedReport(expected, _wrong(expected, [t for t in ours if t.report.id == found])))
    return tuple(judged)


def first_fitting(which: WhichReport, told: Sequence[Told]) -> list[str]:
    """The ids of the reports that fit, in the order of their opening."""
    fits = (
        each.report.id
        for each in told
        if each.report.category == which.category and which.location in (None, each.report.location)
    )
    return list(dict.fromkeys(fits))


def _wrong(expected: ExpectedReport, told: Sequence[Told]) -> str:
    """Why a report is not as expected; empty when it is."""
    last = told[-1].report
    if last.state != expected.state:
        return f"{last.state} at the end, not {expected.state}"
    if last.reporters != expected.reporters:
        return f"{last.reporters} reported it, not {expected.reporters}"
    words = iter(each.event.removeprefix("report.") for each in told)
    missing = [word for word in expected.told if word not in words]
    return f"{missing[0]} was not told, or not in its place" if missing else ""


def judge(
    scenario: Scenario,
    start_us: int,
    alerts: Sequence[Alert],
    *,
    sent: Collection[str],
    told: Sequence[Told] = (),
) -> Verdict:
    """The verdict on what was published. `sent` are the ids of the events that the run's devices made, `told`
    the changes of reports."""
    open_ = group(alerts)
    judged: list[Judged] = []
    for expected in scenario.expect:
        found = next((seen for seen in open_ if not _why_not(scenario, expected, seen, start_us, sent)), None)
        if found is not None:
            open_.remove(found)
            judged.append(Judged(expected, found.last))
        else:
            judged.append(Judged(expected, None, _nearest(scenario, expected, open_, start_us, sent)))
    unexpected: list[Alert] = []
    foreign: list[Alert] = []
    for alert in (seen.last for seen in open_):
        if _ours(alert, sent):
            unexpected.append(alert)
        elif _fresh(alert, start_us):
            (unexpected if _held_against_us(scenario, alert) else foreign).append(alert)
    reports = judge_reports(scenario, told, sent)
    return Verdict(tuple(judged), tuple(unexpected), tuple(foreign), reports=reports)


def _held_against_us(scenario: Scenario, alert: Alert) -> bool:
    return (
        not alert.evidence
        or any(device in scenario.devices for device in (*alert.devices, alert.key))
        or any(_fits(never, alert) for never in scenario.never)
    )


def _ours(alert: Alert, sent: Collection[str]) -> bool:
    return any(event in sent for event in alert.evidence)


def _fresh(alert: Alert, start_us: int) -> bool:
    """Whether it was raised during the run, and by something that happened in it."""
    return to_us(alert.raised_at) >= start_us and to_us(alert.at) >= start_us


def _fits(what: What, alert: Alert) -> bool:
    return (
        what.rule == alert.rule
        and what.key in (None, alert.key)
        and what.zone in (None, alert.zone)
        and set(what.devices) <= set(alert.devices)
    )


def last_fitting(what: What, alerts: Sequence[Alert], since_us: int) -> Alert | None:
    """The last of these alerts that fits and was raised since a moment."""
    for alert in reversed(alerts):
        if _fits(what, alert) and to_us(alert.raised_at) >= since_us:
            return alert
    return None


def severity_at(scenario: Scenario, expected: Expected, alert: Alert) -> str:
    """The severity that is expected at the hour of the alert on the estate's clock."""
    return (
        expected.at_night if expected.at_night and is_night(scenario, to_us(alert.at)) else expected.severity
    )


def is_night(scenario: Scenario, at_us: int) -> bool:
    """Whether a moment falls into the night of the scenario's estate."""
    now = f"{from_us(at_us).astimezone(ZoneInfo(scenario.estate.time_zone)):%H:%M}"
    night = scenario.estate.night
    return (
        night.start <= now < night.end if night.start < night.end else now >= night.start or now < night.end
    )


def _why_not(scenario: Scenario, expected: Expected, seen: Seen, start_us: int, sent: Collection[str]) -> str:
    """Why an alert doesn't meet an expectation; empty when it does."""
    alert = seen.last
    if not _fits(expected, alert):
        return "another alert"
    fresh = _fresh(alert, start_us)
    if not fresh and not _ours(alert, sent) and not any(a.condition == "active" for a in seen.changes):
        return "open from before, and not seen again"
    wanted = severity_at(scenario, expected, alert)
    if wanted not in {change.severity for change in seen.changes}:
        return f"severity {alert.severity}, not {wanted}"
    if alert.late != expected.late:
        return "late" if alert.late else "not late"
    raised_us = to_us(alert.raised_at) - start_us
    if fresh and not expected.within[0] <= raised_us <= expected.within[1]:
        return f"raised at {format_offset(raised_us)}"
    return _why_not_at_the_end(expected, alert)


def _why_not_at_the_end(expected: Expected, alert: Alert) -> str:
    if alert.exercise != expected.exercise:
        return "an exercise" if alert.exercise else "not an exercise"
    for name in ("condition", "state", "squad"):
        wanted, found = getattr(expected, name), getattr(alert, name)
        if wanted is not None and found != wanted:
            return f"{found} at the end, not {wanted}"
    return ""


def _nearest(
    scenario: Scenario, expected: Expected, open_: Sequence[Seen], start_us: int, sent: Collection[str]
) -> str:
    reasons = (
        _why_not(scenario, expected, seen, start_us, sent)
        for seen in open_
        if seen.last.rule == expected.rule
    )
    return "; ".join(reasons)
