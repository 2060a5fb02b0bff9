"""What a month in an archive costs: making it, its size, reading and checking it, beside the table.

    python -m benchmarks.archives [--entries 100000] [--folder DIR]

On a log in SQLite, in processor time of this process. Nothing is left behind.
"""

from __future__ import annotations

import argparse
import tempfile
import time
import uuid
from collections.abc import Callable
from pathlib import Path

from benchmarks.log_size import event
from eventlog.ports import EventLog
from eventlog.sql import open_log
from eventlog.sql.months import Month
from eventlog.sql.retention import Retention

BATCH = 2_000
A_MONTH_US = 31 * 24 * 3_600 * 1_000_000
REGISTERS = frozenset({"registry.estate_set"})


def told(what: str, entries: int, work: Callable[[], object]) -> None:
    """Does it and prints what it cost."""
    began_s = time.process_time()
    work()
    taken_s = time.process_time() - began_s
    print(f"{what:<34} {taken_s / entries * 1e6:8.2f} µs an entry, {entries / taken_s:10.0f} a second")


def read_all(log: EventLog) -> None:
    """Everything, in batches of 5,000."""
    after = 0
    while batch := log.read(after=after, limit=5_000):
        after = batch[-1].position


def main() -> None:
    """Fills a log, archives it, prints."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--entries", type=int, default=100_000)
    parser.add_argument("--folder", type=Path)
    given = parser.parse_args()
    count = given.entries
    with tempfile.TemporaryDirectory(dir=given.folder, prefix="gatehouse-bench-") as folder:
        log = open_log(f"sqlite:///{folder}/gatehouse.db", time_mode="events")
        for first in range(0, count, BATCH):
            log.append([event(first + number, str(uuid.uuid4())) for number in range(BATCH)])
        later = event(count, "the month after")
        log.append([later._replace(occurred_us=later.occurred_us + 2 * A_MONTH_US)])
        told("read from the table", count, lambda: read_all(log))
        retention = Retention(log)
        months = retention.months(Month.of(later.occurred_us).plus(99))
        told("write, read back, check, delete", count, lambda: [retention.archive(one) for one in months])
        told("read from the archive", count, lambda: read_all(log))
        told("check the chain", count, log.verify)
        told("look for a type that is not there", count, lambda: log.read(after=0, limit=9, types=REGISTERS))
        size = sum(one.bytes for one in log.archives.listed())
        print(f"{'size of the files':<34} {size / count:8.0f} bytes an entry")
        log.close()


if __name__ == "__main__":
    main()
