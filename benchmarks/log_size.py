"""What a log of ten million events costs beside an empty one: opening, appending, reading, memory.

    python benchmarks/log_size.py [--rows 10000000] [--rounds 5] [--seconds 3] [--folder DIR] [--json]

The full log is loaded past the append path, which would take some ten minutes: rows go straight into the
file with journal and indexes off, then the indexes are made. Identities and the chain of hashes are real,
so that it can be verified. All appends measured go through `open_log(…).append`, synchronous FULL, all
indexes on, new events of 300 devices with random ids; a round on the empty log and one on the full log
take turns. Nothing is left behind; some 5 GB of disk are needed for ten million.
"""

from __future__ import annotations

import argparse
import json
import platform
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator, Sequence
from pathlib import Path

from eventlog.chain import GENESIS, link
from eventlog.ids import identity_key
from eventlog.ports import EventLog, NewEvent
from eventlog.sql import open_log

DEVICES = 300
KINDS = ("access.granted", "access.door_opened", "access.door_closed", "vehicle.plate_read", "camera.object")
START_US = 1_795_000_000_000_000
BATCHES = (1, 100, 1_000)
_BODY = (
    '{"specversion":"1.0","id":"%s","source":"%s","type":"%s","time":"2026-11-22T08:00:00.123+08:00","data":'
    '{"door":"gate-n1","credential":"card-0193","method":"card","direction":"in","holder":"p-%d"}}'
)
_IDLE = """
import sys
from eventlog.sql import open_log
log = open_log(sys.argv[1])
log.read(after=max(0, log.head() - 1_000), limit=1_000)
log.wait(log.head(), 0.5)
with open("/proc/self/status") as status:
    print(next(line.split()[1] for line in status if line.startswith("VmRSS")))
"""


def event(number: int, event_id: str) -> NewEvent:
    """A device's event."""
    device, kind = number % DEVICES, KINDS[number % len(KINDS)]
    source = f"estates/xiegou/access/device-{device}"
    body = (_BODY % (event_id, source, kind, number)).encode()
    at_us = START_US + number * 10_000
    return NewEvent("xiegou", kind, 1, source, event_id, at_us, at_us, body, number)


def rows(count: int) -> Iterator[tuple[object, ...]]:
    """Rows of `events`, chained."""
    previous = GENESIS
    for position in range(1, count + 1):
        new = event(position, f"{position * 0x9E3779B97F4A7C15 % 2**64:016x}-9f5c-8b9f3f2a7e10")
        previous = link(previous, position, new, new.received_us)
        yield (
            position, position % len(KINDS) + 1, position % DEVICES + 1, new.id, new.occurred_us,
            new.received_us, new.received_us, new.seq, False, new.body, previous,
        )  # fmt: skip


def load(file: Path, count: int) -> None:
    """Fills an empty log with `count` events, past the append path."""
    open_log(f"sqlite:///{file}").close()
    connection = sqlite3.connect(file, isolation_level=None)
    for pragma in ("journal_mode=OFF", "synchronous=OFF", "cache_size=-500000", "locking_mode=EXCLUSIVE"):
        connection.execute(f"PRAGMA {pragma}")
    indexes = connection.execute(
        "SELECT name, sql FROM sqlite_master WHERE name LIKE 'events\\_%' ESCAPE '\\'"
    )
    kept = indexes.fetchall()
    for name, _ in kept:
        connection.execute(f"DROP INDEX {name}")
    connection.execute("BEGIN")
    kinds = [(place, "xiegou", kind, 1) for place, kind in enumerate(KINDS, 1)]
    connection.executemany("INSERT INTO kinds VALUES (?,?,?,?)", kinds)
    sources = [(n + 1, f"estates/xiegou/access/device-{n}") for n in range(DEVICES)]
    connection.executemany("INSERT INTO sources VALUES (?,?)", sources)
    connection.create_function("identity_key", 2, identity_key, deterministic=True)
    connection.executemany("INSERT INTO events VALUES (?,?,?,?,?,?,?,?,?,?,?)", rows(count))
    connection.execute(
        "INSERT INTO identities SELECT identity_key(s.source, e.event_id), e.position FROM events e "
        "JOIN sources s ON s.id = e.source ORDER BY 1"
    )
    connection.execute("UPDATE head SET (position, recorded_us, hash) = (SELECT position, recorded_us, hash "
                       "FROM events ORDER BY position DESC LIMIT 1)")  # fmt: skip
    for _, sql in kept:
        connection.execute(sql)
    connection.execute("COMMIT")
    connection.execute("PRAGMA journal_mode=WAL")
    connection.close()


