"""Which zones had eyes on them, hour by hour: patrols there, cameras that an operator confirmed, cameras that
worked. A camera counts from its first sign of life, and not while it or its recorder is away or blinded.

Hours are those of UTC, by when it happened. Registers are as they are now; what was seen stays as it was.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import orjson
from sqlalchemy import Boolean, Column, Connection, Index, Integer, Table, Text, or_, select

from eventlog.ports import Recorded
from eventlog.vocabulary import (
    TYPES,
    CameraRestored,
    CameraTamper,
    CheckpointRemoved,
    CheckpointSet,
    CommandConfirmCamera,
    DeviceHeartbeat,
    DeviceOffline,
    DeviceOnline,
    DeviceRemoved,
    DeviceSet,
    PatrolCheckpoint,
    PatrolPosition,
)
from projections.base import MODELS, Big, Projection, Row, key_of, load, upsert
from projections.zones import zones

HOUR_US = 3_600 * 1_000_000
BLIND_US_MAX = 300 * 1_000_000
"""Cameras have had an eye on a zone for an hour when none worked for no longer than five minutes of it."""
PERIOD_DAYS_MAX = 31

WATCHERS = Table(
    "watchers",
    MODELS,
    Column("key", Text, primary_key=True),
    Column("estate", Text, nullable=False),
    Column("watcher", Text, nullable=False),
    Column("kind", Text, nullable=False),  # camera, point
    Column("registered", Boolean, nullable=False),
    Column("zones", Text, nullable=False),  # a JSON list
    Column("parent", Text),
)
LOOKS = Table(
    "zone_looks",
    MODELS,
    Column("key", Text, primary_key=True),
    Column("estate", Text, nullable=False),
    Column("zone", Text, nullable=False),
    Column("hour_us", Big, nullable=False),
    Column("visits", Integer, nullable=False),
    Column("positions", Integer, nullable=False),
    Column("confirmations", Integer, nullable=False),
    Index("zone_looks_hour", "estate", "hour_us"),
)
OUTAGES = Table(
    "camera_outages",
    MODELS,
    Column("key", Text, primary_key=True),
    Column("estate", Text, nullable=False),
    Column("camera", Text, nullable=False),
    Column("why", Text, nullable=False),  # unheard, away, blinded
    Column("from_us", Big, nullable=False),
    Column("to_us", Big),
    Index("camera_outages_from", "estate", "from_us"),
)
_CAMERA = frozenset(name for name in TYPES if name.startswith("camera."))
_REGISTER = (DeviceSet, DeviceRemoved, CheckpointSet, CheckpointRemoved)
_LOOKS = (PatrolCheckpoint, PatrolPosition, CommandConfirmCamera)
_OTHERS = (*_REGISTER, *_LOOKS, DeviceOnline, DeviceOffline, DeviceHeartbeat)


class Coverage(Projection):
    """Rows of watchers, of looks by zone and hour, of cameras' outages."""

    name = "coverage"
    version = 1
    listens_to = _CAMERA | {kind.TYPE for kind in _OTHERS}
    models = (WATCHERS, LOOKS, OUTAGES)

    def apply(self, connection: Connection, events: Sequence[Recorded]) -> None:
        batch = _Batch(connection, self, events)
        for entry in events:
            batch.take(entry)
        batch.write()


