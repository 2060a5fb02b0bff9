"""The fourth property of every rule: the embedded runner and the Faust adapter agree, ids included. Histories
around every limit, one estate each, through a relay, a real Kafka (Tansu) and a Faust worker in this process.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from prometheus_client import REGISTRY

from eventlog import codec
from eventlog.memory import MemoryLog
from eventlog.ports import NewEvent
from eventlog.times import to_us
from eventlog.vocabulary import OUTPUT_TYPES
from processors.rules import RULES
from processors.runners import faust
from processors.runners.common import READER
from processors.runners.embedded import replay
from processors.runners.faust import FaustWorker, Tables, WorkerError, _FromTheEnd, _Transport
from processors.runners.relay import Relay
from processors.runners.topics import INPUTS, Cluster
from tests.contracts import rules as contract
from tests.processors.estate import NAME, REGISTERS
from tests.processors.live import ALL_RULES
from tests.processors.story import NOON
from tests.support.fleet import by_estate
from tests.support.kafka import Tansu
from tests.support.waiting import wait_until

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(240)]

PARTITIONS = 2
WITHIN_S = 90.0
AGAIN = "gatehouse_worker_recoveries_again_total"
HEARING = sorted(name for name, rule in RULES.items() if rule.listens_to)


class Night:
    """A log whose clock is in the test's hand, with relay and worker on it."""

    def __init__(self, kafka: Tansu, folder: Path) -> None:
        self.now = NOON
        self.log = MemoryLog(clock=lambda: to_us(self.now))
        self.cluster = Cluster(kafka.servers, PARTITIONS)
        self.worker = FaustWorker(self.log, self.cluster, Tables("memory", folder))
        self._stop, self._ended = threading.Event(), list[BaseException]()
        runs = (Relay(self.log, self.cluster).run, self.worker.run)
        self._threads = [threading.Thread(target=self._run, args=(run,)) for run in runs]
        self._estates = 0
        for thread in self._threads:
            thread.start()
        wait_until(lambda: self._ended or self.worker.ready.is_set(), timeout_s=WITHIN_S, what="ready")

    def _run(self, run: Any) -> None:
        try:
            run(self._stop)
        except BaseException as error:
            self._ended.append(error)

    def close(self) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join(30)
        assert not self._ended, self._ended

    def tell(self, histories: list[list[contract.Happening]]) -> None:
        """Each history in an estate of its own, all at the same time, and then an hour that passes."""
        start, told = self.now, list[tuple[int, NewEvent]]()
        for history in histories:
            self._estates += 1
            estate = f"estate-{self._estates}"
            self.log.append([self._register(number, event, estate) for number, event in enumerate(SWITCHES)])
            told += [(when, moved(new, estate, start)) for when, new in contract.news(history)]
        for recorded_us, new in sorted(told, key=lambda each: each[0]):
            self.now = start + timedelta(microseconds=recorded_us - to_us(NOON))
            self.log.append([new])
        self.now += timedelta(hours=1)

    def _register(self, number: int, event: Any, estate: str) -> NewEvent:
        source = f"estates/{estate}/estate-file"
        return codec.make(event, estate=estate, source=source, event_id=f"r{number}", at=self.now)

    def agree(self) -> int:
        """What the inputs so far have made is what the embedded runner's step makes of them; returns how many
        outputs. Wake-ups may add to the log meanwhile, never to what stands there."""
        upto = self.log.head()
        wait_until(
            lambda: self._ended or self.log.position(READER) >= upto, timeout_s=WITHIN_S, what="all decided"
        )
        assert not self._ended, self._ended
        calm: list[NewEvent] = []
        replay(self.log, calm.extend, upto)
        expected = by_estate(calm)
        live = by_estate(e for e in self.log.read(after=0, limit=1_000_000) if e.type in OUTPUT_TYPES)
        for estate, outputs in expected.items():
            assert live[estate][: len(outputs)] == outputs, estate
        return len(calm)


SWITCHES = (*REGISTERS, *ALL_RULES)


def moved(new: NewEvent, estate: str, start: Any) -> NewEvent:
    """An event of the small estate as one of another estate, at another time."""
    later_us = to_us(start) - to_us(NOON)
    envelope = codec.decode_body(new.type, new.version, new.body)
    return codec.make(
        envelope, estate=estate, source=new.source.replace(f"estates/{NAME}/", f"estates/{estate}/"),
        event_id=new.id, at=start + timedelta(microseconds=new.occurred_us - to_us(NOON)),
        received_us=new.received_us + later_us, seq=new.seq,
    )  # fmt: skip


@pytest.fixture(scope="module")
def kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tansu]:
    made = Tansu(tmp_path_factory.mktemp("tansu"))
    yield made
    made.stop()


@pytest.fixture(scope="module")
def night(kafka: Tansu, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Night]:
    made = Night(kafka, tmp_path_factory.mktemp("tables"))
    yield made
    made.close()


EVERY_RULE = [contract.texts_of(RULES[name]) for name in HEARING]


def _compared(night: Night, data: st.DataObject) -> None:
    histories = [data.draw(contract.happenings(texts)) for texts in (*EVERY_RULE, *4 * [contract.ALL])]
    night.tell(histories)
    assert night.agree() > 50


@settings(max_examples=1, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_the_embedded_runner_and_the_faust_adapter_agree(night: Night, data: st.DataObject) -> None:
    _compared(night, data)


@pytest.mark.soak
@pytest.mark.timeout(3_600)
@settings(max_examples=30, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_they_agree_about_many_histories(night: Night, data: st.DataObject) -> None:
    _compared(night, data)


def test_a_worker_that_does_not_get_ready_gives_up_and_drops_its_table(kafka: Tansu, tmp_path: Path) -> None:
    tables = Tables("rocksdb", tmp_path / "tables")
    worker = FaustWorker(MemoryLog(), Cluster(kafka.servers, PARTITIONS), tables, ready_within_s=0.2)
    with pytest.raises(WorkerError, match="not ready within"):
        worker.run(threading.Event())
    assert not tables.folder.exists()


class LosesTheFirstFetch(_FromTheEnd):
    """As where a fetch of the changelog is under way when recovery seeks: its records are thrown away."""

    lost = 0

    async def _wait_next_records(self, timeout: float) -> Any:
        records, active = await super()._wait_next_records(timeout)
        changes = [tp for tp in records or () if tp.topic != INPUTS and not type(self).lost]
        for tp in changes:
            type(self).lost += len(records.pop(tp))
        return records, active


def test_a_changelog_that_stands_still_is_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kafka = Tansu(tmp_path)
    try:
        night = Night(kafka, tmp_path / "tables")
        night.tell([[] for _ in range(8)])
        night.agree()
        night.close()
        monkeypatch.setattr(_Transport, "Consumer", LosesTheFirstFetch)
        monkeypatch.setattr(faust, "STILL_S", 1.0)
        before = REGISTRY.get_sample_value(AGAIN) or 0
        worker, stop = FaustWorker(night.log, night.cluster, Tables("memory", tmp_path)), threading.Event()
        thread = threading.Thread(target=worker.run, args=(stop,))
        thread.start()
        try:
            wait_until(worker.ready.is_set, timeout_s=WITHIN_S, what="ready all the same")
        finally:
            stop.set()
            thread.join(30)
        assert LosesTheFirstFetch.lost > 0
        # Once is enough; on a busy machine what is read again may stand still for that long, too.
        assert (REGISTRY.get_sample_value(AGAIN) or 0) > before
    finally:
        kafka.stop()
