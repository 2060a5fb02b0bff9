"""Every packaged scenario against the real pipeline, rules and alerts, in virtual time: as expected."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from functools import cache
from typing import Any

import pytest
import yaml

from eventlog.times import to_us
from simulators.devices import KINDS
from simulators.faults import Faults
from simulators.link import SharedLink
from simulators.run import first_moment
from simulators.scenarios import names, packaged
from simulators.scenarios.model import Scenario, format_offset
from simulators.scenarios.overlay import events_of
from simulators.stage import PacedClock, Stage
from simulators.verdict import Verdict, judge
from tests.simulators.virtual import VirtualSystem
from tests.support.parts import ROOT

MORNING_US = 1_793_491_200_000_000  # 2026-11-01 08:00 in Shanghai
SIX_RULES = {
    "door_forced", "door_held_open", "repeated_denials", "vehicle_not_permitted", "watchlist_plate",
    "device_offline",
}  # fmt: skip


def perform(
    scenario: Scenario, system: VirtualSystem, *, earliest_us: int = MORNING_US, faults: Faults | None = None
) -> tuple[Verdict, Stage]:
    start_us = first_moment(scenario, earliest_us)
    stage = Stage(
        scenario,
        SharedLink(system.publish, settle=system.take),
        PacedClock(start_us, 0),
        run=f"test/{start_us}",
        faults=faults,
        find=(system.find_alert, system.find_report),
    )
    before = len(system.alerts())
    stage.prepare(start_us)
    undo = system.lay_over(scenario.estate.id, events_of(scenario, start_us))
    stage.play(start_us)
    alerts = system.alerts()[before:]
    undo()
    verdict = judge(scenario, start_us, alerts, sent=stage.sent.keys(), told=system.told())
    return replace(verdict, unanswerable=len(stage.unanswerable)), stage


def explain(verdict: Verdict) -> str:
    lines = [f"missed {j.expected.rule} {j.expected.key}: {j.why}" for j in verdict.judged if not j.alert]
    lines += [f"report {r.expected.category}: {r.why}" for r in verdict.reports if r.why]
    lines += [f"unexpected {a.rule} {a.key} {a.severity} raised {a.raised_at}" for a in verdict.unexpected]
    return "\n".join(lines)


@pytest.mark.parametrize("name", names())
def test_a_scenario_is_as_expected(name: str) -> None:
    scenario = packaged(name)
    verdict, _ = perform(scenario, VirtualSystem(scenario.estate.file))
    assert verdict.ok, explain(verdict)


@pytest.mark.parametrize("name", ["door-wedged-open", "a-camera-goes-dark", "a-stolen-car", "door-forced"])
def test_a_scenario_can_be_run_again_on_the_same_system(name: str) -> None:
    scenario = packaged(name)
    system = VirtualSystem(scenario.estate.file)
    first, _ = perform(scenario, system)
    later_us = MORNING_US + scenario.length_us + 60_000_000
    second, _ = perform(scenario, system, earliest_us=later_us)
    assert first.ok, explain(first)
    assert second.ok, explain(second)


def test_every_rule_has_two_scenarios_and_one_that_stays_silent() -> None:
    loud = Counter(packaged(name).rule for name in names() if not packaged(name).silent)
    silent = Counter(packaged(name).rule for name in names() if packaged(name).silent)
    assert set(loud) == set(silent) - {"reports"} >= SIX_RULES  # that one raises nothing


@cache
def estate_as_written(file: str) -> Any:
    """Read by a reader of YAML that is not ours."""
    return yaml.load((ROOT / file).read_text("utf-8"), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))


@pytest.mark.parametrize("name", names())
def test_a_scenario_fits_its_estate_file(name: str) -> None:
    scenario = packaged(name)
    estate = estate_as_written(str(scenario.estate.file))
    assert estate["estate"] == scenario.estate.id
    assert estate["night"] == scenario.estate.night.model_dump()
    assert estate["time_zone"] == scenario.estate.time_zone
    families = {device["id"]: family for family, some in estate["devices"].items() for device in some}
    lanes = {lane for gate in estate["gates"] for lane in gate["lanes"]}
    squads = {squad["id"]: squad["members"] for squad in estate["squads"]}
    added = {entry.data.get("device") for entry in scenario.estate.overlay if entry.set == "device"}
    for device, spec in scenario.devices.items():
        if spec.squad:
            assert device in squads[spec.squad]
        elif device not in added:
            assert families[device] == KINDS[spec.kind].family
    for act in scenario.timeline:
        assert act.data.get("lane", next(iter(lanes))) in lanes


def test_offsets_are_read_and_written_alike() -> None:
    scenario = packaged("door-opened-by-right")
    assert format_offset(scenario.timeline[1].at) == "00:34.500"
    assert format_offset(3_600_000_000) == "01:00:00"
    assert format_offset(-1_500_000) == "-00:01.500"


def test_a_scenario_with_an_hour_starts_at_that_hour_of_the_estates_day() -> None:
    scenario = packaged("a-visitor-after-hours")
    start_us = first_moment(scenario, MORNING_US)
    assert start_us == MORNING_US + (15 * 60 + 4) * 60 * 1_000_000
    assert first_moment(scenario, start_us + 1) == start_us + 24 * 3_600 * 1_000_000
    assert first_moment(packaged("door-forced"), MORNING_US) == MORNING_US + 1_000_000


def test_alerts_carry_the_scenarios_time() -> None:
    scenario = packaged("three-denials-at-one-door")
    verdict, _ = perform(scenario, VirtualSystem(scenario.estate.file))
    judged = next(each for each in verdict.judged if each.expected.zone == "building-9")
    assert judged.alert is not None
    assert to_us(judged.alert.raised_at) == MORNING_US + 1_000_000 + 55_000_000
