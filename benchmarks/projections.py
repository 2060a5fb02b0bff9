"""What the read models cost: µs an event, CPU and wall, for a day's mix of device events.

    python -m benchmarks.projections [EVENTS]

The mix: 60 % doors and grants, 20 % heartbeats, 12 % plates, 5 % camera objects, 2 % presence, 1 % alerts,
from 200 devices, 5,000 plates. The log is SQLite; reading it is part of the figure.
"""

from __future__ import annotations

import sys
import tempfile
import time

from eventlog.ports import NewEvent
from eventlog.sql import open_log
from eventlog.vocabulary import (
    AccessGranted,
    AlertRaised,
    AlertUpdated,
    CameraObject,
    DeviceHeartbeat,
    DeviceOnline,
    DoorOpened,
    Event,
    PlateRead,
)
from projections.runner import ProjectionRunner
from projections.store import open_views
from tests.support.histories import History, alert

BLOCK = 10_000


def mixed(n: int) -> tuple[Event, str, str]:
    """Event number `n` of the mix, its device and family."""
    place, device = n % 100, f"d-{n % 200}"
    if place < 30:
        return DoorOpened(door=device), device, "access"
    if place < 60:
        return (
            AccessGranted(door=device, credential=f"card-{n % 3_000}", method="card", direction="in"),
            device,
            "access",
        )
    if place < 80:
        return DeviceHeartbeat(battery=n % 100, uptime_s=n), device, "camera"
    if place < 92:
        direction = "in" if n % 2 else "out"
        plate = f"苏A{n * 7 % 5_000:05}"
        return PlateRead(plate=plate, confidence=0.9, lane="lane-1", direction=direction), device, "vehicle"
    if place < 97:
        seen = CameraObject(label="person", track=str(n), event="enter", zone="north", confidence=0.8)
        return seen, device, "camera"
    if place < 99:
        return DeviceOnline(device=device, session=str(n)), "", ""
    one = alert(f"alert-{n // 300}", version=n % 3 + 1)
    return (AlertUpdated(alert=one) if n % 300 else AlertRaised(alert=one)), "", ""


def fill(log_url: str, count: int) -> int:
    """Appends the mix; the log's head."""
    log = open_log(log_url)
    told = History().registers()
    for n in range(count):
        event, device, family = mixed(n)
        told.add(event, device, family)
    events: list[NewEvent] = told.events
    for start in range(0, len(events), BLOCK):
        log.append(events[start : start + BLOCK])
    head = log.head()
    log.close()
    return head


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{folder}/gatehouse.db"
        head = fill(url, count)
        log, engine = open_log(url), open_views(url)
        runner = ProjectionRunner(log, engine)
        wall, cpu = time.perf_counter(), time.process_time()
        runner.catch_up()
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
        print(f"{head} events: {wall / head * 1e6:.2f} µs an event, {cpu / head * 1e6:.2f} µs of CPU")
        wall = time.perf_counter()
        for position in range(0, head, BLOCK):
            log.read(after=position, limit=BLOCK)
        print(f"  of it reading the log: {(time.perf_counter() - wall) / head * 1e6:.2f} µs")
        engine.dispose()
        log.close()


if __name__ == "__main__":
    main()
