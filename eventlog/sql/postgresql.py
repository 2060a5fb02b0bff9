"""PostgreSQL under the log: one appender at a time by an advisory lock, COPY for batches, LISTEN to wait.

The lock is held until the commit is visible, so positions commit in order and no reader skips one.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

import psycopg
import structlog

from eventlog.ports import LogError, Position
from eventlog.sql.database import Connection, Database, Row
from eventlog.sql.errors import from_postgresql
from eventlog.sql.months import Month
from eventlog.sql.partitions import Partitions
from eventlog.sql.revisions import VERSION_TABLE
from eventlog.sql.serverclaim import ServerClaim, lock_number

LOCK_TIMEOUT_S = 10.0
"""How long a writer waits for the append's lock."""
CONNECT_TIMEOUT_S = 10
LOOK_EVERY_S = 0.25
"""A waiter looks for itself this often, should a notification have been lost."""
LISTEN_AGAIN_S = 1.0

_WE_LOOK: dict[str, Any] = {
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "tcp_user_timeout": 8_000,
}
_SERVER_LOOKS = {"tcp_keepalives_idle": 5, "tcp_keepalives_interval": 2, "tcp_keepalives_count": 3}
"""Either side notices within some 11 s that the other's machine or the way to it is gone (a process that
dies is noticed at once): the server then frees the locks, the holder of a claim knows that it has none."""

_CHANNEL = "gatehouse_log"
_COPY = (
    "COPY events (position, kind, source, event_id, occurred_us, received_us, recorded_us, seq, replay, "
    "body, hash) FROM STDIN (FORMAT BINARY)"
)
_TYPES = ("int8", "int4", "int4", "text", "int8", "int8", "int8", "int8", "bool", "bytea", "bytea")
_IDENTIFY = "COPY identities (identity, position) FROM STDIN (FORMAT BINARY)"
_RECORDED = 6
"""The place of the recorded time in a row."""


_NEXT_HOLDER = (
    "INSERT INTO counters (name, value) VALUES (?, 1) "
    "ON CONFLICT (name) DO UPDATE SET value = counters.value + 1 RETURNING value"
)
_HELD = (
    "SELECT (classid::int8 << 32) | objid::int8 FROM pg_locks WHERE locktype = 'advisory' AND objsubid = 1 "
    "AND granted AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
)

_APPEND_LOCK = lock_number("append")
_MIGRATION_LOCK = lock_number("migration")


