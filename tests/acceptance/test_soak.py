"""The long runs of `make soak`: a hundred random moments of each kill and each fault, on both brokers.

At the end of each it prints what it did, for docs/robustness.md.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator

import pytest

from tests.acceptance.scene import Scene, hold
from tests.acceptance.test_faults import locked
from tests.support import checks
from tests.support.load import SQUADS
from tests.support.system import ROLES

pytestmark = [pytest.mark.soak, pytest.mark.kill]
MOMENTS = int(os.environ.get("SOAK_MOMENTS", "100"))
CHECK_EVERY = min(10, MOMENTS)
EVENTS_PER_SLICE = 2
"""120 events a second over all: the log of the whole run is gone through at every check."""
BETWEEN_S = (0.05, 1.5)
LOCKED_S = (0.5, 10.0)
DISK_FULL_S = (0.2, 4.0)


@pytest.fixture(params=["embedded", "mosquitto"])
def scene(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    made = Scene(tmp_path_factory.mktemp(request.param), request.param, per_slice=EVENTS_PER_SLICE)
    yield made
    made.close()


def report(scene: Scene, what: str, started: float) -> None:
    """What was done, in one line."""
    with scene.system.log() as log:
        alerts = checks.count_raised(log)
        entries = log.head()
    heard = scene.phones.heard()
    again = sum(checks.assert_repeats_flagged(heard[squad]) for squad in SQUADS)
    messages = sum(map(len, heard.values()))
    print(
        f"SOAK {scene.name}: {what}; {scene.count_sent} events answered, {entries} entries, {alerts} alerts, "
        f"{messages} messages to phones ({again} sent again, all flagged), {time.monotonic() - started:.0f} s"
    )


def test_a_hundred_kills_of_each(scene: Scene, capsys: pytest.CaptureFixture[str]) -> None:
    started = time.monotonic()
    for part in range(MOMENTS // CHECK_EVERY):
        with scene.load(f"kills {part}") as (load, random):
            for _ in range(CHECK_EVERY):
                for role in random.sample([*ROLES, "up"], 4):
                    load.go_on_for(random.uniform(*BETWEEN_S))
                    scene.kill(role)
                load.wait_flowing()
            if scene.name == "embedded":
                scene.phones_are_back()
        scene.all_is_well()
    with capsys.disabled():
        report(scene, f"{MOMENTS} kills of each of {', '.join(ROLES)}, up", started)


def test_a_hundred_faults_of_each(scene: Scene, capsys: pytest.CaptureFixture[str]) -> None:
    started = time.monotonic()
    for part in range(MOMENTS // CHECK_EVERY):
        with scene.load(f"faults {part}") as (load, random):
            for _ in range(CHECK_EVERY):
                load.go_on_for(random.uniform(*BETWEEN_S))
                with scene.system.disk_full():
                    hold(random.uniform(*DISK_FULL_S))
                load.wait_flowing()
                with locked(scene.system):
                    if scene.mosquitto:
                        hold(random.uniform(0.2, 0.8))
                        scene.mosquitto.restart()
                    hold(random.uniform(*LOCKED_S))
                load.wait_flowing()
        scene.all_is_well()
    what = f"{MOMENTS} full disks, {MOMENTS} locks of the database"
    with capsys.disabled():
        report(scene, what + (f", {MOMENTS} restarts of the broker" if scene.mosquitto else ""), started)
