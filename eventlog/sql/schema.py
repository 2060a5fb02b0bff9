"""The tables of the log as SQLAlchemy Core sees them: what the migrations must arrive at.

Loaded by migrations and tests only. Times are whole microseconds since 1970 UTC.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
)

Big = BigInteger().with_variant(Integer(), "sqlite")
metadata = MetaData()

kinds = Table(
    "kinds",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("estate", Text, nullable=False),
    Column("type", Text, nullable=False),
    Column("version", Integer, nullable=False),
    UniqueConstraint("estate", "type", "version", name="kinds_name"),
    comment="Estate, type and version of events, under a small number",
)

sources = Table(
    "sources",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("source", Text, nullable=False),
    UniqueConstraint("source", name="sources_name"),
    comment="Sources of events, under a small number",
)

events = Table(
    "events",
    metadata,
    Column("position", Big, primary_key=True, autoincrement=False),
    Column("kind", Integer, nullable=False),
    Column("source", Integer, nullable=False),
    Column("event_id", Text, nullable=False),
    Column("occurred_us", Big, nullable=False),
    Column("received_us", Big, nullable=False),
    Column("recorded_us", Big, nullable=False),
    Column("seq", Big, nullable=True),
    Column("replay", Boolean, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("hash", LargeBinary, nullable=False),
    Index("events_kind", "kind", "position"),
    comment="The log: append-only, positions without holes; on PostgreSQL a partition a month",
    postgresql_partition_by="RANGE (recorded_us)",
)

identities = Table(
    "identities",
    metadata,
    Column("identity", LargeBinary, primary_key=True),
    Column("position", Big, nullable=False),
    sqlite_with_rowid=False,
    comment="Where each (source, id) is, for ever, also of entries in archives",
)

head = Table(
    "head",
    metadata,
    Column("one", Integer, primary_key=True, autoincrement=False),
    Column("position", Big, nullable=False),
    Column("recorded_us", Big, nullable=False),
    Column("hash", LargeBinary, nullable=False),
    Column("archived", Big, nullable=False, server_default="0"),
    CheckConstraint("one = 1", name="head_is_one_row"),
    comment="The last entry of the log, so that entries missing at its end are seen",
)

archives = Table(
    "archives",
    metadata,
    Column("first", Big, primary_key=True, autoincrement=False),
    Column("last", Big, nullable=False),
    Column("first_us", Big, nullable=False),
    Column("last_us", Big, nullable=False),
    Column("hash", LargeBinary, nullable=False),
    Column("file", Text, nullable=False),
    Column("bytes", Big, nullable=False),
    Column("sha256", Text, nullable=False),
    comment="Files with entries that are no longer in the log's table: up to the head's `archived`",
)

quarantine = Table(
    "quarantine",
    metadata,
    Column("id", Big, primary_key=True, autoincrement=True),
    Column("estate", Text, nullable=False),
    Column("topic", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("detail", Text, nullable=False),
    Column("payload", LargeBinary, nullable=False),
    Column("received_us", Big, nullable=False),
    Column("number", Integer, nullable=True),
    Column("released_us", Big, nullable=True),
    Index("quarantine_waiting", "released_us", "reason"),
    sqlite_autoincrement=True,
    comment="What could not be taken in; number says which event of a message with several",
)

states = Table(
    "states",
    metadata,
    Column("owner", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("value", LargeBinary, nullable=False),
    Column("due_us", Big, nullable=True),
    comment="What readers keep, in one transaction with their outputs",
)

readers = Table(
    "readers",
    metadata,
    Column("reader", Text, primary_key=True),
    Column("position", Big, nullable=False),
    comment="How far each reader has come",
)

accounts = Table(
    "accounts",
    metadata,
    Column("name", Text, primary_key=True),
    Column("kind", Text, primary_key=True),
    Column("estate", Text, nullable=False),
    Column("scope", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("secret_hash", Text, nullable=False),
    Column("broker_hash", Text, nullable=False),
    Column("created_us", Big, nullable=False),
    Column("disabled", Boolean, nullable=False),
    comment="Who may connect; secrets as hashes only",
)

counters = Table(
    "counters",
    metadata,
    Column("name", Text, primary_key=True),
    Column("value", Big, nullable=False),
    comment="Counts of changes, so that a copy knows when it is old",
)
