"""The log in PostgreSQL under the contract, on a real server."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from functools import partial

import psycopg
import pytest

from eventlog.clock import Stamper
from eventlog.ports import ClaimLostError, EventLog, LogUnavailableError
from eventlog.sql import open_log
from eventlog.sql.log import SqlLog
from eventlog.sql.postgresql import PostgresqlDatabase
from eventlog.sql.serverclaim import lock_number
from tests.contracts.archives import ArchivesContract
from tests.contracts.event_log import door_opened
from tests.contracts.sql_log import RunSql, SqlAccountsContract, SqlLogContract
from tests.support.waiting import wait_until

pytestmark = pytest.mark.postgresql


@pytest.fixture(scope="module")
def template(postgresql_server: str) -> Iterator[str]:
    """A database with an empty log, made once by the migrations."""
    name = "template_of_the_log"
    _run(postgresql_server, f"CREATE DATABASE {name}")
    open_log(_database(postgresql_server, name)).close()
    yield name
    _run(postgresql_server, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def url(postgresql_server: str, template: str) -> Iterator[str]:
    name = f"test_{uuid.uuid4().hex[:12]}"
    _run(postgresql_server, f"CREATE DATABASE {name} TEMPLATE {template}")
    yield _database(postgresql_server, name)
    _run(postgresql_server, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def empty_url(postgresql_url: str) -> str:
    return postgresql_url


def _database(server: str, name: str) -> str:
    return server.replace("/postgres?", f"/{name}?")


def _run(url: str, sql: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(sql)


@pytest.fixture
def run_sql(url: str) -> RunSql:
    return partial(_run, url)


class TestPostgresqlLog(SqlLogContract):
    @pytest.fixture
    def impatient(self, url: str) -> Iterator[EventLog]:
        open_log(url).close()
        log = SqlLog(PostgresqlDatabase(url, lock_timeout_s=0.1), Stamper())
        yield log
        log.close()

    @pytest.fixture
    def other_holds_the_lock(self, url: str) -> Callable[[], Callable[[], None]]:
        def hold() -> Callable[[], None]:
            other = psycopg.connect(url, autocommit=True)
            other.execute("SELECT pg_advisory_lock(%s)", (lock_number("append"),))
            return other.close

        return hold

    def test_lost_connections_are_replaced(self, log: EventLog, run_sql: RunSql) -> None:
        log.append([door_opened(1)])
        assert not log.wait(1, timeout_s=0.01)
        run_sql(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        with pytest.raises(LogUnavailableError):
            log.append([door_opened(2)])
        assert wait_until(lambda: log.append([door_opened(2)])).positions == (2,)
        assert log.verify().entries == 2

    def test_a_claim_lost_with_its_connection_alone_is_noticed_and_writes_nothing(
        self, log: EventLog, run_sql: RunSql
    ) -> None:
        first = log.claim("decider")
        assert first is not None
        with log.transaction(under=first) as transaction:
            transaction.append([door_opened(1)])
        run_sql(
            "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' "
            "AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
        )
        second = wait_until(lambda: log.claim("decider"), what="the claim is free")
        with pytest.raises(ClaimLostError, match="decider"), log.transaction(under=first) as transaction:
            transaction.append([door_opened(2)])
        assert (first.held(), second.held(), log.head()) == (False, True, 1)
        with log.transaction(under=second) as transaction:
            transaction.append([door_opened(3)])
        second.release()
        assert log.verify().entries == 2

    def test_a_server_that_is_not_there_is_unavailable(self) -> None:
        with pytest.raises(LogUnavailableError, match="no connection"):
            open_log("postgresql://postgres@127.0.0.1:1/none")

    def test_a_name_with_the_driver_in_it_is_taken_too(self, url: str) -> None:
        log = open_log(url.replace("postgresql://", "postgresql+psycopg://"))
        assert log.head() == 0
        log.close()


class TestPostgresqlAccounts(SqlAccountsContract):
    pass


class TestPostgresqlArchives(ArchivesContract):
    pass
