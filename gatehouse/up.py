"""`gatehouse up`: everything on one machine, as one supervisor with one process a role.

Stays small: it imports no settings, no database, no broker, no page. `gatehouse up` resolves the settings
and gives its process over to this file with all of them in the environment. The children hold the other end
of a pipe, so that they die with the supervisor, whatever kills it; one that dies is started again, one that
can't start for a reason that only people can change ends the whole.
"""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from gatehouse.exits import EXIT_PERMANENT

STOP_WITHIN_S = 9.0
KEPT_FOR_EACH_S = 1.0
"""Of that, what a part that is slow to stop must leave to each of those after it."""
RESTART_AFTER_S = (0.2, 0.5, 1.0, 2.0, 5.0, 15.0, 30.0)
"""Pauses before a role is started again, one failure after the other."""
RESTART_KILLED_S_MAX = 5.0
"""The longest pause for a role that a signal ended: it has no fault of its own."""
SETTLED_AFTER_S = 60.0
"""A role that has run so long has started well."""
LOCK_WAIT_S_MAX = 3.0


class UpError(Exception):
    """`gatehouse up` can't run; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What the supervisor itself must know of the settings."""

    data: Path
    roles: tuple[str, ...]
    language: str

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> Plan:
        """From an environment that `Settings.environment` has made; its defaults are those of Settings."""
        roles = ["ingest", "process", "serve"]
        if environment.get("GATEHOUSE_SIMULATE"):
            roles.append("simulate")
        data = Path(environment.get("GATEHOUSE_DATA", "data"))
        outside = environment.get("GATEHOUSE_CHANNELS") or (data / "secrets" / "channels.toml").is_file()
        if outside and environment.get("GATEHOUSE_TIME") != "events":  # a recording pages nobody
            roles.insert(2, "deliver")
        return cls(data, tuple(roles), environment.get("GATEHOUSE_LANGUAGE", "zh-CN"))


@dataclass
class Child:
    """One child process of the supervisor."""

    role: str
    process: subprocess.Popen[bytes] | None = None
    started_s: float = 0.0
    failures: int = 0
    settled: bool = False
    not_before_s: float = field(default=0.0)


class Supervisor:
    """Starts the roles, keeps them running, stops them in the right order."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._children = [Child(role) for role in plan.roles]
        self._stop = threading.Event()
        self._code = 0
        self._lifeline_read, self._lifeline_write = os.pipe()
        self._lock: IO[str] | None = None

    def run(self) -> int:
        """Runs until a signal; returns the exit code. Raises UpError."""
        self.take_folder()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: self.stop())
        return self.watch()

    def stop(self) -> None:
        """Ends `watch` in good order."""
        self._stop.set()

    def watch(self) -> int:
        """Prepares, then keeps the roles running until told to stop; returns the exit code."""
        prepared = subprocess.run(self._command("prepare"), pass_fds=(self._lifeline_read,), check=False)
        if prepared.returncode:
            return prepared.returncode
        try:
            while not self._stop.wait(0.1):
                for child in self._children:
                    self._keep(child)
        finally:
            self._stop_all()
        return self._code

    def take_folder(self) -> None:
        """Keeps the data folder for this supervisor alone, as long as its process lives. Raises UpError."""
        data = self._plan.data
        try:
            data.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._lock = (data / "up.lock").open("a+", encoding="ascii")
        except OSError as error:
            raise UpError(self._text("folder_unusable", data=data, what=error.strerror)) from error
        deadline = time.monotonic() + LOCK_WAIT_S_MAX
        while True:
            try:
                fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return
            except BlockingIOError as error:
                if time.monotonic() > deadline:
                    raise UpError(self._text("folder_taken", data=data)) from error
                time.sleep(0.1)

    def _text(self, key: str, **params: object) -> str:
        from eventlog.catalogue import text

        return text(f"up.{key}", self._plan.language, **params)

    def _tell(self, key: str, **params: object) -> None:
        print(self._text(key, **params), file=sys.stderr, flush=True)

    def _command(self, role: str) -> list[str]:
        beside = ",".join(child.role for child in self._children)
        head = [sys.executable, "-m", "gatehouse.roles", role]
        return [*head, "--lifeline", str(self._lifeline_read), "--beside", beside]

    def _keep(self, child: Child) -> None:
        now = time.monotonic()
        if child.process is None:
            if now >= child.not_before_s:
                self._start(child, now)
            return
        code = child.process.poll()
        if now - child.started_s > SETTLED_AFTER_S:
            child.failures, child.settled = 0, True
        if code is not None:
            self._ended(child, code, now)

    def _ended(self, child: Child, code: int, now: float) -> None:
        if child.process:
            self._forget_metrics(child.process.pid)
        child.process = None
        if code == EXIT_PERMANENT and not child.settled:
            self._tell("role_refuses", role=child.role)
            self._code = code
            self._stop.set()
            return
        pause_s = RESTART_AFTER_S[min(child.failures, len(RESTART_AFTER_S) - 1)]
        if code < 0:
            pause_s = min(pause_s, RESTART_KILLED_S_MAX)
        child.failures, child.not_before_s = child.failures + 1, now + pause_s
        self._tell("role_ended", role=child.role, code=code, pause=pause_s)

    def _forget_metrics(self, pid: int) -> None:
        """What a process said of itself while it lived, such as being connected, holds no longer."""
        for file in (self._plan.data / "run" / "metrics").glob(f"gauge_live*_{pid}.db"):
            file.unlink(missing_ok=True)

    def _start(self, child: Child, now: float) -> None:
        child.process = subprocess.Popen(self._command(child.role), pass_fds=(self._lifeline_read,))
        child.started_s = now

    def _stop_all(self) -> None:
        """Ingest first, so that nothing new is answered; then rules; then the page. Simulated devices last:
        real ones don't leave either when Gatehouse stops."""
        deadline = time.monotonic() + STOP_WITHIN_S
        for place, child in enumerate(self._children, 1):
            if child.process is None:
                continue
            child.process.terminate()
            kept_s = KEPT_FOR_EACH_S * (len(self._children) - place)
            try:
                child.process.wait(max(deadline - kept_s - time.monotonic(), 0.1))
            except subprocess.TimeoutExpired:
                self._tell("role_killed", role=child.role)
                child.process.kill()
                child.process.wait()


def main() -> int:
    """The entry that `gatehouse up` gives its process over to; settings come from the environment."""
    os.environ["PYTHONUNBUFFERED"] = "1"  # the children's lines come as they are printed
    try:
        return Supervisor(Plan.of(os.environ)).run()
    except UpError as error:
        print(error, file=sys.stderr)
        return EXIT_PERMANENT


if __name__ == "__main__":
    sys.exit(main())
