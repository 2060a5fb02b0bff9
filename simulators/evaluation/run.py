"""Runs simulated days through a judge, one estate after the other, and counts. No clock but the caller's.

Days follow each other without a gap: what arrives after midnight is given with the next day.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from functools import lru_cache

from eventlog.times import from_us, iso
from eventlog.vocabulary import Event
from simulators.day import ordinary
from simulators.day.errors import sense
from simulators.day.faults import Outage, lay, outage
from simulators.day.incidents import Episode, Stories, Story
from simulators.day.moments import midnight_us
from simulators.day.sizes import PRESETS
from simulators.day.truth import Label, Sent
from simulators.day.world import EstateWorld, World, make
from simulators.evaluation.judge import Judge, Judges, Told
from simulators.evaluation.matching import Case, match
from simulators.evaluation.report import Report, Worst, by_need, few_of_each
from simulators.evaluation.sensors import Devices, clock_known_us

FIRST_DAY = date(2026, 9, 7)
"""A Monday: weeks of incidents begin on it."""
EVENTS_SHOWN_MAX = 8
_NOBODYS = (-1, 0)
LAST_US = 900_000_000
"""So long after the last day what is under way is still taken."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What to evaluate. So many `seeds`, from `seed` on, are pooled; `error_scale` multiplies every rate at
    which sensors err (0: perfect ones); `faults` lays those of network and controllers over it."""

    preset: str = "pilot"
    days: int = 1
    seed: int = 0
    seeds: int = 1
    error_scale: float = 1.0
    incidents: bool = True
    faults: bool = False


@dataclass(slots=True)
class _Course:
    """One estate on its way through the days."""

    estate: EstateWorld
    judge: Judge
    stories: Stories
    counters: dict[str, int] = field(default_factory=dict)
    devices: Devices = field(default_factory=Devices)
    waiting: list[Sent] = field(default_factory=list)
    taken: int = 0
    told: list[Told] = field(default_factory=list)
    cases: list[Case] = field(default_factory=list)
    sensors: list[Label] = field(default_factory=list)
    kept: dict[int, Sent] = field(default_factory=dict)
    """What was sent, by number, as far as an alert or an incident points to it."""


def evaluate(plan: Plan, judges: Judges, on_day: Callable[[], None] = lambda: None) -> Report:
    """Every estate of every world through every day; `on_day` is called after each. Raises LookupError for
    an unknown preset. The report's `seconds` are the caller's to fill in."""
    return pooled(plan, (one_estate(plan, *course, judges, on_day) for course in courses(plan)))


def courses(plan: Plan) -> Iterator[tuple[int, int]]:
    """What can be run by itself, in the order of the report: a world's seed, the place of an estate in it."""
    estates = len(PRESETS[plan.preset])
    for seed in range(plan.seed, plan.seed + plan.seeds):
        yield from ((seed, place) for place in range(estates))


def one_estate(plan: Plan, seed: int, place: int, judges: Judges, on_day: Callable[[], None]) -> Report:
    """One estate through every day."""
    world = _world(plan.preset, seed)
    plan = replace(plan, seed=seed)
    estate = world.estates[place]
    report = Report(plan.preset, seed, plan.days, 1)
    course = _Course(estate, judges(estate.id), Stories(estate, seed, FIRST_DAY))
    course.judge.registers(estate.registers, midnight_us(FIRST_DAY))
    for number in range(plan.days):
        _one_day(world, course, plan, FIRST_DAY + timedelta(days=number))
        on_day()
    _end(course, plan, report)
    return report


def pooled(plan: Plan, parts: Iterable[Report]) -> Report:
    """The parts of a plan as one report."""
    report = Report(plan.preset, plan.seed, plan.days, len(PRESETS[plan.preset]), plan.seeds)
    for part in parts:
        report.add(part)
    report.missed = few_of_each(report.missed)
    report.false = few_of_each(report.false)
    return report


@lru_cache(maxsize=1)
def _world(preset: str, seed: int) -> World:
    return make(preset, seed)


def _one_day(world: World, course: _Course, plan: Plan, today: date) -> None:
    estate, seed = course.estate, plan.seed
    end_us = midnight_us(today + timedelta(days=1))
    emissions = ordinary.day(world, estate.id, today, seed)
    story = course.stories.on(today, emissions) if plan.incidents else Story(emissions)
    sent = sense(
        story.emissions, seed, estate=estate, weather=ordinary.weather(world, estate.id, today, seed),
        scale=plan.error_scale, counters=course.counters,
    )  # fmt: skip
    sent = story.disturbed(sent)
    broken = outage(sent, seed) if plan.faults and sent else None
    if plan.faults:
        sent = lay(sent, seed, course.stories.clocks())
    due = sorted([*course.waiting, *sent], key=lambda each: each.received_us)
    cut = next((index for index, each in enumerate(due) if each.received_us >= end_us), len(due))
    now, course.waiting = due[:cut], due[cut:]
    clocks = {device: since_us for device, since_us, _, _ in story.clocks}
    _keep_cases(course, story.parts, now, clocks, broken)
    course.sensors += course.devices.labels(now)
    _take(course, now, _registers(world, estate, today, seed, story))


