"""How Gatehouse grows beyond one machine: relay, workers, ingest processes, estates, a death, a long run.

    python -m benchmarks.scale [--only relay,workers,estates,overhead,ingest,recovery,live]
                               [--events N] [--rounds N] [--minutes 10] [--quick] [--json]
                               [--write docs/scale-measured.md]

Real parts: PostgreSQL, Apache Kafka where it was fetched (else Tansu), Mosquitto, every role a process.
Leave the machine alone meanwhile.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from statistics import median

from benchmarks import cityruns, drains
from benchmarks.citysystem import apache_is_here
from benchmarks.report import Figure, as_json, show, write_into


@dataclass(frozen=True)
class Size:
    """How much is measured."""

    events: int = 60_000
    rounds: int = 3
    recovery_s: float = 60.0
    live_s: float = 600.0
    estates: int = 200


QUICK = Size(3_000, 1, 20.0, 20.0, 10)


def _median(name: str, values: Sequence[float], unit: str, **more: object) -> Figure:
    return Figure(name, median(values), unit, tuple(values), **more)  # type: ignore[arg-type]


def measure_relay(size: Size) -> list[Figure]:
    """The log's inputs to Kafka."""
    found = drains.relay(size.events, size.rounds)
    return [
        _median("relay", [one.rate for one in found], "events/s", target=20_000),
        _median("relay, CPU", [one.cpu_us for one in found], "µs/event"),
    ]


def measure_workers(size: Size) -> list[Figure]:
    """From the log through Kafka to decided, by 1 and 2 workers."""
    figures = []
    for workers in (1, 2):
        found = drains.workers(size.events, size.rounds, workers)
        figures += [
            _median(f"{workers} worker{'s' * (workers > 1)}", [one.rate for one in found], "events/s"),
            _median(f"{workers} worker{'s' * (workers > 1)}, CPU", [one.cpu_us for one in found],
                    "µs/event", note=f"relay beside: {median(one.beside_us for one in found):.0f} µs"),
        ]  # fmt: skip
    return figures


def measure_estates(size: Size) -> list[Figure]:
    """The same events from 1, 10 and many estates, through one worker."""
    figures = []
    for estates in (1, 10, size.estates):
        found = drains.workers(size.events, size.rounds, 1, estates)
        name = f"{estates} estate{'s' * (estates > 1)}, 1 worker"
        figures += [
            _median(name, [one.rate for one in found], "events/s"),
            _median(f"{name}, CPU", [one.cpu_us for one in found], "µs/event"),
        ]
    return figures


def measure_overhead(size: Size) -> list[Figure]:
    """The adapter beside a bare Faust agent on the same records, and beside the embedded runner."""
    found = [drains.overhead(size.events) for _ in range(size.rounds)]
    return [
        _median("bare Faust agent, a table value an event, CPU", [one.bare_us for one in found], "µs/event"),
        _median("worker, rules and saving included, CPU", [one.worker_us for one in found], "µs/event"),
        _median("worker / bare agent", [one.worker_us / one.bare_us for one in found], "ratio", target=1.5,
                better="less"),
        _median("embedded runner, CPU", [one.embedded_us for one in found], "µs/event"),
        _median("worker without what the embedded runner does, CPU",
                [one.worker_us - one.embedded_us for one in found], "µs/event"),
        _median("adapter alone / bare agent",
                [(one.worker_us - one.embedded_us) / one.bare_us for one in found], "ratio", target=1.5,
                better="less"),
    ]  # fmt: skip


def measure_ingest(size: Size) -> list[Figure]:
    """From a backlog on Mosquitto to durable, by 1 and 2 processes on four shards."""
    figures = []
    for processes in (1, 2):
        found = [drains.ingest(size.events, processes) for _ in range(size.rounds)]
        name = f"{processes} ingest process{'es' * (processes > 1)}"
        figures += [
            _median(name, [one.rate for one in found], "events/s"),
            _median(f"{name}, CPU", [one.cpu_us for one in found], "µs/event"),
        ]
    return figures


