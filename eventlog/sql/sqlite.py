"""SQLite under the log: WAL, synchronous FULL, a fair queue of writers, pipes to wake those who wait.

Files of its own lie in `<database>.run/` beside the database: the queue, the pipes, the claims. They hold
no data and may be deleted while nothing runs.
"""

from __future__ import annotations

import fcntl
import os
import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from urllib.parse import quote

import structlog

from eventlog.ports import ClaimLostError, LogError, Position
from eventlog.sql.database import Connection, Database, Row
from eventlog.sql.errors import from_sqlite, from_system
from eventlog.sql.fairlock import FairLock
from eventlog.sql.months import Month
from eventlog.sql.revisions import VERSION_TABLE
from eventlog.sql.wakeups import Wakeups

BUSY_TIMEOUT_S = 5.0
"""How long a writer waits for a lock of SQLite's own that another program holds."""
CACHE_KIB = 8_192
CHECKPOINT_PAGES = 16_000
"""A checkpoint each so many pages (64 MiB). At ten million events, appending in batches of 100 and 1,000
pages it stops for 28 ms at p99 and takes 11,000 events a second; with 16,000, 8 ms and 20,000."""
WAL_KEPT_BYTES = 128 * 2**20
LOOK_EVERY_S = 0.25
"""A waiter looks for itself this often, should a wake-up have been lost."""

_SETTINGS = (
    "PRAGMA synchronous=FULL",
    f"PRAGMA cache_size=-{CACHE_KIB}",
    f"PRAGMA wal_autocheckpoint={CHECKPOINT_PAGES}",
    f"PRAGMA journal_size_limit={WAL_KEPT_BYTES}",
    "PRAGMA temp_store=MEMORY",
)
_INSERT = "INSERT INTO events VALUES (?,?,?,?,?,?,?,?,?,?,?)"
_IDENTIFY = "INSERT INTO identities VALUES (?,?)"
CLEAR_ENTRIES = 2_000
"""Archived entries are taken out so many at a time, so that writers have their turn in between."""


