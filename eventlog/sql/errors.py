"""The one place where a driver's errors become the log's own: unavailable, corrupt, or plain wrong."""

from __future__ import annotations

import sqlite3

from eventlog.ports import LogCorruptError, LogError, LogUnavailableError

_SQLITE_UNAVAILABLE = {
    sqlite3.SQLITE_BUSY: "locked by another program",
    sqlite3.SQLITE_LOCKED: "locked by another program",
    sqlite3.SQLITE_FULL: "the disk is full",
    sqlite3.SQLITE_IOERR: "the disk does not answer as it should",
    sqlite3.SQLITE_CANTOPEN: "the file can't be opened",
    sqlite3.SQLITE_READONLY: "the file or its disk is read-only",
    sqlite3.SQLITE_PERM: "no permission",
    sqlite3.SQLITE_AUTH: "no permission",
    sqlite3.SQLITE_NOMEM: "out of memory",
    sqlite3.SQLITE_PROTOCOL: "locked by another program",
    sqlite3.SQLITE_SCHEMA: "its schema is being changed",
    sqlite3.SQLITE_INTERRUPT: "interrupted",
}
_SQLITE_CORRUPT = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CONSTRAINT}

_POSTGRESQL_UNAVAILABLE = {
    "08": "the connection is lost",
    "28": "the server refuses the user",
    "3D": "there is no such database",
    "40": "the server gave up on a conflict",
    "53": "the server is out of disk, memory or connections",
    "55": "locked by another program",
    "57": "the server is stopping or starting",
    "58": "the server's disk does not answer as it should",
}
_POSTGRESQL_CORRUPT = {"XX", "23"}


def from_sqlite(error: Exception) -> LogError:
    """The log's error for one of SQLite."""
    code = getattr(error, "sqlite_errorcode", None)
    if code is None:
        return LogError(f"the log's database: {error}")
    primary = code & 0xFF
    if primary in _SQLITE_UNAVAILABLE:
        return LogUnavailableError(f"the log is not available, {_SQLITE_UNAVAILABLE[primary]}: {error}")
    if primary in _SQLITE_CORRUPT:
        return LogCorruptError(f"the log's database is damaged: {error}")
    return LogError(f"the log's database: {error}")


def from_postgresql(error: Exception) -> LogError:
    """The log's error for one of PostgreSQL; without a code it is the connection that failed."""
    import psycopg

    code: str | None = getattr(error, "sqlstate", None)
    shown = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
    if code is None:
        if isinstance(error, psycopg.OperationalError | psycopg.InterfaceError):
            return LogUnavailableError(f"the log is not available, no connection to its server: {shown}")
        return LogError(f"the log's database: {shown}")
    family = code[:2]
    if family in _POSTGRESQL_UNAVAILABLE:
        return LogUnavailableError(f"the log is not available, {_POSTGRESQL_UNAVAILABLE[family]}: {shown}")
    if family in _POSTGRESQL_CORRUPT:
        return LogCorruptError(f"the log's database is damaged: {shown}")
    return LogError(f"the log's database: {shown}")


def from_system(error: OSError) -> LogUnavailableError:
    """The log's error where a file beside the database can't be used."""
    return LogUnavailableError(f"the log is not available: {error}")
