"""A Gatehouse under test: a data folder of its own, the real roles as processes, looked at from outside."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

import psutil

from benchmarks.events import estate_text
from gatehouse.settings import Settings
from gatehouse.vitals import read_vitals

T = TypeVar("T")
READY_S_MAX = 30.0


def wait_for(condition: Callable[[], T], what: str, within_s: float, every_s: float = 0.01) -> T:
    """The first true value of `condition`. Raises SystemExit when it does not come."""
    deadline = time.monotonic() + within_s
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise SystemExit(f"still not so after {within_s:.0f} s: {what}")
        time.sleep(every_s)


class System:
    """One data folder with the pilot estate in it; roles are started and stopped by name."""

    def __init__(
        self, folder: Path, *, broker: str | None = None, mqtt_port: int = 1883, http_port: int = 8080
    ) -> None:
        folder.mkdir(parents=True)
        estate = folder / "estate.yaml"
        estate.write_text(estate_text(), "utf-8")
        self.settings = Settings(
            data=folder / "data",
            broker=broker,
            mqtt=f"127.0.0.1:{mqtt_port}",
            http=f"127.0.0.1:{http_port}",
            estate=estate,
            log_level="error",
        )
        self._log = (folder / "output").open("ab")
        self._output = folder / "output"
        self._running: dict[str, psutil.Popen] = {}
        self._run("prepare")
        self._database = sqlite3.connect(f"file:{self.settings.data / 'gatehouse.db'}?mode=ro", uri=True)
        self._database.isolation_level = None

    def _environment(self) -> dict[str, str]:
        return {**os.environ, **self.settings.environment()}

    def _run(self, role: str) -> None:
        command = [sys.executable, "-m", "gatehouse.roles", role]
        done = subprocess.run(
            command, env=self._environment(), stdout=self._log, stderr=self._log, check=False
        )
        if done.returncode:
            raise SystemExit(f"{role} failed:\n{self.output()}")

    def cli(self, *arguments: str) -> str:
        """What a command of the command line prints."""
        command = [sys.executable, "-m", "gatehouse.main", *arguments]
        done = subprocess.run(command, env=self._environment(), capture_output=True, text=True, check=False)
        if done.returncode:
            raise SystemExit(f"gatehouse {' '.join(arguments)} failed:\n{done.stderr}")
        return done.stdout.strip()

    def output(self) -> str:
        """What the roles have printed, its end."""
        return self._output.read_text("utf-8", "replace")[-4_000:]

    def start(self, role: str) -> None:
        """Starts a role and waits until it says that it is ready."""
        self.launch(role, [sys.executable, "-m", "gatehouse.roles", role])
        self.wait_ready(role)

    def launch(self, name: str, command: Sequence[str]) -> None:
        """Starts a program under a name."""
        self._running[name] = psutil.Popen(
            command, env=self._environment(), stdout=self._log, stderr=self._log
        )

    def wait_ready(self, role: str) -> None:
        """Waits for a role's sign of life that says ready."""
        process = self._running[role]

        def ready() -> bool:
            if process.poll() is not None:
                raise SystemExit(f"{role} ended with {process.returncode}:\n{self.output()}")
            vitals = read_vitals(self.settings.run)
            return role in vitals and vitals[role].ready and vitals[role].pid == process.pid

        wait_for(ready, f"{role} is ready", READY_S_MAX)

    def process(self, name: str) -> psutil.Process:
        """A running part's process."""
        return psutil.Process(self._running[name].pid)

    def cpu_s(self, name: str) -> float:
        """CPU seconds that a part has used so far."""
        times = self._running[name].cpu_times()
        return float(times.user + times.system)

    def stop(self, name: str) -> None:
        """Stops a part with SIGTERM."""
        process = self._running.pop(name)
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(15)
        except psutil.TimeoutExpired:
            process.kill()
            raise SystemExit(f"{name} did not stop:\n{self.output()}") from None

    def close(self) -> None:
        """Kills what still runs and closes files."""
        for process in self._running.values():
            process.kill()
            process.wait(5)
        self._running.clear()
        self._database.close()
        self._log.close()

    def head(self) -> int:
        """The log's last position."""
        return self._one("SELECT position FROM head")

    def decided(self) -> int:
        """How far the decider has come."""
        return self._one("SELECT coalesce(max(position), 0) FROM readers WHERE reader = 'decider'")

    def inputs(self, after: int, run: str) -> tuple[int, float, int]:
        """How many events of a run are in the log after a position, when the first one arrived, and the place
        of the last."""
        row = self._database.execute(
            "SELECT count(*), min(received_us), max(position) FROM events"
            " WHERE position > ? AND event_id LIKE ?",
            (after, f"{run}-%"),
        ).fetchone()
        return int(row[0]), (row[1] or 0) / 1e6, int(row[2] or 0)

    def _one(self, sql: str, *parameters: object) -> int:
        row = self._database.execute(sql, parameters).fetchone()
        return int(row[0]) if row else 0
