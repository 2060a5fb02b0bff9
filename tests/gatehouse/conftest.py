"""Fixtures of the command line's tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from eventlog.ports import EventLog
from eventlog.sql import open_log
from gatehouse.say import language
from tests.gatehouse.cli import Cli
from tests.support.parts import ROOT

PILOT = ROOT / "examples/pilot/estate.yaml"


@pytest.fixture
def english(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """English, and no settings file of whoever runs the tests."""
    monkeypatch.setenv("GATEHOUSE_LANGUAGE", "en")
    monkeypatch.chdir(tmp_path)
    language.cache_clear()
    yield
    language.cache_clear()


@pytest.fixture
def empty(english: None, tmp_path: Path) -> Cli:
    """The command line on a folder in which there is no system."""
    return Cli(tmp_path / "data")


@pytest.fixture
def pilot(empty: Cli) -> Cli:
    """The command line on a stopped system with the pilot estate."""
    empty("estate", "import", PILOT)
    return empty


@pytest.fixture
def log(pilot: Cli) -> Iterator[EventLog]:
    """The log of the pilot's system."""
    log = open_log(f"sqlite:///{pilot.data / 'gatehouse.db'}")
    yield log
    log.close()
