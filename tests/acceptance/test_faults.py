"""What befalls a system besides being killed: the disk refuses writes, the database is locked, the broker is
restarted, the clock jumps. Nothing answered is lost, no alert is lost or doubled, it goes on by itself.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from tests.acceptance.scene import Scene, hold
from tests.support import checks
from tests.support.system import System

pytestmark = [pytest.mark.kill, pytest.mark.timeout(300)]
MOMENTS = 3
BETWEEN_S = (0.1, 1.0)
LOCKED_S = 10.0
DISK_FULL_S = 1.0
CLOCKSHIFT = Path(__file__).parents[1] / "support" / "clockshift"


def roles(system: System) -> dict[str, int]:
    """The process ids of the roles."""
    return {role: system.role_pid(role) for role in ("ingest", "process", "serve")}


@contextmanager
def locked(system: System) -> Iterator[None]:
    """Another program holds SQLite's write lock on the log while the block runs."""
    with closing(sqlite3.connect(system.data / "gatehouse.db", timeout=60, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        try:
            yield
        finally:
            other.execute("ROLLBACK")


def head(system: System) -> int:
    with system.log() as log:
        return log.head()


def test_the_disk_refuses_writes(scene: Scene) -> None:
    with scene.load("disk") as (load, random):
        for _ in range(MOMENTS):
            load.go_on_for(random.uniform(*BETWEEN_S))
            with scene.system.disk_full():
                hold(DISK_FULL_S)
                if scene.mosquitto is None:
                    answered = load.answered()
                    with scene.system.log() as log:
                        recorded = checks.identities(log).keys()
                    assert answered <= recorded, "answered while nothing could be written"
            load.wait_flowing()
    scene.all_is_well()


def test_the_database_is_locked_for_ten_seconds(scene: Scene) -> None:
    before = roles(scene.system)
    with scene.load("lock") as (load, random):
        for _ in range(1 if scene.mosquitto is None else 2):  # three of them over both
            load.go_on_for(random.uniform(*BETWEEN_S))
            with locked(scene.system):
                stands = head(scene.system)
                hold(LOCKED_S)
                assert head(scene.system) == stands
            load.wait_flowing()
    scene.all_is_well()
    assert roles(scene.system) == before, "a lock is waited for, not died of"


def test_the_broker_is_restarted_while_a_batch_is_held(scene: Scene) -> None:
    if scene.mosquitto is None:
        pytest.skip("the embedded broker is restarted with its role, which the kill tests do")
    with scene.load("broker") as (load, random):
        for _ in range(MOMENTS):
            load.go_on_for(random.uniform(*BETWEEN_S))
            with locked(scene.system):
                hold(random.uniform(0.2, 0.8))  # the batch that came is held, unanswered
                scene.mosquitto.restart()
                hold(random.uniform(0.2, 0.8))
            load.wait_flowing()
    scene.all_is_well()


@pytest.fixture
def clock_file(tmp_path: Path) -> Path:
    file = tmp_path / "offset"
    file.write_text("0", "ascii")
    return file


def test_the_machines_clock_jumps(tmp_path: Path, clock_file: Path) -> None:
    scene = Scene(tmp_path, "embedded", shifted_by(clock_file))
    try:
        with scene.load("clock") as (load, random):
            for jump_s in (3_600, -3_600, 86_400 * 2):
                load.go_on_for(random.uniform(*BETWEEN_S))
                first = head(scene.system)
                clock_file.write_text(str(jump_s), "ascii")
                load.wait_flowing(100)
                assert stamped_within_s(scene.system, first) < 60, "a jump is not followed at once"
        scene.all_is_well(fresh_log=True)
    finally:
        scene.close()


def shifted_by(file: Path) -> dict[str, str]:
    """The environment in which a system's wall clock is off by the seconds in a file."""
    return {"PYTHONPATH": str(CLOCKSHIFT), "CLOCK_OFFSET_FILE": str(file)}


def stamped_within_s(system: System, after: int) -> float:
    """Seconds by the log's clock from an entry to the last one."""
    with system.log() as log:
        first, last = log.at([after])[0], log.read_back(limit=1)[0]
        return (last.recorded_us - first.recorded_us) / 1e6
