"""Brings a database's schema up to date when it is opened; loads Alembic only when there is work to do."""

from __future__ import annotations

from eventlog.ports import LogError
from eventlog.sql.database import Database
from eventlog.sql.revisions import REVISIONS


def bring_up_to_date(database: Database) -> None:
    """Makes or upgrades the schema, one process at a time. Raises LogError where it is newer than we are."""
    if _current(database):
        return
    with database.migrating():
        if not _current(database):
            _upgrade(database)


def _current(database: Database) -> bool:
    with database.reading() as connection:
        revision = database.revision(connection)
    if revision is not None and revision not in REVISIONS:
        raise LogError(
            f"the log at {database.where} has schema {revision!r} and this version of Gatehouse knows "
            f"{REVISIONS[-1]!r} at most: it was written by a newer version, start that one"
        )
    return revision == REVISIONS[-1]


def _upgrade(database: Database) -> None:
    import alembic.command
    import alembic.config
    import sqlalchemy
    from sqlalchemy import event

    engine = sqlalchemy.create_engine(database.sqlalchemy_url, poolclass=sqlalchemy.pool.NullPool)
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _leave_transactions_to_us)
        event.listen(engine, "begin", _begin_immediate)
    config = alembic.config.Config()
    config.set_main_option("script_location", "eventlog.sql:migrations")
    try:
        with engine.begin() as connection:
            config.attributes["connection"] = connection
            alembic.command.upgrade(config, "head")
    except sqlalchemy.exc.DBAPIError as error:
        cause = error.orig if isinstance(error.orig, Exception) else error
        raise database.error(cause) from error
    finally:
        engine.dispose()


def _leave_transactions_to_us(connection: object, _record: object) -> None:
    """The driver would commit before each change of the schema: half a migration could be left behind."""
    connection.isolation_level = None  # type: ignore[attr-defined]


def _begin_immediate(connection: object) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")  # type: ignore[attr-defined]
