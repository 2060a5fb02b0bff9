"""A day through the real rules: the document, the same every time, incidents found, noise explained."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from datetime import date, timedelta
from functools import cache, partial

import pytest
from typer.testing import CliRunner

from eventlog.vocabulary import DeviceHeartbeat, PlateRead
from gatehouse.commands.evaluate import measured
from gatehouse.judging import StepJudge
from processors.rules import RULES
from processors.rules.policy import Policy
from simulators.day import ordinary, sizes
from simulators.day.faults import Outage
from simulators.day.incidents import KINDS, Stories, week
from simulators.day.incidents.tools import Cast
from simulators.day.moments import chance, midnight_us
from simulators.day.shares import SHARES, Share
from simulators.day.truth import Emission, Sent
from simulators.day.world import EstateWorld, World, make
from simulators.evaluation.report import Report
from simulators.evaluation.run import FIRST_DAY, Plan, evaluate

DEVICES_CANT_CAUSE = {"gatehouse_unwell"}
NEED_AN_ORDINARY_DAY = {"checkpoint_missed", "guard_overdue", "sequence_gap"}
"""Rounds that somebody walks, a counter that goes on."""


@cache
def world() -> World:
    return make("pilot", 1)


def estate() -> EstateWorld:
    return world().estates[0]


@cache
def a_day() -> tuple[Report, list[StepJudge]]:
    judges: list[StepJudge] = []

    def judge(name: str) -> StepJudge:
        judges.append(StepJudge(name))
        return judges[-1]

    return evaluate(Plan("pilot", days=1, seed=5), judge), judges


@pytest.fixture
def hamlet(monkeypatch: pytest.MonkeyPatch) -> str:
    """A preset of one small estate: a day of it takes a second."""
    monkeypatch.setitem(sizes.PRESETS, "hamlet", (sizes.city_estate(3),))
    monkeypatch.setattr("simulators.day.world.PRESETS", ("pilot", "community", "city", "hamlet"))
    return "hamlet"


def test_a_pilot_day_is_measured() -> None:
    report, _ = a_day()
    assert 40_000 < report.events < 80_000
    assert report.total().incidents >= 2
    assert report.total().found >= report.total().incidents * 0.5
    assert report.total().doubles > 10


def test_no_rule_breaks_off_on_a_simulated_day() -> None:
    _, judges = a_day()
    assert [failure for each in judges for failure in each.failures()] == []


def test_a_day_without_incidents_has_none(hamlet: str) -> None:
    report = measured(Plan(hamlet, days=1, seed=5, incidents=False))
    total = report.total()
    assert total.incidents == total.doubles == total.consequences == 0
    assert report.alerts == total.false + total.of_sensors


def test_the_same_plan_gives_the_same_figures_in_any_number_of_processes(hamlet: str) -> None:
    plan = Plan(hamlet, days=1, seed=5, seeds=2)
    first = measured(plan).as_json()
    assert {**measured(plan, jobs=2).as_json(), "seconds": 0} == {**first, "seconds": 0}
    one, two = (measured(Plan(hamlet, days=1, seed=seed)).as_json() for seed in (5, 6))
    assert first["events"] == one["events"] + two["events"]
    assert first["alerts"] == one["alerts"] + two["alerts"]
    assert first["total"]["incidents"] == one["total"]["incidents"] + two["total"]["incidents"]


@pytest.mark.parametrize("seed", [11, 12])
def test_under_fault_the_same_incidents_are_found_once_each(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A week's incidents and doubles without the ordinary days around them, so that it takes seconds.

    So too little comes from a device to show that its clock is off: two alerts may not share an episode.
    """
    monkeypatch.setattr("simulators.evaluation.run.ordinary.day", lambda *_: [])
    clean = measured(Plan("pilot", days=7, seed=seed, error_scale=0.0))
    faulty = measured(Plan("pilot", days=7, seed=seed, error_scale=0.0, faults=True))
    assert clean.total().incidents == faulty.total().incidents > 34
    whole = [each for kind, each in clean.rules.items() if kind not in NEED_AN_ORDINARY_DAY]
    assert sum(each.found for each in whole) >= 0.95 * sum(each.incidents for each in whole)
    lost = {
        kind: (figures.found, faulty.rules[kind].found)
        for kind, figures in clean.rules.items()
        if faulty.rules[kind].found < figures.found and kind != "episode"
    }
    assert not lost
    assert faulty.total().again == clean.total().again == 0


def test_what_a_controller_kept_is_found_once_it_is_uploaded(monkeypatch: pytest.MonkeyPatch) -> None:
    """In disorder, among all that it kept."""
    forced = next(
        each.label
        for each in week(estate(), FIRST_DAY, 1)
        if each.label.kind == "door_forced" and not each.label.harmless
    )
    begin_us = forced.at_us - 1_800_000_000
    away = Outage(forced.place, begin_us, begin_us + 3_600_000_000)

    def heartbeats(_world: World, _estate: str, on: date, _seed: int) -> list[Emission]:
        first_us = midnight_us(on)
        minutes = range(first_us, first_us + 86_400_000_000, 60_000_000)
        beat = partial(DeviceHeartbeat, uptime_s=1)
        return [Emission(at_us, forced.place, "access", beat()) for at_us in minutes]

    def of_its_day(sent: Sequence[Sent], _seed: int) -> Outage | None:
        return away if sent[0].received_us <= begin_us <= sent[-1].received_us else None

    monkeypatch.setattr("simulators.evaluation.run.ordinary.day", heartbeats)
    for module in ("simulators.evaluation.run.outage", "simulators.day.faults.outage"):
        monkeypatch.setattr(module, of_its_day)
    figures = measured(Plan("pilot", days=7, seed=1, error_scale=0.0, faults=True)).rules["door_forced"]
    assert (figures.found, figures.history) == (figures.incidents, 1)


