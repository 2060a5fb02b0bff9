"""Signs of life of the parts: each running role writes one small file a second; others read them.

Used by /readyz, `gatehouse doctor` and the supervisor. Says nothing of the events themselves.
"""

from __future__ import annotations

import json
import os
import socket
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

BEAT_S = 1.0
STALE_AFTER_S = 10.0


@dataclass(frozen=True, slots=True)
class Vital:
    """What a role last said: its process, whether it is ready, seconds since it said so."""

    role: str
    pid: int
    ready: bool
    age_s: float

    @property
    def alive(self) -> bool:
        """Heard of in the last 10 s."""
        return self.age_s < STALE_AFTER_S


class Beating:
    """Writes a role's sign of life every second until stopped. `ready` may be set from any thread."""

    def __init__(self, folder: Path, role: str) -> None:
        self.role = role
        self._file = folder / f"{role}.json"
        self._beat_s = 0.0
        self.ready = threading.Event()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"vitals-{role}", daemon=True)

    @property
    def beats(self) -> bool:
        """Whether this process has come to it in the last 10 s."""
        return time.monotonic() - self._beat_s < STALE_AFTER_S

    def start(self) -> None:
        self._file.parent.mkdir(parents=True, exist_ok=True)
        self._write()
        self._thread.start()

    def set_ready(self) -> None:
        """Says so at once."""
        self.ready.set()
        self._write()
        _tell_systemd(f"READY=1\nSTATUS={self.role} is ready")

    def stop(self) -> None:
        self._stop.set()
        self._thread.join(2 * BEAT_S)
        self._file.unlink(missing_ok=True)

    def _run(self) -> None:
        while not self._stop.wait(BEAT_S):
            self._write()
            _tell_systemd("WATCHDOG=1")

    def _write(self) -> None:
        self._beat_s = time.monotonic()
        # CLOCK_BOOTTIME-like: monotonic is the same for all processes of one boot.
        said = {"pid": os.getpid(), "ready": self.ready.is_set(), "monotonic_s": time.monotonic()}
        fresh = self._file.with_name(f"{self._file.name}.{os.getpid()}.{threading.get_ident()}")
        try:
            fresh.write_text(json.dumps(said), "utf-8")
            fresh.replace(self._file)
        except OSError:
            # A full disk must not stop a role; that the file grows old is the message.
            return


def _tell_systemd(said: str) -> None:
    """Where systemd started this process and wants to hear of it (sd_notify(3)); a line lost is no harm."""
    where = os.environ.get("NOTIFY_SOCKET")
    if not where:
        return
    with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as sender:
        sender.connect("\0" + where[1:] if where.startswith("@") else where)
        sender.send(said.encode())


def read_vitals(folder: Path) -> dict[str, Vital]:
    """The last sign of life of each role."""
    found: dict[str, Vital] = {}
    for file in sorted(folder.glob("*.json")):
        try:
            said = json.loads(file.read_text("utf-8"))
            age_s = time.monotonic() - float(said["monotonic_s"])
            found[file.stem] = Vital(file.stem, int(said["pid"]), bool(said["ready"]), max(age_s, 0.0))
        except (OSError, ValueError, KeyError):
            continue  # written this very moment, or by a crash: the next look tells
    return found
