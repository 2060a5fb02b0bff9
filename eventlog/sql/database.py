"""What the SQL log needs of a database: connections, one writer at a time, and who is told of a commit.

No event is known here. Statements are written with `?` for a parameter; each dialect has its own mark.
"""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from functools import lru_cache
from typing import Any, Protocol

from eventlog.ports import Claim, LogError, LogUnavailableError, Position
from eventlog.sql.months import Month

Row = tuple[Any, ...]
IDLE_CONNECTIONS_MAX = 4
PLACES_MAX = 512
"""Most parameters of one list in a statement."""


@lru_cache(maxsize=512)
def with_mark(sql: str, mark: str) -> str:
    """A statement with the dialect's mark for its parameters."""
    return sql.replace("?", mark)


def places(count: int) -> int:
    """How many places a list of `count` values gets: a power of two, so that few statements are made."""
    return 1 << max(0, count - 1).bit_length()


class Connection:
    """A driver's connection; its errors come out as the log's own and mark it as not to be used again."""

    __slots__ = ("_driver_error", "_translate", "broken", "mark", "partitioned", "raw")

    def __init__(
        self,
        raw: Any,
        mark: str,
        driver_error: type[Exception],
        translate: Callable[[Exception], LogError],
        *,
        partitioned: bool = False,
    ) -> None:
        self.raw, self.mark = raw, mark
        self.partitioned = partitioned
        """Whether the log's table is parted by month: then a query does well to say since when."""
        self._driver_error, self._translate = driver_error, translate
        self.broken = False

    def rows(self, sql: str, parameters: Sequence[object] = ()) -> list[Row]:
        """All rows of a query."""
        try:
            found: list[Row] = self.raw.execute(with_mark(sql, self.mark), parameters).fetchall()
        except self._driver_error as error:
            raise self.failed(error) from error
        return found

    def row(self, sql: str, parameters: Sequence[object] = ()) -> Row | None:
        """The first row of a query."""
        found = self.rows(sql, parameters)
        return found[0] if found else None

    def rows_in(
        self, sql: str, values: Sequence[object], before: Sequence[object] = (), after: Sequence[object] = ()
    ) -> list[Row]:
        """All rows of a query with `IN (*)`, for any number of values, in parts."""
        found: list[Row] = []
        for start in range(0, len(values), PLACES_MAX):
            part = list(values[start : start + PLACES_MAX])
            size = places(len(part))
            part += part[-1:] * (size - len(part))
            statement = sql.replace("*", ",".join("?" * size))
            found += self.rows(statement, [*before, *part, *after])
        return found

    def run(self, sql: str, parameters: Sequence[object] = ()) -> int:
        """Runs a statement; the number of rows it changed."""
        try:
            count: int = self.raw.execute(with_mark(sql, self.mark), parameters).rowcount
        except self._driver_error as error:
            raise self.failed(error) from error
        return count

    def many(self, sql: str, rows: Sequence[Row]) -> None:
        """Runs a statement once a row."""
        if not rows:
            return
        try:
            self.raw.cursor().executemany(with_mark(sql, self.mark), rows)
        except self._driver_error as error:
            raise self.failed(error) from error

    def failed(self, error: Exception) -> LogError:
        """Marks the connection and gives the log's error for the driver's."""
        self.broken = True
        return self._translate(error)

    def close(self) -> None:
        """Gives the driver's connection back to the system."""
        with suppress(self._driver_error):  # it is thrown away: what it still has to say changes nothing
            self.raw.close()


class FencedClaim(Claim, Protocol):
    """A claim of a database, which can be asked inside a transaction."""

    def fence(self, connection: Connection) -> None:
        """Raises ClaimLostError where the claim has a later holder; none can follow before the commit."""


