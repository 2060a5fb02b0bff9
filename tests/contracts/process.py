"""What another process does to a log in the contract tests: `python -m tests.contracts.process JOB URL …`.

It says `ready` on its standard output and begins when a line comes in on its standard input.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable

from eventlog.ports import EventLog
from eventlog.sql import open_log
from tests.contracts.event_log import door_opened
from tests.support.parts import ROOT


def start(job: str, url: str, *arguments: object) -> subprocess.Popen[str]:
    """Another process with a job, ready to begin at `go`."""
    command = [sys.executable, "-m", "tests.contracts.process", job, url, *map(str, arguments)]
    process = subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
    )
    assert heard(process) == "ready"
    return process


def go(process: subprocess.Popen[str]) -> None:
    """Lets it begin."""
    assert process.stdin
    process.stdin.write("go\n")
    process.stdin.flush()


def heard(process: subprocess.Popen[str]) -> str:
    """Its next line."""
    assert process.stdout
    return process.stdout.readline().strip()


def ended(process: subprocess.Popen[str]) -> None:
    """Waits for its end, which must be a good one."""
    process.communicate(timeout=60)
    assert process.returncode == 0


def _say(word: str) -> None:
    print(word, flush=True)


def _write(log: EventLog, door: str, batches: str, size: str) -> None:
    """Appends batches back to back."""
    for batch in range(int(batches)):
        first = batch * int(size)
        log.append([door_opened(n, door=door) for n in range(first, first + int(size))])


def _write_for(log: EventLog, door: str, seconds: str, size: str) -> None:
    """Appends batches back to back for some time."""
    end, number = time.monotonic() + float(seconds), 0
    while time.monotonic() < end:
        log.append([door_opened(n, door=door) for n in range(number, number + int(size))])
        number += int(size)


def _wait(log: EventLog, rounds: str) -> None:
    """Waits for each entry, and says when it has seen it, in ns of the steady clock."""
    for position in range(int(rounds)):
        while not log.wait(position, timeout_s=30):
            pass
        _say(str(time.monotonic_ns()))


def _claim(log: EventLog, name: str) -> None:
    """Takes a claim and keeps it."""
    claim = log.claim(name)
    _say("held" if claim else "refused")
    sys.stdin.readline()


def _append_and_stay(log: EventLog) -> None:
    """Stops in the middle of a transaction."""
    with log.transaction() as transaction:
        transaction.append([door_opened(1)])
        _say("inside")
        sys.stdin.readline()


JOBS: dict[str, Callable[..., None]] = {
    "write": _write,
    "write_for": _write_for,
    "wait": _wait,
    "claim": _claim,
    "append_and_stay": _append_and_stay,
}


def main() -> None:
    """Does one job."""
    job, url, *arguments = sys.argv[1:]
    log = open_log(url)
    _say("ready")
    sys.stdin.readline()
    JOBS[job](log, *arguments)
    log.close()


if __name__ == "__main__":
    main()
