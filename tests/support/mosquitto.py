"""A real Mosquitto for a test: started, restarted, stopped by its process id."""

from __future__ import annotations

import subprocess
from pathlib import Path

from tests.support.net import free_port, listening
from tests.support.parts import program
from tests.support.waiting import wait_until

_OPEN = "allow_anonymous true\nmax_queued_messages 0\nmax_inflight_messages 1000\npersistence true\n"


class Mosquitto:
    """One broker on a free loopback port; `config` replaces the open test configuration."""

    def __init__(self, folder: Path, config: str = _OPEN, port: int | None = None) -> None:
        self.port = port or free_port()
        self._program = program("mosquitto", "apt-get install mosquitto")
        self._file = folder / "mosquitto-test.conf"
        self._log = folder / "mosquitto-test.log"
        head = f"listener {self.port} 127.0.0.1\nuser root\n"
        if config is _OPEN:  # sessions outlive a restart
            head += f"persistence_location {folder}/\n"
        self._file.write_text(head + config, "utf-8")
        self._process: subprocess.Popen[bytes] | None = None
        self.start()

    @property
    def url(self) -> str:
        return f"mqtt://127.0.0.1:{self.port}"

    def start(self) -> None:
        with self._log.open("ab") as log:
            self._process = subprocess.Popen([self._program, "-c", str(self._file)], stdout=log, stderr=log)
        wait_until(lambda: listening(self.port), what="Mosquitto listens")

    def stop(self) -> None:
        if self._process:
            self._process.terminate()
            self._process.wait(10)
            self._process = None

    def restart(self) -> None:
        self.stop()
        self.start()
