"""Offices that are checked when they are over."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.processors.reports.office import ROSTER, Office


@pytest.fixture
def opened() -> Iterator[Callable[..., Office]]:
    """Opens offices with settings of their own; each is replayed and cut when the test is over."""
    made: list[Office] = []

    def make(*more: Any, **settings: Any) -> Office:
        made.append(Office(*more, **settings))
        return made[-1]

    yield make
    for each in made:
        each.over()


@pytest.fixture
def office(opened: Callable[..., Office]) -> Office:
    """As Gatehouse comes, with a shift on duty."""
    return opened(*ROSTER)
