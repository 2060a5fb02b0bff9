"""Events a second from MQTT QoS 1 to durable and to alert out, as ratios to the bare subscriber.

On Mosquitto: a backlog waits in persistent sessions, its publishers have finished; each reader drains its
own alone. Every pair (bare, ours) drains the very same backlog, right after each other. On the embedded
broker, which keeps no backlog: publishers in four processes, live; the bare subscriber reads the same
publishers from Mosquitto.
"""

from __future__ import annotations

import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from benchmarks import publishers
from benchmarks.bare import Bare, Drained, make_session
from benchmarks.events import run_id
from benchmarks.listening import AlertListener
from benchmarks.publishers import Login
from benchmarks.system import System, wait_for
from tests.support.mosquitto import Mosquitto
from tests.support.net import free_port

DRAIN_S_MAX = 300.0
INFLIGHT_MAX = 1_000
MOSQUITTO = (
    f"allow_anonymous true\nmax_queued_messages 0\nmax_inflight_messages {INFLIGHT_MAX}\nlog_type none\n"
)
PUBLISHERS = 4
WINDOW = 500
"""Unanswered publishes of one live publisher."""


@dataclass(frozen=True)
class Run:
    """One drain: seconds, and CPU seconds of each process meanwhile."""

    events: int
    seconds: float
    cpu_s: dict[str, float] = field(default_factory=dict)
    alerts: int = 0

    @property
    def rate(self) -> float:
        """Events a second."""
        return self.events / self.seconds


@dataclass(frozen=True)
class Pair:
    """A bare run and ours on the same messages."""

    bare: Drained
    ours: Run

    @property
    def ratio(self) -> float:
        """Our rate to the bare one."""
        return self.ours.rate / self.bare.rate


def _new_run() -> str:
    return run_id(time.time_ns())


def _flood(broker: Mosquitto, count: int) -> str:
    run = _new_run()
    flood = publishers.start(publishers.flood, Login(broker.port, "bench-flood"), run, count)
    publishers.finish(flood)
    return run


def _bare(broker: Mosquitto, count: int) -> Drained:
    return Bare(broker.port, count).result(DRAIN_S_MAX)


class Ended(NamedTuple):
    """A run that is durable: when its first event arrived, when its last one was in the log, and where."""

    began: float
    ended: float
    last: int


def _ended(system: System, head: int, run: str, count: int) -> Ended:
    """Waits until a run is durable."""
    wait_for(lambda: system.head() >= head + count, f"{count} events in the log", DRAIN_S_MAX, 0.005)
    ended = time.time()
    found, began, last = system.inputs(head, run)
    while found < count:  # outputs of the rules are in the log, too
        if time.time() - began > DRAIN_S_MAX:
            raise SystemExit(f"{found} events in the log, {count} were published:\n{system.output()}")
        time.sleep(0.02)
        ended = time.time()
        found, began, last = system.inputs(head, run)
    return Ended(began, ended, last)


class Cpu:
    """CPU seconds of some parts since it was made."""

    def __init__(self, system: System, names: tuple[str, ...]) -> None:
        self._system, self._names = system, names
        self._before = {name: system.cpu_s(name) for name in names}

    def used(self) -> dict[str, float]:
        """CPU seconds since then, by part."""
        return {name: self._system.cpu_s(name) - self._before[name] for name in self._names}


def to_durable(broker: Mosquitto, folder: Path, count: int) -> Pair:
    """Ingest alone drains a backlog into a fresh log with the pilot estate in it."""
    system = System(folder, broker=broker.url)
    try:
        system.start("ingest")
        system.stop("ingest")  # its session stays at the broker
        run = _flood(broker, count)
        bare = _bare(broker, count)
        head = system.head()
        system.start("ingest")
        began, ended, _ = _ended(system, head, run, count)
        cpu = {"ingest": system.cpu_s("ingest")}
        system.stop("ingest")
        return Pair(bare, Run(count, ended - began, cpu))
    finally:
        system.close()


