"""Measures everything in one run and prints it beside its targets.

    python -m benchmarks [--only mosquitto,latency,…] [--events N] [--rounds N] [--quick] [--large]
                         [--json] [--write docs/performance.md]

Leave the machine alone meanwhile: a bench beside something else measures the something else.
"""

from __future__ import annotations

import argparse
import json
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from benchmarks import appending, idle, latency, replay, throughput
from benchmarks.machine import conditions
from benchmarks.report import Figure, as_json, show, write_into
from benchmarks.throughput import Pair


@dataclass(frozen=True)
class Size:
    """How much is measured."""

    events: int = 60_000
    rounds: int = 3
    latency_s: float = 30.0
    append_s: float = 3.0
    settle_s: float = 20.0
    replay_events: int = 100_000
    large_rows: int = 10_000_000


QUICK = Size(3_000, 1, 3.0, 0.2, 1.0, 3_000)


def _median(name: str, values: Sequence[float], unit: str, **more: object) -> Figure:
    return Figure(name, median(values), unit, tuple(values), **more)  # type: ignore[arg-type]


def _cpu(pairs: list[Pair]) -> str:
    parts = pairs[0].ours.cpu_s
    return ", ".join(
        f"{part} {median(p.ours.cpu_s[part] / p.ours.events * 1e6 for p in pairs):.0f} µs" for part in parts
    )


def measure_mosquitto(size: Size) -> list[Figure]:
    """Bare, to durable, to alert out, from a backlog on Mosquitto."""
    found = throughput.on_mosquitto(size.events, size.rounds)
    durable, alert = found["durable"], found["alert"]
    return [
        _median("Mosquitto, bare paho subscriber", [p.bare.rate for p in durable + alert], "events/s"),
        _median("Mosquitto, to durable", [p.ours.rate for p in durable], "events/s"),
        _median("Mosquitto, to durable / bare", [p.ratio for p in durable], "ratio", target=0.6),
        _median("Mosquitto, to alert out, all rules", [p.ours.rate for p in alert], "events/s"),
        _median("Mosquitto, to alert out / bare", [p.ratio for p in alert], "ratio", target=0.5),
        Figure("CPU of bare", median(p.bare.cpu_s / p.bare.messages * 1e6 for p in durable), "µs/event"),
        Figure("CPU to alert out", median(sum(p.ours.cpu_s.values()) / p.ours.events * 1e6 for p in alert),
               "µs/event", note=_cpu(alert) + ", start of ingest included"),
    ]  # fmt: skip


def measure_embedded(size: Size) -> list[Figure]:
    """The embedded broker, live publishers."""
    events = size.events // 2
    bare = [throughput.bare_live(events).rate for _ in range(size.rounds)]
    durable = [throughput.embedded(events, deciding=False).rate for _ in range(size.rounds)]
    alert = [throughput.embedded(events, deciding=True).rate for _ in range(size.rounds)]
    return [
        _median("live, bare paho subscriber on Mosquitto", bare, "events/s"),
        _median("live, embedded broker, to durable", durable, "events/s"),
        Figure("live, embedded to durable / bare", median(durable) / median(bare), "ratio"),
        _median("live, embedded broker, all decided", alert, "events/s"),
        Figure("live, embedded all decided / bare", median(alert) / median(bare), "ratio"),
    ]


def measure_latency(size: Size) -> list[Figure]:
    """Publish to alert at 500 events a second."""
    figures = []
    for name, run in (("Mosquitto", latency.on_mosquitto), ("embedded broker", latency.on_embedded)):
        runs = [run(size.latency_s) for _ in range(size.rounds)]
        note = f"{sum(one.alerts for one in runs)} alerts at {latency.RATE} events/s"
        figures += [
            _median(f"{name}, publish to alert, p50", [one.p50_ms for one in runs], "ms", target=5.0,
                    better="less"),
            _median(f"{name}, publish to alert, p99", [one.p99_ms for one in runs], "ms", target=50.0,
                    better="less"),
            _median(f"{name}, publish to the squad's message, p99", [one.squad_p99_ms for one in runs], "ms",
                    target=100.0, better="less"),
            _median(f"{name}, publish to alert, worst", [one.worst_ms for one in runs], "ms", note=note),
        ]  # fmt: skip
    return figures


def measure_replay(size: Size) -> list[Figure]:
    """The log through the rules, state saved."""
    found = [replay.measure(size.replay_events, 1, None) for _ in range(size.rounds)]
    rates = [float(str(one["events_per_s"])) for one in found]
    return [_median("replay through the rules, state saved", rates, "events/s", target=50_000)]


def measure_append(size: Size) -> list[Figure]:
    """The log alone."""
    rates = appending.appended(size.append_s, size.rounds)
    targets = {100: 10_000}
    return [
        Figure(f"append to the log, batches of {batch}", rate, "events/s", target=targets.get(batch))
        for batch, rate in rates.items()
    ]


def measure_idle(size: Size) -> list[Figure]:
    """`gatehouse up` while nothing happens."""
    found = idle.measure(size.settle_s)
    parts = ", ".join(f"{part} {mib}" for part, mib in found.processes.items())
    return [
        Figure("idle memory of `gatehouse up`, RSS", found.rss_mib, "MiB", target=300, better="less"),
        Figure("idle memory of `gatehouse up`, PSS", found.pss_mib, "MiB", target=300, better="less",
               note=parts),
        Figure("idle CPU", found.cpu_percent, "% of a core"),
        Figure("start to /readyz", found.start_s, "s"),
    ]  # fmt: skip


MEASURES: dict[str, Callable[[Size], list[Figure]]] = {
    "mosquitto": measure_mosquitto,
    "embedded": measure_embedded,
    "latency": measure_latency,
    "replay": measure_replay,
    "append": measure_append,
    "idle": measure_idle,
}


def main() -> None:
    """The command."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("stopped"))  # so that nothing stays behind
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--only", default=",".join(MEASURES), help=f"of {', '.join(MEASURES)}")
    parser.add_argument("--events", type=int, help="of a drain; default 60,000")
    parser.add_argument("--rounds", type=int, help="whose medians are given; default 3")
    parser.add_argument("--quick", action="store_true", help="a few seconds: shows that it works, no speed")
    parser.add_argument("--large", action="store_true", help="also a log of ten million events (10 minutes)")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--write", type=Path, help="puts the figures into this page, between its marks")
    given = parser.parse_args()
    base = QUICK if given.quick else Size()
    size = Size(given.events or base.events, given.rounds or base.rounds, base.latency_s, base.append_s,
                base.settle_s, base.replay_events)  # fmt: skip
    names = given.only.split(",")
    if unknown := [name for name in names if name not in MEASURES]:
        parser.error(f"there is no measurement {unknown[0]!r}: {', '.join(MEASURES)}")
    on = conditions(size.events)
    figures: list[Figure] = []
    for name in names:
        print(f"measuring: {name} …", file=sys.stderr, flush=True)
        figures += MEASURES[name](size)
    if given.json:
        print(json.dumps(as_json(figures, on), ensure_ascii=False, indent=2))
    else:
        show(figures, on)
    if given.write:
        write_into(given.write, figures, on)
    if given.large:
        subprocess.run(
            [sys.executable, "-m", "benchmarks.log_size", "--rows", str(size.large_rows)], check=True
        )


if __name__ == "__main__":
    main()
