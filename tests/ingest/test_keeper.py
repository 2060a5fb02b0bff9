"""Several processes share the sessions: fairly, each held by one, taken over when a process is gone."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest

from eventlog.memory import MemoryLog
from eventlog.ports import Claim, EventLog
from ingest.keeper import ShardKeeper, claim_name
from ingest.shards import Unit, units_of
from tests.support.waiting import wait_until


class Session:
    """Stands for the reader of a session: counts how many read it at once."""

    def __init__(self, unit: Unit, reading: dict[str, int]) -> None:
        self._name, self._reading = unit.session, reading
        self.ready = threading.Event()
        self.fails = threading.Event()

    def run(self, stop: threading.Event) -> None:
        self._reading[self._name] = self._reading.get(self._name, 0) + 1
        assert self._reading[self._name] == 1, f"two read {self._name}"
        self.ready.set()
        while not stop.wait(0.005):
            if self.fails.is_set():
                self._reading[self._name] -= 1
                raise RuntimeError("the log is broken, says the test")
        self._reading[self._name] -= 1


class Process:
    """A process of ingest, in a thread."""

    def __init__(self, log: EventLog, shards: int, reading: dict[str, int]) -> None:
        self.made: dict[str, Session] = {}

        def make(unit: Unit, claim: Claim) -> Any:
            self.made[unit.session] = Session(unit, reading)
            return self.made[unit.session]

        self.keeper = ShardKeeper(log, units_of(shards, strays=False), make, look_s=0.01)
        self.failure: BaseException | None = None
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        try:
            self.keeper.run(self._stop)
        except BaseException as error:
            self.failure = error

    @property
    def count(self) -> int:
        return len(self.keeper.sessions)

    def end(self) -> None:
        self._stop.set()
        self._thread.join(10)
        assert not self._thread.is_alive()

    def ended(self) -> bool:
        return not self._thread.is_alive()


class Town:
    """Processes on one log."""

    def __init__(self) -> None:
        self.log = MemoryLog()
        self.reading: dict[str, int] = {}
        self.processes: list[Process] = []

    def start(self, shards: int) -> Process:
        self.processes.append(Process(self.log, shards, self.reading))
        return self.processes[-1]

    def wait_counts(self, *counts: int) -> None:
        """Waits until so many sessions are read by the processes, most first."""
        alive = [one for one in self.processes if not one.ended()]
        wait_until(
            lambda: sorted((one.count for one in alive), reverse=True) == list(counts),
            what=f"{counts}, not {[one.count for one in alive]}",
        )


@pytest.fixture
def town() -> Iterator[Town]:
    town = Town()
    yield town
    for process in town.processes:
        process.end()
    assert not any(town.reading.values())


def test_one_process_reads_everything(town: Town) -> None:
    only = town.start(4)
    town.wait_counts(4)
    assert only.keeper.ready.wait(5)


def test_a_second_one_gets_half_and_gives_it_back(town: Town) -> None:
    town.start(4)
    town.wait_counts(4)
    second = town.start(4)
    town.wait_counts(2, 2)
    second.end()
    town.wait_counts(4)


@pytest.mark.parametrize(
    ("shards", "counts"), [(1, (1, 0, 0)), (2, (1, 1, 0)), (4, (2, 1, 1)), (5, (2, 2, 1)), (9, (3, 3, 3))]
)
def test_three_share_fairly(town: Town, shards: int, counts: tuple[int, ...]) -> None:
    for _ in counts:
        town.start(shards)
    town.wait_counts(*counts)
    assert all(process.keeper.ready.wait(5) for process in town.processes), "one that stands by is ready too"


def test_one_session_stays_where_it_is_when_others_come_and_go(town: Town) -> None:
    first = town.start(1)
    town.wait_counts(1)
    others = [town.start(1) for _ in range(2)]
    assert all(other.keeper.ready.wait(5) for other in others)
    others[0].end()
    town.start(1).keeper.ready.wait(5)
    assert first.count == 1


def test_a_session_that_fails_ends_the_process_and_another_takes_over(town: Town) -> None:
    first = town.start(2)
    town.wait_counts(2)
    second = town.start(2)
    town.wait_counts(1, 1)
    first.made[first.keeper.sessions[0]].fails.set()
    wait_until(first.ended, what="the process ends")
    assert isinstance(first.failure, RuntimeError)
    wait_until(lambda: second.count == 2, what="the other reads all")


def test_a_claim_that_is_lost_ends_its_session(town: Town) -> None:
    first = town.start(2)
    town.wait_counts(2)
    (lost, _) = first.keeper.sessions
    claim = first.keeper._mine[lost].claim
    unit = Unit.of(lost)
    made = first.made[lost]
    claim.release()  # as if the server had dropped the connection
    wait_until(lambda: first.made[lost] is not made and first.count == 2, what="it is taken anew")
    assert town.log.claimed([claim_name(unit)])
