"""The chain of hashes: each entry's hash covers the one before it and everything stored of its own.

Every backend links and checks with these functions; nothing else may compute a hash of the chain.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from hashlib import sha256
from struct import Struct

from eventlog.ids import identity_key
from eventlog.ports import NewEvent, Position, Recorded, Verified

GENESIS = bytes(32)
"""What stands before the first entry."""

_HEAD = Struct(">qqqqI?q?IIIII").pack
_UNREADABLE = (TypeError, ValueError, OverflowError, struct.error)


def link(previous: bytes, position: Position, event: NewEvent, recorded_us: int) -> bytes:
    """The hash of a new entry. Lengths stand before the texts, so that no two entries pack alike."""
    estate, kind, version, source, event_id, occurred_us, received_us, body, seq, replay = event
    head = _HEAD(
        position, occurred_us, received_us, recorded_us, version, seq is not None, seq or 0, replay,
        len(estate), len(kind), len(source), len(event_id), len(body),
    )  # fmt: skip
    texts = f"{estate}{kind}{source}{event_id}".encode()
    return sha256(b"".join((previous, head, texts, body))).digest()


def link_recorded(previous: bytes, entry: Recorded) -> bytes:
    """The hash an entry should have after `previous`."""
    event = NewEvent(
        entry.estate, entry.type, entry.version, entry.source, entry.id, entry.occurred_us,
        entry.received_us, entry.body, entry.seq, entry.replay,
    )  # fmt: skip
    return link(previous, entry.position, event, entry.recorded_us)


class Checker:
    """Walks the chain in order from a known entry and stops at the first one that does not fit."""

    def __init__(self, position: Position, recorded_us: int, head_hash: bytes) -> None:
        self._position = position
        self._recorded_us = recorded_us
        self._hash = head_hash
        self._entries = 0

    @property
    def position(self) -> Position:
        """The last good entry."""
        return self._position

    @classmethod
    def after(cls, entry: Recorded) -> Checker:
        """A walk that begins behind an entry, which is taken as it is."""
        return cls(entry.position, entry.recorded_us, entry.hash)

    def take(self, entries: Iterable[tuple[Recorded, bytes | None]]) -> Verified | None:
        """Checks the next entries, each with its stored identity where the store keeps one.

        A `Verified` with the problem at the first bad one, else None.
        """
        for entry, identity in entries:
            problem = self._problem(entry, identity)
            if problem:
                return self.bad(self._position + 1, problem)
            self._position, self._recorded_us, self._hash = entry.position, entry.recorded_us, entry.hash
            self._entries += 1
        return None

    def _problem(self, entry: Recorded, identity: bytes | None) -> str:
        if entry.position != self._position + 1:
            return "the entry is missing"
        try:
            fits = link_recorded(self._hash, entry) == entry.hash
            known = identity is None or identity_key(entry.source, entry.id) == identity
            backwards = entry.recorded_us < self._recorded_us
        except _UNREADABLE as error:
            return f"a stored value is not of its kind ({error})"
        if backwards:
            return "its recorded time is before that of the entry before it"
        if not fits:
            return "it was changed, or the entry before it was: the hash does not fit"
        return "" if known else "its identity was changed"

    @property
    def hash(self) -> bytes:
        """The hash of the last good entry."""
        return self._hash

    def bad(self, position: Position, problem: str) -> Verified:
        """The verdict that names a bad entry."""
        return Verified(self._entries, self._hash, position, problem)

    def good(self) -> Verified:
        """The verdict when nothing was found."""
        return Verified(self._entries, self._hash)