class Database(ABC):
    """Connections to one database, shared by the threads of a process. Subclassed per dialect."""

    where: str
    """The database in words, for messages; never a password."""

    def __init__(self) -> None:
        self._idle: list[Connection] = []
        self._writers: set[int] = set()
        self._closed = False

    @property
    @abstractmethod
    def sqlalchemy_url(self) -> str:
        """The URL by which the migrations reach it."""

    @abstractmethod
    def error(self, error: Exception) -> LogError:
        """The log's error for one of the driver's."""

    @abstractmethod
    def connect(self) -> Connection:
        """A new connection, in autocommit. Raises LogError."""

    @abstractmethod
    def revision(self, connection: Connection) -> str | None:
        """The schema's revision; None where there is no schema."""

    @abstractmethod
    def migrating(self) -> AbstractContextManager[None]:
        """Keeps other processes out while the schema is changed."""

    @abstractmethod
    def insert_events(self, connection: Connection, rows: Sequence[Row], keys: Sequence[bytes]) -> None:
        """Writes rows of `events`, all columns in order, and the identity of each."""

    @abstractmethod
    def clear_archived(self, archived: Position, upto: Month) -> None:
        """Takes out of `events` what is in archives: entries up to a position, months up to one.

        Others may read and write meanwhile. Raises LogError; what is left is taken out by the next call.
        """

    @abstractmethod
    def wait(self, ready: Callable[[], bool], timeout_s: float) -> bool:
        """Waits until `ready` says so, asking when somebody commits; False after the timeout."""

    @abstractmethod
    def claim(self, name: str, *, shared: bool = False) -> FencedClaim | None:
        """A lock by name that ends with its holder."""

    @abstractmethod
    def claimed(self, names: Sequence[str]) -> frozenset[str]:
        """Those of these locks that somebody holds."""

    @abstractmethod
    def _begin(self, connection: Connection) -> None:
        """Starts a transaction with the append's lock held."""

    def _turn(self) -> AbstractContextManager[None]:
        """Waits for this writer's turn, where the database itself is not fair."""
        return nullcontext()

    @abstractmethod
    def _commit(self, connection: Connection) -> None:
        """Ends a transaction of a writer."""

    @abstractmethod
    def announce(self) -> None:
        """Wakes those who wait, after a commit."""

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A connection to read with."""
        if self._closed:
            raise LogUnavailableError("the log is closed")
        connection = self._take()
        try:
            yield connection
        finally:
            self._give_back(connection)

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A transaction with the append's lock; commits at the end, rolls back when the block raises."""
        me = threading.get_ident()
        if me in self._writers:
            raise LogError("this thread has a transaction of the log open already: use that one")
        self._writers.add(me)
        try:
            with self._turn(), self.reading() as connection:
                self._transact_begin(connection)
                try:
                    yield connection
                    self._commit(connection)
                except BaseException:
                    _roll_back(connection)
                    raise
        finally:
            self._writers.discard(me)
        self.announce()

    def _transact_begin(self, connection: Connection) -> None:
        try:
            self._begin(connection)
        except BaseException:
            _roll_back(connection)
            raise

    def _take(self) -> Connection:
        try:
            return self._idle.pop()
        except IndexError:
            return self.connect()

    def _give_back(self, connection: Connection) -> None:
        if connection.broken:
            self._drop_idle()  # what broke it, a server's restart, may have broken them as well
        if connection.broken or self._closed or len(self._idle) >= IDLE_CONNECTIONS_MAX:
            connection.close()
        else:
            self._idle.append(connection)

    def _drop_idle(self) -> None:
        with suppress(IndexError):  # other threads take from it too
            while True:
                self._idle.pop().close()

    def close(self) -> None:
        """Closes what is idle now, and the rest as it comes back."""
        self._closed = True
        self._drop_idle()


def _roll_back(connection: Connection) -> None:
    if connection.broken:
        return  # closing it rolls back
    with suppress(LogError):  # the error that led here is on its way; the connection is marked and replaced
        connection.run("ROLLBACK")
