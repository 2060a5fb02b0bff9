"""Live runs of a city: a worker that dies, and a long run from publish to alert."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from statistics import median

from benchmarks import publishers
from benchmarks.city import City, fill
from benchmarks.citysystem import CitySystem, city_system, cpu_s
from benchmarks.events import run_id
from benchmarks.latency import WARM_UP_S, percentile
from benchmarks.listening import AlertListener
from benchmarks.publishers import Login
from benchmarks.system import wait_for
from processors.runners.common import READER
from processors.runners.share import CHECKPOINT_S

RATE = 1_000
ALERT_EVERY = 50
SLICE_S = 0.05
BEFORE_S = 10.0
SAVED_EVERY_S = CHECKPOINT_S + 1.0
"""How old what is saved may be while nothing is wrong: state every 2 s, a mark every second."""
SETTLED_EVENTS = RATE * SAVED_EVERY_S


class _Feeding:
    """Appends at an even rate, as ingest would, until closed."""

    def __init__(self, system: CitySystem, rate: int) -> None:
        self._log, self._city = system.log, City(run_id(time.time_ns()), system.estates)
        self._rate, self._stop = rate, threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        start_s, done = time.monotonic(), 0
        while not self._stop.wait(SLICE_S):
            due = int((time.monotonic() - start_s) * self._rate)
            fill(self._log, self._city, due - done)
            done = due

    def close(self) -> None:
        """Ends it."""
        self._stop.set()
        self._thread.join()


def behind(system: CitySystem) -> int:
    """Entries that are not decided and saved."""
    position = system.log.position(READER)
    return max(0, system.log.head() - position)


@dataclass(frozen=True)
class Recovery:
    """Seconds after a worker's death."""

    served_s: float
    worst_lag: float
    caught_up_s: float


def recovery(seconds: float, estates: int) -> Recovery:
    """Kills one of two workers under load, starts another at once."""
    with city_system(estates) as system:
        system.start("relay")
        first, _ = system.start("worker", 2)
        system.settled()
        feeding = _Feeding(system, RATE)
        try:
            _for(BEFORE_S, system)
            first.kill()
            died_s, head = time.monotonic(), system.log.head()
            system.fleet.start("worker", ready=False)
            lags = [0]
            served_s = caught_up_s = 0.0
            while not caught_up_s:
                after_s, lag = time.monotonic() - died_s, behind(system)
                lags.append(lag)
                if not served_s and system.log.position(READER) >= head:
                    served_s = after_s
                if served_s and lag <= SETTLED_EVENTS:
                    caught_up_s = after_s
                if after_s > 4 * seconds:
                    raise SystemExit(f"not served again after {after_s:.0f} s:\n{system.fleet.said()}")
                time.sleep(0.05)
            return Recovery(served_s, max(lags), caught_up_s)
        finally:
            feeding.close()


def _for(seconds: float, system: CitySystem) -> list[int]:
    """How far behind everything is, once a second."""
    lags, until_s = [], time.monotonic() + seconds
    while time.monotonic() < until_s:
        lags.append(behind(system))
        time.sleep(min(1.0, max(0.0, until_s - time.monotonic())))
    return lags


@dataclass(frozen=True)
class Lived:
    """Milliseconds from publish to alert over all alerts; entries behind; CPU."""

    alerts: int
    p50_ms: float
    p99_ms: float
    worst_ms: float
    lag_early: float
    lag_late: float
    cpu_percent: float
    cpu_note: str


def live(seconds: float, estates: int) -> Lived:
    """Devices on Mosquitto, one ingest, a relay, two workers, to a subscriber of the alerts."""
    with city_system(estates) as system:
        parts = {role: system.start(role, count) for role, count in
                 (("ingest", 1), ("relay", 1), ("worker", 2))}  # fmt: skip
        system.settled()
        listener = AlertListener(Login(system.broker.port, "bench-listener"))
        before = {role: cpu_s(of) for role, of in parts.items()}
        receiving, sending = publishers.pipe()
        process = publishers.start(
            publishers.city_paced, Login(system.broker.port, "bench-paced"), run_id(time.time_ns()),
            system.estates, RATE, seconds, ALERT_EVERY, sending,
        )  # fmt: skip
        sending.close()
        sent: dict[str, float] = {}
        reading = threading.Thread(target=_read, args=(receiving, sent))
        reading.start()
        lags = _for(seconds, system)
        reading.join()
        publishers.finish(process)
        used = {role: (cpu_s(of) - before[role]) / seconds * 100 for role, of in parts.items()}
        wait_for(lambda: listener.has(frozenset(sent)), f"{len(sent)} alerts are here", 60)
        listener.close()
        counted_from = min(sent.values()) + WARM_UP_S
        ordered = sorted((listener.came[one] - at) * 1e3 for one, at in sent.items() if at >= counted_from)
        quarter = max(1, len(lags) // 4)
        return Lived(
            len(ordered), percentile(ordered, 0.5), percentile(ordered, 0.99), ordered[-1],
            median(lags[:quarter]), median(lags[-quarter:]), sum(used.values()),
            ", ".join(f"{role} {share:.0f} %" for role, share in used.items()),
        )  # fmt: skip


def _read(receiving: object, sent: dict[str, float]) -> None:
    while (told := receiving.recv()) is not None:  # type: ignore[attr-defined]
        sent[told[0]] = told[1]