class _BinaryCursor(psycopg.Cursor[Any]):
    """Results come in binary: bytes need not be written in hexadecimal and back."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.format = psycopg.pq.Format.BINARY


class PostgresqlDatabase(Database):
    """One database of a server. Safe across threads and processes."""

    def __init__(self, url: str, *, lock_timeout_s: float = LOCK_TIMEOUT_S) -> None:
        super().__init__()
        self._url, self._lock_timeout_s = url, lock_timeout_s
        try:
            told = psycopg.conninfo.conninfo_to_dict(url)
        except psycopg.Error as error:
            raise LogError(
                "the database's URL can't be read: expected postgresql://user:…@host/name"
            ) from error
        self.where = f"{told.get('host', 'localhost')}/{told.get('dbname', '')}"
        self._partitions = Partitions(self.connect)
        self._ear: _Ear | None = None
        self._ear_lock = threading.Lock()

    @property
    def sqlalchemy_url(self) -> str:
        """The URL by which the migrations reach it."""
        return self._url.replace("postgresql://", "postgresql+psycopg://", 1)

    def error(self, error: Exception) -> LogError:
        """The log's error for one of PostgreSQL."""
        return from_postgresql(error)

    def connect(self) -> Connection:
        """A new connection, in autocommit."""
        return Connection(self._dial(), "%s", psycopg.Error, from_postgresql, partitioned=True)

    def _dial(self) -> psycopg.Connection[Any]:
        settings = {"lock_timeout": round(self._lock_timeout_s * 1_000), **_SERVER_LOOKS}
        try:
            return psycopg.connect(
                self._url,
                cursor_factory=_BinaryCursor,
                autocommit=True,
                connect_timeout=CONNECT_TIMEOUT_S,
                options=" ".join(f"-c {name}={value}" for name, value in settings.items()),
                **_WE_LOOK,
            )
        except psycopg.Error as error:
            raise from_postgresql(error) from error

    def revision(self, connection: Connection) -> str | None:
        """The schema's revision; None where there is no schema."""
        found = connection.row("SELECT to_regclass(?)", (VERSION_TABLE,))
        if found is None or found[0] is None:
            return None
        version = connection.row(f"SELECT version_num FROM {VERSION_TABLE}")  # noqa: S608
        return str(version[0]) if version else None

    @contextmanager
    def migrating(self) -> Iterator[None]:
        """Keeps other processes out while the schema is changed."""
        with self.reading() as connection:
            connection.rows("SELECT pg_advisory_lock(?)", (_MIGRATION_LOCK,))
            try:
                yield
            finally:
                connection.rows("SELECT pg_advisory_unlock(?)", (_MIGRATION_LOCK,))

    def insert_events(self, connection: Connection, rows: Sequence[Row], keys: Sequence[bytes]) -> None:
        """Writes rows of `events`, and the identity of each."""
        self._partitions.ensure([row[_RECORDED] for row in rows])
        try:
            cursor = connection.raw.cursor()
            with cursor.copy(_COPY) as copy:
                copy.set_types(_TYPES)
                for row in rows:
                    copy.write_row(row)
            with cursor.copy(_IDENTIFY) as copy:
                copy.set_types(("bytea", "int8"))
                for key, row in zip(keys, rows, strict=True):
                    copy.write_row((key, row[0]))
        except psycopg.Error as error:
            raise connection.failed(error) from error

    def clear_archived(self, archived: Position, upto: Month) -> None:
        """Drops the months whose entries are all in archives."""
        self._partitions.drop(archived, upto)

    def _begin(self, connection: Connection) -> None:
        _in_one(connection, f"BEGIN; SELECT pg_advisory_xact_lock({_APPEND_LOCK})")

    def _commit(self, connection: Connection) -> None:
        _in_one(connection, f"NOTIFY {_CHANNEL}; COMMIT")

    def announce(self) -> None:
        """The server tells those who listen."""

    def wait(self, ready: Callable[[], bool], timeout_s: float) -> bool:
        """Waits until `ready` says so, asking when somebody commits."""
        deadline = time.monotonic() + timeout_s
        with self._ear_lock:
            if self._ear is None:
                self._ear = _Ear(self._dial)
            ear = self._ear
        while True:
            heard = ear.heard
            if ready():
                return True
            left_s = deadline - time.monotonic()
            if left_s <= 0:
                return False
            ear.wait(heard, min(left_s, LOOK_EVERY_S))

    def claim(self, name: str, *, shared: bool = False) -> ServerClaim | None:
        """A lock by name on a connection of its own; the server frees it when the connection ends."""
        connection = self.connect()
        try:
            if ServerClaim.locked(connection, name, shared=shared):
                return ServerClaim(connection, name, self._next_holder(connection, name, shared=shared))
        except LogError:
            connection.close()
            raise
        connection.close()
        return None

    def _next_holder(self, connection: Connection, name: str, *, shared: bool) -> int | None:
        """Counts the holders of a claim, between two transactions of the log: whatever an earlier holder
        writes under its claim is either committed by now or finds itself replaced."""
        if shared:
            return None
        self._begin(connection)
        found = connection.row(_NEXT_HOLDER, (f"claim:{name}",))
        connection.run("COMMIT")
        return int(found[0]) if found else None

    def claimed(self, names: Sequence[str]) -> frozenset[str]:
        """Those of these locks that somebody holds."""
        by_number = {lock_number(f"claim:{name}"): name for name in names}
        with self.reading() as connection:
            held = {row[0] for row in connection.rows(_HELD)}
        return frozenset(name for number, name in by_number.items() if number in held)

    def close(self) -> None:
        """Closes connections and stops listening."""
        super().close()
        with self._ear_lock:
            if self._ear is not None:
                self._ear.close()
                self._ear = None


def _in_one(connection: Connection, statements: str) -> None:
    """Several statements that give nothing back, in one message to the server: a transaction has few others,
    and each message costs either side as much as some ten entries of a batch."""
    try:
        result = connection.raw.pgconn.exec_(statements.encode())
        if result.status not in (psycopg.pq.ExecStatus.COMMAND_OK, psycopg.pq.ExecStatus.TUPLES_OK):
            error = psycopg.errors.error_from_result(result)
            # Without a code it is not the server that speaks: the connection was lost.
            raise error if error.sqlstate else psycopg.OperationalError(str(error))
    except psycopg.Error as error:
        raise connection.failed(error) from error


class _Ear:
    """One thread that listens for commits on behalf of every waiter of this process."""

    def __init__(self, dial: Callable[[], psycopg.Connection[Any]]) -> None:
        self._dial = dial
        self._news = threading.Condition()
        self._stop = threading.Event()
        self.heard = 0
        """How many notifications have come; a waiter notes it before it looks."""
        self._thread = threading.Thread(target=self._run, name="log-ear", daemon=True)
        self._thread.start()

    def wait(self, heard: int, timeout_s: float) -> None:
        """Waits for a notification after the noted ones."""
        with self._news:
            self._news.wait_for(lambda: self.heard != heard, timeout_s)

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                self._listen()
            except (psycopg.Error, LogError) as error:
                # Waiters go on by looking for themselves until the server is back.
                structlog.get_logger().info("not listening to the log's server", error=str(error))
                self._stop.wait(LISTEN_AGAIN_S)

    def _listen(self) -> None:
        connection = self._dial()
        try:
            connection.execute(f"LISTEN {_CHANNEL}")
            while not self._stop.is_set():
                for _ in connection.notifies(timeout=LOOK_EVERY_S, stop_after=1):
                    with self._news:
                        self.heard += 1
                        self._news.notify_all()
        finally:
            with suppress(psycopg.Error):  # it is thrown away
                connection.close()

    def close(self) -> None:
        """Stops listening."""
        self._stop.set()
        self._thread.join(LISTEN_AGAIN_S + 1)
