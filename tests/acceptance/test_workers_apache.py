"""Relay and workers on Apache Kafka, where `deploy/fetch_kafka.sh` has fetched it; tables in memory."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.acceptance.workers import RelayAndWorkers, restart_kafka
from tests.support.fleet import Fleet
from tests.support.kafka import ApacheKafka, Kafka

pytestmark = [pytest.mark.kafka, pytest.mark.postgresql, pytest.mark.timeout(600)]


class TestOnApacheKafka(RelayAndWorkers):
    """What it has acknowledged outlives its restart."""

    @classmethod
    def make(cls, folder: Path) -> Kafka:
        return ApacheKafka(folder)

    @pytest.mark.kill
    def test_kafka_restarts(self, fleet: Fleet) -> None:
        self.under_load(fleet, restart_kafka, workers=1)
