"""The estates, their zones with the safety level of each, and their squads: what the page is drawn on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import orjson
from sqlalchemy import Boolean, Column, Connection, Integer, Table, Text, select

from eventlog.ports import Recorded
from eventlog.times import to_us
from eventlog.vocabulary import (
    EstateSet,
    SafetyChanged,
    SquadRemoved,
    SquadSet,
    ThreatLevelChanged,
    Words,
    ZoneRemoved,
    ZoneSet,
)
from projections.base import MODELS, Big, Projection, Row, key_of, load, upsert

ESTATES = Table(
    "estates",
    MODELS,
    Column("estate", Text, primary_key=True),
    Column("name_zh", Text, nullable=False),
    Column("name_en", Text, nullable=False),
    Column("time_zone", Text, nullable=False),
    Column("default_squad", Text),
    Column("operators", Integer, nullable=False),
    Column("level", Text, nullable=False),
    Column("level_zones", Integer, nullable=False),  # how many zones are at that level
    Column("level_us", Big),
)
ZONES = Table(
    "zones",
    MODELS,
    Column("key", Text, primary_key=True),
    Column("estate", Text, nullable=False),
    Column("zone", Text, nullable=False),
    Column("registered", Boolean, nullable=False),
    Column("name_zh", Text, nullable=False),
    Column("name_en", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("duty", Text),  # road or unit: a key one, to have eyes on it every hour
    Column("squad", Text),  # the zone's own; readers get the estate's where it has none
    Column("level", Text, nullable=False),
    Column("cause", Text),
    Column("cause_kind", Text),
    Column("since_us", Big),
)
SQUADS = Table(
    "squads",
    MODELS,
    Column("key", Text, primary_key=True),
    Column("estate", Text, nullable=False),
    Column("squad", Text, nullable=False),
    Column("registered", Boolean, nullable=False),
    Column("name_zh", Text, nullable=False),
    Column("name_en", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("members", Text, nullable=False),  # a JSON list of ids
)


class Zones(Projection):
    """One row an estate, a zone, a squad; those taken out of the register stay, marked."""

    name = "zones"
    version = 4
    listens_to = frozenset(
        kind.TYPE
        for kind in (
            EstateSet,
            ZoneSet,
            ZoneRemoved,
            SquadSet,
            SquadRemoved,
            SafetyChanged,
            ThreatLevelChanged,
        )
    )
    models = (ESTATES, ZONES, SQUADS)

    def apply(self, connection: Connection, events: Sequence[Recorded]) -> None:
        places = [_place(entry) for entry in events]
        loaded = {
            model.name: load(connection, self.table(model), {key for of, key in places if of is model})
            for model in self.models
        }
        for (model, key), entry in zip(places, events, strict=True):
            rows = loaded[model.name]
            rows[key] = _changed(model, rows.get(key) or _new(model, key), entry.event)
        for model in self.models:
            upsert(connection, self.table(model), list(loaded[model.name].values()))


def _place(entry: Recorded) -> tuple[Table, str]:
    """The table and the key of the row that an event changes."""
    event = entry.event
    if isinstance(event, ZoneSet | SafetyChanged):
        return ZONES, key_of(entry.estate, event.zone)
    if isinstance(event, ZoneRemoved):
        return ZONES, key_of(entry.estate, event.entry)
    if isinstance(event, SquadSet):
        return SQUADS, key_of(entry.estate, event.squad)
    if isinstance(event, SquadRemoved):
        return SQUADS, key_of(entry.estate, event.entry)
    return ESTATES, entry.estate


def _new(model: Table, key: str) -> Row:
    estate, _, name = key.partition("\n")
    names = {"name_zh": name or estate, "name_en": name or estate}
    if model is ESTATES:
        level = {"level": "unknown", "level_zones": 0, "level_us": None}
        settings = {"time_zone": "Asia/Shanghai", "default_squad": None, "operators": 1}
        return {"estate": estate, **names, **settings, **level}
    if model is SQUADS:
        return {
            "key": key,
            "estate": estate,
            "squad": name,
            "registered": False,
            **names,
            "kind": "full_time",
            "members": "[]",
        }
    level = {"level": "unknown", "cause": None, "cause_kind": None, "since_us": None}
    place = {"key": key, "estate": estate, "zone": name, "registered": False}
    return {**place, **names, "kind": "area", "duty": None, "squad": None, **level}


def _changed(model: Table, row: Row, event: object) -> Row:
    match event:
        case EstateSet():
            settings = {"time_zone": event.time_zone, "default_squad": event.default_squad}
            return {**row, **_names(event.name), **settings, "operators": event.operators}
        case ThreatLevelChanged():
            return {**row, "level": event.level, "level_zones": event.zones, "level_us": to_us(event.at)}
        case ZoneSet():
            register = {"registered": True, "kind": event.kind, "squad": event.squad, "duty": event.key}
            return {**row, **_names(event.name), **register}
        case SquadSet():
            members = orjson.dumps([each.member for each in event.members]).decode()
            return {**row, **_names(event.name), "registered": True, "kind": event.kind, "members": members}
        case SafetyChanged():
            cause = {"cause": event.cause, "cause_kind": event.cause_kind}
            return {**row, "level": event.level, **cause, "since_us": to_us(event.at)}
        case ZoneRemoved() | SquadRemoved():
            return {**row, "registered": False}
    raise TypeError(f"zones: {event!r} is none of the events it listens to, for {model.name}")


def _names(name: Words) -> Row:
    return {"name_zh": name.zh, "name_en": name.en}


def _of(connection: Connection, model: Table, estate: str | None) -> list[dict[str, Any]]:
    query = select(model).order_by(next(iter(model.columns)))
    if "registered" in model.columns:
        query = query.where(model.c.registered.is_(True))
    if estate is not None:
        query = query.where(model.c.estate == estate)
    return [dict(row) for row in connection.execute(query).mappings()]


def estates(connection: Connection, estate: str | None = None) -> list[dict[str, Any]]:
    """The estates with their levels, and how many zones are at that level now."""
    counts = Counter((zone["estate"], zone["level"]) for zone in zones(connection, estate))
    found = _of(connection, ESTATES, estate)
    # The event tells the count when the level changed; further zones may have come to it since.
    return [{**row, "level_zones": counts[row["estate"], row["level"]]} for row in found]


def zones(connection: Connection, estate: str | None = None) -> list[dict[str, Any]]:
    """The zones in the register, with their levels and the squads that their alerts go to."""
    default = {row["estate"]: row["default_squad"] for row in _of(connection, ESTATES, estate)}
    found = _of(connection, ZONES, estate)
    return [{**row, "squad": row["squad"] or default.get(row["estate"])} for row in found]


def squads(connection: Connection, estate: str | None = None) -> list[dict[str, Any]]:
    """The squads in the register."""
    return _of(connection, SQUADS, estate)
