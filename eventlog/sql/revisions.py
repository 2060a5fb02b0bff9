"""The revisions of the log's schema, oldest first, known without loading Alembic."""

REVISIONS = ("0001", "0002")
VERSION_TABLE = "log_schema"
