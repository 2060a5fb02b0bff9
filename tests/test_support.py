"""The test fixtures themselves work."""

from __future__ import annotations

from tests.support.mosquitto import Mosquitto
from tests.support.net import listening


def test_mosquitto_listens(mosquitto: Mosquitto) -> None:
    assert listening(mosquitto.port)


def test_postgresql_answers(postgresql_url: str) -> None:
    import psycopg

    with psycopg.connect(postgresql_url) as connection:
        row = connection.execute("SELECT current_setting('server_version')").fetchone()
    assert row is not None
