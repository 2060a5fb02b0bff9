"""The HTTP API under /api/v1: one file a subject. Everything is written down in docs/api.md."""
