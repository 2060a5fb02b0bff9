"""What every running part of the system shares: its settings, its signals to stop, its sign of life, and the
reasons for which it can't start.
"""

from __future__ import annotations

import errno
import os
import signal
import socket
import sys
import threading
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from gatehouse.exits import EXIT_FAILED, EXIT_ORPHANED
from gatehouse.settings import Settings
from gatehouse.vitals import Beating

if TYPE_CHECKING:
    from eventlog.ports import EventLog
    from processors.runners.topics import Cluster

SERVICE_ACCOUNT = "gatehouse"
ADDRESS_WAIT_S_MAX = 2.0


class CannotStartError(Exception):
    """A part can't start until people change something; the message says what, in their language."""


@dataclass(frozen=True, slots=True)
class Part:
    """One running role. `beside` are the roles that the same supervisor runs."""

    settings: Settings
    beating: Beating
    beside: tuple[str, ...] = ()
    stop: threading.Event = field(default_factory=threading.Event)
    scraped: list[Callable[[], None]] = field(default_factory=list)
    """Called before the metrics of this part are given out: what is only measured when asked for."""

    def open_log(self) -> EventLog:
        """The system's log; safe to share between this part's threads."""
        from eventlog.sql import open_log

        return open_log(self.settings.log_url, time_mode=self.settings.time, archive=self.settings.archives)

    def broker_login(self) -> tuple[str, str, str]:
        """URL without the login, user and password of Gatehouse's own connections.

        Without a login in the URL it is Gatehouse's own account, which `broker-config` gives to Mosquitto.
        """
        url = urlsplit(self.settings.broker_url)
        port = url.port or (8883 if url.scheme == "mqtts" else 1883)
        bare = f"{url.scheme}://{url.hostname}:{port}"
        if url.username:
            return bare, unquote(url.username), unquote(url.password or "")
        from gatehouse.secret_files import secret_file

        return bare, SERVICE_ACCOUNT, secret_file(self.settings.secrets, "mqtt-service")

    def check_address(self, setting: str) -> None:
        """Raises CannotStartError where the address of this setting (`http`, `mqtt`) can't be listened on."""
        check_address(self.settings, setting)

    def ready_when(self, event: threading.Event) -> None:
        """Says that the part is ready once `event` is set."""

        def wait() -> None:
            while not self.stop.is_set():
                if event.wait(0.2):
                    self.beating.set_ready()
                    return

        threading.Thread(target=wait, daemon=True, name="when-ready").start()

    def stop_on_signals(self) -> None:
        """SIGTERM and SIGINT end the part in good order."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: self.stop.set())


def kafka_of(part: Part) -> Cluster:
    """The Kafka that is set. Raises CannotStartError where there is none, or what speaks to it is missing."""
    from eventlog.catalogue import text

    settings = part.settings
    if settings.kafka is None:
        raise CannotStartError(text("up.no_kafka", settings.language))
    try:
        from processors.runners.topics import Cluster
    except ImportError as error:
        raise CannotStartError(text("up.kafka_missing", settings.language, what=error.name)) from error
    return Cluster(settings.kafka, settings.kafka_partitions, settings.kafka_replicas)


def folder_unusable(settings: Settings, error: OSError) -> str:
    """What to say where the data folder can't be written to."""
    from eventlog.catalogue import text

    what = error.strerror or str(error)
    return text("up.folder_unusable", settings.language, data=settings.data, what=what)


def check_address(settings: Settings, setting: str) -> None:
    """Raises CannotStartError where the address of a setting (`http`, `mqtt`) can't be listened on.

    One that is taken is waited for a little: what was killed a moment ago may still be going.
    """
    address: str = getattr(settings, setting)
    deadline_s = time.monotonic() + ADDRESS_WAIT_S_MAX
    while True:
        try:
            _listen(address)
            return
        except OSError as error:
            if error.errno == errno.EADDRINUSE and time.monotonic() < deadline_s:
                time.sleep(0.1)
                continue
            from eventlog.catalogue import text

            params = {"address": address, "setting": setting, "what": error.strerror or str(error)}
            raise CannotStartError(text("up.address_unusable", settings.language, **params)) from error


def _listen(address: str) -> None:
    """For a moment. Raises OSError."""
    host, _, port = address.rpartition(":")
    family, kind, protocol, _, where = socket.getaddrinfo(
        host.strip("[]"), int(port), type=socket.SOCK_STREAM
    )[0]
    with socket.socket(family, kind, protocol) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind(where)
        probe.listen(1)


def guarded(name: str, run: Callable[[], None]) -> threading.Thread:
    """Runs in a thread whose failure ends the whole part, so that the supervisor starts it afresh."""

    def watched() -> None:
        try:
            run()
        except Exception:
            print(f"gatehouse: {name} failed:", file=sys.stderr)
            traceback.print_exc()
            os._exit(EXIT_FAILED)

    thread = threading.Thread(target=watched, name=name, daemon=True)
    thread.start()
    return thread


def watch_lifeline(handle: int) -> None:
    """Ends this process at once when the other end of the pipe closes: the supervisor is gone."""

    def watch() -> None:
        while os.read(handle, 1):
            continue
        os._exit(EXIT_ORPHANED)  # what was answered for is in the log; nothing is left to save

    threading.Thread(target=watch, name="lifeline", daemon=True).start()
