"""Every alert comes with what to do: a checklist of its own for every rule that raises, in both languages."""

from __future__ import annotations

import pytest

from eventlog import sop
from eventlog.catalogue import catalogue
from processors.rules import RULES

HANDLING = frozenset({"calming", "episode", "escalation", "flood", "inhibition", "reports"})
"""Policies of how alerts and reports are handled: they raise nothing. Every other rule can."""
RAISING = sorted(set(RULES) - HANDLING)
REQUIRED_MAX = 2


@pytest.mark.parametrize("rule", RAISING)
def test_every_rule_that_raises_has_a_checklist_in_both_languages(rule: str) -> None:
    assert rule in sop._STEPS, f"{rule} has no checklist of its own"
    steps = sop.checklist(rule)
    assert len({each.step for each in steps}) == len(steps) >= 2
    assert sum(each.required for each in steps) <= REQUIRED_MAX, "they stand between a desk and its queue"
    for each in steps:
        assert any("\u4e00" <= char <= "\u9fff" for char in each.text.zh), each
        assert each.text.en.isascii(), each
        assert each.text.en != each.text.zh


def test_no_checklist_is_of_a_rule_that_is_none_and_no_text_is_of_no_step() -> None:
    assert set(sop._STEPS) == set(RAISING)
    used = {each.step for rule in RAISING for each in sop.checklist(rule)}
    written = {key.removeprefix("sop.") for key in catalogue() if key.startswith("sop.")}
    assert used == written


def test_what_is_required_is_missing_until_it_is_ticked() -> None:
    wanted = [each.step for each in sop.checklist("fire_smoke") if each.required]
    assert [each.step for each in sop.missing("fire_smoke", ())] == wanted
    assert [each.step for each in sop.missing("fire_smoke", (wanted[0],))] == wanted[1:]
    assert sop.missing("fire_smoke", tuple(wanted)) == ()
