"""The whole system on PostgreSQL: as one `gatehouse up`, and as parts that run alone on an outside broker."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import httpx
import pytest

from eventlog.vocabulary import AlertRaised
from tests.acceptance.conftest import running
from tests.acceptance.test_gate_to_phone import denied, raised_at, squad_topic
from tests.acceptance.test_life import alerts, rows
from tests.support.brokers import ConfiguredMosquitto
from tests.support.mqtt import Listener, Publisher
from tests.support.parts import ROOT
from tests.support.postgresql import fresh_database
from tests.support.system import ESTATE, READY_WITHIN_S, Login, System
from tests.support.waiting import wait_until

pytestmark = pytest.mark.postgresql


@pytest.fixture(scope="module")
def database(postgresql_server: str) -> Iterator[str]:
    with fresh_database(postgresql_server) as url:
        yield url


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory, database: str) -> Iterator[System]:
    yield from running(tmp_path_factory.mktemp("postgresql"), database=database)


@pytest.fixture(scope="module")
def gate(system: System) -> Login:
    return system.token("--gateway", "gate")


@pytest.fixture(scope="module")
def north(system: System) -> Iterator[Listener]:
    """The north squad's phone."""
    login = system.token("--squad", "north")
    with closing(
        Listener(system.mqtt_url, login.user, login.password, [squad_topic("north")], "north-phone")
    ) as phone:
        yield phone


@pytest.fixture(scope="module")
def operator(system: System) -> Iterator[httpx.Client]:
    with system.api() as client:
        yield client


def refuse_three(system: System, gate: Login, door: str, mark: str) -> None:
    """Three cards refused at one door: an alert."""
    with closing(Publisher(system.mqtt_url, gate.user, gate.password)) as publisher:
        for number in range(3):
            publisher.event(denied(door, f"{mark}-{number}"))
        publisher.flush()


def raised(system: System, door: str) -> list[str]:
    """The alerts of a door in the log."""
    with system.log() as log:
        entries = log.read(after=0, limit=10_000, types=frozenset({AlertRaised.TYPE}))
        told = [entry.event.alert for entry in entries if isinstance(entry.event, AlertRaised)]
    return [alert.id for alert in told if alert.key == f"door:{door}"]


def test_three_denials_reach_the_phone_and_the_api(
    system: System, gate: Login, north: Listener, operator: httpx.Client
) -> None:
    refuse_three(system, gate, "gate-n1", "first")
    told = north.wait_for(raised_at("gate-n1"))
    listed = wait_until(lambda: alerts(operator), what="the alert is listed")
    assert [one["id"] for one in listed] == [told["id"]]
    answer = operator.post(f"/alerts/{told['id']}/acknowledge", json={"version": listed[0]["version"]})
    assert answer.status_code == 200, answer.text
    assert operator.get("/devices").json()["items"]
    assert sum(1 for _ in system.data.glob("*.db")) == 0, "everything is in PostgreSQL"


def test_a_restart_keeps_everything(system: System, operator: httpx.Client) -> None:
    before = alerts(operator)
    assert before
    system.restart()
    assert wait_until(lambda: alerts(operator)) == before
    assert system.output().count("password (shown only once)") == 1, "no second administrator"


@pytest.mark.kill
def test_a_killed_part_comes_back_and_nothing_is_lost_or_doubled(
    system: System, gate: Login, north: Listener
) -> None:
    for role, door in (("ingest", "door-1"), ("process", "gate-n2"), ("serve", "door-2")):
        gone = system.kill9(role)
        refuse_three(system, gate, door, role)
        system.wait_role(role, other_than=gone)
        wait_until(lambda door=door: raised(system, door), what=f"an alert at {door}")
    north.wait_for(raised_at("gate-n2"))
    assert all(len(raised(system, door)) == 1 for door in ("door-1", "gate-n2", "door-2"))


