"""The queue of writers: first come, first served, and the dead don't hold it."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path

from eventlog.sql.fairlock import FairLock
from tests.support.parts import ROOT
from tests.support.waiting import wait_until

_HOLD = """
import sys
from eventlog.sql.fairlock import FairLock
with FairLock(sys.argv[1]).turn():
    print("held", flush=True)
    sys.stdin.readline()
"""


def tickets(file: Path) -> int:
    return int.from_bytes(file.read_bytes()[:8], "little") if file.exists() else 0


def test_those_who_came_first_go_first(tmp_path: Path) -> None:
    file = tmp_path / "queue"
    lock, order = FairLock(str(file)), list[int]()

    def queue_up(number: int) -> None:
        with lock.turn():
            order.append(number)

    threads = [threading.Thread(target=queue_up, args=(number,)) for number in range(8)]
    with lock.turn():
        for number, thread in enumerate(threads):
            thread.start()
            wait_until(lambda number=number: tickets(file) == number + 2, what="it has its ticket")  # type: ignore[misc]
        assert order == []
    for thread in threads:
        thread.join()
    assert order == list(range(8))
    lock.close()


def test_the_turn_of_a_process_that_dies_ends(tmp_path: Path) -> None:
    file = tmp_path / "queue"
    holder = subprocess.Popen(
        [sys.executable, "-c", _HOLD, str(file)], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert holder.stdout
    assert holder.stdout.readline() == b"held\n"
    lock, got_it = FairLock(str(file)), threading.Event()

    def take() -> None:
        with lock.turn():
            got_it.set()

    waiting = threading.Thread(target=take)
    waiting.start()
    wait_until(lambda: tickets(file) == 2, what="it waits")
    assert not got_it.is_set()
    holder.kill()
    holder.communicate()
    assert got_it.wait(10)
    waiting.join()
    lock.close()


def test_a_turn_ends_when_its_block_raises(tmp_path: Path) -> None:
    lock = FairLock(str(tmp_path / "queue"))
    try:
        with lock.turn():
            raise ZeroDivisionError
    except ZeroDivisionError:
        pass
    with lock.turn():
        pass
    lock.close()


def test_a_damaged_counter_only_begins_anew(tmp_path: Path) -> None:
    file = tmp_path / "queue"
    file.write_bytes(b"\x07")
    lock = FairLock(str(file))
    with lock.turn():
        assert tickets(file) == 1
    lock.close()
