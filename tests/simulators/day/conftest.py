"""Worlds that several tests look at; making them takes longer than looking."""

from __future__ import annotations

from datetime import date

import pytest

from simulators.day import ordinary
from simulators.day.making import make_estate
from simulators.day.sizes import city_estate
from simulators.day.truth import Emission
from simulators.day.world import World, make

MONDAY = date(2026, 11, 2)


@pytest.fixture(scope="session")
def pilot() -> World:
    """The pilot, always the same."""
    return make("pilot", 7)


@pytest.fixture(scope="session")
def monday(pilot: World) -> list[Emission]:
    """An ordinary Monday in the pilot estate."""
    return ordinary.day(pilot, "xiegou", MONDAY, 7)


@pytest.fixture(scope="session")
def small() -> World:
    """One small estate of a city: a day of it takes a tenth of a second."""
    return World("small", 7, (make_estate(city_estate(3), 7),))
