"""Homes, people, credentials, vehicles, visitors as the registers have them: what their quality is told from.

Ids, homes, moments and states only: no names and no telephone numbers. An entry that is taken out of its
register is deleted here too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Boolean, Column, Connection, Index, Table, Text, delete

from eventlog.folds import FOLDS
from eventlog.ports import Recorded
from eventlog.times import to_us
from eventlog.vocabulary import CredentialSet, Event, HomeSet, PersonSet, VehicleSet, VisitorSet
from projections.base import MODELS, Big, Projection, Row, clean, key_of, upsert

DELETED_AT_ONCE = 500

HOMES = Table(
    "register_homes",
    MODELS,
    Column("key", Text, primary_key=True),
    Column("estate", Text, nullable=False),
    Column("home", Text, nullable=False),
    Column("zone", Text, nullable=False),
    Column("use", Text, nullable=False),
)
PEOPLE = Table(
    "register_people",
    MODELS,
    Column("key", Text, primary_key=True),
    Column("estate", Text, nullable=False),
    Column("person", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("home_key", Text),
    Column("lease_until_us", Big),
    Column("left_us", Big),
    Index("register_people_home", "home_key"),
)
CREDENTIALS = Table(
    "register_credentials",
    MODELS,
    Column("key", Text, primary_key=True),
    Column("estate", Text, nullable=False),
    Column("credential", Text, nullable=False),
    Column("person_key", Text),
    Column("state", Text, nullable=False),
    Column("valid_until_us", Big),
    Column("duress", Boolean, nullable=False),
)
VEHICLES = Table(
    "register_vehicles",
    MODELS,
    Column("key", Text, primary_key=True),
    Column("estate", Text, nullable=False),
    Column("plate", Text, nullable=False),
    Column("resident", Boolean, nullable=False),  # of the group of residents, or of none
    Column("owner_key", Text),
    Column("valid_until_us", Big),
)
VISITORS = Table(
    "register_visitors",
    MODELS,
    Column("key", Text, primary_key=True),
    Column("estate", Text, nullable=False),
    Column("visitor", Text, nullable=False),
    Column("valid_until_us", Big),
)
MODEL_OF: Mapping[str, Table] = {
    "homes": HOMES,
    "people": PEOPLE,
    "credentials": CREDENTIALS,
    "vehicles": VEHICLES,
    "visitors": VISITORS,
}
"""The table of each register that is here."""


class Registers(Projection):
    """One row an entry."""

    name = "registers"
    version = 1
    listens_to = frozenset(kind.TYPE for kind, fold in FOLDS.items() if fold.register in MODEL_OF)
    models = tuple(MODEL_OF.values())

    def apply(self, connection: Connection, events: Sequence[Recorded]) -> None:
        # A `…_set` event carries the whole entry, so the last one of a batch is all that counts.
        last: dict[str, dict[str, Row | None]] = {name: {} for name in MODEL_OF}
        for entry in events:
            fold = FOLDS[type(entry.event)]
            key = key_of(entry.estate, clean(fold.key(entry.event)))
            row = None if fold.removes else _row(key, entry.estate, entry.event)
            last[fold.register][key] = row
        for name, model in MODEL_OF.items():
            table, rows = self.table(model), last[name]
            _delete(connection, table, [key for key, row in rows.items() if row is None])
            upsert(connection, table, [row for row in rows.values() if row is not None])


def _delete(connection: Connection, table: Table, keys: Sequence[str]) -> None:
    for part in _parts(keys):
        connection.execute(delete(table).where(table.c.key.in_(part)))


def _parts(keys: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(keys), DELETED_AT_ONCE):
        yield keys[start : start + DELETED_AT_ONCE]


def _row(key: str, estate: str, event: Event) -> Row:
    return {"key": key, "estate": estate, **_ROWS[type(event)](estate, event)}


def _home(_: str, event: Any) -> Row:
    return {"home": clean(event.home), "zone": clean(event.zone), "use": event.use}


def _person(estate: str, event: Any) -> Row:
    return {
        "person": clean(event.person),
        "role": event.role,
        "home_key": _key(estate, event.home),
        "lease_until_us": _us(event.lease_until),
        "left_us": _us(event.left_at),
    }


def _credential(estate: str, event: Any) -> Row:
    return {
        "credential": clean(event.credential),
        "person_key": _key(estate, event.person),
        "state": event.state,
        "valid_until_us": _us(event.valid_until),
        "duress": event.duress,
    }


def _vehicle(estate: str, event: Any) -> Row:
    return {
        "plate": clean(event.plate),
        "resident": not event.groups or "resident" in event.groups,
        "owner_key": _key(estate, event.owner),
        "valid_until_us": _us(event.valid_until),
    }


def _visitor(_: str, event: Any) -> Row:
    return {"visitor": clean(event.visitor), "valid_until_us": _us(event.valid_until)}


_ROWS: Mapping[type[Event], Callable[[str, Any], Row]] = {
    HomeSet: _home,
    PersonSet: _person,
    CredentialSet: _credential,
    VehicleSet: _vehicle,
    VisitorSet: _visitor,
}


def _key(estate: str, entry: str | None) -> str | None:
    """The key of the row that another one refers to."""
    return None if not entry else key_of(estate, clean(entry))


def _us(moment: datetime | None) -> int | None:
    return None if moment is None else to_us(moment)
