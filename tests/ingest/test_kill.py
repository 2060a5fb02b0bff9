"""What a device was told is acknowledged is in the log, when the embedded broker is killed at any moment."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from paho.mqtt.client import Client, MQTTMessageInfo
from paho.mqtt.enums import CallbackAPIVersion

from eventlog.sql import open_log
from tests.ingest.serve_embedded import PASSWORD, USER
from tests.ingest.support import GATE, event, message
from tests.support.parts import ROOT
from tests.support.waiting import wait_until

COUNT = 1_500


def start(folder: Path) -> tuple[subprocess.Popen[bytes], int]:
    """The broker's process and its port."""
    told = folder / "port"
    told.unlink(missing_ok=True)
    with (folder / "broker.log").open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.ingest.serve_embedded", str(folder)],
            stdout=log,
            stderr=log,
            cwd=ROOT,
        )
    try:
        wait_until(
            lambda: told.exists() or process.poll() is not None, what="the broker listens", timeout_s=30
        )
        assert process.poll() is None, (folder / "broker.log").read_text("utf-8")
        return process, int(told.read_text("ascii"))
    except BaseException:
        process.kill()
        raise


class Device:
    """Publishes events by number and notes which were answered."""

    def __init__(self, port: int) -> None:
        self.lost = threading.Event()
        self.enough = threading.Event()
        self._target = 10**9
        self._answered: set[int] = set()
        self._numbers: dict[int, int] = {}
        self.client = Client(CallbackAPIVersion.VERSION2, client_id="d", reconnect_on_failure=False)
        self.client.username_pw_set(USER, PASSWORD)
        self.client.on_publish = self._on_publish
        self.client.on_disconnect = lambda *_: self.lost.set()
        self.client.connect("127.0.0.1", port)
        self.client.loop_start()

    @property
    def answered(self) -> set[int]:
        """The numbers of the events answered; ask when sending has ended."""
        return {self._numbers[mid] for mid in self._answered}

    def _on_publish(self, client: Client, userdata: object, mid: int, *rest: object) -> None:
        self._answered.add(mid)
        if len(self._answered) >= self._target:
            self.enough.set()

    def send(self, numbers: set[int], enough: int) -> list[MQTTMessageInfo]:
        """Publishes; `enough` is set after so many answers."""
        self._target = enough
        infos = []
        for number in sorted(numbers):
            infos.append(self.client.publish(f"{GATE}/events", message(event(number)).payload, 1))
            self._numbers[infos[-1].mid] = number
        return infos

    def close(self) -> None:
        self.client.loop_stop()


@pytest.mark.kill
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_what_was_answered_is_in_the_log(tmp_path: Path, seed: int) -> None:
    process, port = start(tmp_path)
    try:
        device = Device(port)
        moment = random.Random(seed).randrange(1, COUNT)
        sending = threading.Thread(target=device.send, args=(set(range(COUNT)), moment))
        sending.start()
        assert device.enough.wait(30), "too few answers"
        process.send_signal(signal.SIGKILL)
        process.wait(10)
        assert device.lost.wait(30)
        sending.join(30)
        device.close()
        assert device.answered <= recorded(tmp_path)

        process, port = start(tmp_path)
        again = Device(port)
        for info in again.send(set(range(COUNT)) - device.answered, COUNT):
            info.wait_for_publish(30)
        again.close()
    finally:
        process.kill()
        process.wait(10)
    log = open_log(f"sqlite:///{tmp_path}/gatehouse.db")
    ids = [int(entry.id) for entry in log.read(after=0, limit=10_000) if entry.source == GATE]
    problem = log.verify().problem
    log.close()
    assert sorted(ids) == list(range(COUNT))
    assert not problem


def recorded(folder: Path) -> set[int]:
    """The numbers in the log."""
    log = open_log(f"sqlite:///{folder}/gatehouse.db")
    numbers = {int(entry.id) for entry in log.read(after=0, limit=10_000) if entry.source == GATE}
    log.close()
    return numbers
