"""`gatehouse up` where it can't run: it ends or waits, says why and what to do, in the chosen language."""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

import pytest

from eventlog.catalogue import text
from gatehouse.exits import EXIT_AWAY, EXIT_PERMANENT
from gatehouse.parts import CannotStartError, check_address
from gatehouse.preparing import _checked
from gatehouse.settings import Settings
from gatehouse.up import RESTART_AFTER_S, Child, Plan, Supervisor, UpError
from tests.support.net import free_port
from tests.support.system import ESTATE, System
from tests.support.waiting import wait_until


@contextmanager
def occupied(port: int = 0) -> Iterator[int]:
    """A port on which somebody else listens."""
    with closing(socket.socket()) as other:
        other.bind(("127.0.0.1", port))
        other.listen()
        yield other.getsockname()[1]


def refused(system: System, *, code: int = EXIT_PERMANENT) -> str:
    """What an `up` says that ends by itself, in a few lines, without a trace."""
    done = subprocess.run(
        system.command(), env=system.environment(), capture_output=True, text=True, timeout=60, check=False
    )
    said = done.stdout + done.stderr
    assert done.returncode == code, said
    assert "Traceback" not in said
    assert len(said.splitlines()) <= 4, said
    return said


# -- what `gatehouse up` is told first


def test_the_supervisor_knows_the_settings_defaults() -> None:
    assert Plan.of({}) == Plan.of(Settings().environment())
    told = Settings(data=Path("/there"), simulate="pilot", language="en").environment()
    assert Plan.of(told) == Plan(Path("/there"), ("ingest", "process", "serve", "simulate"), "en")


def test_a_taken_port_is_named(tmp_path: Path) -> None:
    system = System(tmp_path)
    with occupied() as port:
        system.http_port = port
        said = refused(system)
    assert f"127.0.0.1:{port}" in said
    assert "--http" in said
    assert not (system.data / "gatehouse.db").exists()


def test_a_broken_estate_file_is_refused_with_its_lines_in_chinese(tmp_path: Path) -> None:
    file = tmp_path / "estate.yaml"
    file.write_text("estate: yard\nzones: [{id: no spaces}]\n", "utf-8")
    said = refused(System(tmp_path, estate=file, options=["--language", "zh-CN"]))
    assert f"{file}:2: zones[0].id" in said
    assert "请改正后再运行" in said


def test_a_folder_of_the_other_clock_is_refused(tmp_path: Path) -> None:
    system = System(tmp_path)
    system.data.mkdir()
    (system.data / "system.json").write_text('{"time": "events"}', "utf-8")
    said = refused(system)
    assert "--time events" in said
    assert str(system.data) in said


def test_a_database_that_is_away_ends_it_so_that_it_can_be_started_again(tmp_path: Path) -> None:
    url = f"postgresql://127.0.0.1:{free_port()}/gatehouse"
    system = System(tmp_path, database=url)
    assert "The log is not available just now" in refused(system, code=EXIT_AWAY)
    assert not (system.data / "system.json").exists(), "a folder remembers what it was run with"


def test_an_outside_broker_that_is_away_is_waited_for_quietly(tmp_path: Path) -> None:
    system = System(tmp_path, broker=f"mqtt://127.0.0.1:{free_port()}")
    try:
        system.start(ready=False)
        wait_until(lambda: "can't be used" in system.output(), timeout_s=40, what="it says so")
        system.wait_role("serve")
        system.stop()
    finally:
        system.abandon()
    assert "Gatehouse goes on trying" in system.output()
    assert "Traceback" not in system.output()
    warnings = [line for line in system.lines if "level=" in line]
    assert len(warnings) <= 2, warnings


# -- the same, without a process


def settings(tmp_path: Path, **given: object) -> Settings:
    free = {"http": f"127.0.0.1:{free_port()}", "mqtt": f"127.0.0.1:{free_port()}"}
    return Settings.model_validate({"data": tmp_path / "data", **free, "language": "en", **given})


def why(given: Settings) -> str:
    """Why the parts can't start with these settings."""
    with pytest.raises(CannotStartError) as caught:
        _checked(given, listens=True)
    return str(caught.value)


def test_good_settings_pass(tmp_path: Path) -> None:
    assert _checked(settings(tmp_path), listens=True) is None
    estate = _checked(settings(tmp_path, estate=ESTATE, simulate="pilot", time="events"), listens=True)
    assert estate is not None
    assert estate.estate == "yard"


