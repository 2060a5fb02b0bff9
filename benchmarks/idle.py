"""What `gatehouse up` takes while nothing happens: memory of all its processes, CPU, time to start."""

from __future__ import annotations

import sys
import tempfile
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path

import psutil

from benchmarks.system import System, wait_for
from tests.support.net import free_port

START_S_MAX = 60.0
MIB = 2**20


@dataclass(frozen=True)
class Idle:
    """MiB over the process tree; PSS counts a page shared by n processes as a n-th for each."""

    start_s: float
    rss_mib: float
    pss_mib: float
    cpu_percent: float
    processes: dict[str, float]
    """PSS by part, MiB."""


def measure(settle_s: float) -> Idle:
    """Starts everything with the pilot estate and the embedded broker, and lets it be for a while."""
    with tempfile.TemporaryDirectory(prefix="gatehouse-bench-") as name:
        http = free_port()
        system = System(Path(name, "idle"), mqtt_port=free_port(), http_port=http)
        try:
            began = time.monotonic()
            system.launch("up", [sys.executable, "-m", "gatehouse.up"])
            url = f"http://127.0.0.1:{http}/readyz"
            wait_for(lambda: _answers(url), f"{url} answers 200", START_S_MAX, 0.05)
            start_s = time.monotonic() - began
            time.sleep(settle_s)
            tree = [system.process("up"), *system.process("up").children(recursive=True)]
            before = sum(_cpu_s(one) for one in tree)
            time.sleep(5)
            cpu_percent = (sum(_cpu_s(one) for one in tree) - before) / 5 * 100
            full = [(_part(one), one.memory_full_info()) for one in tree]
            system.stop("up")
            return Idle(
                start_s,
                sum(memory.rss for _, memory in full) / MIB,
                sum(memory.pss for _, memory in full) / MIB,
                cpu_percent,
                {part: round(memory.pss / MIB, 1) for part, memory in full},
            )
        finally:
            system.close()


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def _cpu_s(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


def _part(process: psutil.Process) -> str:
    """The role of a child, from its command line."""
    words = process.cmdline()
    if "gatehouse.roles" in words:
        return words[words.index("gatehouse.roles") + 1]
    return "up"
