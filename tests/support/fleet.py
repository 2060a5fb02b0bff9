"""Relay and workers as real processes on one PostgreSQL and one Kafka; a test says what happens in the
estates by appending to the log, as ingest does."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from random import Random

from eventlog import codec
from eventlog.ports import EventLog, NewEvent, Position, Recorded
from eventlog.registers import Registers
from eventlog.sql import open_log
from eventlog.topics import device_source
from eventlog.vocabulary import (
    OUTPUT_TYPES,
    AccessDenied,
    AccessGranted,
    DoorClosed,
    DoorOpened,
    Event,
    PlateRead,
)
from gatehouse.exits import EXIT_AWAY
from gatehouse.vitals import read_vitals
from processors.runners.embedded import READER, Steps
from tests.processors.estate import REGISTERS
from tests.processors.live import ALL_RULES
from tests.support.kafka import Kafka
from tests.support.net import free_port
from tests.support.parts import ROOT
from tests.support.waiting import wait_until

ESTATES = ("anyuan", "heping", "liuzhuang", "nanmen", "xiegou")
PARTITIONS = 4
READY_WITHIN_S = 60.0
"""Some eight seconds where the machine is idle: Faust's group join."""
SETTLED_WITHIN_S = 60.0
SUPERVISE_S = 0.2
SLICE, SLICE_S = 10, 0.1
SLICES_MAX = 400
"""Of one load: a machine that is slow to start Kafka again must not have minutes of it to check."""
Outputs = dict[str, list[tuple[str, str, bytes]]]


@dataclass
class Part:
    """One process with a data folder of its own."""

    role: str
    data: Path
    process: subprocess.Popen[bytes]
    ended: bool = False
    """A test has ended it, or is about to: nobody starts it again."""
    restarts: int = 0

    @property
    def ready(self) -> bool:
        vital = read_vitals(self.data / "run").get(self.role)
        return vital is not None and vital.pid == self.process.pid and vital.ready

    def kill(self) -> None:
        """SIGKILL."""
        self.ended = True
        self.process.kill()
        self.process.wait()

    def stop(self) -> int:
        """SIGTERM; returns the exit code."""
        self.ended = True
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(20)