def to_alert(broker: Mosquitto, folder: Path, count: int) -> Pair:
    """Ingest and process drain a backlog; done when every input is decided and the last alert is here."""
    system = System(folder, broker=broker.url)
    listener = AlertListener(Login(broker.port, "bench-listener"))
    try:
        system.start("ingest")
        system.stop("ingest")
        run = _flood(broker, count)
        must = publishers.must_alert(run, count)
        bare = _bare(broker, count)
        system.start("process")
        wait_for(lambda: system.decided() >= system.head(), "the decider is at the end", DRAIN_S_MAX)
        head = system.head()
        cpu = Cpu(system, ("process",))
        system.start("ingest")
        wait_for(lambda: listener.has(must), "the last alert is here", DRAIN_S_MAX, 0.005)
        began, _, last = _ended(system, head, run, count)  # looks through the log: nothing is left to disturb
        wait_for(lambda: system.decided() >= last, "every input is decided", DRAIN_S_MAX, 0.005)
        ended = time.time()
        used = {"ingest": system.cpu_s("ingest"), **cpu.used()}
        system.stop("ingest")
        system.stop("process")
        return Pair(bare, Run(count, ended - began, used, len(must)))
    finally:
        listener.close()
        system.close()


def on_mosquitto(count: int, rounds: int) -> dict[str, list[Pair]]:
    """`rounds` pairs of each kind, in turns."""
    found: dict[str, list[Pair]] = {"durable": [], "alert": []}
    with tempfile.TemporaryDirectory(prefix="gatehouse-bench-") as name:
        folder = Path(name)
        broker = Mosquitto(folder, MOSQUITTO)
        try:
            make_session(broker.port)
            for number in range(rounds):
                found["durable"].append(to_durable(broker, folder / f"durable-{number}", count))
                found["alert"].append(to_alert(broker, folder / f"alert-{number}", count))
        finally:
            broker.stop()
    return found


def _publish_live(logins: list[Login], run: str, count: int) -> float:
    """Publishes from one process a login, to the last answer; returns when they began."""
    began, together = publishers.shared_time(), publishers.barrier(len(logins))
    each, shares = count // len(logins), len(logins)
    processes = [
        publishers.start(
            publishers.live, login, f"{run[:-1]}{number}", each, WINDOW, (number, shares), together, began
        )
        for number, login in enumerate(logins)
    ]
    for process in processes:
        publishers.finish(process)
    return float(began.value)


def bare_live(count: int) -> Drained:
    """The bare subscriber on Mosquitto, with publishers in four processes at the same time."""
    with tempfile.TemporaryDirectory(prefix="gatehouse-bench-") as name:
        broker = Mosquitto(Path(name), MOSQUITTO)
        try:
            bare = Bare(broker.port, count)
            _publish_live([Login(broker.port, f"bench-{n}") for n in range(PUBLISHERS)], _new_run(), count)
            return bare.result()
        finally:
            broker.stop()


def embedded(count: int, *, deciding: bool) -> Run:
    """Live publishers on the embedded broker: to durable, or until all is decided with the rules beside."""
    with tempfile.TemporaryDirectory(prefix="gatehouse-bench-") as name:
        port = free_port()
        system = System(Path(name, "embedded"), mqtt_port=port)
        try:
            logins = [gateway(system, port, number) for number in range(PUBLISHERS)]
            system.start("ingest")
            parts: tuple[str, ...] = ("ingest",)
            if deciding:
                system.start("process")
                wait_for(lambda: system.decided() >= system.head(), "the decider is at the end", DRAIN_S_MAX)
                parts = ("ingest", "process")
            head, cpu = system.head(), Cpu(system, parts)
            began = _publish_live(logins, _new_run(), count)
            wait_for(lambda: system.head() >= head + count, "all is durable", DRAIN_S_MAX, 0.005)
            if deciding:
                last = system.head()
                wait_for(lambda: system.decided() >= last, "all is decided", DRAIN_S_MAX, 0.005)
            return Run(count, time.time() - began, cpu.used())
        finally:
            system.close()


def gateway(system: System, port: int, number: int) -> Login:
    """A gateway's account, which may publish for every device of the estate."""
    user, password = system.cli("device", "token", "--gateway", f"bench-{number}").split()
    return Login(port, f"bench-gateway-{number}", user, password)
