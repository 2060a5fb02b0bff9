"""The table of "not" cases is complete and fits the rules; some mutants here, all of them in `make soak`."""

from __future__ import annotations

import subprocess
import sys

import pytest

from eventlog.catalogue import words
from tests.mutations.cases import CASES
from tests.mutations.mutants import cases, limits, rules, source_of
from tests.support.parts import ROOT


@pytest.mark.parametrize("rule", rules())
def test_every_case_of_a_rules_page_can_be_taken_away(rule: str) -> None:
    said = words(f"rules.{rule}.silent").en.rstrip(".").split("; ")
    assert list(CASES[rule]) == said
    assert all(CASES[rule].values())


@pytest.mark.parametrize("rule", rules())
def test_every_cut_fits_its_file_and_leaves_a_program(rule: str) -> None:
    for mutant in cases(rule):
        file, text = source_of(mutant)
        compile(text, str(file), "exec")


def test_every_number_of_a_rule_is_changed() -> None:
    assert {each.settings[0][0] for each in limits("door_forced")} == {
        "grant_s", "settle_s", "filled_s", "online_s", "bounce_s", "maintenance",
    }  # fmt: skip
    assert len(list(limits("repeated_denials"))) == 6


@pytest.mark.parametrize("rule", ["repeated_denials"])
def test_nothing_of_a_rule_goes_unnoticed(rule: str) -> None:
    assert _tried(rule) == 0


@pytest.mark.soak
def test_nothing_of_any_rule_goes_unnoticed() -> None:
    assert _tried() == 0


def _tried(*chosen: str) -> int:
    done = subprocess.run([sys.executable, "-m", "tests.mutations", *chosen], cwd=ROOT, check=False)
    return done.returncode
