"""Nights that are checked when they are over."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.processors.alerts.night import Night


@pytest.fixture
def night() -> Iterator[Night]:
    """The small estate with every policy on."""
    made = Night()
    yield made
    made.over()
