"""Relay and workers on Apache Kafka, where `deploy/fetch_kafka.sh` has fetched it; tables in memory."""

from __future__ import annotations

from pathlib import Path

import pytest

from processors.runners.topics import INPUTS
from tests.acceptance.workers import RelayAndWorkers, restart_kafka, stopped
from tests.support.fleet import Fleet
from tests.support.kafka import ApacheKafka, Kafka
from tests.support.waiting import wait_until

pytestmark = [pytest.mark.kafka, pytest.mark.postgresql, pytest.mark.timeout(600)]

NO_TOPIC = f"Ignoring missing topic: '{INPUTS}'"
"""What Faust says when it shares out a topic that isn't there."""


class TestOnApacheKafka(RelayAndWorkers):
    """What it has acknowledged outlives its restart."""

    @classmethod
    def make(cls, folder: Path) -> Kafka:
        return ApacheKafka(folder)

    @pytest.mark.kill
    def test_kafka_restarts(self, fleet: Fleet) -> None:
        self.under_load(fleet, restart_kafka, workers=1)

    @pytest.mark.kill
    @pytest.mark.soak
    def test_topics_that_come_back_late_are_seen(self, fleet: Fleet) -> None:
        """A worker that joins while there are none is given nothing, and has to look again."""
        fleet.ensure(workers=1)
        stopped(fleet, fleet.running("relay")[0])
        said = fleet.running("worker")[0].data / "said"
        before = said.read_text("utf-8").count(NO_TOPIC)
        fleet.kafka.lose_data()
        wait_until(lambda: said.read_text("utf-8").count(NO_TOPIC) > before, timeout_s=60, what="it joins")
        fleet.ensure(workers=1)
        fleet.say(50)
        fleet.check()
