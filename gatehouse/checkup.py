"""The checks of `gatehouse doctor`: each looks at one thing and says how it is and what to do.

Read only, but for one small file written and removed in the data folder.
"""

from __future__ import annotations

import os
import shutil
import socket
import stat
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

from eventlog.ports import LogError
from gatehouse import checkup_beyond as beyond
from gatehouse.context import Context
from gatehouse.findings import Finding, finding
from gatehouse.gauges import positions
from gatehouse.settings import Settings
from gatehouse.vitals import Vital, read_vitals

ROLES = ("ingest", "process", "serve")
FLEET = ("ingest", "relay", "worker", "serve")
TAIL_ENTRIES = 2_000
BEHIND_ENTRIES_MAX = 1_000
QUARANTINE_AN_HOUR_MAX = 20
QUARANTINE_LOOKED_AT_MAX = 5_000
DISK_PERCENT_MAX = 90
REACH_S_MAX = 2.0
MOVING_S = 1.0
FLEET_MOVING_S = 7.0
"""Workers save how far they are every five seconds."""


def check_up(context: Context, *, sleep: Callable[[float], None] = time.sleep) -> Iterator[Finding]:
    """Every check, in the order in which one rests on the other."""
    yield data_folder(context.data)
    yield secrets(context.settings.secrets)
    yield disk(context.data)
    try:
        yield beyond.schema(context.settings.log_url)
        yield chain(context)
    except LogError as error:
        yield finding("log", "bad", "closed", what=error)
        return
    yield from beyond.safely(beyond.database(context), "database")
    yield from beyond.ahead(context)
    yield from roles(context.settings)
    yield from beyond.files(read_vitals(context.settings.run))
    yield readers(context, sleep)
    yield quarantine(context)
    yield from beyond.safely(beyond.archives(context), "archives")
    yield broker(context.settings)
    yield from beyond.kafka(context.settings)


def data_folder(data: Path) -> Finding:
    """Whether the data folder can be written to."""
    probe = data / f".doctor.{os.getpid()}"
    try:
        probe.write_bytes(b"x")
        probe.unlink()
    except OSError as error:
        return finding("data", "bad", "unwritable", data=data, what=error.strerror)
    return finding("data", "good", "writable", data=data)


def secrets(folder: Path) -> Finding:
    """Whether only the owner can read the secrets."""
    open_ones = [
        path.name
        for path in [folder, *sorted(folder.glob("*"))]
        if path.exists() and stat.S_IMODE(path.stat().st_mode) & 0o077
    ]
    if open_ones:
        return finding("secrets", "bad", "open", names=", ".join(open_ones), folder=folder)
    return finding("secrets", "good", "closed")


def disk(data: Path) -> Finding:
    """How full the disk of the data folder is."""
    usage = shutil.disk_usage(data)
    percent = round(100 * usage.used / usage.total)
    free_gib = round(usage.free / 2**30, 1)
    full = percent > DISK_PERCENT_MAX
    return finding(
        "disk", "bad" if full else "good", "full" if full else "room", percent=percent, free=free_gib
    )


def chain(context: Context) -> Finding:
    """Whether the log opens and the chain holds over its last entries."""
    head = context.log.head()
    outcome = context.log.verify(after=max(head - TAIL_ENTRIES, 0), limit=TAIL_ENTRIES)
    if outcome.first_bad is not None:
        return finding("log", "bad", "touched", position=outcome.first_bad, problem=outcome.problem)
    return finding("log", "good", "sound", head=head, checked=outcome.entries)


def roles(settings: Settings) -> Iterator[Finding]:
    """Which parts have said lately that they live."""
    vitals = read_vitals(settings.run)
    if not vitals:
        yield finding("roles", "note", "stopped", data=settings.data)
        return
    expected = FLEET if fleet(settings, vitals) else ROLES
    for role in (*expected, *sorted(vitals.keys() - set(expected))):
        yield _role(role, vitals.get(role), settings)


def _role(role: str, vital: Vital | None, settings: Settings) -> Finding:
    if vital is None and settings.log_url.startswith("postgres"):
        return finding("roles", "note", "elsewhere", role=role)
    if vital is None or not vital.alive:
        return finding("roles", "bad", "silent", role=role, age=round(vital.age_s) if vital else "–")
    if not vital.ready:
        return finding("roles", "note", "starting", role=role)
    return finding("roles", "good", "alive", role=role, pid=vital.pid)


def fleet(settings: Settings, vitals: dict[str, Vital]) -> bool:
    """Whether workers decide, and not one process."""
    return "process" not in vitals and (
        settings.kafka is not None or bool(vitals.keys() & {"relay", "worker"})
    )


def readers(context: Context, sleep: Callable[[float], None]) -> Finding:
    """Whether what follows the log keeps up with it, or at least moves while the system runs."""
    first = _positions(context)
    head = context.log.head()
    behind = {
        name: head - position for name, position in first.items() if head - position > BEHIND_ENTRIES_MAX
    }
    if not behind:
        return finding("readers", "good", "level", head=head)
    if not read_vitals(context.settings.run):
        return finding("readers", "note", "waiting", names=_counted(behind))
    sleep(FLEET_MOVING_S if "relay" in first else MOVING_S)
    now = _positions(context)
    stuck = {name: count for name, count in behind.items() if now.get(name, 0) <= first[name]}
    if stuck:
        return finding("readers", "bad", "stuck", names=_counted(stuck))
    return finding("readers", "note", "behind", names=_counted(behind))


def _positions(context: Context) -> dict[str, int]:
    found = dict(positions(context.log, context.views))
    if not fleet(context.settings, read_vitals(context.settings.run)):
        found.pop("relay", None)  # stands where it stood when one process took over
    return found


def _counted(counts: dict[str, int]) -> str:
    return ", ".join(f"{name} ({count})" for name, count in sorted(counts.items()))


def quarantine(context: Context) -> Finding:
    """How many messages wait in quarantine, and whether it grows."""
    counts = context.log.quarantine_counts()
    total = sum(counts.values())
    if not total:
        return finding("quarantine", "good", "empty")
    hour_ago_us = time.time_ns() // 1_000 - 3_600_000_000
    recent = sum(
        kept.reject.received_us > hour_ago_us
        for kept in context.log.quarantined(limit=QUARANTINE_LOOKED_AT_MAX)
    )
    reasons = ", ".join(f"{reason} {count}" for reason, count in sorted(counts.items()))
    if recent > QUARANTINE_AN_HOUR_MAX:
        return finding("quarantine", "bad", "grows", recent=recent, reasons=reasons)
    return finding("quarantine", "note", "some", total=total, reasons=reasons)


def broker(settings: Settings) -> Finding:
    """Whether somebody listens where the broker should be."""
    url = urlsplit(settings.broker_url)
    host, port = url.hostname or "", url.port or (8883 if url.scheme == "mqtts" else 1883)
    try:
        socket.create_connection((host, port), REACH_S_MAX).close()
    except OSError as error:
        if settings.broker is None and not read_vitals(settings.run):
            return finding("broker", "note", "stopped", host=host, port=port)
        return finding("broker", "bad", "away", host=host, port=port, what=error.strerror or error)
    return finding("broker", "good", "reached", host=host, port=port)
