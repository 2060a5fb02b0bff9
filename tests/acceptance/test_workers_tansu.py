"""Relay and workers on Tansu, which a wheel brings everywhere: it keeps all in memory. Tables in RocksDB."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.acceptance.workers import RelayAndWorkers
from tests.support.kafka import Kafka, Tansu

pytestmark = [pytest.mark.kafka, pytest.mark.postgresql, pytest.mark.timeout(600)]


class TestOnTansu(RelayAndWorkers):
    """Its restart is the test of lost data: tables are then ahead of their changelogs."""

    store = "rocksdb"

    @classmethod
    def make(cls, folder: Path) -> Kafka:
        return Tansu(folder)
