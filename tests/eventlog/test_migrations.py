"""The migrations arrive at the tables that the code describes."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from eventlog.sql import open_log
from eventlog.sql.revisions import REVISIONS, VERSION_TABLE
from eventlog.sql.schema import metadata


def test_the_revisions_are_those_in_the_folder() -> None:
    config = Config()
    config.set_main_option("script_location", "eventlog.sql:migrations")
    scripts = ScriptDirectory.from_config(config)
    assert tuple(script.revision for script in scripts.walk_revisions())[::-1] == REVISIONS


def differences(url: str, besides: str = "") -> list[object]:
    engine = sqlalchemy.create_engine(url)
    options = {"version_table": VERSION_TABLE, "include_object": lambda _object, name, *_: name != besides}
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts=options)
        found: list[object] = compare_metadata(context, metadata)
    engine.dispose()
    return found


def test_sqlite_gets_the_tables_described(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/gatehouse.db"
    open_log(url).close()
    # SQLite ends every index with the position anyway: there the index of kinds does not name it.
    assert differences(url, besides="events_kind") == []


@pytest.mark.postgresql
def test_postgresql_gets_the_tables_described(postgresql_url: str) -> None:
    open_log(postgresql_url).close()
    assert differences(postgresql_url.replace("postgresql://", "postgresql+psycopg://")) == []