class _Batch:
    """One batch with the rows it needs."""

    def __init__(self, connection: Connection, kind: Coverage, events: Sequence[Recorded]) -> None:
        self._connection, self._kind = connection, kind
        mine = {entry.estate for entry in events}
        watchers = kind.table(WATCHERS)
        found = connection.execute(select(watchers).where(watchers.c.estate.in_(mine))).mappings()
        self._watchers: dict[str, Row] = {row["key"]: dict(row) for row in found}
        outages = kind.table(OUTAGES)
        query = select(outages).where(outages.c.estate.in_(mine), outages.c.to_us.is_(None))
        self._open: dict[tuple[str, str, str], Row] = {
            (row["estate"], row["camera"], row["why"]): dict(row)
            for row in connection.execute(query).mappings()
        }
        self._new_watchers: dict[str, Row] = {}
        self._new_outages: dict[str, Row] = {}
        self._looks: dict[str, Row] = {}

    def take(self, entry: Recorded) -> None:
        event = entry.event
        if isinstance(event, _REGISTER):
            self._register(entry, event)
        elif isinstance(event, _LOOKS):
            self._look(entry, event)
        elif isinstance(event, DeviceOnline | DeviceOffline):
            self._presence(entry, event)
        else:
            self._heard(entry)

    def _register(self, entry: Recorded, event: Any) -> None:
        estate = entry.estate
        if isinstance(event, DeviceSet):
            if event.family != "camera":
                return
            seen = list(dict.fromkeys(event.sees or (event.zone,)))
            known = self._watchers.get(key_of(estate, "camera", event.device))
            self._watch(estate, "camera", event.device, seen, event.parent)
            if known is None:
                self._out(estate, event.device, "unheard", entry.recorded_us)
        elif isinstance(event, CheckpointSet):
            self._watch(estate, "point", event.checkpoint, [event.zone], None)
        else:
            kind = "camera" if isinstance(event, DeviceRemoved) else "point"
            row = self._watchers.get(key_of(estate, kind, event.entry))
            if row:
                self._keep(row | {"registered": False})

    def _watch(self, estate: str, kind: str, name: str, seen: list[str], parent: str | None) -> None:
        row = {"key": key_of(estate, kind, name), "estate": estate, "watcher": name, "kind": kind}
        self._keep(row | {"registered": True, "zones": orjson.dumps(seen).decode(), "parent": parent})

    def _keep(self, row: Row) -> None:
        self._watchers[row["key"]] = self._new_watchers[row["key"]] = row

    def _look(self, entry: Recorded, event: Any) -> None:
        if isinstance(event, PatrolPosition):
            seen, column = [event.zone] if event.zone else [], "positions"
        elif isinstance(event, PatrolCheckpoint):
            seen, column = self._sees(entry.estate, "point", event.checkpoint), "visits"
        else:
            seen, column = self._sees(entry.estate, "camera", event.camera), "confirmations"
        hour_us = entry.effective_us // HOUR_US * HOUR_US
        for zone in seen:
            key = key_of(entry.estate, zone, str(hour_us))
            row = self._looks.get(key)
            if row is None:
                nothing = dict.fromkeys(("visits", "positions", "confirmations"), 0)
                place = {"key": key, "estate": entry.estate, "zone": zone, "hour_us": hour_us}
                row = load(self._connection, self._kind.table(LOOKS), [key]).get(key) or {**place, **nothing}
                self._looks[key] = row
            row[column] += 1

    def _sees(self, estate: str, kind: str, name: str) -> list[str]:
        row = self._watchers.get(key_of(estate, kind, name))
        return orjson.loads(row["zones"]) if row else []

    def _presence(self, entry: Recorded, event: DeviceOnline | DeviceOffline) -> None:
        if key_of(entry.estate, "camera", event.device) not in self._watchers:
            return
        self._back(entry.estate, event.device, "unheard", entry.recorded_us)
        if isinstance(event, DeviceOffline):
            self._out(entry.estate, event.device, "away", entry.recorded_us)
        else:
            self._back(entry.estate, event.device, "away", entry.recorded_us)

    def _heard(self, entry: Recorded) -> None:
        camera = entry.source.rpartition("/")[2]
        if entry.late or key_of(entry.estate, "camera", camera) not in self._watchers:
            return
        self._back(entry.estate, camera, "unheard", entry.effective_us)
        if isinstance(entry.event, CameraTamper):
            self._out(entry.estate, camera, "blinded", entry.effective_us)
        elif isinstance(entry.event, CameraRestored):
            self._back(entry.estate, camera, "blinded", entry.effective_us)

    def _out(self, estate: str, camera: str, why: str, at_us: int) -> None:
        place = (estate, camera, why)
        if place not in self._open:
            key = key_of(estate, camera, why, str(at_us))
            names = {"key": key, "estate": estate, "camera": camera, "why": why}
            self._open[place] = self._new_outages[key] = names | {"from_us": at_us, "to_us": None}

    def _back(self, estate: str, camera: str, why: str, at_us: int) -> None:
        row = self._open.pop((estate, camera, why), None)
        if row:
            self._new_outages[row["key"]] = row | {"to_us": max(at_us, row["from_us"])}

    def write(self) -> None:
        table = self._kind.table
        upsert(self._connection, table(WATCHERS), list(self._new_watchers.values()))
        upsert(self._connection, table(LOOKS), list(self._looks.values()))
        upsert(self._connection, table(OUTAGES), list(self._new_outages.values()))


Span = tuple[int, int]