def test_the_command_prints_the_contracts_document(hamlet: str) -> None:
    from gatehouse.main import app

    result = CliRunner().invoke(app, ["evaluate", "--preset", hamlet, "--days", "1", "--seed", "5", "--json"])
    assert result.exit_code == 0, result.output
    document = json.loads(result.stdout)
    assert {"events", "days", "seconds", "rules", "total", "alerts_per_10min", "severities"} <= set(document)
    for figures in (document["total"], *document["rules"].values()):
        assert {"incidents", "found", "false", "recall", "false_per_day"} <= set(figures)
    assert set(document["alerts_per_10min"]) == {"mean", "worst"}
    unknown = CliRunner().invoke(app, ["evaluate", "--preset", "village"])
    assert unknown.exit_code == 2
    assert "pilot, community, city" in unknown.output


def test_every_rule_that_devices_can_cause_has_incidents_and_doubles() -> None:
    assert set(SHARES) == set(KINDS)
    rules = {name for name, rule in RULES.items() if not issubclass(rule, Policy)}
    assert rules - DEVICES_CANT_CAUSE <= set(KINDS)


def test_a_pilot_week_has_about_forty_incidents_and_two_hundred_doubles() -> None:
    tales = week(estate(), FIRST_DAY, 3)
    count = Counter(tale.label.harmless for tale in tales)
    assert 34 <= count[False] <= 48
    assert 180 <= count[True] <= 225
    assert {tale.label.kind for tale in tales} >= {kind for kind, each in SHARES.items() if each.doubles >= 1}


def test_a_car_is_in_one_story_of_a_week(monkeypatch: pytest.MonkeyPatch) -> None:
    for kind in ("plate_cloned", "watchlist_plate", "barrier_forced"):
        monkeypatch.setitem(SHARES, kind, Share(3, 40))
    listed = set(estate().watched_plates)
    told: Counter[str] = Counter()
    for tale in week(estate(), FIRST_DAY, 3):
        events = [each.event for each in tale.emissions]
        told.update({event.plate for event in events if isinstance(event, PlateRead)} - listed)
    assert len(told) > 60
    assert [plate for plate, stories in told.items() if stories > 1] == []


@pytest.mark.parametrize("harmless", [False, True])
@pytest.mark.parametrize("kind", sorted(KINDS))
def test_stories_are_told_in_full(kind: str, harmless: bool) -> None:
    """At a place of the estate, by devices it has, in order of time, with events of the vocabulary."""
    known = set(estate().device) | {member for squad in estate().squads for member in squad.members}
    for number in range(12):
        name = f"{kind}-{number}"
        cast = Cast(estate(), FIRST_DAY, chance(number, kind, harmless), kind, harmless, name)
        tale = (KINDS[kind].double if harmless else KINDS[kind].incident)(cast)
        assert (tale.label.kind, tale.label.harmless) == (kind, harmless)
        assert tale.label.zone in estate().zone
        assert {each.device for each in tale.emissions} <= known
        moments = [each.at_us for each in tale.emissions]
        assert moments == sorted(moments)
        for event in (*(each.event for each in tale.emissions), *tale.registers):
            type(event).model_validate(event.model_dump(exclude_none=True))


def test_a_story_waits_until_its_door_is_quiet() -> None:
    on = FIRST_DAY + timedelta(days=1)
    ordinary_day = ordinary.day(world(), "xiegou", on, 1)
    stories = Stories(estate(), 1)
    story = stories.on(on, ordinary_day)
    begin_us, end_us = midnight_us(on), midnight_us(on + timedelta(days=1))
    assert all(begin_us <= each.at_us < end_us for each in story.emissions)
    moments = [each.at_us for each in story.emissions]
    assert moments == sorted(moments)
    mine = {id(each.event) for part in story.parts for each in part.emissions}
    forced = [part for part in story.parts if part.label and part.label.kind == "door_held_open"]
    for part in forced:
        first, last = part.emissions[0].at_us, part.emissions[-1].at_us
        others = [
            each for each in story.emissions
            if each.device == part.emissions[0].device and first <= each.at_us <= last
            and id(each.event) not in mine and each.event.TYPE.startswith("access.")
        ]  # fmt: skip
        assert not others


def test_of_what_began_before_the_first_day_nothing_is_told() -> None:
    """Half a story is another one: a guard who told where he was the evening before would be an intruder."""
    ordinary_day = ordinary.day(world(), "xiegou", FIRST_DAY, 1)
    begin_us = midnight_us(FIRST_DAY)
    before = week(estate(), FIRST_DAY - timedelta(days=7), 7)
    (half,) = (
        each
        for each in before
        if each.emissions and each.emissions[0].at_us < begin_us <= each.emissions[-1].at_us
    )
    rest = tuple(each for each in half.emissions if each.at_us >= begin_us)
    whole = Stories(estate(), 7).on(FIRST_DAY, ordinary_day)
    since = Stories(estate(), 7, FIRST_DAY).on(FIRST_DAY, ordinary_day)
    assert rest in [part.emissions for part in whole.parts]
    assert rest not in [part.emissions for part in since.parts]
    assert len(since.parts) == len(whole.parts) - 1


def test_weeks_begin_on_a_monday() -> None:
    assert FIRST_DAY.weekday() == 0
