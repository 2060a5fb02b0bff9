"""The long runs of `make soak`: a hundred random moments of each kill and each fault, on both brokers.

At the end of each it prints what it did, for docs/robustness.md. SOAK_MOMENTS gives another number of
moments, KILL_SEED other moments.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest

from tests.acceptance.scene import SEED, Scene, hold
from tests.acceptance.test_faults import locked, shifted_by
from tests.support import checks
from tests.support.load import SQUADS, Load
from tests.support.system import ROLES

pytestmark = [pytest.mark.soak, pytest.mark.kill]
MOMENTS = int(os.environ.get("SOAK_MOMENTS", "100"))
CHECK_EVERY = min(25, MOMENTS)
BETWEEN_S = (0.05, 1.5)
LOCKED_S = 10.0
DISK_FULL_S = (0.2, 4.0)
JUMP_S_MAX = 20 * 3_600
"""Not over 24 h: a device would then seem to be a day ahead, and be put aside."""


@pytest.fixture(params=["embedded", "mosquitto"])
def scene(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    made = Scene(tmp_path_factory.mktemp(request.param), request.param)
    yield made
    made.close()


def report(scene: Scene, what: str, started: float, capsys: pytest.CaptureFixture[str]) -> None:
    """What was done, in one line."""
    with scene.system.log() as log:
        alerts, head = checks.count_raised(log), log.head()
    heard = scene.phones.heard()
    again = sum(checks.assert_repeats_flagged(heard[squad]) for squad in SQUADS)
    messages = sum(map(len, heard.values()))
    with capsys.disabled():
        print(
            f"\nSOAK {scene.name}, seed {SEED}: {what}; {scene.count_sent} events answered, {head} entries, "
            f"{alerts} alerts, {messages} messages to phones ({again} sent again, all flagged), "
            f"{time.monotonic() - started:.0f} s"
        )


def parts(moments: int) -> Iterator[tuple[int, int]]:
    """Numbered parts of at most CHECK_EVERY moments; at the end of each everything is checked."""
    for number, first in enumerate(range(0, moments, CHECK_EVERY)):
        yield number, min(CHECK_EVERY, moments - first)


def kill_each(scene: Scene, load: Load, random: Random) -> None:
    """Each role at a moment of its own, not waiting for the one before; then the supervisor."""
    gone = {}
    for role in random.sample(ROLES, len(ROLES)):
        load.go_on_for(random.uniform(*BETWEEN_S))
        gone[role] = scene.system.kill9(role)
    for role, pid in gone.items():
        scene.system.wait_role(role, other_than=pid)
    load.wait_flowing()
    load.go_on_for(random.uniform(*BETWEEN_S))
    if random.random() < 0.25:
        scene.kill_while_it_starts(random.uniform(0.0, 5.0))
    else:
        scene.kill("up")
    load.wait_flowing()


def test_a_hundred_kills_of_each(scene: Scene, capsys: pytest.CaptureFixture[str]) -> None:
    started = time.monotonic()
    for part, moments in parts(MOMENTS):
        with scene.load(f"kills {part}") as (load, random):
            for _ in range(moments):
                kill_each(scene, load, random)
            if scene.mosquitto is None:
                scene.phones_are_back()
        scene.all_is_well()
    report(scene, f"{MOMENTS} kills of each of {', '.join(ROLES)}, up", started, capsys)


def test_a_hundred_faults_of_each(scene: Scene, capsys: pytest.CaptureFixture[str]) -> None:
    """Half of them on each broker; the broker itself is restarted where it is Mosquitto."""
    started = time.monotonic()
    restarts = 2 if scene.mosquitto else 0
    for part, moments in parts(MOMENTS // 2):
        with scene.load(f"faults {part}") as (load, random):
            for _ in range(moments):
                load.go_on_for(random.uniform(*BETWEEN_S))
                with scene.system.disk_full():
                    hold(random.uniform(*DISK_FULL_S))
                load.wait_flowing()
                with locked(scene.system):
                    for _ in range(restarts):
                        hold(random.uniform(0.2, 0.8))
                        scene.mosquitto.restart()  # type: ignore[union-attr]
                    hold(LOCKED_S - restarts)
                load.wait_flowing()
        scene.all_is_well()
    done = f"{MOMENTS // 2} full disks, {MOMENTS // 2} locks of 10 s"
    report(scene, f"{done}, {restarts * (MOMENTS // 2)} restarts of the broker meanwhile", started, capsys)


def test_a_hundred_jumps_of_the_clock(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    started = time.monotonic()
    clock = tmp_path / "offset"
    clock.write_text("0", "ascii")
    scene = Scene(tmp_path, "embedded", shifted_by(clock))
    try:
        for part, moments in parts(MOMENTS):
            with scene.load(f"jumps {part}") as (load, random):
                for _ in range(moments):
                    load.go_on_for(random.uniform(*BETWEEN_S))
                    clock.write_text(str(random.uniform(-JUMP_S_MAX, JUMP_S_MAX)), "ascii")
                    load.wait_flowing()
            scene.all_is_well(fresh_log=True)
        report(scene, f"{MOMENTS} jumps of the clock by up to 20 h either way", started, capsys)
    finally:
        scene.close()
