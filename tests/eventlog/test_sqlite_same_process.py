"""Several logs of one file in one process, beside another program that comes and goes: nothing gets lost.

SQLite's locks on a file are the process's: whoever closes the file in any other way than through SQLite
drops them, and a program that closes the file last, as it believes, then deletes what was just written.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from eventlog import codec
from eventlog.ports import NewEvent
from eventlog.sql import open_accounts, open_log
from eventlog.times import from_us
from eventlog.vocabulary import DeviceHeartbeat

COUNT = """
import sys
from eventlog.sql import open_log

log = open_log(sys.argv[1])
print(log.head())
log.close()
"""


def event(number: int) -> NewEvent:
    source = "estates/yard/access/door-1"
    return codec.make(
        DeviceHeartbeat(uptime_s=number),
        estate="yard",
        source=source,
        event_id=str(number),
        at=from_us(number),
    )


def seen_by_another_program(url: str) -> int:
    """How many entries a program sees that opens the log, looks and closes it."""
    done = subprocess.run([sys.executable, "-c", COUNT, url], capture_output=True, text=True, check=True)
    return int(done.stdout)


def test_a_second_log_of_the_process_does_not_let_go_of_the_file(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'gatehouse.db'}"
    first = open_log(url)
    first.append([event(1)])
    second, accounts = open_log(url), open_accounts(url)
    assert seen_by_another_program(url) == 1
    first.append([event(2)])
    assert seen_by_another_program(url) == 2
    second.append([event(3)])
    assert seen_by_another_program(url) == 3
    for each in (first, second):
        each.close()
    accounts.close()
    assert seen_by_another_program(url) == 3
