"""A database server that restarts forgets who holds which claim: the decider must ask for its own anew."""

from __future__ import annotations

import threading

import psycopg
import pytest

from eventlog import codec
from eventlog.ports import NewEvent
from eventlog.sql import open_log
from eventlog.sql.serverclaim import lock_number
from eventlog.vocabulary import DoorOpened
from processors.runners.embedded import READER, EmbeddedRunner
from tests.processors.story import NOON
from tests.support.waiting import wait_until

pytestmark = pytest.mark.postgresql


def holders(url: str) -> list[int]:
    """The server processes that hold the decider's claim."""
    number = lock_number(f"claim:{READER}") & (2**64 - 1)
    sql = "SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND granted AND classid = %s AND objid = %s"
    with psycopg.connect(url) as connection:
        return [row[0] for row in connection.execute(sql, (number >> 32, number & (2**32 - 1)))]


def end_session(url: str, pid: int) -> None:
    """One connection drops, as a firewall does it that forgets an idle one."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("SELECT pg_terminate_backend(%s)", (pid,))


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


def test_a_decider_that_lost_only_its_claim_saves_nothing_more_and_stands_by(postgresql_url: str) -> None:
    log = open_log(postgresql_url)
    stop = threading.Event()
    runner = threading.Thread(target=EmbeddedRunner(log).run, args=(stop,))
    runner.start()
    try:
        (before,) = wait_until(lambda: holders(postgresql_url), what="the claim is held")
        log.append([said(0)])
        wait_until(lambda: log.position(READER) == 1, what="it decides")
        end_session(postgresql_url, before)
        successor = wait_until(lambda: log.claim(READER), what="the claim is free")
        log.append([said(1)])
        with pytest.raises(AssertionError, match="still not so"):
            wait_until(lambda: log.position(READER) > 1, timeout_s=1.0)
        successor.release()
        wait_until(lambda: log.position(READER) == 2, what="it takes its turn again")
    finally:
        stop.set()
        runner.join(10)
        log.close()


def said(number: int) -> NewEvent:
    return codec.make(
        DoorOpened(door="d"), estate="e", source="estates/e/access/d", event_id=f"{number}", at=NOON
    )
