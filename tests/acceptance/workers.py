"""What relay and workers hold to on any Kafka: whatever is killed, restarted or lost, each estate's outputs
are those of the embedded runner's step: ids, bytes, order. A file for each Kafka runs it.
"""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition

from processors.runners.common import READER
from processors.runners.topics import APP, INPUTS
from tests.support.fleet import PARTITIONS, Fleet, Load, Part
from tests.support.kafka import Kafka
from tests.support.postgresql import fresh_database

Moments = tuple[float, ...]
Doing = Callable[[Fleet, Load, Moments], None]

TAKEN_OVER_WITHIN_S = 60.0
MOMENTS_S = (0.2, 1.1)
"""How long the load goes on before each thing that happens."""
SOAK_MOMENTS_S = tuple(Random(5).uniform(0.05, 4.0) for _ in range(10))


def decided_by(fleet: Fleet, within_s: float) -> None:
    """What has been said so far is decided in time, while more is said."""
    fleet.settled(fleet.log.head(), within_s)


def kill_workers(fleet: Fleet, load: Load, moments_s: Moments) -> None:
    """One after the other dies, the oldest first; a new one takes its place."""
    for moment_s in moments_s:
        load.go_on_for(moment_s)
        fleet.running("worker")[0].kill()
        fleet.start("worker", ready=False)
    decided_by(fleet, TAKEN_OVER_WITHIN_S)


def kill_relays(fleet: Fleet, load: Load, moments_s: Moments) -> None:
    """The one that carries dies, another that stands by takes over."""
    for moment_s in moments_s:
        load.go_on_for(moment_s)
        carrying = fleet.running("relay")[0]
        fleet.wait_ready(fleet.start("relay", ready=False))
        carrying.kill()
        decided_by(fleet, TAKEN_OVER_WITHIN_S)


def come_and_go(fleet: Fleet, load: Load, moments_s: Moments) -> None:
    """A worker joins, another one leaves: two rebalances under load for each two moments."""
    for moment_s in moments_s:
        load.go_on_for(moment_s)
        if len(fleet.running("worker")) == 1:
            fleet.start("worker")
        else:
            stopped(fleet, fleet.running("worker")[0])
        decided_by(fleet, TAKEN_OVER_WITHIN_S)


def restart_kafka(fleet: Fleet, load: Load, moments_s: Moments) -> None:
    """Kafka is away for a second."""
    for moment_s in moments_s:
        load.go_on_for(moment_s)
        fleet.kafka.stop()
        load.go_on_for(1.0)
        fleet.kafka.start()
    decided_by(fleet, TAKEN_OVER_WITHIN_S)


def lose_kafkas_data(fleet: Fleet, load: Load, moments_s: Moments) -> None:
    """Topics, offsets, changelogs: all gone. The second time while it is being made good."""
    for moment_s in moments_s:
        load.go_on_for(moment_s)
        fleet.kafka.lose_data()
    decided_by(fleet, TAKEN_OVER_WITHIN_S)


async def commit_beyond_the_end(servers: str) -> None:
    """The workers' group says that it has read what is not in the topic."""
    consumer = AIOKafkaConsumer(bootstrap_servers=servers, group_id=APP, enable_auto_commit=False)
    await consumer.start()
    try:
        places = [TopicPartition(INPUTS, number) for number in range(PARTITIONS)]
        consumer.assign(places)
        ends = await consumer.end_offsets(places)
        await consumer.commit({place: end + 100_000 for place, end in ends.items()})
    finally:
        await consumer.stop()


def stopped(fleet: Fleet, part: Part) -> None:
    """A clean stop, in time."""
    assert part.stop() == 0, fleet.said()


EVERYTHING: tuple[Doing, ...] = (come_and_go, kill_workers, kill_relays, restart_kafka, lose_kafkas_data)


class RelayAndWorkers(ABC):
    """The suite; a file gives it a Kafka."""

    store = "memory"

    @abstractmethod
    def make(self, folder: Path) -> Kafka:
        """The Kafka of these tests, running."""

    @pytest.fixture(scope="class")
    @classmethod
    def fleet(cls, tmp_path_factory: pytest.TempPathFactory, postgresql_server: str) -> Iterator[Fleet]:
        kafka = cls.make(tmp_path_factory.mktemp("kafka"))
        try:
            with fresh_database(postgresql_server) as url:
                made = Fleet(tmp_path_factory.mktemp("fleet"), url, kafka, cls.store)
                try:
                    yield made
                finally:
                    made.close()
        finally:
            kafka.stop()

    def test_a_worker_makes_the_outputs_of_the_embedded_runner(self, fleet: Fleet) -> None:
        fleet.say(200)
        fleet.ensure(workers=1)
        fleet.say(400)
        fleet.check()

    def under_load(
        self, fleet: Fleet, what: Doing, *, workers: int = 2, moments_s: Moments = MOMENTS_S
    ) -> None:
        """Does it while things are said, then checks."""
        fleet.ensure(workers=workers)
        with Load(fleet) as load:
            what(fleet, load, moments_s)
        fleet.check()

    def test_workers_come_and_go_under_load(self, fleet: Fleet) -> None:
        self.under_load(fleet, come_and_go, workers=1)

    @pytest.mark.kill
    def test_killed_workers_are_replaced(self, fleet: Fleet) -> None:
        self.under_load(fleet, kill_workers)

    @pytest.mark.kill
    def test_a_killed_relay_is_replaced_by_one_that_stands_by(self, fleet: Fleet) -> None:
        self.under_load(fleet, kill_relays, workers=1)

    @pytest.mark.kill
    def test_kafka_loses_all_its_data(self, fleet: Fleet) -> None:
        self.under_load(fleet, lose_kafkas_data, workers=1)

    def test_offsets_committed_for_what_is_gone_hold_nothing_back(self, fleet: Fleet) -> None:
        """As a commit leaves them that was under way when Kafka lost its data."""
        fleet.ensure(workers=0)
        asyncio.run(commit_beyond_the_end(fleet.kafka.servers))
        fleet.ensure(workers=1)
        fleet.say(50)
        fleet.check()

    def test_a_stop_is_clean_and_in_time(self, fleet: Fleet) -> None:
        fleet.ensure(workers=1)
        fleet.say(50)
        for part in (*fleet.running("worker"), *fleet.running("relay")):
            stopped(fleet, part)
        fleet.check(fleet.log.position(READER))

    @pytest.mark.soak
    @pytest.mark.kill
    @pytest.mark.timeout(1_800)
    @pytest.mark.parametrize("what", EVERYTHING)
    def test_ten_moments_of_each(self, fleet: Fleet, what: Doing) -> None:
        for number in range(0, len(SOAK_MOMENTS_S), 2):
            self.under_load(fleet, what, moments_s=SOAK_MOMENTS_S[number : number + 2])
