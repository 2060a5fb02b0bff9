"""`gatehouse up`: everything on one machine, as one supervisor with one process a role.

Stays small: it imports no database, no broker, no page. Its children hold the other end of a pipe, so
that they die with it, whatever kills it; a child that dies is started again.
"""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import IO

from gatehouse.settings import Settings, SettingsError, load

STOP_WITHIN_S = 9.0
RESTART_AFTER_S = (0.2, 0.5, 1.0, 2.0, 5.0)
SETTLED_AFTER_S = 60.0


class UpError(Exception):
    """`gatehouse up` can't run; the message says why and what to do."""


@dataclass
class Child:
    """One child process of the supervisor."""

    role: str
    process: subprocess.Popen[bytes] | None = None
    started_s: float = 0.0
    restarts: int = 0
    not_before_s: float = field(default=0.0)


class Supervisor:
    """Starts the roles, keeps them running, stops them in the right order."""

    def __init__(self, settings: Settings, roles: Sequence[str]) -> None:
        self._settings = settings
        self._children = [Child(role) for role in roles]
        self._stop = threading.Event()
        self._lifeline_read, self._lifeline_write = os.pipe()
        self._lock: IO[str] | None = None

    def run(self) -> int:
        """Runs until a signal; returns the exit code. Raises UpError."""
        self._take_lock()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: self._stop.set())
        prepared = subprocess.run(
            self._command("prepare"), env=self._environment(), pass_fds=(self._lifeline_read,), check=False
        )
        if prepared.returncode:
            return prepared.returncode
        try:
            while not self._stop.wait(0.1):
                for child in self._children:
                    self._keep(child)
        finally:
            self._stop_all()
        return 0

    def _take_lock(self) -> None:
        self._settings.data.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._lock = (self._settings.data / "up.lock").open("a+", encoding="ascii")
        deadline = time.monotonic() + 3.0
        while True:
            try:
                fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return
            except BlockingIOError as error:
                if time.monotonic() > deadline:
                    raise UpError(
                        f"another `gatehouse up` runs on {self._settings.data}: stop it first, "
                        "or give another folder with --data"
                    ) from error
                time.sleep(0.1)

    def _command(self, role: str) -> list[str]:
        beside = ",".join(child.role for child in self._children)
        head = [sys.executable, "-m", "gatehouse.roles", role]
        return [*head, "--lifeline", str(self._lifeline_read), "--beside", beside]

    def _environment(self) -> dict[str, str]:
        return {**os.environ, **self._settings.environment(), "PYTHONUNBUFFERED": "1"}

    def _keep(self, child: Child) -> None:
        now = time.monotonic()
        if child.process is None:
            if now >= child.not_before_s:
                self._start(child, now)
            return
        code = child.process.poll()
        if code is None:
            return
        if now - child.started_s > SETTLED_AFTER_S:
            child.restarts = 0
        pause_s = RESTART_AFTER_S[min(child.restarts, len(RESTART_AFTER_S) - 1)]
        print(f"gatehouse {child.role} ended with {code}; again in {pause_s} s", file=sys.stderr, flush=True)
        child.process, child.restarts, child.not_before_s = None, child.restarts + 1, now + pause_s

    def _start(self, child: Child, now: float) -> None:
        child.process = subprocess.Popen(
            self._command(child.role), env=self._environment(), pass_fds=(self._lifeline_read,)
        )
        child.started_s = now

    def _stop_all(self) -> None:
        """Ingest first, so that nothing new is answered; then rules; then the page. Simulated devices last:
        real ones don't leave either when Gatehouse stops."""
        deadline = time.monotonic() + STOP_WITHIN_S
        for child in self._children:
            if child.process is None:
                continue
            child.process.terminate()
            try:
                child.process.wait(max(min(3.0, deadline - time.monotonic()), 0.1))
            except subprocess.TimeoutExpired:
                print(f"gatehouse {child.role} did not stop in time: killed", file=sys.stderr, flush=True)
                child.process.kill()
                child.process.wait()


def up(settings: Settings) -> int:
    """Runs the whole system on this machine until SIGTERM or SIGINT. Raises UpError."""
    roles = ["ingest", "process", "serve"]
    if settings.simulate:
        roles.append("simulate")
    return Supervisor(settings, roles).run()


def main() -> int:
    """The entry that `gatehouse up` gives its process over to; settings come from the environment."""
    try:
        return up(load({}))
    except (SettingsError, UpError) as error:
        print(error, file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
