"""What a run says to people, line by line, in their language."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from eventlog.catalogue import say, text
from eventlog.times import from_us, to_us
from eventlog.vocabulary import Alert
from simulators.scenarios.model import Expected, Scenario, format_offset
from simulators.stage import Stage
from simulators.verdict import Judged, Verdict, severity_at

OnLine = Callable[[str], None]


def silence(_line: str) -> None:
    """For runs that need no lines."""


@dataclass(frozen=True, slots=True)
class Teller:
    """Turns what happens into lines for people."""

    scenario: Scenario
    language: str
    on_line: OnLine

    def say(self, line: str, /, **params: object) -> None:
        """One line."""
        self.on_line(text(f"simulate.run.{line}", self.language, **params))

    def start(self, start_us: int, speed: float) -> None:
        """What is played, from when on."""
        local = from_us(start_us).astimezone(ZoneInfo(self.scenario.estate.time_zone))
        how = "real_time" if speed == 1 else "fastest" if speed <= 0 else "times"
        words = text(f"simulate.run.{how}", self.language, speed=f"{speed:g}")
        title = say(self.scenario.title, self.language)
        self.say("start", title=title, start=f"{local:%Y-%m-%d %H:%M:%S}", speed=words)

    def alert(self, alert: Alert, start_us: int) -> None:
        """An alert as it comes in."""
        self.say(
            "alert", offset=format_offset(to_us(alert.raised_at) - start_us),
            rule=alert.rule, place=alert.key, severity=self._word("severity", alert.severity),
            state=self._word("state", alert.state), condition=self._word("condition", alert.condition),
        )  # fmt: skip

    def verdict(self, verdict: Verdict, start_us: int) -> None:
        """Each expectation, what was unexpected, and the sum."""
        for judged in verdict.judged:
            self._judged(judged, start_us)
        for each in verdict.reports:
            line = "report_bad" if each.why else "report_met"
            where = each.expected.location or "*"
            self.say(line, category=each.expected.category, where=where, why=each.why)
        for kind, alerts in (("unexpected", verdict.unexpected), ("foreign", verdict.foreign)):
            for alert in alerts:
                self.say(
                    kind, rule=alert.rule, place=alert.key, severity=self._word("severity", alert.severity),
                    offset=format_offset(to_us(alert.raised_at) - start_us),
                    title=say(alert.title, self.language),
                )  # fmt: skip
        if not verdict.answered:
            self.say("silence", estate=self.scenario.estate.id)
        good = "verdict_ok" if verdict.judged or verdict.reports else "verdict_silent"
        key = good if verdict.ok else "verdict_bad"
        met = sum(judged.alert is not None for judged in verdict.judged)
        met += sum(not each.why for each in verdict.reports)
        self.say(
            key,
            met=met, expected=len(verdict.judged) + len(verdict.reports), unexpected=len(verdict.unexpected),
        )  # fmt: skip

    def dropped(self, stage: Stage) -> None:
        """What devices had to drop."""
        for name, device in stage.devices.items():
            if device.dropped:
                self.say(
                    "dropped",
                    device=name,
                    count=len(device.dropped),
                    first=device.dropped[0],
                    last=device.dropped[-1],
                )

    def unanswerable(self, stage: Stage) -> None:
        """Answers that found no alert or report."""
        for act in stage.unanswerable:
            self.say("unanswerable", device=act.device, does=act.does, offset=format_offset(act.at))

    def _judged(self, judged: Judged, start_us: int) -> None:
        expected, alert = judged.expected, judged.alert
        severity = severity_at(self.scenario, expected, alert) if alert else expected.severity
        shown = {
            "rule": expected.rule,
            "where": _where(expected),
            "severity": self._word("severity", severity),
        }
        if alert is None:
            first, last = map(format_offset, expected.within)
            self.say("missed", **shown, first=first, last=last, why=f"[{judged.why}]" if judged.why else "")
        elif to_us(alert.raised_at) < start_us:
            self.say("met_again", **shown)
        else:
            self.say("met", **shown, offset=format_offset(to_us(alert.raised_at) - start_us))

    def _word(self, kind: str, value: str) -> str:
        return text(f"common.{kind}.{value}", self.language)


def _where(expected: Expected) -> str:
    return expected.key or ", ".join(expected.devices) or expected.zone or "*"
