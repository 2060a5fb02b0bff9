"""Backlogs that relay, workers, the embedded runner and ingest work off, each paused while it is made."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from dataclasses import dataclass

from benchmarks import publishers
from benchmarks.city import City, fill
from benchmarks.citysystem import CitySystem, Drain, Drained, city_system, counted, cpu_s, paused
from benchmarks.events import run_id
from benchmarks.publishers import Login
from benchmarks.system import wait_for
from processors.runners.topics import INPUTS
from tests.support.fleet import PARTITIONS, Part
from tests.support.kafka import Tansu
from tests.support.parts import ROOT

ESTATES = 10
SHARDS = 4
OVER_S = 540.0
"""Over how long a backlog's events happened: less than makes them late."""
RELAYED, DECIDED = "gatehouse_relayed_total", "gatehouse_inputs_decided_total"
DRAIN_S_MAX = 600.0


def _run() -> str:
    return run_id(time.time_ns())


def relay(events: int, rounds: int) -> list[Drained]:
    """The relay alone, from the log to Kafka's answer."""
    found = []
    with city_system(ESTATES) as system:
        parts = system.start("relay")
        for _ in range(rounds):
            with paused(parts):
                fill(system.log, City(_run(), system.estates), events, OVER_S)
                drain = Drain(parts, RELAYED)
            found.append(drain.wait(events))
    return found


def workers(events: int, rounds: int, count: int, estates: int = ESTATES) -> list[Drained]:
    """Through Kafka to decided, the relay beside."""
    with city_system(estates) as system:
        carrying, deciding = system.start("relay"), system.start("worker", count)
        system.settled()
        return [_decided(system, carrying, deciding, events) for _ in range(rounds)]


def _decided(system: CitySystem, carrying: list[Part], deciding: list[Part], events: int) -> Drained:
    with paused(carrying):
        fill(system.log, City(_run(), system.estates), events, OVER_S)
        drain = Drain(deciding, DECIDED, carrying)
    drained = drain.wait(events)
    system.settled()
    return drained


@dataclass(frozen=True)
class Overhead:
    """Processor µs an event of three ways over the same events."""

    bare_us: float
    worker_us: float
    embedded_us: float


def overhead(events: int) -> Overhead:
    """The worker's, a bare agent's on the worker's records, and the embedded runner's on as many events."""
    with city_system(ESTATES) as system:
        carrying, deciding = system.start("relay"), system.start("worker")
        system.settled()
        before = counted(carrying, RELAYED)
        drained = _decided(system, carrying, deciding, events)
        records = int(counted(carrying, RELAYED) - before)
        bare_us = _bare(system, min(records, events))
        for part in (*deciding, *carrying):
            part.stop()
        embedded = system.start("process")
        system.settled()
        with paused(embedded):
            fill(system.log, City(_run(), system.estates), events, OVER_S)
            drain = Drain(embedded, DECIDED)
        return Overhead(bare_us, drained.cpu_us, drain.wait(events).cpu_us)


def _bare(system: CitySystem, count: int) -> float:
    folder = system.fleet.folder / "bare"
    given = [system.fleet.kafka.servers, INPUTS, str(PARTITIONS), str(count), str(folder)]
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.bare_faust", *given],
        cwd=ROOT, capture_output=True, text=True, check=False, timeout=DRAIN_S_MAX,
    )  # fmt: skip
    if done.returncode:
        raise SystemExit(f"the bare agent failed:\n{done.stderr[-3_000:]}")
    return float(json.loads(done.stdout.splitlines()[-1])["cpu_s"]) / count * 1e6


def ingest(events: int, processes: int) -> Drained:
    """From Mosquitto's sessions to durable, the shards shared by so many processes."""
    with city_system(ESTATES, Tansu, ingest_shards=str(SHARDS), ingest_strays="false") as system:
        parts = system.start("ingest", processes)
        _listened(system)
        head = system.log.head()
        with paused(parts):
            flood = publishers.start(
                publishers.city_flood,
                Login(system.broker.port, "bench-flood"),
                _run(),
                system.estates,
                events,
            )
            publishers.finish(flood)
            began_s, before_s = time.perf_counter(), cpu_s(parts)
        wait_for(lambda: system.log.head() >= head + events, "all is durable", DRAIN_S_MAX, 0.01)
        seconds = time.perf_counter() - began_s
        return Drained(events / seconds, (cpu_s(parts) - before_s) / events * 1e6, 0.0)


def _listened(system: CitySystem) -> None:
    """Publishes for every estate, again and again, until all of it arrives."""
    for _ in range(60):
        head, count = system.log.head(), len(system.estates)
        probe = publishers.start(
            publishers.city_flood, Login(system.broker.port, "bench-probe"), _run(), system.estates, count
        )
        publishers.finish(probe)
        until_s = time.monotonic() + 1.0
        while time.monotonic() < until_s:
            if system.log.head() - head >= count:
                return
            time.sleep(0.02)
    raise SystemExit("not every estate is listened to")
