"""The properties that hold for every registered rule, found by Hypothesis."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from processors.rules import RULES
from processors.rules.base import Rule
from tests.contracts import rules as contract
from tests.support.examples import examples

HEARING = {name: rule for name, rule in RULES.items() if rule.listens_to}
"""Without those that only hand their settings on."""
EVERY = pytest.mark.parametrize("rule", HEARING.values(), ids=HEARING.keys())


@EVERY
@examples(10)
@given(data=st.data(), again=st.lists(st.integers(0, 20), max_size=3))
def test_a_repeated_delivery_changes_nothing(rule: type[Rule[Any]], data: Any, again: list[int]) -> None:
    contract.repeated(rule, data.draw(contract.happenings(contract.texts_of(rule))), again)


@EVERY
@examples(20)
@given(data=st.data())
def test_cut_anywhere_saved_and_resumed_is_the_same(rule: type[Rule[Any]], data: Any) -> None:
    history = data.draw(contract.happenings(contract.texts_of(rule)))
    contract.cut(rule, history, data.draw(st.integers(0, len(history))))


@EVERY
@examples(20)
@given(
    data=st.data(),
    others=st.lists(st.tuples(st.integers(0, 20), st.sampled_from(contract.OTHERS)), max_size=8),
)
def test_other_keys_in_between_change_nothing(
    rule: type[Rule[Any]], data: Any, others: list[tuple[int, str]]
) -> None:
    contract.others_between(rule, data.draw(contract.happenings(contract.texts_of(rule))), others)


@EVERY
@examples(60)
@given(data=st.data())
def test_what_waited_raises_nothing_that_it_would_not_have_raised_in_its_time(
    rule: type[Rule[Any]], data: Any
) -> None:
    if rule.name not in contract.BY_ARRIVAL:
        contract.waited(rule, data.draw(contract.happenings(contract.texts_of(rule), after=contract.SOON)))


@examples(30)
@given(
    history=contract.happenings(contract.ALL, most=30),
    pauses=st.lists(st.sampled_from([0.0, 0.001, 0.5, 1.0, 5.0]), max_size=5),
)
def test_live_and_replay_tell_the_same(history: list[contract.Happening], pauses: list[float]) -> None:
    contract.live_and_replay(history, pauses)


@EVERY
@examples(30)
@given(data=st.data())
def test_old_history_silences_nothing_of_the_present(rule: type[Rule[Any]], data: Any) -> None:
    if rule.name in contract.BY_ARRIVAL:
        return
    texts = contract.texts_of(rule)
    old = data.draw(contract.happenings(texts, most=5, after=contract.SOON))
    history = data.draw(contract.happenings(texts, after=contract.SOON))
    contract.history_between(rule, old, history, data.draw(st.integers(0, len(history))))
