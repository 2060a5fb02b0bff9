"""The console: HTTP API, sign-in, live pages. Reads the read models, appends `command.*`, decides nothing.

Imports `eventlog` and `projections`; whatever else it needs comes in by `console.context`.
"""
