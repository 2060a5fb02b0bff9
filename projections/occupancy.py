"""Vehicles inside each estate: the last direction of every plate at the gates on the boundary.

Goes by the plate camera's clock, so that a read that arrives late doesn't bring back who has left.
A lane that the register doesn't know, or of a gate inside the estate, says nothing here.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Boolean, Column, ColumnElement, Connection, Index, Table, Text, func, select

from eventlog.ports import Recorded
from eventlog.vocabulary import GateRemoved, GateSet, PlateRead
from projections.base import MODELS, Big, Projection, Row, clean, key_of, load, upsert

VEHICLES = Table(
    "occupancy",
    MODELS,
    Column("key", Text, primary_key=True),
    Column("estate", Text, nullable=False),
    Column("plate", Text, nullable=False),
    Column("inside", Boolean, nullable=False),
    Column("since_us", Big, nullable=False),  # the read that says so
    Column("gate", Text, nullable=False),
    Column("position", Big, nullable=False),
    Index("occupancy_inside", "inside", "estate", "since_us"),
)
LANES = Table(
    "occupancy_lanes",
    MODELS,
    Column("key", Text, primary_key=True),
    Column("estate", Text, nullable=False),
    Column("lane", Text, nullable=False),
    Column("gate", Text),  # the boundary gate that has the lane; none when no gate has it any more
)


class Occupancy(Projection):
    """One row a plate that was read at a boundary gate."""

    name = "occupancy"
    version = 1
    listens_to = frozenset({PlateRead.TYPE, GateSet.TYPE, GateRemoved.TYPE})
    models = (VEHICLES, LANES)

    def apply(self, connection: Connection, events: Sequence[Recorded]) -> None:
        lanes = _Lanes(connection.execute(select(self.table(LANES))).mappings().all())
        reads: list[tuple[str, str, PlateRead, Recorded]] = []
        for entry in events:
            event = entry.event
            if isinstance(event, PlateRead):
                gate = lanes.gates.get((entry.estate, event.lane))
                if gate is not None and event.has_plate:
                    plate = clean(event.plate.strip().upper())
                    reads.append((key_of(entry.estate, plate), gate, event, entry))
            else:
                lanes.change(entry.estate, event)
        rows = load(connection, self.table(VEHICLES), {key for key, *_ in reads})
        for key, gate, read, entry in reads:
            old = rows.get(key)
            if old is None or entry.occurred_us >= old["since_us"]:
                rows[key] = _row(key, gate, read, entry)
        upsert(connection, self.table(VEHICLES), list(rows.values()))
        upsert(connection, self.table(LANES), list(lanes.changed.values()))


class _Lanes:
    """The lanes of the boundary gates while a batch is applied; a lane is of the gate that named it last."""

    def __init__(self, rows: Sequence[Any]) -> None:
        self.changed: dict[str, Row] = {}
        self.gates: dict[tuple[str, str], str | None] = {
            (row["estate"], row["lane"]): row["gate"] for row in rows
        }

    def change(self, estate: str, event: object) -> None:
        if isinstance(event, GateSet):
            self._set(estate, event.gate, event.lanes if event.boundary else ())
        elif isinstance(event, GateRemoved):
            self._set(estate, event.entry, ())

    def _set(self, estate: str, gate: str, lanes: tuple[str, ...]) -> None:
        for (of_estate, lane), of_gate in list(self.gates.items()):
            if of_estate == estate and of_gate == gate and lane not in lanes:
                self._put(estate, lane, None)
        for lane in lanes:
            self._put(estate, lane, gate)

    def _put(self, estate: str, lane: str, gate: str | None) -> None:
        self.gates[estate, lane] = gate
        key = key_of(estate, lane)
        self.changed[key] = {"key": key, "estate": estate, "lane": lane, "gate": gate}


def _row(key: str, gate: str, read: PlateRead, entry: Recorded) -> Row:
    return {
        "key": key,
        "estate": entry.estate,
        "plate": key.partition("\n")[2],
        "inside": read.direction == "in",
        "since_us": entry.occurred_us,
        "gate": gate,
        "position": entry.position,
    }


def vehicles_inside(
    connection: Connection, *, estate: str | None, after: tuple[int, str] | None = None, limit: int
) -> list[dict[str, Any]]:
    """Vehicles inside, the longest first; `after` is (since_us, key) of the last seen."""
    c = VEHICLES.c
    conditions: list[ColumnElement[bool]] = [c.inside.is_(True)]
    if estate is not None:
        conditions.append(c.estate == estate)
    if after is not None:
        since_us, key = after
        conditions.append((c.since_us > since_us) | ((c.since_us == since_us) & (c.key > key)))
    query = select(VEHICLES).where(*conditions).order_by(c.since_us, c.key).limit(limit)
    return [dict(row) for row in connection.execute(query).mappings()]


def count_inside(connection: Connection, estate: str | None) -> dict[str, int]:
    """How many vehicles are inside, by estate."""
    c = VEHICLES.c
    conditions = [c.inside.is_(True)] + ([c.estate == estate] if estate is not None else [])
    query = select(c.estate, func.count()).where(*conditions).group_by(c.estate)
    return {row[0]: row[1] for row in connection.execute(query)}