def measure_recovery(size: Size) -> list[Figure]:
    """A worker of two dies at 1,000 events a second and is replaced."""
    found = [cityruns.recovery(size.recovery_s, size.estates) for _ in range(size.rounds)]
    return [
        _median("a worker dies: all estates are served again after", [one.served_s for one in found], "s",
                target=60, better="less"),
        _median("a worker dies: most events behind", [one.worst_lag for one in found], "events"),
        _median("a worker dies: nothing behind again after", [one.caught_up_s for one in found], "s"),
    ]  # fmt: skip


def measure_live(size: Size) -> list[Figure]:
    """1,000 events a second over all estates, from publish to alert."""
    one = cityruns.live(size.live_s, size.estates)
    note = f"{one.alerts} alerts in {size.live_s:.0f} s at {cityruns.RATE} events/s, {size.estates} estates"
    return [
        Figure("publish to alert, p50", one.p50_ms, "ms", note=note),
        Figure("publish to alert, p99", one.p99_ms, "ms", target=1_000, better="less"),
        Figure("publish to alert, worst", one.worst_ms, "ms"),
        Figure("behind, first quarter", one.lag_early, "events"),
        Figure("behind, last quarter", one.lag_late, "events",
               target=max(2 * one.lag_early, cityruns.RATE * cityruns.SAVED_EVERY_S), better="less"),
        Figure("CPU of all parts", one.cpu_percent, "% of a core", note=one.cpu_note),
    ]  # fmt: skip


MEASURES: dict[str, Callable[[Size], list[Figure]]] = {
    "relay": measure_relay,
    "workers": measure_workers,
    "estates": measure_estates,
    "overhead": measure_overhead,
    "ingest": measure_ingest,
    "recovery": measure_recovery,
    "live": measure_live,
}


def conditions() -> dict[str, str]:
    """Machine, versions, and what was on."""
    libraries = ("faust-streaming", "aiokafka", "psycopg", "paho-mqtt")
    return {
        "machine": f"{os.cpu_count()} cores, {platform.system()} {platform.release()}; everything on it, "
        "publishers, PostgreSQL, Kafka and Mosquitto too",
        "versions": ", ".join(
            [f"Python {platform.python_version()}", "Apache Kafka" if apache_is_here() else "Tansu"]
            + [f"{name} {version(name)}" for name in libraries]
        ),
        "log": "PostgreSQL, synchronous_commit on; state saved in it every 2 s, a copy in the worker's table",
        "load before": "{:.2f} {:.2f} {:.2f}".format(*os.getloadavg()),
    }


def main() -> None:
    """The command."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("stopped"))  # so that nothing stays behind
    parser = argparse.ArgumentParser(prog="python -m benchmarks.scale")
    parser.add_argument("--only", default=",".join(MEASURES), help=f"of {', '.join(MEASURES)}")
    parser.add_argument("--events", type=int, help="of a drain; default 60,000")
    parser.add_argument("--rounds", type=int, help="whose medians are given; default 3")
    parser.add_argument("--minutes", type=float, help="of the live run; default 10")
    parser.add_argument("--quick", action="store_true", help="shows that it works, no speed")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--write", type=Path, help="puts the figures into this page, between its marks")
    given = parser.parse_args()
    base = QUICK if given.quick else Size()
    size = Size(
        given.events or base.events, given.rounds or base.rounds, base.recovery_s,
        given.minutes * 60 if given.minutes else base.live_s, base.estates,
    )  # fmt: skip
    wanted = given.only.split(",")
    if unknown := [name for name in wanted if name not in MEASURES]:
        parser.error(f"there is no measurement {unknown[0]!r}: {', '.join(MEASURES)}")
    on, figures = conditions(), list[Figure]()
    for name in wanted:
        print(f"measuring: {name} …", file=sys.stderr, flush=True)
        figures += MEASURES[name](size)
        if given.write:  # after each: what stops in between leaves what was measured
            write_into(given.write, figures, on)
    if given.json:
        print(json.dumps(as_json(figures, on), ensure_ascii=False, indent=2))
    else:
        show(figures, on)


if __name__ == "__main__":
    try:
        main()
    except subprocess.SubprocessError as error:
        sys.exit(str(error))
