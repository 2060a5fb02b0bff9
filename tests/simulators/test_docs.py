"""docs/scenarios.md and docs/play.md say what the code does: every scenario, word, fault and field."""

from __future__ import annotations

import re

from simulators.devices import KINDS
from simulators.faults import KINDS as FAULTS
from simulators.play import TableMap
from simulators.scenarios import names, packaged, parse
from simulators.scenarios.model import PRESENCE_WORDS, Act, DeviceSpec, Expected, Scenario
from tests.support.parts import ROOT

SCENARIOS = (ROOT / "docs/scenarios.md").read_text("utf-8")
PLAY = (ROOT / "docs/play.md").read_text("utf-8")


def test_every_scenario_is_listed_as_it_is() -> None:
    listed = re.findall(
        r"^\| `([a-z-]+)` \| `([a-z_]+)` \| (silent|\d+) \| (.+) \|$", SCENARIOS, re.MULTILINE
    )
    assert listed == [
        (name, scenario.rule, "silent" if scenario.silent else str(len(scenario.expect)), scenario.title.en)
        for name, scenario in ((name, packaged(name)) for name in names())
    ]


def test_every_word_of_every_kind_is_listed() -> None:
    for kind in KINDS.values():
        row = next(line for line in SCENARIOS.splitlines() if line.startswith(f"| `{kind.kind}`"))
        assert re.findall(r"`([a-z_]+)`", row)[1:] == list(kind.actions)
    assert all(f"`{word}`" in SCENARIOS for word in PRESENCE_WORDS)


def test_every_fault_is_listed_with_its_defaults() -> None:
    for name, fault in FAULTS.items():
        amount = f", {fault.amount_s:g} s" if name != "corrupt" else ""
        assert f"| `{name}` | {fault.of} | {fault.share:g}{amount} | {fault.does} |" in SCENARIOS


def test_every_field_is_named() -> None:
    for model in (Scenario, DeviceSpec, Act, Expected):
        assert not [field for field in model.model_fields if f"`{field}" not in SCENARIOS]
    assert not [field for field in TableMap.model_fields if f"`{field}`" not in PLAY]


def test_the_example_in_the_docs_is_a_good_scenario() -> None:
    example = re.search(r"```yaml\n(.*?)```", SCENARIOS, re.DOTALL)
    assert example is not None
    assert parse(example[1]).rule == "door_held_open"
