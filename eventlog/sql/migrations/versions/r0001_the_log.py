"""The log, its quarantine, the readers' state, the accounts."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

Big = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
Bytes = sa.LargeBinary


def _column(name: str, kind: Any) -> sa.Column[Any]:
    return sa.Column(name, kind, nullable=False)


def _names() -> None:
    op.create_table(
        "kinds",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
        _column("estate", sa.Text),
        _column("type", sa.Text),
        _column("version", sa.Integer),
        sa.UniqueConstraint("estate", "type", "version", name="kinds_name"),
        comment="Estate, type and version of events, under a small number",
    )
    op.create_table(
        "sources",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
        _column("source", sa.Text),
        sa.UniqueConstraint("source", name="sources_name"),
        comment="Sources of events, under a small number",
    )


def _events() -> None:
    op.create_table(
        "events",
        sa.Column("position", Big, primary_key=True, autoincrement=False),
        _column("identity", Bytes),
        _column("kind", sa.Integer),
        _column("source", sa.Integer),
        _column("event_id", sa.Text),
        _column("occurred_us", Big),
        _column("received_us", Big),
        _column("recorded_us", Big),
        sa.Column("seq", Big, nullable=True),
        _column("replay", sa.Boolean),
        _column("body", Bytes),
        _column("hash", Bytes),
        comment="The log: append-only, positions without holes",
    )
    op.create_index("events_identity", "events", ["identity"], unique=True)
    # SQLite ends every index with the position anyway.
    sqlite = op.get_bind().dialect.name == "sqlite"
    op.create_index("events_kind", "events", ["kind"] if sqlite else ["kind", "position"])
    head = op.create_table(
        "head",
        sa.Column("one", sa.Integer, primary_key=True, autoincrement=False),
        _column("position", Big),
        _column("recorded_us", Big),
        _column("hash", Bytes),
        sa.CheckConstraint("one = 1", name="head_is_one_row"),
        comment="The last entry of the log, so that entries missing at its end are seen",
    )
    op.bulk_insert(head, [{"one": 1, "position": 0, "recorded_us": 0, "hash": bytes(32)}])


def _beside() -> None:
    op.create_table(
        "quarantine",
        sa.Column("id", Big, primary_key=True, autoincrement=True),
        _column("estate", sa.Text),
        _column("topic", sa.Text),
        _column("reason", sa.Text),
        _column("detail", sa.Text),
        _column("payload", Bytes),
        _column("received_us", Big),
        sa.Column("number", sa.Integer, nullable=True),
        sa.Column("released_us", Big, nullable=True),
        sqlite_autoincrement=True,
        comment="What could not be taken in; number says which event of a message with several",
    )
    op.create_index("quarantine_waiting", "quarantine", ["released_us", "reason"])
    op.create_table(
        "states",
        sa.Column("owner", sa.Text, primary_key=True),
        sa.Column("key", sa.Text, primary_key=True),
        _column("value", Bytes),
        sa.Column("due_us", Big, nullable=True),
        comment="What readers keep, in one transaction with their outputs",
    )
    op.create_table(
        "readers",
        sa.Column("reader", sa.Text, primary_key=True),
        _column("position", Big),
        comment="How far each reader has come",
    )


def _accounts() -> None:
    op.create_table(
        "accounts",
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("kind", sa.Text, primary_key=True),
        *(_column(name, sa.Text) for name in ("estate", "scope", "role", "secret_hash", "broker_hash")),
        _column("created_us", Big),
        _column("disabled", sa.Boolean),
        comment="Who may connect; secrets as hashes only",
    )
    counters = op.create_table(
        "counters",
        sa.Column("name", sa.Text, primary_key=True),
        _column("value", Big),
        comment="Counts of changes, so that a copy knows when it is old",
    )
    op.bulk_insert(counters, [{"name": "accounts", "value": 0}])


def upgrade() -> None:
    _names()
    _events()
    _beside()
    _accounts()