@dataclass
class Fleet:
    """The estates of one log, with whatever decides for them."""

    folder: Path
    database: str
    kafka: Kafka
    store: str = "memory"
    estates: tuple[str, ...] = ESTATES
    """Their registers are written at the start."""
    settings: Mapping[str, str] = field(default_factory=dict)
    """Of every part, in place of those of the tests."""
    counts: bool = False
    """Every part leaves its metrics as files under `run/metrics`, for those who look often."""
    parts: list[Part] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.log: EventLog = open_log(self.database)
        self._random, self._said, self._saying = Random(5), 0, threading.Lock()
        self._calm, self._checked, self._seen = Steps(Registers(self.log), lambda _: ()), 0, 0
        self._expected, self._live = list[NewEvent](), list[Recorded]()
        self._closing, self.failures = threading.Event(), list[str]()
        self._supervisor = threading.Thread(target=self._supervise, name="supervisor")
        self._supervisor.start()
        for estate in self.estates:
            self.log.append([self._new(event, estate) for event in (*REGISTERS, *ALL_RULES)])

    def _new(self, event: Event, estate: str) -> NewEvent:
        self._said += 1
        source = device_source(estate, "access", getattr(event, "door", "console"))
        return codec.make(
            event, estate=estate, source=source, event_id=f"said-{self._said}", at=datetime.now(UTC)
        )

    # -- processes

    def start(self, role: str, *, ready: bool = True) -> Part:
        """A part more; with `ready` waits until it says that it is."""
        data = self.folder / f"{role}-{len(self.parts)}"
        data.mkdir()
        part = Part(role, data, self._process(role, data))
        self.parts.append(part)
        if ready:
            self.wait_ready(part)
        return part

    def _process(self, role: str, data: Path) -> subprocess.Popen[bytes]:
        own = {name: value for name, value in os.environ.items() if not name.startswith("GATEHOUSE_")}
        environment = {
            **own, "PYTHONUNBUFFERED": "1", "GATEHOUSE_DATA": str(data), "GATEHOUSE_LANGUAGE": "en",
            "GATEHOUSE_DATABASE": self.database, "GATEHOUSE_KAFKA": self.kafka.servers,
            "GATEHOUSE_KAFKA_PARTITIONS": str(PARTITIONS), "GATEHOUSE_TABLE_STORE": self.store,
            "GATEHOUSE_BROKER": f"mqtt://127.0.0.1:{free_port()}", **self.settings,
        }  # fmt: skip
        if self.counts:
            metrics = data / "run" / "metrics"
            metrics.mkdir(parents=True, exist_ok=True)
            environment["PROMETHEUS_MULTIPROC_DIR"] = str(metrics)
        with (data / "said").open("ab") as said:
            return subprocess.Popen(
                [sys.executable, "-m", "gatehouse.main", role], env=environment, cwd=ROOT, stdout=said,
                stderr=said,
            )  # fmt: skip

    def _supervise(self) -> None:
        """What systemd does: who gives up is started again, in its folder; only for what may pass."""
        while not self._closing.wait(SUPERVISE_S):
            for part in list(self.parts):
                code = part.process.poll()
                if code is None or part.ended:
                    continue
                if code != EXIT_AWAY:
                    part.ended = True
                    self.failures.append(f"{part.data.name} ended with {code}")
                    continue
                part.restarts += 1
                part.process = self._process(part.role, part.data)

    def running(self, role: str) -> list[Part]:
        """The parts of a role that run or are being started again, the oldest first."""
        return [part for part in self.parts if part.role == role and not part.ended]

    def ensure(self, *, relays: int = 1, workers: int = 2) -> None:
        """So many of each, ready; with a worker, everything said so far is decided."""
        for role, count in (("relay", relays), ("worker", workers)):
            for surplus in self.running(role)[count:]:
                assert surplus.stop() == 0, self.said()
            for _ in range(count - len(self.running(role))):
                self.start(role, ready=False)
        for part in (*self.running("relay"), *self.running("worker")):
            self.wait_ready(part)
        if workers:  # else what time brought last waits for the next one
            self.settled()

    def wait_ready(self, part: Part) -> None:
        """Waits until a part says that it is ready."""
        wait_until(
            lambda: part.ready or part.ended,
            timeout_s=READY_WITHIN_S, what=f"{part.role} is ready\n{self.said()}",
        )  # fmt: skip
        assert part.ready, self.said()

    def said(self) -> str:
        """What the parts printed last."""
        return "\n".join(
            f"--- {part.data.name}\n{(part.data / 'said').read_text('utf-8', 'replace')[-3_000:]}"
            for part in self.parts
        )

    def close(self) -> None:
        self._closing.set()
        self._supervisor.join()
        for part in self.parts:
            if part.process.poll() is None:
                part.kill()
        self.log.close()

    # -- what happens in the estates

    def say(self, count: int = 100) -> None:
        """Cards refused and accepted, doors that open and close, plates that nobody knows."""
        with self._saying:
            self.log.append(
                [self._new(self._something(), self._random.choice(self.estates)) for _ in range(count)]
            )

    def _something(self) -> Event:
        door = self._random.choice(("building-3", "building-4"))
        chosen, card = self._random.randrange(40), f"card-{self._random.randrange(30)}"
        if chosen == 0:
            return PlateRead(
                plate=f"京A{self._random.randrange(10_000):04}", confidence=0.97, lane="n-in", direction="in"
            )
        if chosen < 3:
            return AccessDenied(door=door, credential=card, method="card", direction="in", reason="unknown")
        if chosen < 6:
            return DoorOpened(door=door) if chosen < 5 else DoorClosed(door=door)
        return AccessGranted(door=door, credential=card, method="card", direction="in")

    # -- what must hold

    def settled(self, upto: Position | None = None, within_s: float = SETTLED_WITHIN_S) -> Position:
        """Waits until everything up to here has been decided; returns where that is."""
        goal = self.log.head() if upto is None else upto
        try:
            wait_until(lambda: self.log.position(READER) >= goal, timeout_s=within_s)
        except AssertionError:
            at = self.log.position(READER)
            raise AssertionError(f"{at} of {goal} is decided after {within_s:g} s\n{self.said()}") from None
        return goal

    def check(self, decided: Position | None = None) -> None:
        """Everything said so far, or decided up to a position, has made the outputs that the embedded
        runner's step makes of it: ids, bytes, order. Goes on from the last check."""
        upto = self.settled() if decided is None else decided
        while self._checked < upto:
            entries = self.log.read(after=self._checked, limit=min(2_000, upto - self._checked))
            self._calm.take(entries)
            self._expected += self._calm.outputs()
            self._checked = entries[-1].position
        while batch := self.log.read(after=self._seen, limit=5_000, types=OUTPUT_TYPES):
            self._live += batch
            self._seen = batch[-1].position
        expected, live = by_estate(self._expected), by_estate(self._live)
        for estate, outputs in expected.items():
            assert live[estate][: len(outputs)] == outputs, f"{estate}: not the outputs of a calm run"
        assert not self.failures, f"{self.failures}\n{self.said()}"
        assert len(self._expected) > 20, "too few outputs to prove anything"


class Load:
    """Says something all the time, until it is left or has said enough."""

    def __init__(self, fleet: Fleet) -> None:
        self._fleet, self._stop = fleet, threading.Event()
        self._failure: BaseException | None = None
        self._thread = threading.Thread(target=self._run)

    def _run(self) -> None:
        try:
            for _ in range(SLICES_MAX):
                if self._stop.wait(SLICE_S):
                    return
                self._fleet.say(SLICE)
        except BaseException as error:
            self._failure = error

    def go_on_for(self, seconds: float) -> None:
        """Lets it run on."""
        until = time.monotonic() + seconds
        wait_until(lambda: time.monotonic() >= until, timeout_s=seconds + 1)

    def __enter__(self) -> Load:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()
        assert self._failure is None, self._failure


def by_estate(events: Iterable[NewEvent | Recorded]) -> Outputs:
    """Type, id and bytes of events, by estate."""
    found: Outputs = defaultdict(list)
    for event in events:
        found[event.estate].append((event.type, event.id, event.body))
    return found
