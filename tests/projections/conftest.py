"""Engines for the read models: SQLite in a folder of its own, PostgreSQL in a database of its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from projections.store import open_views


@pytest.fixture
def views(tmp_path: Path) -> Iterator[Engine]:
    """An empty SQLite database of read models."""
    engine = open_views(f"sqlite:///{tmp_path / 'gatehouse.db'}")
    yield engine
    engine.dispose()


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def any_views(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    """The same on each database."""
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path / 'gatehouse.db'}"
    else:
        url = request.getfixturevalue("postgresql_url")
    engine = open_views(url)
    yield engine
    engine.dispose()
