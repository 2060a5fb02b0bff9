"""How fast a log is replayed through the six rules, state saved: events a second, and µs an event by part.

    python -m benchmarks.replay [--events 200000] [--runs 3] [--database URL] [--all-rules]

Writes a log of a busy estate (SQLite in a temporary folder unless told otherwise), then runs a fresh
decider over it, in a process of its own as in the real system: reading, decoding, rules, alerts, safety
levels, outputs and state saved. Without `--all-rules` there are the six rules of doors, plates and devices.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import platform
import random
import statistics
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

from eventlog import codec
from eventlog.collector import spare_the_collector
from eventlog.ports import EventLog, NewEvent
from eventlog.registers import Registers
from eventlog.sql import open_log
from eventlog.vocabulary import (
    OUTPUT_TYPES,
    AccessDenied,
    AccessGranted,
    CameraObject,
    DeviceHeartbeat,
    DeviceSet,
    DoorClosed,
    DoorOpened,
    DoorSet,
    EstateSet,
    Event,
    ExitRequested,
    GateSet,
    Neighbour,
    PassRule,
    PlateRead,
    RuleActivated,
    SquadSet,
    VehicleSet,
    WatchEntrySet,
    Words,
    ZoneSet,
)
from processors.rules import RULES
from processors.rules.base import Rule
from processors.runners.embedded import BATCH, READER, EmbeddedRunner, Steps

ESTATE = "bench"
SIX = (
    "device_offline",
    "door_forced",
    "door_held_open",
    "repeated_denials",
    "vehicle_not_permitted",
    "watchlist_plate",
)
DOORS = 30
VEHICLES = 900
START = datetime(2026, 11, 22, tzinfo=UTC)
BATCH_WRITTEN = 5_000


def rules_of(names: Sequence[str]) -> dict[str, type[Rule[Any]]]:
    """These rules by name."""
    return {name: RULES[name] for name in names}


def registers() -> Iterator[Event]:
    """An estate like the pilot's: 30 doors, 2 gates, 60 devices, 900 vehicles, all rules on."""
    both = Words(zh="谢沟", en="Xiegou")
    yield SquadSet(squad="squad-1", name=both)
    yield EstateSet(name=both, default_squad="squad-1")
    for number in range(DOORS):
        name = f"door-{number}"
        yield ZoneSet(zone=name, name=both, adjacent=(Neighbour(zone=f"door-{(number + 1) % DOORS}"),))
        yield DeviceSet(device=name, family="access", zone=name, heartbeat_s=60)
        yield DoorSet(door=name, device=name, zone=name, kind="gate" if number < 4 else "building")
    for number in range(2):
        yield DeviceSet(device=f"lpr-{number}", family="vehicle", zone=f"door-{number}", heartbeat_s=60)
        lanes = (f"lane-{number}-in", f"lane-{number}-out")
        rules = (PassRule(groups=("resident",)), PassRule(classes=("ambulance",)))
        yield GateSet(gate=f"gate-{number}", zone=f"door-{number}", lanes=lanes, allow=rules)
    for number in range(30):
        parent = None if number == 0 else "camera-0"
        yield DeviceSet(
            device=f"camera-{number}", family="camera", zone=f"door-{number}", parent=parent, heartbeat_s=60
        )
    for number in range(VEHICLES):
        yield VehicleSet(plate=f"京A{number:05d}", groups=("resident",))
    for number in range(50):
        yield WatchEntrySet(list="stolen", kind="plate", value=f"京C{number:05d}")
    for name, rule in RULES.items():
        yield RuleActivated(rule=name, version=rule.version)


def day(count: int, seed: int) -> Iterator[tuple[datetime, str, Event]]:
    """Events of a busy estate in their order: moment, device, event; about 0.3 % lead to a signal."""
    chance = random.Random(seed)
    at = START
    pending: list[tuple[datetime, str, Event]] = []
    beats = [f"door-{n}" for n in range(DOORS)] + [f"camera-{n}" for n in range(30)] + ["lpr-0", "lpr-1"]
    next_beat = START
    made = 0
    while made < count:
        at += timedelta(seconds=chance.expovariate(1 / 1.2))
        if at >= next_beat:
            pending += [
                (next_beat + timedelta(seconds=n * 0.9), each, DeviceHeartbeat(uptime_s=1))
                for n, each in enumerate(beats)
            ]
            next_beat += timedelta(seconds=60)
        pending += _happening(chance, at)
        pending.sort(key=lambda each: each[0])
        while pending and pending[0][0] <= at and made < count:
            yield pending.pop(0)
            made += 1


def _happening(chance: random.Random, at: datetime) -> list[tuple[datetime, str, Event]]:
    """One thing that people do: it makes one to four events."""
    door = f"door-{chance.randrange(DOORS)}"
    card = f"card-{chance.randrange(3_000):04d}"
    kind = chance.random()
    seconds = timedelta(seconds=1)
    if kind < 0.70:
        release = (
            ExitRequested(door=door)
            if kind < 0.1
            else AccessGranted(door=door, credential=card, method="card", direction="in")
        )
        open_s = 40 if chance.random() < 0.006 else chance.uniform(2, 9)
        opened: list[tuple[datetime, str, Event]] = [
            (at + seconds, door, DoorOpened(door=door)),
            (at + (1 + open_s) * seconds, door, DoorClosed(door=door)),
        ]
        return opened if chance.random() < 0.004 else [(at, door, release), *opened]
    if kind < 0.73:
        times = 3 if chance.random() < 0.1 else 1
        denied = AccessDenied(door=door, credential=card, method="card", direction="in", reason="expired")
        return [(at + 5 * n * seconds, door, denied) for n in range(times)]
    if kind < 0.88:
        gate = chance.randrange(2)
        plate = "京B99999" if chance.random() < 0.01 else f"京A{chance.randrange(VEHICLES):05d}"
        read = PlateRead(lane=f"lane-{gate}-in", plate=plate, confidence=0.97, direction="in")
        return [(at, f"lpr-{gate}", read)]
    seen = CameraObject(
        label="person", track=f"t{chance.randrange(10_000)}", event="enter", zone=door, confidence=0.9
    )
    return [(at, f"camera-{chance.randrange(30)}", seen)]


