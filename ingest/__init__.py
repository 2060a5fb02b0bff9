"""Ingest: from MQTT to the event log, with quarantine. Imports `eventlog` only."""