class SqliteDatabase(Database):
    """One file. Safe across threads and processes; not to be carried through a fork."""

    def __init__(self, path: str, *, busy_timeout_s: float = BUSY_TIMEOUT_S) -> None:
        super().__init__()
        self.where = self._path = os.path.abspath(path)
        self._busy_timeout_s = busy_timeout_s
        self._beside = f"{self._path}.run"
        pipes = os.path.join(self._beside, "waiting")
        try:
            os.makedirs(os.path.dirname(self._path), exist_ok=True)
            os.makedirs(self._beside, mode=0o700, exist_ok=True)
            os.makedirs(pipes, mode=0o700, exist_ok=True)
            self._make_file()
        except OSError as error:
            raise from_system(error) from error
        self._queue = FairLock(os.path.join(self._beside, "queue"))
        self._wakeups = Wakeups(pipes)

    def _make_file(self) -> None:
        """Makes the file, for its owner only, where there is none.

        One that is there is never opened here: closing it would drop the locks that SQLite's own
        connections of this process hold on it (POSIX locks are a process's), and another program's last
        close would then delete the write-ahead log under them, with all that is written to it from then on.
        """
        try:
            os.close(os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
        except FileExistsError:
            return

    @property
    def sqlalchemy_url(self) -> str:
        """The URL by which the migrations reach it."""
        return f"sqlite:///{self._path}"

    def error(self, error: Exception) -> LogError:
        """The log's error for one of SQLite."""
        return from_sqlite(error)

    def connect(self) -> Connection:
        """A new connection with the settings of the log."""
        try:
            raw = sqlite3.connect(
                self._path,
                timeout=self._busy_timeout_s,
                isolation_level=None,
                check_same_thread=False,
                cached_statements=256,
            )
        except sqlite3.Error as error:
            raise from_sqlite(error) from error
        connection = Connection(raw, "?", sqlite3.Error, from_sqlite)
        try:
            for setting in _SETTINGS:
                connection.run(setting)
        except LogError:
            connection.close()
            raise
        return connection

    def revision(self, connection: Connection) -> str | None:
        """The schema's revision; None where there is no schema."""
        if not connection.rows("SELECT 1 FROM sqlite_master WHERE name = ?", (VERSION_TABLE,)):
            return None
        found = connection.row(f"SELECT version_num FROM {VERSION_TABLE}")  # noqa: S608
        return str(found[0]) if found else None

    @contextmanager
    def migrating(self) -> Iterator[None]:
        """Keeps other processes out, and puts the file into WAL mode."""
        held = self._lock_file("migrating", fcntl.LOCK_EX)
        try:
            with self.reading() as connection:
                connection.run("PRAGMA journal_mode=WAL")
            yield
        finally:
            os.close(held)

    def _lock_file(self, name: str, how: int) -> int:
        """Opens a file beside the database and locks it; closing the descriptor ends the lock."""
        path = os.path.join(self._beside, name)
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise from_system(error) from error
        try:
            fcntl.flock(descriptor, how)
        except BaseException:
            os.close(descriptor)
            raise
        return descriptor

    def insert_events(self, connection: Connection, rows: Sequence[Row], keys: Sequence[bytes]) -> None:
        """Writes rows of `events`, and the identity of each."""
        connection.many(_INSERT, rows)
        connection.many(_IDENTIFY, [(key, row[0]) for key, row in zip(keys, rows, strict=True)])

    def clear_archived(self, archived: Position, upto: Month) -> None:
        """Takes out of `events` what is in archives, a little at a time."""
        while True:
            with self.writing() as connection:
                found = connection.row("SELECT min(position) FROM events")
                first = found[0] if found else None
                if first is None or first > archived:
                    return
                last = min(archived, first + CLEAR_ENTRIES - 1)
                connection.run("DELETE FROM events WHERE position <= ?", (last,))

    def wait(self, ready: Callable[[], bool], timeout_s: float) -> bool:
        """Waits until `ready` says so, asking when somebody commits."""
        deadline = time.monotonic() + timeout_s
        try:
            with self._wakeups.listening() as listener:
                while True:
                    listener.drain()
                    if ready():
                        return True
                    left_s = deadline - time.monotonic()
                    if left_s <= 0:
                        return False
                    listener.wait(min(left_s, LOOK_EVERY_S))
        except OSError as error:
            raise from_system(error) from error

    def announce(self) -> None:
        """Wakes those who wait, in every process."""
        try:
            self._wakeups.announce()
        except OSError as error:
            structlog.get_logger().warning("waiting readers could not be woken", error=str(error))

    def claim(self, name: str, *, shared: bool = False) -> _FileClaim | None:
        """A lock by name on a file beside the database; the kernel frees it when its holder dies."""
        how = fcntl.LOCK_SH if shared else fcntl.LOCK_EX
        try:
            return _FileClaim(self._lock_file(f"claim-{quote(name, safe='')}", how | fcntl.LOCK_NB))
        except BlockingIOError:
            return None

    def claimed(self, names: Sequence[str]) -> frozenset[str]:
        """Those of these claims that somebody holds."""
        found = set()
        for name in names:
            claim = self.claim(name)
            if claim is None:
                found.add(name)
            else:
                claim.release()
        return frozenset(found)

    def _begin(self, connection: Connection) -> None:
        connection.run("BEGIN IMMEDIATE")

    def _commit(self, connection: Connection) -> None:
        connection.run("COMMIT")

    def _turn(self) -> AbstractContextManager[None]:
        return self._queue.turn()

    def close(self) -> None:
        """Closes connections, the queue and the pipes."""
        super().close()
        self._wakeups.close()
        self._queue.close()


class _FileClaim:
    def __init__(self, descriptor: int) -> None:
        self._descriptor: int | None = descriptor

    def held(self) -> bool:
        """Until it is released: the kernel takes it from no living process."""
        return self._descriptor is not None

    def fence(self, connection: Connection) -> None:
        """Nobody else can hold it meanwhile. Raises ClaimLostError where it was released."""
        if not self.held():
            raise ClaimLostError("the claim was released before")

    def release(self) -> None:
        """Gives the lock back."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None
