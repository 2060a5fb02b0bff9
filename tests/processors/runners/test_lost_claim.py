"""A database server that restarts forgets who holds which claim: the decider must ask for its own anew."""

from __future__ import annotations

import threading

import psycopg
import pytest

from eventlog.sql import open_log
from eventlog.sql.postgresql import lock_number
from processors.runners.embedded import READER, EmbeddedRunner
from tests.support.waiting import wait_until

pytestmark = pytest.mark.postgresql


def holders(url: str) -> list[int]:
    """The server processes that hold the decider's claim."""
    number = lock_number(f"claim:{READER}") & (2**64 - 1)
    sql = "SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND granted AND classid = %s AND objid = %s"
    with psycopg.connect(url) as connection:
        return [row[0] for row in connection.execute(sql, (number >> 32, number & (2**32 - 1)))]


def end_all_sessions(url: str) -> None:
    """What a restart of the server does to its clients."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )


def test_a_claim_that_the_server_forgot_is_asked_for_anew(postgresql_url: str) -> None:
    log = open_log(postgresql_url)
    stop = threading.Event()
    runner = threading.Thread(target=EmbeddedRunner(log).run, args=(stop,))
    runner.start()
    try:
        (before,) = wait_until(lambda: holders(postgresql_url), what="the claim is held")
        end_all_sessions(postgresql_url)
        wait_until(
            lambda: [pid for pid in holders(postgresql_url) if pid != before], what="the claim is held again"
        )
    finally:
        stop.set()
        runner.join(10)
        log.close()
