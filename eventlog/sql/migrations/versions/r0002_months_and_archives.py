"""The log by month, identities in a table of their own, archives.

An existing log on PostgreSQL becomes the first partition as it is, whatever months it spans: nothing is copied
but the identities. On SQLite the table is written anew without its identities.
"""

import sqlalchemy as sa
from alembic import op

from eventlog.sql.months import Month

revision = "0002"
down_revision = "0001"

Big = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    last, recorded_us = op.get_bind().execute(sa.text("SELECT position, recorded_us FROM head")).one()
    postgresql = op.get_bind().dialect.name == "postgresql"
    _identities(postgresql=postgresql)
    op.drop_index("events_identity", "events")
    op.execute("ALTER TABLE events DROP COLUMN identity")
    if postgresql:
        _months(last, recorded_us)
    op.add_column("head", sa.Column("archived", Big, nullable=False, server_default="0"))
    _archives()


def _identities(*, postgresql: bool) -> None:
    """Filled in the order of the key, and on PostgreSQL before there is an index."""
    key = sa.Column("identity", sa.LargeBinary, nullable=False, primary_key=not postgresql)
    op.create_table(
        "identities",
        key,
        sa.Column("position", Big, nullable=False),
        sqlite_with_rowid=False,
        comment="Where each (source, id) is, for ever, also of entries in archives",
    )
    op.execute(
        "INSERT INTO identities (identity, position) SELECT identity, position FROM events ORDER BY identity"
    )
    if postgresql:
        op.execute("ALTER TABLE identities ADD PRIMARY KEY (identity)")


def _months(last: int, recorded_us: int) -> None:
    """The table of before becomes the partition of all months up to the present one."""
    op.execute("ALTER TABLE events RENAME TO events_before")
    op.execute(
        "CREATE TABLE events (position bigint NOT NULL, kind integer NOT NULL, source integer NOT NULL, "
        "event_id text NOT NULL, occurred_us bigint NOT NULL, received_us bigint NOT NULL, "
        "recorded_us bigint NOT NULL, seq bigint, replay boolean NOT NULL, body bytea NOT NULL, "
        "hash bytea NOT NULL) PARTITION BY RANGE (recorded_us)"
    )
    op.execute(
        "COMMENT ON TABLE events IS "
        "'The log: append-only, positions without holes; on PostgreSQL a partition a month'"
    )
    if not last:
        op.execute("DROP TABLE events_before")
        return
    month = Month.of(recorded_us)
    name = f"events_upto_{month.digits}"
    op.execute(f"ALTER TABLE events_before RENAME TO {name}")
    op.execute(f"ALTER INDEX events_kind RENAME TO {name}_kind")
    op.execute(
        f"ALTER TABLE events ATTACH PARTITION {name} FOR VALUES FROM (MINVALUE) TO ({month.end_us})"
    )


def _archives() -> None:
    op.create_table(
        "archives",
        sa.Column("first", Big, primary_key=True, autoincrement=False),
        *(sa.Column(name, Big, nullable=False) for name in ("last", "first_us", "last_us")),
        sa.Column("hash", sa.LargeBinary, nullable=False),
        sa.Column("file", sa.Text, nullable=False),
        sa.Column("bytes", Big, nullable=False),
        sa.Column("sha256", sa.Text, nullable=False),
        comment="Files with entries that are no longer in the log's table: up to the head's `archived`",
    )
