"""The database of the read models: `views.db` beside a SQLite log, the schema `views` of a PostgreSQL one.

It holds nothing that the log doesn't: it may be deleted at any time while nothing runs.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, text

from eventlog.ports import LogError

BUSY_TIMEOUT_S = 15.0
POOL_CONNECTIONS_MAX = 8
SCHEMA = "views"


def open_views(url: str) -> Engine:
    """The read models' database that belongs to a log's URL, made where there is none.

    `sqlite:////path/gatehouse.db` gives `/path/views.db`. Raises LogError for another kind of URL.
    """
    scheme, _, rest = url.partition("://")
    if scheme in ("sqlite", "sqlite+pysqlite") and rest.startswith("/") and len(rest) > 1:
        return _sqlite(Path(rest[1:]).with_name("views.db"))
    if scheme in ("postgresql", "postgres", "postgresql+psycopg"):
        return _postgresql(f"postgresql+psycopg://{rest}")
    raise LogError(
        f"the database's URL begins with {scheme!r}: expected sqlite:////path/of/file.db or postgresql://…"
    )


def _sqlite(file: Path) -> Engine:
    engine = create_engine(
        f"sqlite:///{file}",
        pool_size=POOL_CONNECTIONS_MAX,
        max_overflow=0,
        connect_args={"timeout": BUSY_TIMEOUT_S, "check_same_thread": False},
    )

    @event.listens_for(engine, "connect")
    def _prepare(raw: Any, _record: Any) -> None:
        # Transactions are begun below by hand: the driver's own would let DDL commit half a switch.
        raw.isolation_level = None
        for setting in ("journal_mode=WAL", "synchronous=NORMAL", "temp_store=MEMORY", "cache_size=-8000"):
            raw.execute(f"PRAGMA {setting}")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        writes = connection.get_execution_options().get("gatehouse_writes", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


def _postgresql(url: str) -> Engine:
    engine = create_engine(
        url,
        pool_size=POOL_CONNECTIONS_MAX,
        max_overflow=0,
        pool_pre_ping=True,
        connect_args={"options": f"-c search_path={SCHEMA}"},
    )
    with engine.begin() as connection:
        # Two processes may start at once: IF NOT EXISTS alone is not enough on PostgreSQL.
        connection.execute(text("SELECT pg_advisory_xact_lock(712345001)"))
        connection.execute(text(f"CREATE SCHEMA IF NOT EXISTS {SCHEMA}"))
    return engine


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """A transaction that will write: on SQLite it takes the writer's lock at once, and so can't deadlock."""
    with engine.connect() as connection:
        connection = connection.execution_options(gatehouse_writes=True)
        with connection.begin():
            yield connection
