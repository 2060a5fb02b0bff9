"""The serve role: the projections in a thread, the console beside them, wired to the rest by ports."""

from __future__ import annotations
