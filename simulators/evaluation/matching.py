"""Which alerts tell of which incidents. Pure: labels and alerts in, findings out.

An alert matches an incident of its kind and place that is told from 5 s before to 2 min after the moment a
perfect observer could know. Of what a controller kept while it was offline nobody could know before it
uploaded it: an alert at that moment matches as well. What is told again of an alert still open counts as
told.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from simulators.day.truth import Label
from simulators.evaluation.judge import Told

BEFORE_US = 5_000_000
AFTER_US = 120_000_000
BESIDE_US = 900_000_000
"""How far around a double its alert may be, to be called its."""
SENSOR_US = 7_200_000_000
"""How far around the moment a sensor's error shows its alert may be: a hole may be told again much later."""

Verdict = Literal["incident", "consequence", "sensor", "double", "false"]


@dataclass(frozen=True, slots=True)
class Case:
    """A label with the numbers of what was sent because of it, and when the first came of what a controller
    had kept and shows it."""

    label: Label
    sent: tuple[int, ...] = ()
    uploaded_us: int | None = None


@dataclass(slots=True)
class Alarm:
    """An alert that was raised, and what it is: of an incident, of one of another kind, of a sensor that
    errs, of a harmless double, or of nothing at all."""

    told: Told
    verdict: Verdict = "false"
    case: Case | None = None


@dataclass(slots=True)
class Findings:
    """What became of everything."""

    found: list[Case] = field(default_factory=list)
    history: list[Case] = field(default_factory=list)
    """Those of `found` that were told as history only, which pages nobody."""
    missed: list[Case] = field(default_factory=list)
    alarms: list[Alarm] = field(default_factory=list)
    doubles: list[Case] = field(default_factory=list)


def match(cases: Iterable[Case], told: Sequence[Told], sensors: Iterable[Label] = ()) -> Findings:
    """Every incident found or missed, every alert explained. `told` in the order it was told; `sensors` is
    what sensors and lines did wrong by themselves."""
    findings = Findings()
    incidents: list[Case] = []
    for case in cases:
        (findings.doubles if case.label.harmless else incidents).append(case)
    active = defaultdict(list)
    for each in told:
        if each.what in ("raised", "updated", "worse"):
            active[each.rule].append(each)
    matched: dict[str, Case] = {}
    for case in incidents:
        hits = [each for each in active[case.label.kind] if _fits(case, each)]
        if case.label.kind == "episode":
            hits = _joined(case, told)
        (findings.found if hits else findings.missed).append(case)
        if hits and case.uploaded_us is not None and all(each.quiet for each in hits):
            findings.history.append(case)
        for each in hits:
            matched.setdefault(each.alert, case)
    causes = _causes(incidents)
    double_causes = _causes(findings.doubles)
    erring = defaultdict(list)
    for label in sensors:
        erring[label.kind, label.place].append(label.at_us)
    for each in told:
        if each.what != "raised":
            continue
        alarm = _explained(each, matched, causes, double_causes, findings.doubles)
        moments = erring.get((each.rule, each.key), ())
        noise = alarm.verdict in ("false", "double")
        if noise and any(abs(at_us - each.told_us) <= SENSOR_US for at_us in moments):
            alarm = Alarm(each, "sensor")
        findings.alarms.append(alarm)
    return findings


def _fits(case: Case, told: Told) -> bool:
    return _known(case, told) and _same_place(case.label, told)


def _known(case: Case, told: Told) -> bool:
    """Whether an alert came when a perfect observer would have told of a case."""
    if _in_time(case.label.at_us, told):
        return True
    if case.uploaded_us is None or set(case.sent).isdisjoint(told.evidence):
        return False
    return _in_time(case.uploaded_us, told)


def _in_time(at_us: int, told: Told) -> bool:
    return at_us - BEFORE_US <= told.told_us <= at_us + AFTER_US


def _same_place(label: Label, told: Told) -> bool:
    return label.zone == told.zone or label.place == told.key or label.place in told.devices


def _joined(case: Case, told: Sequence[Told]) -> list[Told]:
    """Alerts of at least two rules that share an episode, about what this case sent or where it was."""
    label, sent = case.label, set(case.sent)
    near = [
        each
        for each in told
        if _known(case, each) and (_same_place(label, each) or not sent.isdisjoint(each.evidence))
    ]
    rules = defaultdict(set)
    for each in near:
        rules[each.episode].add(each.rule)
    return [each for each in near if len(rules[each.episode]) > 1]


def _causes(cases: Iterable[Case]) -> Mapping[int, Case]:
    return {number: case for case in cases for number in case.sent}


def _explained(
    told: Told,
    matched: Mapping[str, Case],
    causes: Mapping[int, Case],
    double_causes: Mapping[int, Case],
    doubles: Sequence[Case],
) -> Alarm:
    if told.alert in matched:
        return Alarm(told, "incident", matched[told.alert])
    for number in told.evidence:
        if number in causes:
            return Alarm(told, "consequence", causes[number])
    for number in told.evidence:
        if number in double_causes:
            return Alarm(told, "double", double_causes[number])
    for case in doubles:
        label = case.label
        close = abs(told.told_us - label.at_us) <= BESIDE_US
        if close and label.kind == told.rule and label.place in (told.key, told.zone, *told.devices):
            return Alarm(told, "double", case)
    return Alarm(told)
