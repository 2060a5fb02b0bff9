"""The chain of hashes: each entry's hash covers the one before it and everything stored of its own.

Every backend links and checks with these functions; nothing else may compute a hash of the chain.
"""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import sha256
from struct import Struct

from eventlog.ports import NewEvent, Position, Recorded, Verified

GENESIS = bytes(32)
"""What stands before the first entry."""

_HEAD = Struct(">QqqqQ?q?HHHHI").pack
_NO_SEQ = 0


def link(previous: bytes, position: Position, event: NewEvent, recorded_us: int) -> bytes:
    """The hash of a new entry. Lengths stand before the texts, so that no two entries pack alike."""
    estate, kind, version, source, event_id, occurred_us, received_us, body, seq, replay = event
    head = _HEAD(
        position, occurred_us, received_us, recorded_us, version, seq is not None, seq or _NO_SEQ, replay,
        len(estate), len(kind), len(source), len(event_id), len(body),
    )  # fmt: skip
    texts = f"{estate}{kind}{source}{event_id}".encode()
    return sha256(previous + head + texts + body).digest()


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

    def take(self, entries: Iterable[Recorded]) -> Verified | None:
        """Checks the next entries; a `Verified` with the problem at the first bad one, else None."""
        for entry in entries:
            expected = self._position + 1
            if entry.position != expected:
                return self.bad(expected, "the entry is missing")
            if entry.recorded_us < self._recorded_us:
                return self.bad(expected, "its recorded time is before that of the entry before it")
            if link_recorded(self._hash, entry) != entry.hash:
                return self.bad(
                    expected, "its content or an entry's order was changed: the hash does not fit"
                )
            self._position, self._recorded_us, self._hash = expected, entry.recorded_us, entry.hash
            self._entries += 1
        return None

    def bad(self, position: Position, problem: str) -> Verified:
        """The verdict that names a bad entry."""
        return Verified(self._entries, self._hash, position, problem)

    def good(self) -> Verified:
        """The verdict when nothing was found."""
        return Verified(self._entries, self._hash)
