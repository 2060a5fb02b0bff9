"""From a device's publish to the alert at a subscriber, at an even rate of live events.

Publisher, listener and every part of Gatehouse are processes on this machine; one in fifty events is a
plate of the watch list, each a new one, so each raises one alert. The clock starts before the publish is
written to the socket and stops when the listener has the message.
"""

from __future__ import annotations

import contextlib
import math
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from benchmarks import publishers
from benchmarks.events import run_id
from benchmarks.listening import AlertListener
from benchmarks.publishers import Login
from benchmarks.system import System, wait_for
from benchmarks.throughput import MOSQUITTO, gateway
from gatehouse.secret_files import secret_file
from tests.support.mosquitto import Mosquitto
from tests.support.net import free_port

RATE = 500
ALERT_EVERY = 50
WARM_UP_S = 2.0
"""Alerts of the first seconds are not counted: connections and caches are new then."""


@dataclass(frozen=True)
class Latency:
    """Milliseconds over all alerts counted, to a subscriber of the estate's alerts; `squad_p99_ms` to the
    squad's topic."""

    alerts: int
    p50_ms: float
    p90_ms: float
    p99_ms: float
    worst_ms: float
    squad_p99_ms: float


def percentile(ordered: list[float], share: float) -> float:
    """The value that a share of an ordered list doesn't exceed."""
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def _summary(seconds: list[float], to_squad: list[float]) -> Latency:
    ordered = sorted(one * 1e3 for one in seconds)
    at = [percentile(ordered, share) for share in (0.5, 0.9, 0.99, 1.0)]
    return Latency(len(ordered), *at, percentile(sorted(one * 1e3 for one in to_squad), 0.99))


def _measure(system: System, publisher: Login, listener: AlertListener, seconds: float) -> Latency:
    """One paced run, everything up and caught up."""
    wait_for(lambda: system.decided() >= system.head(), "the decider is at the end", 30)
    receiving, sending = publishers.pipe()
    arguments = (publisher, run_id(time.time_ns()), RATE, seconds, ALERT_EVERY, sending)
    process = publishers.start(publishers.paced, *arguments)
    sending.close()
    sent: dict[str, float] = {}
    while (told := receiving.recv()) is not None:
        sent[told[0]] = told[1]
    publishers.finish(process)
    ids = frozenset(sent)
    wait_for(lambda: listener.has(ids), f"{len(sent)} alerts are here", 30)
    wait_for(lambda: ids <= listener.came_to_squad.keys(), f"{len(sent)} alerts are with a squad", 30)
    counted_from = min(sent.values()) + (WARM_UP_S if seconds > 2 * WARM_UP_S else 0)
    counted = {one: at for one, at in sent.items() if at >= counted_from}
    return _summary(*([came[one] - at for one, at in counted.items()]
                      for came in (listener.came, listener.came_to_squad)))  # fmt: skip


def on_mosquitto(seconds: float) -> Latency:
    """Every part as `gatehouse up` runs it, on Mosquitto."""
    with tempfile.TemporaryDirectory(prefix="gatehouse-bench-") as name:
        broker = Mosquitto(Path(name), MOSQUITTO)
        try:
            system = System(Path(name, "latency"), broker=broker.url, http_port=free_port())
            with _running(system):
                listener = AlertListener(Login(broker.port, "bench-listener"), squads=True)
                found = _measure(system, Login(broker.port, "bench-paced"), listener, seconds)
                listener.close()
                return found
        finally:
            broker.stop()


def on_embedded(seconds: float) -> Latency:
    """The same, on the embedded broker."""
    with tempfile.TemporaryDirectory(prefix="gatehouse-bench-") as name:
        port = free_port()
        system = System(Path(name, "latency"), mqtt_port=port, http_port=free_port())
        publisher = gateway(system, port, 0)
        password = secret_file(system.settings.secrets, "mqtt-service")
        with _running(system):
            listener = AlertListener(Login(port, "bench-listener", "gatehouse", password), squads=True)
            found = _measure(system, publisher, listener, seconds)
            listener.close()
            return found


@contextlib.contextmanager
def _running(system: System) -> Iterator[System]:
    """Every role, up; stopped at the end."""
    roles = ("ingest", "process", "serve")
    try:
        for role in roles:
            system.start(role)
        yield system
        for role in reversed(roles):
            system.stop(role)
    finally:
        system.close()