def test_read_models_built_anew_have_the_same_rows_and_the_chain_holds(system: System) -> None:
    before = rows(system)
    assert before["alerts"]
    system.cli("projections", "rebuild", "--all")
    assert rows(system) == before
    assert system.cli("log", "verify").code == 0


class Parts:
    """Parts that run alone, each a process of its own, on one PostgreSQL and one Mosquitto."""

    def __init__(self, folder: Path, database: str) -> None:
        self.system = System(folder, database=database, environment={"GATEHOUSE_DATABASE": database})
        self._environment = {
            **self.system.environment(),
            "GATEHOUSE_DATA": str(self.system.data),
            "GATEHOUSE_HTTP": f"127.0.0.1:{self.system.http_port}",
            "GATEHOUSE_ESTATE": str(ESTATE),
            "GATEHOUSE_LANGUAGE": "en",
        }
        self._folder = folder
        self._running: list[subprocess.Popen[str]] = []
        self._lines: list[str] = []

    def prepare(self) -> None:
        """Schema, accounts, the estate; then Mosquitto with the accounts."""
        done = subprocess.run(
            [sys.executable, "-m", "gatehouse.main", "prepare"],
            env=self._environment, cwd=ROOT, text=True, capture_output=True, check=False, timeout=60,
        )  # fmt: skip
        assert done.returncode == 0, done
        self.gate = self.system.token("--gateway", "gate")
        self.squad = self.system.token("--squad", "north")
        self.mosquitto = ConfiguredMosquitto(self.system, self._folder)
        assert self.system.broker
        self._environment["GATEHOUSE_BROKER"] = self.system.broker

    def start(self, role: str) -> subprocess.Popen[str]:
        """Starts a part."""
        process = subprocess.Popen(
            [sys.executable, "-m", "gatehouse.main", role],
            env=self._environment, cwd=ROOT, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip
        self._running.append(process)
        threading.Thread(target=self._read, args=(process,), daemon=True).start()
        return process

    def _read(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None
        self._lines += process.stdout

    def output(self) -> str:
        """What they printed."""
        return "".join(self._lines)

    def stop(self) -> None:
        """SIGTERM to each; each must end well."""
        alive = [process for process in self._running if process.poll() is None]
        for process in alive:
            process.send_signal(signal.SIGTERM)
        assert [process.wait(10) for process in alive] == [0] * len(alive), self.output()

    def abandon(self) -> None:
        """Ends what is left."""
        for process in self._running:
            if process.poll() is None:
                process.kill()
            process.wait()


@pytest.fixture
def parts(tmp_path: Path, postgresql_url: str) -> Iterator[Parts]:
    made = Parts(tmp_path, postgresql_url)
    with ExitStack() as stack:
        stack.callback(made.abandon)
        made.prepare()
        stack.callback(made.mosquitto.stop)
        yield made
        made.stop()


@pytest.mark.kill
@pytest.mark.mosquitto
def test_parts_run_alone_and_those_that_stand_by_take_over(parts: Parts) -> None:
    first = [parts.start(role) for role in ("ingest", "process")]
    parts.start("serve")
    system = parts.system
    wait_until(system.is_ready, timeout_s=READY_WITHIN_S, what="/readyz answers 200")
    second = [parts.start(role) for role in ("ingest", "process")]
    with closing(
        Listener(system.mqtt_url, parts.squad.user, parts.squad.password, [squad_topic("north")], "phone")
    ) as phone:
        refuse_three(system, parts.gate, "gate-n1", "first")
        told: dict[str, Any] = phone.wait_for(raised_at("gate-n1"), timeout_s=20.0, what=parts.output())
        for process in first:
            process.kill()
            process.wait()
        refuse_three(system, parts.gate, "gate-n2", "second")
        phone.wait_for(raised_at("gate-n2"), timeout_s=20.0, what=parts.output())
        assert len(raised(system, "gate-n2")) == 1
    assert [process.poll() for process in second] == [None, None]
    with system.api() as operator:
        assert told["id"] in {one["id"] for one in wait_until(lambda: alerts(operator))}
    assert "Traceback" not in parts.output()
