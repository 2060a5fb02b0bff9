"""Which generation of each projection is live, which is being built, and how far each has come.

One row a generation. Readers see the live one's tables through views of the models' names, so that a
switch is one transaction. Nothing here reads the log.
"""

from __future__ import annotations

from dataclasses import dataclass

import orjson
from sqlalchemy import (
    Column,
    Connection,
    Engine,
    Integer,
    MetaData,
    Table,
    Text,
    delete,
    insert,
    inspect,
    select,
    text,
    update,
)

from eventlog.ports import Position
from projections.base import Big, Projection
from projections.store import writing

_METADATA = MetaData()
GENERATIONS = Table(
    "projection_generations",
    _METADATA,
    Column("name", Text, primary_key=True),
    Column("generation", Integer, primary_key=True, autoincrement=False),
    Column("version", Integer, nullable=False),
    Column("live", Integer, nullable=False),
    Column("position", Big, nullable=False),
    Column("models", Text, nullable=False),  # a JSON list of the models' names
)


@dataclass(frozen=True, slots=True)
class Generation:
    """One set of tables of a projection."""

    name: str
    generation: int
    version: int
    live: bool
    position: Position
    models: tuple[str, ...]


class GoneError(Exception):
    """A generation was replaced or thrown away meanwhile, by another process."""


def make_tables(engine: Engine) -> None:
    """Makes the table of generations where there is none."""
    with writing(engine) as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(712345002)"))
        _METADATA.create_all(connection)


def generations(connection: Connection) -> list[Generation]:
    """All of them, by name."""
    query = select(GENERATIONS).order_by(GENERATIONS.c.name, GENERATIONS.c.generation)
    return [
        Generation(
            row.name,
            row.generation,
            row.version,
            bool(row.live),
            row.position,
            tuple(orjson.loads(row.models)),
        )
        for row in connection.execute(query)
    ]


def positions(engine: Engine) -> dict[str, Position]:
    """How far the live generation of each projection has come; empty before the first start."""
    with engine.connect() as connection:
        if not inspect(connection).has_table(GENERATIONS.name):
            return {}
        return {one.name: one.position for one in generations(connection) if one.live}


def locked(connection: Connection, projection: Projection) -> Position:
    """The position of a generation, which nobody else can move before the commit. Raises GoneError."""
    c = GENERATIONS.c
    query = select(c.position).where(c.name == projection.name, c.generation == projection.generation)
    position: Position | None = connection.scalar(query.with_for_update())
    if position is None:
        raise GoneError(f"projection {projection.name}: generation {projection.generation} is no more")
    return position


def move(connection: Connection, projection: Projection, position: Position) -> None:
    """Keeps how far a generation has come."""
    c = GENERATIONS.c
    here = (c.name == projection.name, c.generation == projection.generation)
    connection.execute(update(GENERATIONS).where(*here).values(position=position))


def start(connection: Connection, kind: type[Projection], *, live: bool) -> Projection:
    """Makes the tables of a new generation, at position 0; a live one can be read at once.

    A generation that was begun before and not finished is thrown away.
    """
    known = [one for one in generations(connection) if one.name == kind.name]
    for one in known:
        if not one.live:
            _drop(connection, one)
    projection = kind(max((one.generation for one in known), default=0) + 1)
    projection.metadata.create_all(connection)
    models = orjson.dumps([model.name for model in projection.models]).decode()
    row = {"name": kind.name, "generation": projection.generation, "version": kind.version, "models": models}
    connection.execute(insert(GENERATIONS).values(**row, live=int(live), position=0))
    if live:
        _show(connection, projection)
    return projection


def switch(connection: Connection, projection: Projection) -> None:
    """Makes a generation the live one and drops the one before, all in the caller's transaction."""
    c = GENERATIONS.c
    for old in generations(connection):
        if old.name == projection.name and old.live:
            _drop(connection, old)
    here = (c.name == projection.name, c.generation == projection.generation)
    connection.execute(update(GENERATIONS).where(*here).values(live=1))
    _show(connection, projection)


def _show(connection: Connection, projection: Projection) -> None:
    for model in projection.models:
        table = projection.table(model).name
        connection.execute(text(f'CREATE VIEW "{model.name}" AS SELECT * FROM "{table}"'))  # noqa: S608 our own names


def _drop(connection: Connection, old: Generation) -> None:
    """Throws a generation away, with the views on it when it was the live one."""
    for model in old.models:
        if old.live:
            connection.execute(text(f'DROP VIEW "{model}"'))
        connection.execute(text(f'DROP TABLE "{model}_g{old.generation}"'))
    c = GENERATIONS.c
    here = (c.name == old.name, c.generation == old.generation)
    connection.execute(delete(GENERATIONS).where(*here))
