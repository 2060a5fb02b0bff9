"""Mistakes in a scenario file: told with the line, the place, the value and what was expected."""

from __future__ import annotations

from pathlib import Path

import pytest

from simulators.scenarios import ScenarioError, parse, read
from simulators.scenarios.model import parse_offset

GOOD = """\
title: {zh: 门, en: A door}
story: {zh: 门开着, en: A door stands open}
rule: door_held_open
estate: {id: xiegou, file: examples/pilot/estate.yaml}
devices:
  building-7: {kind: gate}
timeline:
  - {at: "00:05", device: building-7, does: opened}
  - {at: "01:00", device: building-7, does: closed}
expect:
  - {rule: door_held_open, key: building-7, severity: medium, within: ["00:35", "00:40"]}
"""

RULE = "rule: door_held_open\n"
MISTAKES = [
    # what is replaced, by what, the line, what is told of it
    ("does: opened", "does: opend", 8, "timeline[0].does ('opend'): expected one of granted, denied"),
    ('at: "00:05"', 'at: "5 s"', 8, "timeline[0].at ('5 s'): not as expected: Value error, expected MM:SS"),
    (
        "building-7, does: closed",
        "building-8, does: closed",
        9,
        "timeline[1].device ('building-8'): there is no",
    ),
    (
        "does: closed",
        "does: denied, method: magic",
        9,
        "timeline[1].method ('magic'): expected one of 'card'",
    ),
    ("does: closed", "does: granted", 9, "timeline[1].credential: this is needed and missing"),
    ("does: closed", "does: offline, door: x", 9, "timeline[1].door ('x'): there is no such field"),
    ("does: closed", "does: closed, times: 3", 9, "timeline[1].times (3): what is done several times"),
    (
        "kind: gate",
        "kind: lift",
        6,
        "devices.building-7.kind ('lift'): expected one of 'gate', 'plate_camera'",
    ),
    ("severity: medium", "severity: bad", 11, "expect[0].severity ('bad'): expected one of 'low', 'medium'"),
    (
        '["00:35", "00:40"]',
        '["00:40", "00:35"]',
        11,
        "expect[0].within ('00:40 – 00:35'): expected [from, to]",
    ),
    ("medium,", "medium, devices: [door-9],", 11, "expect[0].devices[0] ('door-9'): there is no such device"),
    (RULE, "", 1, "rule: this is needed and missing"),
    (RULE, RULE + "colour: red\n", 4, "colour: there is no such field"),
    (
        "expect:",
        'lasts: "00:30"\nexpect:',
        9,
        "timeline[1].at ('01:00'): expected not after the scenario's end",
    ),
    ("expect:", "never: [{rule: door_held_open}]\nexpect:", 10, "never[0] ('door_held_open'): `expect` asks"),
    ("timeline:", "timeline: [", 8, "YAML: the YAML is not right: did not find expected node content"),
]


def test_a_good_file_is_read() -> None:
    scenario = parse(GOOD)
    assert [act.does for act in scenario.timeline] == ["opened", "closed"]
    assert scenario.length_us == 65_000_000
    assert not scenario.silent


@pytest.mark.parametrize(("old", "new", "line", "told"), MISTAKES, ids=[each[3][:30] for each in MISTAKES])
def test_a_mistake_is_told_where_it_stands(old: str, new: str, line: int, told: str) -> None:
    assert old in GOOD
    with pytest.raises(ScenarioError) as caught:
        parse(GOOD.replace(old, new, 1), name="s.yaml")
    lines = caught.value.lines("en")
    assert any(each.startswith(f"s.yaml:{line}: {told}") for each in lines), lines
    assert caught.value.lines("zh-CN") != lines


def test_all_mistakes_are_told_at_once() -> None:
    text = GOOD.replace("does: opened", "does: opend").replace("does: closed", "does: clsed")
    with pytest.raises(ScenarioError) as caught:
        parse(text)
    assert len(caught.value.problems) == 2


@pytest.mark.parametrize(
    ("text", "us"),
    [
        ("00:05", 5_000_000),
        ("01:30", 90_000_000),
        ("01:00:00", 3_600_000_000),
        ("00:12.5", 12_500_000),
        (7, 7_000_000),
    ],
)
def test_offsets(text: str | int, us: int) -> None:
    assert parse_offset(text) == us


@pytest.mark.parametrize("text", ["", "5", "1:2:3:4", "00:61", "-1:00", True, -3, None])
def test_what_is_no_offset(text: object) -> None:
    with pytest.raises(ValueError, match="MM:SS"):
        parse_offset(text)


def test_a_scenario_is_found_by_name_or_path(tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text(GOOD, "utf-8")
    assert read(str(file)).title.en == "A door"
    assert read("door-forced").rule == "door_forced"
    with pytest.raises(LookupError, match="door-forced"):
        read("door-forcd")