def test_the_port_of_the_embedded_broker_is_looked_at_and_not_that_of_another(tmp_path: Path) -> None:
    with occupied() as port:
        taken = f"127.0.0.1:{port}"
        assert "--mqtt" in why(settings(tmp_path, mqtt=taken))
        assert _checked(settings(tmp_path, mqtt=taken, broker="mqtt://elsewhere"), listens=True) is None
        assert _checked(settings(tmp_path, mqtt=taken), listens=False) is None


def test_a_port_whose_owner_is_just_going_is_waited_for(tmp_path: Path) -> None:
    with ExitStack() as other:
        port = other.enter_context(occupied())
        threading.Timer(0.3, other.pop_all().close).start()
        check_address(settings(tmp_path, http=f"127.0.0.1:{port}"), "http")


@pytest.mark.parametrize("address", ["no.such.host.invalid:8080", "203.0.113.1:8080"])
def test_an_address_that_is_not_ours_is_refused(tmp_path: Path, address: str) -> None:
    with pytest.raises(CannotStartError, match=address):
        check_address(settings(tmp_path, http=address), "http")


def test_an_estate_file_that_is_not_there_or_not_text(tmp_path: Path) -> None:
    missing = tmp_path / "none.yaml"
    assert str(missing) in why(settings(tmp_path, estate=missing))
    binary = tmp_path / "binary.yaml"
    binary.write_bytes(b"\xff\xfe\x00")
    assert "UTF-8" in why(settings(tmp_path, estate=binary))


def test_an_unknown_simulation_is_refused_with_those_there_are(tmp_path: Path) -> None:
    said = why(settings(tmp_path, simulate="nobody", language="zh-CN"))
    assert "nobody" in said
    assert "pilot" in said
    assert "请改正 --simulate" in said


# -- the supervisor itself


class Scripted(Supervisor):
    """A supervisor of one role, whose processes are these scripts, one after the other."""

    def __init__(self, data: Path, *scripts: str) -> None:
        super().__init__(Plan(data, ("part",), "en"))
        self._scripts = iter(scripts)
        self.started: list[str] = []

    def _command(self, role: str) -> list[str]:
        if role == "prepare":
            return [sys.executable, "-c", "pass"]
        self.started.append(next(self._scripts))
        return [sys.executable, "-c", self.started[-1]]

    def settled(self) -> Child:
        """As if its role had run for long."""
        (child,) = self._children
        child.settled = True
        return child


def run(supervisor: Supervisor) -> int:
    """Runs it as in a process of its own, but for the signals, which are the test's."""
    codes: list[int] = []
    thread = threading.Thread(target=lambda: codes.append(supervisor.watch()))
    thread.start()
    thread.join(30)
    assert codes, "it did not end"
    return codes[0]


def test_a_role_that_can_never_start_ends_the_whole_with_its_code(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    supervisor = Scripted(tmp_path, f"raise SystemExit({EXIT_PERMANENT})")
    assert run(supervisor) == EXIT_PERMANENT
    assert len(supervisor.started) == 1
    assert text("up.role_refuses", "en", role="part") in capfd.readouterr().err


def test_a_role_that_fails_is_started_again_and_said_so(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    supervisor = Scripted(tmp_path, "raise SystemExit(70)", f"raise SystemExit({EXIT_PERMANENT})")
    assert run(supervisor) == EXIT_PERMANENT
    assert len(supervisor.started) == 2
    told = text("up.role_ended", "en", role="part", code=70, pause=RESTART_AFTER_S[0])
    assert told in capfd.readouterr().err


def test_a_role_that_ran_well_before_is_tried_again_whatever_its_code(tmp_path: Path) -> None:
    supervisor = Scripted(tmp_path, f"raise SystemExit({EXIT_PERMANENT})", "import time; time.sleep(60)")
    child = supervisor.settled()
    thread = threading.Thread(target=supervisor.watch)
    thread.start()
    wait_until(lambda: len(supervisor.started) == 2 and child.process, what="it is started again")
    supervisor.stop()
    thread.join(10)
    assert not thread.is_alive()


def test_a_data_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(UpError, match=str(tmp_path / "file" / "data")):
        Supervisor(Plan(tmp_path / "file" / "data", ("part",), "en")).run()


def test_a_second_one_on_the_same_folder_is_refused(tmp_path: Path) -> None:
    first = Supervisor(Plan(tmp_path, (), "en"))
    first.take_folder()
    with pytest.raises(UpError, match=str(tmp_path)):
        Supervisor(Plan(tmp_path, (), "zh-CN")).take_folder()
