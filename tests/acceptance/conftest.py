"""Running systems for the tests of the whole: one a module, where a test doesn't break it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.scene import Scene
from tests.support.parts import ROOT
from tests.support.system import System

PILOT = ROOT / "examples" / "pilot" / "estate.yaml"
LEKAGUL = ROOT / "examples" / "lekagul" / "estate.yaml"


def running(folder: Path, **how: object) -> Iterator[System]:
    """A started system; stopped at the end, as it should be stopped."""
    system = System(folder, **how)  # type: ignore[arg-type]
    try:
        system.start()
        yield system
        if system.running:
            system.stop()
    finally:
        system.abandon()


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    """The small estate on the embedded broker."""
    yield from running(tmp_path_factory.mktemp("system"))


@pytest.fixture(scope="package", params=["embedded", "mosquitto"])
def scene(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """One system a broker, for all tests that break it: each leaves it whole."""
    made = Scene(tmp_path_factory.mktemp(request.param), request.param)
    yield made
    made.close()


@pytest.fixture(scope="module")
def pilot_on_events(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    """The pilot estate on a clock that follows the events."""
    yield from running(tmp_path_factory.mktemp("pilot"), estate=PILOT, time="events")
