"""The services of `deploy/compose.yaml` as plain processes: the very commands, settings, order and health
checks, with the containers' names and folders put onto this machine. A device's event becomes an alert.
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.acceptance.test_gate_to_phone import denied, raised_at, squad_topic
from tests.support.kafka import ApacheKafka
from tests.support.mqtt import Listener, Publisher
from tests.support.net import free_port, listening
from tests.support.parts import ROOT, program
from tests.support.system import ESTATE
from tests.support.waiting import wait_until

pytestmark = [pytest.mark.postgresql, pytest.mark.mosquitto]

COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "deploy/compose.yaml").read_text("utf-8"))
SERVICES: dict[str, Any] = COMPOSE["services"]
ORDER = ("ingest", "process", "relay", "worker", "project", "serve")
HEALTHY_WITHIN_S = 60.0


class Deployment:
    """What `docker compose up` would start for a profile, on loopback ports and in one folder."""

    def __init__(self, folder: Path, database: str, kafka: str = "") -> None:
        self.folder = folder
        self.ports = {name: free_port() for name in ("mosquitto", "http", *ORDER)}
        (folder / "database").write_text(database, "utf-8")
        for name in ("data", "broker"):
            (folder / name).mkdir(mode=0o700)
        self._kafka = kafka
        self.gate: list[str] = []
        self.squad: list[str] = []
        self._running: dict[str, subprocess.Popen[bytes]] = {}

    def _here(self, value: str, service: str) -> str:
        """A value of the file as it is on this machine."""
        value = re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", value)
        for theirs, ours in (
            ("/run/secrets/database", str(self.folder / "database")),
            ("/broker", str(self.folder / "broker")),
            ("mosquitto:1883", f"127.0.0.1:{self.ports['mosquitto']}"),
            ("kafka:9092", self._kafka),
            ("0.0.0.0:9100", f"127.0.0.1:{self.ports.get(service, 0)}"),
            ("0.0.0.0:8080", f"127.0.0.1:{self.ports['http']}"),
        ):
            value = value.replace(theirs, ours)
        return str(self.folder / "data") if value == "/data" else value

    def environment(self, service: str) -> dict[str, str]:
        """A service's own variables, and nothing else of Gatehouse's."""
        plain = {name: value for name, value in os.environ.items() if not name.startswith("GATEHOUSE_")}
        given = SERVICES[service]["environment"].items()
        return {**plain, **{name: self._here(str(value), service) for name, value in given}}

    def _command(self, service: str, *words: str) -> list[str]:
        return [sys.executable, "-m", "gatehouse.main", *(self._here(word, service) for word in words)]

    def run(self, service: str, *words: str) -> str:
        """`docker compose run --rm SERVICE WORDS`; what it printed."""
        command = self._command(service, *(words or SERVICES[service]["command"]))
        if service == "broker-config":  # the port is the container's own
            command += ["--port", str(self.ports["mosquitto"])]
        done = subprocess.run(
            command, env=self.environment(service), cwd=ROOT, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def start_mosquitto(self) -> None:
        """With the configuration that was written for it."""
        given = [self._here(word, "mosquitto") for word in SERVICES["mosquitto"]["command"]]
        self._start("mosquitto", [program(given[0], "apt-get install mosquitto"), *given[1:]], {**os.environ})
        wait_until(lambda: listening(self.ports["mosquitto"]), what="Mosquitto listens")

    def start(self, service: str) -> None:
        """One of ours."""
        command = self._command(service, *SERVICES[service]["command"])
        self._start(service, command, self.environment(service))

    def _start(self, name: str, command: list[str], environment: dict[str, str]) -> None:
        with (self.folder / f"{name}.log").open("wb") as said:
            self._running[name] = subprocess.Popen(
                command, env=environment, cwd=ROOT, stdout=said, stderr=said
            )

    def healthy(self, service: str) -> bool:
        """What the container's health check says."""
        _, _, *words = SERVICES[service]["healthcheck"]["test"]
        asked = subprocess.run(
            [sys.executable, *words],
            env=self.environment(service),
            cwd=ROOT,
            capture_output=True,
            check=False,
        )
        return asked.returncode == 0

    def metrics(self, service: str) -> str:
        """What Prometheus gets from a service."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.ports[service]}/metrics") as answer:
            said: str = answer.read().decode()
        return said

    def said(self) -> str:
        """What everything printed."""
        return "\n".join(f"--- {name}\n{(self.folder / f'{name}.log').read_text()}" for name in self._running)

    def stop(self) -> None:
        """As `docker compose stop` does, everything at once; each must end well and in time."""
        for process in self._running.values():
            process.send_signal(signal.SIGTERM)
        codes = {name: process.wait(20) for name, process in self._running.items()}
        assert not any(codes.values()), (codes, self.said())

    def abandon(self) -> None:
        """Ends what is left."""
        for process in self._running.values():
            if process.poll() is None:
                process.kill()
                process.wait()


@pytest.fixture
def deployment(tmp_path: Path, postgresql_url: str) -> Iterator[Deployment]:
    made = Deployment(tmp_path, postgresql_url)
    yield made
    made.abandon()


def bring_up(made: Deployment, profile: str) -> list[str]:
    """The steps of docs/deploying.md; returns the roles that run."""
    assert "只显示这一次" in made.run("prepare"), "the administrator's password"
    made.run("prepare", "estate", "import", str(ESTATE))
    made.gate = made.run("prepare", "device", "token", "--gateway", "gate").split()
    made.squad = made.run("prepare", "device", "token", "--squad", "north").split()
    made.run("broker-config")
    made.start_mosquitto()
    roles = [role for role in ORDER if SERVICES[role].get("profiles", [profile]) == [profile]]
    for role in roles:
        made.start(role)
    for role in roles:
        healthy = wait_until(
            lambda role=role: made.healthy(role), timeout_s=HEALTHY_WITHIN_S, what=made.said()
        )
        assert healthy
    return roles


def check(made: Deployment, profile: str) -> None:
    """From the device's event to the squad's phone; every role tells of itself; all of them stop well."""
    roles = bring_up(made, profile)
    url = f"mqtt://127.0.0.1:{made.ports['mosquitto']}"
    with closing(Listener(url, *made.squad, [squad_topic("north")], "phone")) as phone:
        with closing(Publisher(url, *made.gate)) as publisher:
            for number in range(3):
                publisher.event(denied("gate-n1", f"card-{number}"))
            publisher.flush()
        told = phone.wait_for(raised_at("gate-n1"), timeout_s=30.0, what=made.said())
    way = json.loads(made.run("prepare", "log", "trace", told["traceparent"], "--json"))["steps"]
    assert [step["type"] for step in way][:3] == ["access.denied", "signal.raised", "alert.raised"]
    assert told["id"] in way[2]["says"]
    for role in roles:
        assert f'gatehouse_part_ready{{role="{role}"}} 1.0' in made.metrics(role)
    served = made.metrics("serve")
    assert "gatehouse_log_reachable 1.0" in served
    assert 'gatehouse_reader_lag_seconds{reader="decider"}' in served
    made.stop()
    assert "Traceback" not in made.said()


def test_one_process_decides(deployment: Deployment) -> None:
    check(deployment, "single")


@pytest.mark.kafka
@pytest.mark.soak
def test_workers_decide_on_apache_kafka(tmp_path: Path, postgresql_url: str) -> None:
    kafka = ApacheKafka(tmp_path)
    made = Deployment(tmp_path, postgresql_url, kafka.servers)
    try:
        check(made, "fleet")
    finally:
        made.abandon()
        kafka.stop()
