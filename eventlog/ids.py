"""Derived ids: what is derived has an id derived from its cause, so that a repeat is a no-op."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from uuid import UUID, uuid5

NAMESPACE = UUID("6a0d9c1e-3d0b-5d53-9f5c-8b9f3f2a7e10")
REFERENCES_KEPT = 20_000
"""Of plates and cards: several rules ask for the same one of every event."""


def derived_id(*parts: str | int) -> str:
    """A UUID (version 5) of the given parts, in order; the same parts give the same id for ever."""
    return str(uuid5(NAMESPACE, "\x1f".join(map(str, parts))))


@lru_cache(maxsize=REFERENCES_KEPT)
def reference(estate: str, value: str) -> str:
    """What stands for a plate or a card in keys that go out, so that no output copies it; the same value of
    one estate always has the same one. No secret is in it: it keeps data out of sight, it does not seal them.
    """
    return hashlib.blake2b(f"{estate}\x00{value}".encode(), digest_size=8).hexdigest()


def identity_key(source: str, event_id: str) -> bytes:
    """16 bytes that stand for (source, id) in the log's unique index."""
    return hashlib.blake2b(f"{source}\x00{event_id}".encode(), digest_size=16).digest()
