"""Wakes those who wait for the log, in other processes too: one named pipe a waiter, in a folder.

Whoever commits writes a byte into every pipe and never blocks. A pipe that nobody reads any more is
removed. A wake-up may be lost (a full disk, a folder taken away): waiters look for themselves now and then.
"""

from __future__ import annotations

import os
import select
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress

_DRAIN_BYTES = 65_536


class Listener:
    """One waiter's pipe: bytes that arrive between two waits are not lost."""

    def __init__(self, folder: str) -> None:
        name = f"{os.getpid()}-{uuid.uuid4().hex[:12]}"
        hidden = os.path.join(folder, f".{name}")
        self._path = os.path.join(folder, name)
        os.mkfifo(hidden, 0o600)
        # Opened for both ends, so that it never looks closed; shown under its name only once it is read.
        self._descriptor = os.open(hidden, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
        os.rename(hidden, self._path)
        self._poll = select.poll()
        self._poll.register(self._descriptor, select.POLLIN)

    def drain(self) -> None:
        """Forgets what has arrived so far."""
        with suppress(BlockingIOError):
            while len(os.read(self._descriptor, _DRAIN_BYTES)) == _DRAIN_BYTES:
                pass

    def wait(self, timeout_s: float) -> bool:
        """Waits for a byte; False when none came."""
        return bool(self._poll.poll(max(0, round(timeout_s * 1_000))))

    def close(self) -> None:
        """Takes the pipe away."""
        with suppress(FileNotFoundError):
            os.unlink(self._path)
        os.close(self._descriptor)


class Wakeups:
    """The folder of pipes. Safe across threads."""

    def __init__(self, folder: str) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        self._pipes: dict[str, int] = {}
        self._idle: list[Listener] = []
        self._closed = False

    @contextmanager
    def listening(self) -> Iterator[Listener]:
        """A listener for one wait; kept for the next one. Raises OSError."""
        try:
            listener = self._idle.pop()
        except IndexError:
            listener = Listener(self._folder)
        try:
            yield listener
        finally:
            if self._closed:
                listener.close()
            else:
                self._idle.append(listener)

    def announce(self) -> None:
        """Wakes every waiter."""
        with self._lock:
            names = [name for name in os.listdir(self._folder) if not name.startswith(".")]
            for name in self._pipes.keys() - set(names):
                os.close(self._pipes.pop(name))
            for name in names:
                self._wake(name)

    def _wake(self, name: str) -> None:
        try:
            if name not in self._pipes:
                path = os.path.join(self._folder, name)
                self._pipes[name] = os.open(path, os.O_WRONLY | os.O_NONBLOCK | os.O_CLOEXEC)
            os.write(self._pipes[name], b"\0")
        except BlockingIOError:
            return  # it is full of wake-ups already
        except FileNotFoundError:
            return  # its waiter has just gone
        except OSError:  # no reader: its waiter died
            if name in self._pipes:
                os.close(self._pipes.pop(name))
            with suppress(FileNotFoundError):
                os.unlink(os.path.join(self._folder, name))

    def close(self) -> None:
        """Takes this process's pipes away."""
        with self._lock:
            self._closed = True
            while self._idle:
                self._idle.pop().close()
            while self._pipes:
                os.close(self._pipes.popitem()[1])
