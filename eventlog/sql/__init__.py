"""The event log in SQL: SQLite on one machine, PostgreSQL beyond. `open_log` and `open_accounts` pick by URL.

The drivers are used directly at run time; SQLAlchemy and Alembic are only loaded when a schema has to be
made or brought up to date, which saves every idle process some 30 MiB.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from eventlog.clock import Clock, Stamper, TimeMode
from eventlog.ports import LogError

if TYPE_CHECKING:
    from eventlog.sql.accounts import SqlAccounts
    from eventlog.sql.database import Database
    from eventlog.sql.log import SqlLog

__all__ = ["connect_database", "open_accounts", "open_log"]


def open_log(
    url: str, *, time_mode: TimeMode = "wall", clock: Clock | None = None, archive: Path | None = None
) -> SqlLog:
    """Opens the log at `sqlite:////path/of/file.db` or `postgresql://…`, making it where there is none.

    `archive` is the folder of its archives, `archive/` beside a SQLite file unless it is given; `clock`
    (microseconds since 1970) replaces the machine's, for tests. Raises LogError: unavailable, corrupt, or
    written by a newer version.
    """
    from eventlog.sql.log import SqlLog

    stamper = Stamper(time_mode, clock)
    if archive is None and url.startswith("sqlite:///"):
        archive = Path(url.removeprefix("sqlite:///")).parent / "archive"
    return SqlLog(open_database(url), stamper, archive)


def open_accounts(url: str) -> SqlAccounts:
    """Opens the accounts, which live in the log's database. Raises LogError."""
    from eventlog.sql.accounts import SqlAccounts

    return SqlAccounts(open_database(url))


def open_database(url: str) -> Database:
    """The database behind a URL, its schema up to date. Raises LogError."""
    from eventlog.sql.migrate import bring_up_to_date

    database = connect_database(url)
    try:
        bring_up_to_date(database)
    except BaseException:
        database.close()
        raise
    return database


def connect_database(url: str) -> Database:
    """The database behind a URL, with the schema that it has. Raises LogError."""
    scheme, _, rest = url.partition("://")
    if scheme == "sqlite" and rest.startswith("/") and len(rest) > 1:
        from eventlog.sql.sqlite import SqliteDatabase

        return SqliteDatabase(rest[1:])
    if scheme in ("postgresql", "postgres", "postgresql+psycopg"):
        from eventlog.sql.postgresql import PostgresqlDatabase

        return PostgresqlDatabase(f"postgresql://{rest}")
    raise LogError(
        f"the database's URL begins with {scheme!r}: expected sqlite:////path/of/file.db or postgresql://…"
    )