def fill(log: EventLog, count: int, seed: int) -> None:
    """Writes the registers and the events."""
    source = f"estates/{ESTATE}/estate-file"
    log.append(
        [
            codec.make(e, estate=ESTATE, source=source, event_id=f"r{n}", at=START)
            for n, e in enumerate(registers())
        ]
    )
    batch: list[NewEvent] = []
    families = {"door": "access", "came": "camera", "lpr-": "vehicle"}
    for number, (at, device, event) in enumerate(day(count, seed)):
        source = f"estates/{ESTATE}/{families[device[:4]]}/{device}"
        batch.append(codec.make(event, estate=ESTATE, source=source, event_id=f"e{number}", at=at))
        if len(batch) == BATCH_WRITTEN:
            log.append(batch)
            batch = []
    log.append(batch)


def read_through(log: EventLog, end: int) -> float:
    """Seconds to read the log, not decoding."""
    began = time.perf_counter()
    position = 0
    while position < end:
        position = log.read(after=position, limit=BATCH)[-1].position
    return time.perf_counter() - began


def decode_through(log: EventLog, end: int, names: Sequence[str]) -> float:
    """Seconds to decode what the step decodes."""
    heard = {kind.TYPE for rule in rules_of(names).values() for kind in rule.listens_to} - {
        DeviceHeartbeat.TYPE
    }
    position, spent = 0, 0.0
    while position < end:
        entries = log.read(after=position, limit=BATCH)
        position = entries[-1].position
        began = time.perf_counter()
        for entry in entries:
            if entry.type in heard:
                _ = entry.event
        spent += time.perf_counter() - began
    return spent


def step_through(log: EventLog, end: int, names: Sequence[str]) -> float:
    """Seconds in the step alone, with decoding, nothing saved."""
    steps = Steps(Registers(log), lambda _: (), rules_of(names))
    position, spent = 0, 0.0
    while position < end:
        entries = log.read(after=position, limit=BATCH)
        position = entries[-1].position
        began = time.perf_counter()
        steps.take(entries)
        for step in steps.by_estate.values():
            step.outputs()
            step.changed()
        spent += time.perf_counter() - began
    return spent


def decide(url: str, names: Sequence[str]) -> tuple[float, float]:
    """Seconds for a fresh decider to take the whole log, everything saved: by the wall, of the processor."""
    spare_the_collector()
    log = open_log(url, time_mode="events")
    runner = EmbeddedRunner(log, time_mode="events", rules=rules_of(names))
    began, worked = time.perf_counter(), time.process_time()
    runner.run_through()
    took = time.perf_counter() - began, time.process_time() - worked
    log.close()
    return took


def _fresh_process() -> ProcessPoolExecutor:
    return ProcessPoolExecutor(1, multiprocessing.get_context("spawn"))


def measure(count: int, runs: int, url: str | None, names: Sequence[str] = SIX) -> dict[str, object]:
    """All figures, medians of the runs; each run on a log of its own."""
    whole: list[float] = []
    parts: dict[str, list[float]] = {"whole_cpu": [], "read": [], "decode": [], "step_with_decode": []}
    found: dict[str, int] = {}
    outputs = 0
    spare_the_collector()
    for run in range(runs):
        with tempfile.TemporaryDirectory() as folder, _fresh_process() as process:
            place = url or f"sqlite:///{folder}/gatehouse.db"
            log = open_log(place, time_mode="events")
            fill(log, count, seed=run)
            end = log.head()
            parts["read"].append(read_through(log, end))
            parts["decode"].append(decode_through(log, end, names))
            parts["step_with_decode"].append(step_through(log, end, names))
            wall_s, cpu_s = process.submit(decide, place, names).result()
            whole.append(wall_s)
            parts["whole_cpu"].append(cpu_s)
            assert log.position(READER) == log.head()
            types = _types(log, end)
            found = {kind: types.count(kind) for kind in ("signal.raised", "alert.raised")}
            outputs = len(types)
            log.close()
    return {
        "events": count,
        "runs": runs,
        "events_per_s": round(count / statistics.median(whole)),
        "us_per_event": {
            "whole": round(statistics.median(whole) / count * 1e6, 2),
            **{name: round(statistics.median(times) / count * 1e6, 2) for name, times in parts.items()},
        },
        "signals": found["signal.raised"],
        "alerts": found["alert.raised"],
        "outputs": outputs,
        "batch": BATCH,
        "rules": sorted(names),
        "python": platform.python_version(),
    }


def _types(log: EventLog, after: int) -> Sequence[str]:
    return [entry.type for entry in log.read(after=after, limit=1_000_000) if entry.type in OUTPUT_TYPES]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=200_000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--database")
    parser.add_argument("--all-rules", action="store_true")
    chosen = parser.parse_args()
    rules = sorted(RULES) if chosen.all_rules else SIX
    print(json.dumps(measure(chosen.events, chosen.runs, chosen.database, rules), indent=2))
