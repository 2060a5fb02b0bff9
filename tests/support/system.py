"""The whole system as a user has it: `gatehouse up` as a real process on free ports, in a folder of its own.

Everything is reached from the rim: the command line, HTTP, MQTT. The log's file is opened directly only
to compare what is in it with what was sent.
"""

from __future__ import annotations

import json
import os
import re
import resource
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import psutil

from eventlog.ports import EventLog
from eventlog.sql import open_log
from gatehouse.vitals import read_vitals
from tests.support.net import free_port
from tests.support.parts import ROOT
from tests.support.waiting import wait_until

ESTATE = ROOT / "tests" / "acceptance" / "estate.yaml"
ROLES = ("ingest", "process", "serve")
READY_WITHIN_S = 90.0
"""Some five seconds where the machine is idle."""
STOP_WITHIN_S = 10.0
_PLAIN = httpx.Client(verify=False, timeout=5.0)
"""Asks /readyz again and again: a client of its own each time would read the machine's certificates first."""
LINES_KEPT_MAX = 20_000


@dataclass(frozen=True, slots=True)
class Login:
    """An MQTT user name and its password."""

    user: str
    password: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a command of the command line did."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Standard output as JSON."""
        return json.loads(self.out)


class System:
    """One `gatehouse up`. Made stopped; `start` waits until /readyz answers 200."""

    def __init__(
        self,
        folder: Path,
        *,
        estate: Path | None = ESTATE,
        broker: str | None = None,
        database: str | None = None,
        time: str = "wall",
        environment: Mapping[str, str] | None = None,
        options: Sequence[str] = (),
    ) -> None:
        self.data = folder / "data"
        self.http_port = free_port()
        self.mqtt_port = free_port()
        self.broker = broker
        self.database = database
        self.password: str | None = None
        self.lines: list[str] = []
        self._estate, self._time, self._options = estate, time, list(options)
        self._environment = dict(environment or {})
        self._process: subprocess.Popen[str] | None = None
        self._reader: threading.Thread | None = None

    # -- life

    @property
    def pid(self) -> int:
        """The process id of the supervisor."""
        assert self._process is not None, "the system is not started"
        return self._process.pid

    @property
    def running(self) -> bool:
        """Whether the supervisor runs."""
        return self._process is not None and self._process.poll() is None

    @property
    def mqtt_url(self) -> str:
        """Where devices connect, without a login."""
        if self.broker is None:
            return f"mqtt://127.0.0.1:{self.mqtt_port}"
        return "mqtt://" + self.broker.rpartition("@")[2].removeprefix("mqtt://")

    def command(self) -> list[str]:
        """The command line that `start` runs."""
        given = ["up", "--data", str(self.data), "--http", f"127.0.0.1:{self.http_port}"]
        if self.broker is None:
            given += ["--mqtt", f"127.0.0.1:{self.mqtt_port}"]
        else:
            given += ["--broker", self.broker]
        if self.database is not None:
            given += ["--database", self.database]
        if self._estate is not None:
            given += ["--estate", str(self._estate)]
        given += ["--time", self._time, "--language", "en", *self._options]
        return [sys.executable, "-m", "gatehouse.main", *given]

    def environment(self) -> dict[str, str]:
        """The test's environment without its own settings of Gatehouse."""
        own = {name: value for name, value in os.environ.items() if not name.startswith("GATEHOUSE_")}
        return {**own, "PYTHONUNBUFFERED": "1", "TZ": "Asia/Shanghai", **self._environment}

    def start(self, *, ready: bool = True) -> None:
        """Starts it; with `ready` waits until it says that it is."""
        assert self._process is None, "started already"
        self._process = subprocess.Popen(
            self.command(),
            env=self.environment(),
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
            errors="replace",
        )
        self._reader = threading.Thread(target=self._read, args=(self._process,), daemon=True)
        self._reader.start()
        if ready:
            self.wait_ready()

    def _read(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None
        for line in process.stdout:
            if len(self.lines) < LINES_KEPT_MAX:
                self.lines.append(line.rstrip("\n"))
            found = re.search(r"password \(shown only once\): (\S+)", line)
            if found:
                self.password = found[1]

    def wait_ready(self, timeout_s: float = READY_WITHIN_S) -> None:
        """Waits for 200 of /readyz; fails at once when the process ends."""

        def ready() -> bool:
            assert self._process is not None
            code = self._process.poll()
            assert code is None, f"gatehouse up ended with {code}:\n{self.output()}"
            return self.is_ready()

        try:
            wait_until(ready, timeout_s=timeout_s, what="/readyz answers 200")
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self._last_word()}\n{self.output()}") from None

    def is_ready(self) -> bool:
        """Whether /readyz answers 200 just now."""
        try:
            return _PLAIN.get(f"{self.url}/readyz").status_code == 200
        except httpx.HTTPError:
            return False

    def _last_word(self) -> str:
        try:
            return _PLAIN.get(f"{self.url}/readyz").text
        except httpx.HTTPError as error:
            return repr(error)

    def stop(self) -> None:
        """SIGTERM; must end within 10 s, with 0, with no child left."""
        assert self._process is not None, "the system is not started"
        children = self.children()
        self._process.terminate()
        try:
            code = self._process.wait(STOP_WITHIN_S)
        except subprocess.TimeoutExpired:
            self.abandon()
            raise AssertionError(f"not stopped within {STOP_WITHIN_S} s:\n{self.output()}") from None
        self._gone()
        assert code == 0, f"stopped with {code}:\n{self.output()}"
        left = [child for child in children if child.is_running() and child.status() != "zombie"]
        assert not left, f"left behind: {left}"
        assert "did not stop in time" not in self.output(40), self.output(40)

    def restart(self) -> None:
        """Stops it and starts it again."""
        self.stop()
        self.start()

    def abandon(self) -> None:
        """Ends what is left of it, for a fixture's end after a failure; says nothing."""
        if self._process is None:
            return
        children = self.children()
        self._process.kill()
        self._process.wait()
        psutil.wait_procs(children, 5.0)
        for child in children:
            if child.is_running():
                child.kill()
        self._gone()

    def _gone(self) -> None:
        if self._reader:
            self._reader.join(5.0)
        self._process = self._reader = None

    def output(self, last: int = 60) -> str:
        """The last lines that it printed."""
        return "\n".join(self.lines[-last:])

    # -- killing

    def children(self) -> list[psutil.Process]:
        """Its processes but for the supervisor."""
        try:
            return list(psutil.Process(self.pid).children(recursive=True))
        except psutil.NoSuchProcess:
            return []

    def role_pid(self, role: str) -> int:
        """The process id of a role, by its sign of life; waits for one that is being started."""
        return wait_until(
            lambda: self._role_pid(role), timeout_s=READY_WITHIN_S, what=f"{role} runs\n{self.output(5)}"
        )

    def _role_pid(self, role: str) -> int | None:
        vital = read_vitals(self.data / "run").get(role)
        alive = {child.pid for child in self.children() if child.status() != psutil.STATUS_ZOMBIE}
        return vital.pid if vital and vital.pid in alive else None

    def kill9(self, role: str) -> int:
        """SIGKILL to a role's process; returns the id it had."""
        pid = self.role_pid(role)
        os.kill(pid, signal.SIGKILL)
        return pid

    def wait_role(self, role: str, *, other_than: int | None = None) -> int:
        """Waits until a role is ready, in a new process; returns its id."""

        def back() -> int | None:
            vital = read_vitals(self.data / "run").get(role)
            fresh = vital is not None and vital.pid != other_than and vital.ready and vital.alive
            return vital.pid if fresh and vital and vital.pid == self._role_pid(role) else None

        return wait_until(back, timeout_s=READY_WITHIN_S, what=f"{role} is started again\n{self.output(10)}")

    def kill9_up(self) -> None:
        """SIGKILL to the supervisor; its children must be gone within 5 s."""
        assert self._process is not None
        children = self.children()
        self._process.kill()
        self._process.wait()
        _, left = psutil.wait_procs(children, 5.0)
        for child in left:
            child.kill()
        self._gone()
        assert not left, f"children that outlived the supervisor: {left}"

    @contextmanager
    def disk_full(self) -> Iterator[None]:
        """No process of the system can write a byte to any file in this block (RLIMIT_FSIZE)."""
        processes = [psutil.Process(self.pid), *self.children()]
        before = {one.pid: resource.prlimit(one.pid, resource.RLIMIT_FSIZE) for one in processes}
        for pid, (_, hard) in before.items():
            resource.prlimit(pid, resource.RLIMIT_FSIZE, (0, hard))
        try:
            yield
        finally:
            for pid in {self.pid, *(child.pid for child in self.children()), *before}:
                try:
                    _, hard = resource.prlimit(pid, resource.RLIMIT_FSIZE)
                    resource.prlimit(pid, resource.RLIMIT_FSIZE, (hard, hard))
                except ProcessLookupError:
                    continue  # it did not live through it; the test looks at that

    # -- the command line

    def cli(self, *arguments: str, check: bool = True, timeout_s: float = 60.0) -> Outcome:
        """Runs a command on this system; with `check` it must end with 0."""
        done = subprocess.run(
            [sys.executable, "-m", "gatehouse.main", *arguments, "--data", str(self.data)],
            env={**self.environment(), "GATEHOUSE_LANGUAGE": "en"},
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=timeout_s,
            check=False,
        )
        outcome = Outcome(done.returncode, done.stdout, done.stderr)
        if check:
            assert outcome.code == 0, f"gatehouse {' '.join(arguments)}: {outcome}"
        return outcome

    def token(self, *whom: str) -> Login:
        """An MQTT login from `gatehouse device token`: a device, `--squad X`, `--member X`, `--gateway X`."""
        user, password = self.cli("device", "token", *whom).out.split()
        return Login(user, password)

    def api(self, role: str = "operator", name: str = "") -> httpx.Client:
        """An HTTP client with a bearer token from `gatehouse user token`."""
        token = self.cli("user", "token", name or f"test-{role}", "--role", role).out.strip()
        return httpx.Client(
            base_url=f"{self.url}/api/v1",
            headers={"Authorization": f"Bearer {token}"},
            timeout=20.0,
            verify=False,  # plain HTTP
        )

    # -- looking

    @property
    def url(self) -> str:
        """Where the console is."""
        return f"http://127.0.0.1:{self.http_port}"

    @property
    def log_url(self) -> str:
        """The log's database."""
        return self.database or f"sqlite:///{self.data / 'gatehouse.db'}"

    @contextmanager
    def log(self) -> Iterator[EventLog]:
        """The log itself, opened beside the running system."""
        log = open_log(self.log_url)
        try:
            yield log
        finally:
            log.close()