def _registers(
    world: World, estate: EstateWorld, today: date, seed: int, story: Story
) -> list[tuple[int, Event]]:
    """What is entered into the registers on a date, in order; the first day also what was the evening
    before."""
    begin_us, end_us = midnight_us(today), midnight_us(today + timedelta(days=1))
    first = begin_us if today > FIRST_DAY else 0
    found = [
        (max(at_us, begin_us), event)
        for day in (today, today + timedelta(days=1))
        for at_us, event in ordinary.registers(world, estate.id, day, seed)
        if first <= at_us < end_us
    ]
    return sorted([*((begin_us, event) for event in story.registers), *found], key=lambda each: each[0])


def _take(course: _Course, sent: Sequence[Sent], registers: Sequence[tuple[int, Event]]) -> None:
    """Gives a day to the judge, with each registry event at its moment."""
    place = 0
    for at_us, event in registers:
        upto = place
        while upto < len(sent) and sent[upto].received_us < at_us:
            upto += 1
        if upto > place:
            _give(course, sent[place:upto])
            place = upto
        course.judge.registers((event,), at_us)
    _give(course, sent[place:])


def _give(course: _Course, sent: Sequence[Sent]) -> None:
    told = course.judge.take(sent)
    for each in told:
        course.told.append(each)
        if each.what == "raised":
            for number in each.evidence[:EVENTS_SHOWN_MAX]:
                if 0 <= number - course.taken < len(sent):
                    course.kept[number] = sent[number - course.taken]
    course.taken += len(sent)


def _keep_cases(
    course: _Course,
    parts: Sequence[Episode],
    sent: Sequence[Sent],
    clocks: Mapping[str, int],
    broken: Outage | None,
) -> None:
    """The labels of a day, with the numbers of what was sent because of them. `clocks`: since when which
    devices' clocks are off; `broken`: the controller that was offline and uploads what it kept."""
    by_event: dict[object, tuple[int, int]] = {}
    for index, part in enumerate(parts):
        for emission in part.emissions:  # a sensor that errs makes another event of it, at the same moment
            what = index, emission.at_us
            by_event[id(emission.event)] = by_event[emission.device, emission.at_us] = what
    numbers: list[list[int]] = [[] for _ in parts]
    uploaded_us: dict[int, int] = {}
    for offset, each in enumerate(sent):
        index, at_us = by_event.get(id(each.event), by_event.get((each.device, each.at_us), _NOBODYS))
        if index >= 0:
            number = course.taken + offset
            numbers[index].append(number)
            if len(numbers[index]) <= EVENTS_SHOWN_MAX:
                course.kept[number] = each
            label = parts[index].label
            if broken and label and at_us <= label.at_us and broken.uploads(each):
                uploaded_us.setdefault(index, each.received_us)
    for index, part in enumerate(parts):
        if part.label is not None:
            label = _known(part.label, sent, clocks)
            course.cases.append(Case(label, tuple(numbers[index]), uploaded_us.get(index)))


def _known(label: Label, sent: Sequence[Sent], clocks: Mapping[str, int]) -> Label:
    """The label, at the moment from which it could be known: for a clock that is off that depends on how much
    its device has to say."""
    since_us = clocks.get(label.place)
    if label.kind != "clock_skewed" or since_us is None:
        return label
    return replace(label, at_us=clock_known_us(sent, label.place, since_us) or label.at_us)


def _end(course: _Course, plan: Plan, report: Report) -> None:
    """Counts an estate: what is still under way is given, and a little more time."""
    last_us = midnight_us(FIRST_DAY + timedelta(days=plan.days))
    _give(course, [each for each in course.waiting if each.received_us < last_us + LAST_US])
    course.told += course.judge.reach(last_us + LAST_US)
    findings = match(course.cases, course.told, course.sensors)
    report.events += course.taken
    report.count(findings)
    name = course.estate.id
    for case in findings.missed:
        events = _shown(course, case.sent)
        report.missed.append(Worst("missed", case.label.kind, name, case.label, None, events))
    for alarm in by_need(findings.alarms):
        label = alarm.case.label if alarm.case else None
        events = _shown(course, alarm.told.evidence)
        report.false.append(Worst(alarm.verdict, alarm.told.rule, name, label, alarm.told, events))


def _shown(course: _Course, numbers: Iterable[int]) -> tuple[str, ...]:
    found = (course.kept.get(number) for number in numbers)
    return tuple(words_of(each) for each in found if each is not None)[:EVENTS_SHOWN_MAX]


def words_of(sent: Sent) -> str:
    """An event in a line: when, which device, what. Its people, cards and plates are made up."""
    data = sent.event.model_dump(mode="json", exclude_none=True)
    said = ", ".join(f"{name}={value}" for name, value in data.items())
    late = " replay" if sent.replay else ""
    return f"{iso(from_us(sent.at_us))} {sent.device} {sent.event.TYPE}{late} {said}"
