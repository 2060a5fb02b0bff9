"""What the bench ran on and what was on: without it a figure says nothing."""

from __future__ import annotations

import os
import platform
import sqlite3
import subprocess
from importlib.metadata import version
from pathlib import Path

from benchmarks.events import BURST_EVERY, PLATE_EVERY, backlog, run_id
from benchmarks.publishers import must_alert
from benchmarks.throughput import INFLIGHT_MAX, PUBLISHERS, WINDOW
from eventlog.times import from_us
from processors.rules import RULES


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
    except OSError:
        return platform.processor()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor()


def _mosquitto() -> str:
    path = "/usr/sbin/mosquitto" if Path("/usr/sbin/mosquitto").exists() else "mosquitto"
    said = subprocess.run([path, "-h"], capture_output=True, text=True, check=False).stdout
    return said.split("\n", 1)[0].removeprefix("mosquitto version ").strip()


def conditions(events: int) -> dict[str, str]:
    """Machine, versions, and what was on, in words."""
    sizes = [
        len(one.payload) for one in backlog(run_id(0), min(events, 5_000), from_us(1_795_000_000_000_000))
    ]
    alerts = len(must_alert(run_id(0), events))
    return {
        "machine": f"{os.cpu_count()} cores, {_processor()}, {platform.system()} {platform.release()}",
        "versions": ", ".join(
            [f"Python {platform.python_version()}", f"SQLite {sqlite3.sqlite_version}"]
            + [f"Mosquitto {_mosquitto()}"]
            + [f"{name} {version(name)}" for name in ("paho-mqtt", "amqtt", "pydantic", "orjson")]
        ),
        "log": "SQLite, WAL, synchronous FULL, indexes on identity and on kind with position, chain of "
        "hashes; fresh, with the registers of the pilot estate and more doors in it",
        "rules": f"{len(RULES)} of {len(RULES)} on, default settings: {', '.join(sorted(RULES))}",
        "events": f"{sum(sizes) / len(sizes):.0f} bytes of payload on average; one in {PLATE_EVERY} a "
        f"watched plate, one in {BURST_EVERY} begins three refusals; {alerts} alerts in {events} events",
        "publishers": "on this machine. Backlog: one raw connection, finished before anything is measured; "
        f"live: {PUBLISHERS} processes, at most {WINDOW} unanswered each",
        "broker": "Mosquitto on this machine, no passwords, max_queued_messages 0, max_inflight_messages "
        f"{INFLIGHT_MAX}, no persistence",
        "load before": "{:.2f} {:.2f} {:.2f}".format(*os.getloadavg()),
    }
