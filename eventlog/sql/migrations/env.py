"""Runs the migrations on the connection it is handed; nothing is read from a file."""

from alembic import context

from eventlog.sql.revisions import VERSION_TABLE
from eventlog.sql.schema import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    version_table=VERSION_TABLE,
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
