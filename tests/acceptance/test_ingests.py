"""Two `gatehouse ingest` on one PostgreSQL and one Mosquitto: one dies, or loses its connections to the
database, and the other reads its estates within seconds; every answered event is in the log once, in its
device's order.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest

from eventlog import codec
from eventlog.ports import EventLog
from eventlog.sql import open_log
from eventlog.sql.serverclaim import lock_number
from eventlog.vocabulary import DeviceSet, EstateSet, Words
from gatehouse.vitals import read_vitals
from ingest.keeper import claim_name
from ingest.shards import Unit, units_of
from tests.support.mosquitto import Mosquitto
from tests.support.mqtt import Publisher
from tests.support.parts import ROOT
from tests.support.waiting import wait_until

pytestmark = [pytest.mark.timeout(300), pytest.mark.kill, pytest.mark.mosquitto, pytest.mark.postgresql]

ESTATES = ("xiegou", "liuzhuang", "anyuan", "heping")
SHARDS = 4
UNITS = units_of(SHARDS, strays=True)
READY_S = 60.0
SETTINGS = "max_queued_messages 0\nmax_inflight_messages 500\nallow_anonymous true\n"


def source(estate: str) -> str:
    return f"estates/{estate}/access/gate-n1"


class Ingest:
    """One process."""

    def __init__(self, data: Path, database: str, broker: str) -> None:
        self.data = data
        own = {name: value for name, value in os.environ.items() if not name.startswith("GATEHOUSE_")}
        environment = {
            **own, "GATEHOUSE_DATA": str(data), "GATEHOUSE_DATABASE": database, "GATEHOUSE_BROKER": broker,
            "GATEHOUSE_INGEST_SHARDS": str(SHARDS), "GATEHOUSE_LANGUAGE": "en",
        }  # fmt: skip
        data.mkdir()
        with (data / "said").open("wb") as said:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "gatehouse.main", "ingest"], env=environment, cwd=ROOT, stdout=said,
                stderr=said,
            )  # fmt: skip

    @property
    def ready(self) -> bool:
        vital = read_vitals(self.data / "run").get("ingest")
        return vital is not None and vital.pid == self.process.pid and vital.ready

    def said(self) -> str:
        return (self.data / "said").read_text("utf-8", "replace")[-2_000:]

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()


class Town:
    """The estates, their gates under load, and the processes that take what they say."""

    def __init__(self, folder: Path, database: str, mosquitto: Mosquitto) -> None:
        self._folder, self._database, self._mosquitto = folder, database, mosquitto
        self.log: EventLog = open_log(database)
        for estate in ESTATES:
            entries = (
                EstateSet(name=Words(zh=estate, en=estate)),
                DeviceSet(device="gate-n1", family="access", zone="n"),
            )
            self.log.append(
                [
                    codec.make(one, estate=estate, source=f"estates/{estate}/registry", event_id=f"r{n}",
                               at=datetime.now(UTC))
                    for n, one in enumerate(entries)
                ]
            )  # fmt: skip
        self.processes: list[Ingest] = []
        self.gates: dict[str, Publisher] = {}
        self._stop = threading.Event()
        self._threads: list[threading.Thread] = []

    def start(self) -> Ingest:
        self.processes.append(
            Ingest(self._folder / f"ingest-{len(self.processes)}", self._database, self._mosquitto.url)
        )
        wait_until(lambda: self.processes[-1].ready, timeout_s=READY_S, what=self.processes[-1].said())
        return self.processes[-1]

    def begin(self) -> None:
        """Each estate's gate says something every few milliseconds."""
        self.gates = {estate: Publisher(self._mosquitto.url, "", "", f"gate-{estate}") for estate in ESTATES}
        for estate, gate in self.gates.items():
            self._threads.append(threading.Thread(target=self._say, args=(estate, gate)))
            self._threads[-1].start()

    def _say(self, estate: str, gate: Publisher) -> None:
        number = 0
        while not self._stop.wait(0.01):
            for _ in range(3):
                gate.event(
                    {
                        "specversion": "1.0", "id": f"{number:06d}", "source": source(estate),
                        "type": "access.granted", "time": datetime.now(UTC).isoformat(),
                        "data": {"door": "gate-n1", "method": "card", "direction": "in", "credential": "c"},
                    }
                )  # fmt: skip
                number += 1

    def owners(self) -> dict[str, int]:
        """Which server process holds the claim of which session."""
        numbers = {lock_number(f"claim:{claim_name(unit)}") % 2**64: unit.session for unit in UNITS}
        sql = (
            "SELECT (classid::int8::numeric * 4294967296 + objid::int8)::text, pid FROM pg_locks "
            "WHERE locktype = 'advisory' AND granted "
            "AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
        )
        with psycopg.connect(self._database) as connection:
            found = {int(number): pid for number, pid in connection.execute(sql)}
        return {session: found[number] for number, session in numbers.items() if number in found}

    def end_connection(self, pid: int) -> None:
        with psycopg.connect(self._database, autocommit=True) as connection:
            connection.execute("SELECT pg_terminate_backend(%s)", (pid,))

    def counts(self) -> dict[str, int]:
        """How many events of each estate's gate are in the log."""
        return {estate: len(ids) for estate, ids in self.recorded().items()}

    def recorded(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {estate: [] for estate in ESTATES}
        after = 0
        while batch := self.log.read(after=after, limit=5_000):
            for entry in batch:
                if entry.type == "access.granted":
                    found[entry.estate].append(entry.id)
            after = batch[-1].position
        return found

    def wait_flowing(self, more: int = 60, timeout_s: float = 60.0) -> float:
        """Waits until so many more of every estate are recorded; returns how long it took."""
        began_s, goal = time.monotonic(), {name: count + more for name, count in self.counts().items()}
        wait_until(
            lambda: all(count >= goal[name] for name, count in self.counts().items()),
            timeout_s=timeout_s, what=f"every estate is read: {[one.said() for one in self.processes]}",
        )  # fmt: skip
        return time.monotonic() - began_s

    def check(self) -> None:
        """Stops the load; every event is there once and in its gate's order."""
        self._stop.set()
        for thread in self._threads:
            thread.join()
        for gate in self.gates.values():
            gate.flush()
        sent = {estate: len(gate.sent()) for estate, gate in self.gates.items()}
        wait_until(lambda: self.counts() == sent, timeout_s=60.0, what=f"{self.counts()} of {sent}")
        for estate, ids in self.recorded().items():
            assert ids == [f"{number:06d}" for number in range(sent[estate])], f"{estate}: not in order"
        assert not self.log.quarantined()
        assert self.log.verify().first_bad is None

    def close(self) -> None:
        self._stop.set()
        for process in self.processes:
            if process.process.poll() is None:
                process.kill()
        for gate in self.gates.values():
            gate.close()
        self.log.close()


@pytest.fixture
def town(tmp_path: Path, postgresql_url: str) -> Iterator[Town]:
    broker = Mosquitto(tmp_path, SETTINGS)
    with ExitStack() as stack:
        stack.callback(broker.stop)
        made = Town(tmp_path, postgresql_url, broker)
        stack.callback(made.close)
        yield made


def shared_by_two(town: Town) -> Callable[[], bool]:
    return lambda: len(town.owners()) == len(UNITS)


def test_a_killed_ingest_is_taken_over_with_nothing_lost_doubled_or_out_of_order(town: Town) -> None:
    first = town.start()
    wait_until(shared_by_two(town), timeout_s=60.0, what="the first reads everything")
    before = town.owners()
    town.begin()
    second = town.start()
    moved = wait_until(
        lambda: (now := town.owners()) and len(now) == len(UNITS)
        and sum(now[name] != pid for name, pid in before.items()) == 2 and now,
        timeout_s=60.0, what="the second has its share",
    )  # fmt: skip
    town.wait_flowing()
    first.kill()
    town.wait_flowing()
    assert all(moved[name] == town.owners()[name] for name in moved if moved[name] != before[name])
    third = town.start()
    second.kill()
    town.wait_flowing()
    town.check()
    third.process.send_signal(signal.SIGTERM)
    assert third.process.wait(20) == 0, third.said()


def test_an_ingest_that_loses_its_claims_connections_stops_at_once_and_another_goes_on(town: Town) -> None:
    town.start()
    town.start()
    wait_until(shared_by_two(town), timeout_s=60.0, what="everything is read")
    town.begin()
    town.wait_flowing()
    for session, pid in town.owners().items():
        if Unit.of(session).shard in (0, 1):
            town.end_connection(pid)
    town.wait_flowing()
    town.check()
    assert all("Traceback" not in one.said() for one in town.processes), town.processes[0].said()
