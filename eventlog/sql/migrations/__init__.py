"""Alembic's folder of the log: run by `eventlog.sql.migrate` when a database is opened."""