def append_for(log: EventLog, size: int, seconds: float) -> float:
    """Events a second in batches of `size`, made beforehand."""
    done, spent_s = 0, 0.0
    while spent_s < seconds:
        batches = [
            [event(n, str(uuid.uuid4())) for n in range(size)] for _ in range(max(1, 20_000 // size // 10))
        ]
        start = time.perf_counter()
        for batch in batches:
            log.append(batch)
        spent_s += time.perf_counter() - start
        done += size * len(batches)
    return done / spent_s


def read_us(log: EventLog, count: int = 200_000) -> float:
    """Microseconds a row, in reads of a thousand."""
    after, start = 0, time.perf_counter()
    while after < count and (found := log.read(after=after, limit=1_000)):
        after = found[-1].position
    return (time.perf_counter() - start) / after * 1e6


def opened(url: str) -> tuple[EventLog, float]:
    """The log and the milliseconds until it has answered."""
    start = time.perf_counter()
    log = open_log(url)
    log.head()
    return log, (time.perf_counter() - start) * 1e3


def measure(
    folder: Path, count: int, rounds: int, seconds: float, batches: Sequence[int]
) -> dict[str, object]:
    """Everything, the empty log and the full one in turns."""
    files = {"empty": folder / "empty.db", "full": folder / "full.db"}
    open_log(f"sqlite:///{files['empty']}").close()
    start = time.perf_counter()
    load(files["full"], count)
    figures: dict[str, object] = {
        "python": platform.python_version(), "sqlite": sqlite3.sqlite_version, "synchronous": "FULL",
        "rows": count, "bytes": files["full"].stat().st_size, "load_s": round(time.perf_counter() - start, 1),
    }  # fmt: skip
    urls = {name: f"sqlite:///{file}" for name, file in files.items()}
    logs = {}
    for name, url in urls.items():
        logs[name], figures[f"open_{name}_ms"] = opened(url)
    for size in batches:
        taken: dict[str, list[float]] = {"empty": [], "full": []}
        for _ in range(rounds):
            for name, log in logs.items():
                taken[name].append(append_for(log, size, seconds))
        medians = {name: statistics.median(values) for name, values in taken.items()}
        figures[f"append_{size}"] = {name: round(value) for name, value in medians.items()} | {
            "worst_full": round(min(taken["full"])), "ratio": round(medians["full"] / medians["empty"], 3)
        }  # fmt: skip
    figures["read_us_a_row"] = round(read_us(logs["full"]), 2)
    figures["first_bad_of_last_million"] = logs["full"].verify(after=max(0, count - 1_000_000)).first_bad
    for log in logs.values():
        log.close()
    for name, url in urls.items():
        idle = subprocess.run([sys.executable, "-c", _IDLE, url], capture_output=True, check=True, text=True)
        figures[f"idle_{name}_mib"] = round(int(idle.stdout) / 1024, 1)
    return figures


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=3.0, help="of each append round")
    parser.add_argument("--batches", type=int, nargs="+", default=BATCHES, help="events in a batch")
    parser.add_argument("--folder", help="where the logs are made (default: the system's temporary folder)")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="gatehouse-bench-", dir=options.folder) as folder:
        figures = measure(Path(folder), options.rows, options.rounds, options.seconds, options.batches)
    if options.json:
        print(json.dumps(figures))
        return
    for name, value in figures.items():
        print(f"{name:16} {value}")


if __name__ == "__main__":
    main()
