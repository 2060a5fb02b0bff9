"""Beyond one machine: relay and Faust workers as processes, on PostgreSQL and a real Kafka. Whatever is
killed, restarted or lost, each estate's outputs are those of the embedded runner's step: ids, bytes, order.

On Tansu, which a wheel brings, everywhere; on Apache Kafka where it was fetched (`deploy/fetch_kafka.sh`).
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.fleet import Fleet, Load, Part
from tests.support.kafka import ApacheKafka, Kafka, Tansu
from tests.support.postgresql import fresh_database

pytestmark = [pytest.mark.kafka, pytest.mark.postgresql]

TAKEN_OVER_WITHIN_S = 60.0
MOMENTS_S = (0.2, 1.1)
"""How long the load goes on before what happens happens."""


@pytest.fixture(scope="module", params=["tansu", "apache"])
def kafka(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kafka]:
    folder = tmp_path_factory.mktemp(request.param)
    made: Kafka = Tansu(folder) if request.param == "tansu" else ApacheKafka(folder)
    yield made
    made.stop()


@pytest.fixture(scope="module")
def fleet(kafka: Kafka, tmp_path_factory: pytest.TempPathFactory, postgresql_server: str) -> Iterator[Fleet]:
    """A relay and two workers."""
    store = "memory" if isinstance(kafka, Tansu) else "rocksdb"
    with fresh_database(postgresql_server) as url:
        made = Fleet(tmp_path_factory.mktemp("fleet"), url, kafka, store)
        try:
            yield made
        finally:
            made.close()


def alive(fleet: Fleet, role: str) -> Part:
    """A part of this role that runs."""
    return next(part for part in fleet.parts if part.role == role and part.process.poll() is None)


def test_a_worker_makes_the_outputs_of_the_embedded_runner(fleet: Fleet) -> None:
    fleet.say(200)
    fleet.start("relay", ready=False)
    fleet.start("worker")
    fleet.say(400)
    fleet.check()


def test_a_second_worker_shares_the_work_under_load(fleet: Fleet) -> None:
    with Load(fleet):
        fleet.start("worker")
    fleet.check()


@pytest.mark.kill
@pytest.mark.parametrize("moment_s", MOMENTS_S)
def test_a_killed_worker_is_replaced(fleet: Fleet, moment_s: float) -> None:
    with Load(fleet) as load:
        load.go_on_for(moment_s)
        alive(fleet, "worker").kill()
        said = fleet.log.head()
        fresh = fleet.start("worker", ready=False)
        fleet.settled(said, TAKEN_OVER_WITHIN_S)
    fleet.wait_ready(fresh)
    fleet.check()


@pytest.mark.kill
@pytest.mark.parametrize("moment_s", MOMENTS_S)
def test_a_killed_relay_is_replaced_by_one_that_stands_by(fleet: Fleet, moment_s: float) -> None:
    before = alive(fleet, "relay")
    fleet.start("relay", ready=False)
    with Load(fleet) as load:
        load.go_on_for(moment_s)
        before.kill()
        load.go_on_for(1.0)
    fleet.check()


@pytest.mark.kill
@pytest.mark.parametrize("moment_s", MOMENTS_S)
def test_kafka_restarts(fleet: Fleet, moment_s: float) -> None:
    if isinstance(fleet.kafka, Tansu):
        pytest.skip("Tansu keeps everything in memory: its restart is the test of lost data")
    with Load(fleet) as load:
        load.go_on_for(moment_s)
        fleet.kafka.stop()
        load.go_on_for(1.0)
        fleet.kafka.start()
    fleet.keep_running("worker")
    fleet.check()


@pytest.mark.kill
@pytest.mark.parametrize("moment_s", MOMENTS_S)
def test_kafka_loses_all_its_data(fleet: Fleet, moment_s: float) -> None:
    with Load(fleet) as load:
        load.go_on_for(moment_s)
        fleet.kafka.lose_data()
        load.go_on_for(1.0)
    fleet.keep_running("worker")
    fleet.check()


def test_a_stop_is_clean_and_in_time(fleet: Fleet) -> None:
    parts = [part for part in fleet.parts if part.process.poll() is None]
    assert [part.stop() for part in parts] == [0] * len(parts), fleet.said()
    fleet.check()
