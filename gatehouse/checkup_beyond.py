"""Checks of `gatehouse doctor` beyond one process: schema, database, clocks, files, archives, Kafka.

Each looks at one thing, changes nothing, says how it is and what to do; `gatehouse.checkup` has the order.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from eventlog.ports import LogError
from gatehouse.context import Context
from gatehouse.findings import Finding, finding
from gatehouse.settings import Settings
from gatehouse.vitals import Vital

if TYPE_CHECKING:
    from eventlog.sql.database import Database

CLOCK_OFF_S_MAX = 1.0
"""Machines with NTP are some milliseconds apart; rules count seconds."""
CONNECTIONS_SHARE_MAX = 0.8
FILES_SHARE_MAX = 0.8
FILES_MIN = 1_024
KAFKA_S_MAX = 8.0
DURABLE = {"fsync": "on", "full_page_writes": "on"}
"""Settings of PostgreSQL without which a crash can lose what was acknowledged."""


def schema(url: str) -> Finding:
    """Whether the log's tables are those that this version makes; looked at before the log is opened, which
    would bring them up to date. Raises LogError."""
    from eventlog.sql import connect_database
    from eventlog.sql.revisions import REVISIONS

    database = connect_database(url)
    try:
        with database.reading() as connection:
            present = database.revision(connection)
    finally:
        database.close()
    known, newest = present in REVISIONS, REVISIONS[-1]
    if present == newest:
        return finding("schema", "good", "current", revision=newest)
    if present is None or known:
        return finding("schema", "note", "older", revision=present or "–", newest=newest)
    return finding("schema", "bad", "newer", revision=present, newest=newest)


def database(context: Context) -> Iterator[Finding]:
    """How a PostgreSQL server is set, how full of connections it is, how its clock goes. SQLite has none."""
    if not context.settings.log_url.startswith("postgres"):
        return
    found: Database = context.log.database  # type: ignore[attr-defined]
    with found.reading() as connection:
        rows = connection.rows("SELECT name, setting FROM pg_settings")
        settings: dict[str, str] = {str(name): str(value) for name, value in rows}
        before_s = time.time()
        used, theirs_s = connection.rows(
            "SELECT (SELECT count(*) FROM pg_stat_activity), extract(epoch FROM clock_timestamp())::float8"
        )[0]
        after_s = time.time()
    yield _durable(settings)
    yield _connections(int(used), int(settings["max_connections"]))
    yield clock(float(theirs_s) - (before_s + after_s) / 2)


def _durable(settings: dict[str, str]) -> Finding:
    wrong = [f"{name}={settings[name]}" for name, value in DURABLE.items() if settings.get(name) != value]
    if settings.get("synchronous_commit") == "off":
        wrong.append("synchronous_commit=off")
    if wrong:
        return finding("database", "bad", "unsafe", settings=", ".join(wrong))
    return finding("database", "good", "safe", version=settings["server_version"])


def _connections(used: int, limit: int) -> Finding:
    full = used > CONNECTIONS_SHARE_MAX * limit
    key = "crowded" if full else "free"
    return finding("connections", "bad" if full else "good", key, used=used, limit=limit)


def clock(off_s: float) -> Finding:
    """How far the database's clock is ahead of this machine's."""
    if abs(off_s) > CLOCK_OFF_S_MAX:
        return finding("clock", "bad", "off", seconds=round(off_s, 2))
    return finding("clock", "good", "right", ms=round(1_000 * abs(off_s)))


def ahead(context: Context) -> Iterator[Finding]:
    """Whether the log's last entry lies in this machine's future: its clock was, or is, wrong."""
    if context.settings.time == "events":
        return
    last = context.log.at([context.log.head()])
    ahead_s = last[0].recorded_us / 1e6 - time.time() if last else 0.0
    if ahead_s > CLOCK_OFF_S_MAX:
        yield finding("clock", "bad", "ahead", seconds=round(ahead_s, 1))


def files(vitals: dict[str, Vital]) -> Iterator[Finding]:
    """Whether the running parts come near the number of files that they may open."""
    import psutil

    worst: tuple[float, str, int, int] | None = None
    for role, vital in sorted(vitals.items()):
        if not vital.alive:
            continue
        try:
            process = psutil.Process(vital.pid)
            limit, used = process.rlimit(psutil.RLIMIT_NOFILE)[0], process.num_fds()
        except (psutil.Error, OSError, AttributeError):
            continue  # in another container, another user's, or gone this moment
        share = used / limit if limit > 0 else 0.0
        if worst is None or (limit < FILES_MIN, share) > (worst[3] < FILES_MIN, worst[0]):
            worst = (share, role, used, limit)
    if worst is None:
        return
    share, role, used, limit = worst
    few = share > FILES_SHARE_MAX or 0 < limit < FILES_MIN
    key = "few" if few else "enough"
    yield finding("files", "bad" if few else "good", key, role=role, used=used, limit=limit)


def kafka(settings: Settings) -> Iterator[Finding]:
    """Whether Kafka answers and has the topics as they must be, where it is set."""
    if settings.kafka is None:
        return
    try:
        from processors.runners.topics import CHANGELOG, INPUTS, Cluster, KafkaError, look
    except ImportError as error:
        yield finding("kafka", "bad", "no_packages", what=error.name)
        return
    cluster = Cluster(settings.kafka, settings.kafka_partitions, settings.kafka_replicas)
    try:
        found = asyncio.run(asyncio.wait_for(look(cluster), KAFKA_S_MAX))
    except (KafkaError, OSError, TimeoutError) as error:
        what = str(error) or type(error).__name__
        yield finding("kafka", "bad", "away", servers=settings.kafka, what=what)
        return
    if not found:
        yield finding("kafka", "note", "empty", servers=settings.kafka)
    elif found.get(INPUTS) != found.get(CHANGELOG):
        yield finding("kafka", "bad", "uneven", inputs=found.get(INPUTS, 0), states=found.get(CHANGELOG, 0))
    else:
        yield finding("kafka", "good", "reached", servers=settings.kafka, partitions=found[INPUTS])


def archives(context: Context) -> Iterator[Finding]:
    """Whether the files of months that were moved out of the database are where they should be."""
    kept: Any = getattr(context.log, "archives", None)
    if kept is None:
        return
    listed = kept.listed()
    if not listed:
        return
    folder = context.settings.archives
    gone = [str(one.file) for one in listed if not (folder / one.file).is_file()]
    if gone:
        yield finding("archives", "bad", "missing", count=len(gone), files=", ".join(gone[:3]), folder=folder)
    else:
        yield finding("archives", "good", "there", count=len(listed), folder=folder)


def safely(check: Iterator[Finding], name: str) -> Iterator[Finding]:
    """What a check finds; that the log went away in the middle of it is a finding too."""
    try:
        yield from check
    except LogError as error:
        yield finding(name, "bad", "failed", what=error)
