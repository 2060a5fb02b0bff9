"""Every device: its entry in the register, whether it is connected, when it was last heard of, its battery.

Counts only what the device itself sent. Nothing but registers, presence and the last heartbeat of a batch
is decoded: this projection sees every event of every device.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Boolean, Column, Connection, Float, Integer, Table, Text, select

from eventlog.ports import Recorded
from eventlog.vocabulary import (
    TYPES,
    DeviceHeartbeat,
    DeviceOffline,
    DeviceOnline,
    DeviceRemoved,
    DeviceSet,
    Role,
)
from projections.base import MODELS, Big, Projection, Row, key_of, load, upsert

DEVICES = Table(
    "devices",
    MODELS,
    Column("key", Text, primary_key=True),
    Column("estate", Text, nullable=False),
    Column("device", Text, nullable=False),
    Column("registered", Boolean, nullable=False),
    Column("family", Text),
    Column("zone", Text),
    Column("name_zh", Text),
    Column("name_en", Text),
    Column("maker", Text),
    Column("parent", Text),
    Column("presence", Text, nullable=False),  # online, offline, unknown
    Column("presence_us", Big),
    Column("last_seen_us", Big),  # the latest arrival here, by our clock
    Column("last_event_us", Big),  # the latest event, by the device's clock
    Column("last_heartbeat_us", Big),
    Column("battery", Float),
    Column("uptime_s", Float),
    Column("events", Integer, nullable=False),
)

_SENT = frozenset(
    name for name, kind in TYPES.items() if kind.ROLE is Role.DEVICE and not name.startswith("patrol.")
)
_HEARTBEAT = DeviceHeartbeat.TYPE
_NEW: Row = {column.name: None for column in DEVICES.columns} | {
    "registered": False,
    "presence": "unknown",
    "events": 0,
}


@dataclass(slots=True)
class _Heard:
    """What one source sent in a batch."""

    estate: str
    count: int = 0
    received_us: int = 0
    occurred_us: int = 0
    heartbeat: Recorded | None = None


class Devices(Projection):
    """One row a device that is in the register or was heard of."""

    name = "devices"
    version = 1
    listens_to = _SENT | {DeviceSet.TYPE, DeviceRemoved.TYPE, DeviceOnline.TYPE, DeviceOffline.TYPE}
    models = (DEVICES,)

    def apply(self, connection: Connection, events: Sequence[Recorded]) -> None:
        heard, others = _sort(events)
        by_key = {key_of(one.estate, source.rpartition("/")[2]): one for source, one in heard.items()}
        changes = [(key_of(entry.estate, _subject(entry)), entry) for entry in others]
        rows = load(connection, self.table(DEVICES), {*by_key, *(key for key, _ in changes)})
        for key, one in by_key.items():
            _hear(_row(rows, key), one)
        for key, entry in changes:
            _change(_row(rows, key), entry)
        upsert(connection, self.table(DEVICES), list(rows.values()))


def _sort(events: Sequence[Recorded]) -> tuple[dict[str, _Heard], list[Recorded]]:
    heard: dict[str, _Heard] = {}
    others: list[Recorded] = []
    for entry in events:
        if entry.type not in _SENT:
            others.append(entry)
            continue
        one = heard.get(entry.source)
        if one is None:
            one = heard[entry.source] = _Heard(entry.estate)
        one.count += 1
        if entry.received_us > one.received_us:
            one.received_us = entry.received_us
        if entry.occurred_us > one.occurred_us:
            one.occurred_us = entry.occurred_us
        beat = one.heartbeat
        if entry.type == _HEARTBEAT and (beat is None or entry.occurred_us >= beat.occurred_us):
            one.heartbeat = entry
    return heard, others


def _row(rows: dict[str, Row], key: str) -> Row:
    row = rows.get(key)
    if row is None:
        estate, _, device = key.partition("\n")
        row = rows[key] = {**_NEW, "key": key, "estate": estate, "device": device}
    return row


def _hear(row: Row, one: _Heard) -> None:
    row["events"] += one.count
    row["last_seen_us"] = max(row["last_seen_us"] or 0, one.received_us)
    row["last_event_us"] = max(row["last_event_us"] or 0, one.occurred_us)
    beat = one.heartbeat
    if beat is not None and beat.occurred_us >= (row["last_heartbeat_us"] or 0):
        event = beat.event
        if isinstance(event, DeviceHeartbeat):
            row |= {
                "last_heartbeat_us": beat.occurred_us,
                "battery": event.battery,
                "uptime_s": event.uptime_s,
            }


def _subject(entry: Recorded) -> str:
    event = entry.event
    if isinstance(event, DeviceSet | DeviceOnline | DeviceOffline):
        return event.device
    if isinstance(event, DeviceRemoved):
        return event.entry
    raise TypeError(f"devices: entry {entry.position} is a {entry.type}, which it doesn't listen to")


def _change(row: Row, entry: Recorded) -> None:
    event = entry.event
    if isinstance(event, DeviceSet):
        row |= {
            "registered": True,
            "family": event.family,
            "zone": event.zone,
            "name_zh": event.name.zh if event.name else None,
            "name_en": event.name.en if event.name else None,
            "maker": event.maker,
            "parent": event.parent,
        }
    elif isinstance(event, DeviceRemoved):
        row["registered"] = False
    else:
        row |= {"presence": entry.type.rpartition(".")[2], "presence_us": entry.received_us}


def find_devices(
    connection: Connection,
    *,
    estate: str | None,
    zone: str | None = None,
    family: str | None = None,
    presence: str | None = None,
    after: str = "",
    limit: int,
) -> list[dict[str, Any]]:
    """Registered devices by (estate, id), after a key."""
    c = DEVICES.c
    conditions = [c.registered.is_(True), c.key > after]
    for column, value in ((c.estate, estate), (c.zone, zone), (c.family, family), (c.presence, presence)):
        if value is not None:
            conditions.append(column == value)
    query = select(DEVICES).where(*conditions).order_by(c.key).limit(limit)
    return [dict(row) for row in connection.execute(query).mappings()]
