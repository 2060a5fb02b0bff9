"""A fair lock between the writers of one file, in threads and processes: first come, first served.

SQLite's own lock is taken by whoever asks at the right moment, and a writer beside a busy one can wait for
seconds. Here a writer takes a ticket (a counter in a file, under a byte's lock), locks the byte of its
ticket and waits for the bytes of all earlier tickets. The kernel frees the bytes of a process that dies.
Nothing relies on this lock for correctness: SQLite's own lock still keeps writers apart.
"""

from __future__ import annotations

import fcntl
import os
import struct
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from eventlog.sql.errors import from_system

_COUNTER = struct.Struct("<q")
_MUTEX, _FIRST = 0, 1
_FLOCK = struct.Struct("@hhqqi4x").pack
_HAS_OFD = sys.platform == "linux" and hasattr(fcntl, "F_OFD_SETLKW")
"""Locks that belong to an open file, not to a process: threads are kept apart as well."""


class FairLock:
    """The queue at one file. Safe across threads and processes; not to be taken twice by one thread."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._idle: list[int] = []
        self._closed = False

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Waits in the queue, holds the lock during the block. Raises LogUnavailableError."""
        try:
            descriptor = self._take()
        except OSError as error:
            raise from_system(error) from error
        try:
            yield
        finally:
            if self._closed:
                os.close(descriptor)
            else:
                _unlock(descriptor)
                self._idle.append(descriptor)

    def _take(self) -> int:
        try:
            descriptor = self._idle.pop()
        except IndexError:
            descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            if _HAS_OFD:
                _queue_up(descriptor)
            else:
                fcntl.flock(descriptor, fcntl.LOCK_EX)
        except BaseException:
            os.close(descriptor)
            raise
        return descriptor

    def close(self) -> None:
        """Closes the files of those who don't wait or hold."""
        self._closed = True
        while self._idle:
            os.close(self._idle.pop())


def _queue_up(descriptor: int) -> None:
    _lock(descriptor, fcntl.F_WRLCK, _MUTEX, 1)
    kept = os.pread(descriptor, _COUNTER.size, 0)
    ticket = _COUNTER.unpack(kept)[0] if len(kept) == _COUNTER.size else 0
    os.pwrite(descriptor, _COUNTER.pack(ticket + 1), 0)
    _lock(descriptor, fcntl.F_WRLCK, _FIRST + ticket, 1)
    _lock(descriptor, fcntl.F_UNLCK, _MUTEX, 1)
    if ticket:
        _lock(descriptor, fcntl.F_RDLCK, _FIRST, ticket)


def _lock(descriptor: int, kind: int, start: int, length: int) -> None:
    fcntl.fcntl(descriptor, fcntl.F_OFD_SETLKW, _FLOCK(kind, os.SEEK_SET, start, length, 0))


def _unlock(descriptor: int) -> None:
    if _HAS_OFD:
        _lock(descriptor, fcntl.F_UNLCK, 0, 0)
    else:
        fcntl.flock(descriptor, fcntl.LOCK_UN)
