"""A real Mosquitto as an operator sets it up: with the configuration that Gatehouse writes."""

from __future__ import annotations

import signal
import subprocess
from pathlib import Path

from tests.support.net import free_port, listening
from tests.support.parts import program
from tests.support.system import System
from tests.support.waiting import wait_until


class ConfiguredMosquitto:
    """Mosquitto with `gatehouse broker-config mosquitto`'s files, for a system that is not started yet.

    Accounts made later count after `renew`.
    """

    def __init__(self, system: System, folder: Path) -> None:
        self.port = free_port()
        self._program = program("mosquitto", "apt-get install mosquitto")
        self._system, self._folder = system, folder / "mosquitto"
        self._process: subprocess.Popen[bytes] | None = None
        self.renew()
        secret = (system.data / "secrets" / "mqtt-service").read_text("utf-8").strip()
        system.broker = f"mqtt://gatehouse:{secret}@127.0.0.1:{self.port}"
        self.start()

    def renew(self) -> None:
        """Writes the configuration anew and has a running Mosquitto read it."""
        where = ("--out", str(self._folder), "--port", str(self.port))
        self._system.cli("broker-config", "mosquitto", *where)
        if self._process:
            self._process.send_signal(signal.SIGHUP)

    def start(self) -> None:
        """Starts it and waits until it listens."""
        with (self._folder / "log").open("ab") as log:
            config = str(self._folder / "mosquitto.conf")
            self._process = subprocess.Popen([self._program, "-c", config], stdout=log, stderr=log)
        wait_until(lambda: listening(self.port), what="Mosquitto listens")

    def stop(self) -> None:
        """SIGTERM: it saves what it holds."""
        if self._process:
            self._process.terminate()
            self._process.wait(10)
            self._process = None

    def restart(self) -> None:
        """Stops it and starts it again."""
        self.stop()
        self.start()
