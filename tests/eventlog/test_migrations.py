"""The migrations arrive at the tables that the code describes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import alembic.command
import pytest
import sqlalchemy
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from eventlog.ids import identity_key
from eventlog.memory import MemoryLog
from eventlog.ports import Recorded
from eventlog.sql import open_database, open_log
from eventlog.sql.months import Month
from eventlog.sql.retention import Retention
from eventlog.sql.revisions import REVISIONS, VERSION_TABLE
from eventlog.sql.schema import metadata
from tests.contracts.event_log import NOON_US, door_opened


def test_the_revisions_are_those_in_the_folder() -> None:
    config = Config()
    config.set_main_option("script_location", "eventlog.sql:migrations")
    scripts = ScriptDirectory.from_config(config)
    assert tuple(script.revision for script in scripts.walk_revisions())[::-1] == REVISIONS


def differences(url: str) -> list[object]:
    """Besides the index of kinds: SQLite ends every index with the position anyway, and on PostgreSQL each
    month has its own."""
    engine = sqlalchemy.create_engine(url)
    options = {
        "version_table": VERSION_TABLE,
        "include_object": lambda _object, name, *_: name != "events_kind",
    }
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts=options)
        found: list[object] = compare_metadata(context, metadata)
    engine.dispose()
    return found


def test_sqlite_gets_the_tables_described(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/gatehouse.db"
    open_log(url).close()
    assert differences(url) == []


@pytest.mark.postgresql
def test_postgresql_gets_the_tables_described(postgresql_url: str) -> None:
    open_log(postgresql_url).close()
    assert differences(postgresql_url.replace("postgresql://", "postgresql+psycopg://")) == []


FIRST_LOG = """
INSERT INTO kinds (id, estate, type, version) VALUES (1, 'xiegou', 'access.door_opened', 1);
INSERT INTO sources (id, source) VALUES (1, 'estates/xiegou/access/gate-n1')
"""


def a_log_of_the_first_revision(url: str, monkeypatch: pytest.MonkeyPatch) -> list[Recorded]:
    """A log as it was before it was parted by month, with entries; returns them."""
    reference = MemoryLog(clock=lambda: NOON_US)
    for number in range(1, 41):
        reference.append([door_opened(number)])
    entries = list(reference.read(after=0, limit=99))
    with monkeypatch.context() as patch:
        patch.setattr("eventlog.sql.migrate.REVISIONS", ("0001",))
        patch.setattr("alembic.command.upgrade", _upgrade_to_the_first(alembic.command.upgrade))
        database = open_database(url)
    with database.writing() as connection:
        for statement in FIRST_LOG.split(";"):
            connection.run(statement)
        connection.many(
            "INSERT INTO events (position, identity, kind, source, event_id, occurred_us, received_us, "
            "recorded_us, seq, replay, body, hash) VALUES (?,?,1,1,?,?,?,?,?,?,?,?)",
            [
                (e.position, identity_key(e.source, e.id), e.id, e.occurred_us, e.received_us, e.recorded_us,
                 e.seq, e.replay, e.body, e.hash)
                for e in entries
            ],
        )  # fmt: skip
        connection.run(
            "UPDATE head SET position = ?, recorded_us = ?, hash = ?",
            (entries[-1].position, entries[-1].recorded_us, entries[-1].hash),
        )
    database.close()
    return entries


def _upgrade_to_the_first(upgrade: Callable[[Config, str], None]) -> Callable[[Config, str], None]:
    return lambda config, _: upgrade(config, "0001")


def check_upgrade(url: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Everything is there afterwards, found, checked and appended to; and can be archived."""
    entries = a_log_of_the_first_revision(url, monkeypatch)
    log = open_log(url, time_mode="events", archive=folder)
    found = log.read(after=0, limit=99)
    assert [(e.position, e.id, e.recorded_us, e.body, e.hash) for e in found] == [
        (e.position, e.id, e.recorded_us, e.body, e.hash) for e in entries
    ]
    assert log.verify().entries == 40
    assert log.append([door_opened(7), door_opened(41)]).positions == (7, 41)
    month = Month.of(NOON_US)
    later = [door_opened(50 + n, at_us=month.plus(n).start_us + 5) for n in (1, 2)]
    assert log.append(later).positions == (42, 43)
    retention = Retention(log)
    assert retention.months(month.plus(9)) == [month, month.plus(1)]
    for each in (month, month.plus(1)):
        retention.archive(each)
    assert [e.position for e in log.read(after=0, limit=99)] == list(range(1, 44))
    assert log.verify().entries == 43
    with log.database.reading() as connection:
        assert connection.row("SELECT count(*) FROM events") == (1,)
    log.close()


def test_an_existing_log_in_sqlite_is_taken_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    check_upgrade(f"sqlite:///{tmp_path}/gatehouse.db", tmp_path / "archive", monkeypatch)


@pytest.mark.postgresql
def test_an_existing_log_in_postgresql_becomes_the_first_month(
    postgresql_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    check_upgrade(postgresql_url, tmp_path / "archive", monkeypatch)


@pytest.mark.postgresql
def test_each_month_has_its_table_ahead_of_time(postgresql_url: str) -> None:
    log = open_log(postgresql_url, time_mode="events")
    log.append([door_opened(1)])
    month = Month.of(NOON_US)
    names = "SELECT relname FROM pg_inherits JOIN pg_class c ON c.oid = inhrelid ORDER BY 1"
    with log.database.reading() as connection:
        wanted = [(f"events_{month.digits}",), (f"events_{month.plus(1).digits}",)]
        tables = connection.rows(names)
        assert [row for row in tables if row[0].startswith("events_") and row[0][7:].isdigit()] == wanted
        indexes = "SELECT indexdef FROM pg_indexes WHERE tablename = ? ORDER BY 1"
        assert [row[0].split(" USING ")[1] for row in connection.rows(indexes, wanted[0])] == [
            'btree (kind, "position")',
            'btree ("position")',
        ]
    log.close()