def coverage(
    connection: Connection, estate: str, from_us: int, to_us: int, wanted: Sequence[str] = ()
) -> list[dict[str, Any]]:
    """Each key zone, or each of those wanted, with its whole hours from a moment to another: how often it was
    looked at, for how many seconds a camera had it in view, and whether it had eyes on it at all."""
    first_us = -(-from_us // HOUR_US) * HOUR_US
    hours = range(first_us, to_us - HOUR_US + 1, HOUR_US)
    known = [
        row for row in zones(connection, estate) if row["zone"] in wanted or (not wanted and row["duty"])
    ]
    seeing, parents = _cameras(connection, estate)
    looks = _looks_of(connection, estate, first_us, to_us)
    out = _outages_of(connection, estate, first_us, to_us)
    return [
        {
            **{name: row[name] for name in ("estate", "zone", "name_zh", "name_en", "duty")},
            "cameras": len(seeing.get(row["zone"], ())),
            "hours": _hours(row["zone"], hours, looks, _blind(seeing.get(row["zone"], ()), parents, out)),
        }
        for row in known
    ]


def _cameras(connection: Connection, estate: str) -> tuple[dict[str, list[str]], dict[str, str | None]]:
    c = WATCHERS.c
    query = select(WATCHERS).where(c.estate == estate, c.kind == "camera", c.registered.is_(True))
    rows = connection.execute(query.order_by(c.key)).mappings().all()
    parents = {row["watcher"]: row["parent"] for row in rows}
    recorders = set(parents.values())
    seeing: dict[str, list[str]] = {}
    for row in rows:
        if row["watcher"] not in recorders:  # a recorder sees nothing itself
            for zone in orjson.loads(row["zones"]):
                seeing.setdefault(zone, []).append(row["watcher"])
    return seeing, parents


def _looks_of(connection: Connection, estate: str, from_us: int, to_us: int) -> dict[tuple[str, int], Row]:
    c = LOOKS.c
    query = select(LOOKS).where(c.estate == estate, c.hour_us >= from_us, c.hour_us < to_us)
    return {(row["zone"], row["hour_us"]): dict(row) for row in connection.execute(query).mappings()}


def _outages_of(connection: Connection, estate: str, from_us: int, to_us: int) -> dict[str, list[Span]]:
    c = OUTAGES.c
    within = (c.estate == estate, c.from_us < to_us, or_(c.to_us.is_(None), c.to_us > from_us))
    found: dict[str, list[Span]] = {}
    for row in connection.execute(select(OUTAGES).where(*within)).mappings():
        # One never heard of is out from the beginning of time.
        began_us = 0 if row["why"] == "unheard" else row["from_us"]
        until_us = to_us if row["to_us"] is None else row["to_us"]
        found.setdefault(row["camera"], []).append((began_us, until_us))
    return found


def _blind(
    cameras: Sequence[str], parents: dict[str, str | None], out: dict[str, list[Span]]
) -> list[Span] | None:
    """When none of these cameras worked; None where there is no camera."""
    blind: list[Span] | None = None
    for camera in cameras:
        spans = _union([*out.get(camera, ()), *out.get(parents.get(camera) or "", ())])
        blind = spans if blind is None else _both(blind, spans)
    return blind


def _union(spans: Iterable[Span]) -> list[Span]:
    found: list[Span] = []
    for begins, ends in sorted(spans):
        if found and begins <= found[-1][1]:
            found[-1] = (found[-1][0], max(ends, found[-1][1]))
        else:
            found.append((begins, ends))
    return found


def _both(one: list[Span], other: list[Span]) -> list[Span]:
    """When both; each is in order and has no overlaps."""
    found, here, there = [], 0, 0
    while here < len(one) and there < len(other):
        begins, ends = max(one[here][0], other[there][0]), min(one[here][1], other[there][1])
        if begins < ends:
            found.append((begins, ends))
        if one[here][1] < other[there][1]:
            here += 1
        else:
            there += 1
    return found


def _hours(
    zone: str, hours: range, looks: dict[tuple[str, int], Row], blind: list[Span] | None
) -> list[dict[str, Any]]:
    found = []
    for hour_us in hours:
        row = looks.get((zone, hour_us), {})
        counts = {name: row.get(name, 0) for name in ("visits", "positions", "confirmations")}
        dark_us = HOUR_US
        if blind is not None:
            ends = hour_us + HOUR_US
            dark_us = sum(max(0, min(to, ends) - max(since, hour_us)) for since, to in blind)
        eyes = any(counts.values()) or dark_us <= BLIND_US_MAX
        found.append({"hour_us": hour_us, **counts, "camera_s": (HOUR_US - dark_us) / 1e6, "eyes": eyes})
    return found
