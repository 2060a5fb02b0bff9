"""A claim on PostgreSQL: an advisory lock on a connection of its own, and the number of its holder.

The lock says who may begin; the number, counted up at every taking, says inside a transaction whether
somebody else has begun since. A holder whose connection alone was lost learns of it by either.
"""

from __future__ import annotations

import threading
from contextlib import suppress
from hashlib import blake2b

from eventlog.ports import ClaimLostError, LogError
from eventlog.sql.database import Connection


def lock_number(name: str) -> int:
    """The number of an advisory lock by name."""
    return int.from_bytes(blake2b(f"gatehouse:{name}".encode(), digest_size=8).digest(), "big", signed=True)


class ServerClaim:
    """Safe across threads. `holder` is None for a shared one, which has no order of holders."""

    def __init__(self, connection: Connection, name: str, holder: int | None) -> None:
        self._connection, self._name, self._holder = connection, name, holder
        self._asking = threading.Lock()
        self._open = True

    @staticmethod
    def locked(connection: Connection, name: str, *, shared: bool) -> bool:
        """Takes the lock on a connection; False when another has it. Raises LogError."""
        lock = "pg_try_advisory_lock_shared" if shared else "pg_try_advisory_lock"
        found = connection.row(f"SELECT {lock}(?)", (lock_number(f"claim:{name}"),))
        return bool(found and found[0])

    def held(self) -> bool:
        """Whether the connection lives: the lock ends with it. Once lost, always lost."""
        with self._asking:
            if self._open:
                try:
                    self._connection.row("SELECT 1")
                except LogError:
                    self._open = False
                    self._connection.close()
            return self._open

    def fence(self, connection: Connection) -> None:
        """In a transaction that has the append's lock: raises ClaimLostError where another holder came."""
        if self._holder is None:
            raise LogError(f"{self._name} is shared: nothing can be written under it")
        found = connection.row("SELECT value FROM counters WHERE name = ?", (f"claim:{self._name}",))
        if not self._open or found is None or found[0] != self._holder:
            raise ClaimLostError(f"the claim {self._name} was lost and is another's by now")

    def release(self) -> None:
        """Gives the lock back; it is free when this returns."""
        with self._asking:
            if self._open:
                self._open = False
                with suppress(LogError):  # the connection is lost, and the lock with it
                    self._connection.rows("SELECT pg_advisory_unlock_all()")
                self._connection.close()
