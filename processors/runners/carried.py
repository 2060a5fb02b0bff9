"""One entry of the log as Kafka carries it: compact bytes, and back. Says which record came before it.

A record's key is the estate. A *mark* carries no entry: it says that everything up to its position has been
sent to its partition. `previous` is the position of the record before it in its partition, so that whoever
reads notices a hole and looks into the log. The chain's hash stays at home: it is checked at the log.
"""

from __future__ import annotations

import struct
from typing import NamedTuple
from zlib import crc32

from eventlog.ports import Position, Recorded

_FORMAT = 1
_HEAD = struct.Struct(">BBqqqqqqHHHH")
_MARK, _REPLAY, _NUMBERED = 1, 2, 4

BEGIN: Position = -1
"""As `previous` of the first record of a relay: what came before is to be looked up in the log."""


class BadRecordError(ValueError):
    """These bytes are no record of ours."""


class Carried(NamedTuple):
    """What a record says; `entry` is None in a mark."""

    position: Position
    previous: Position
    entry: Recorded | None


def partition_of(estate: str, partitions: int) -> int:
    """The partition of an estate. Never change it: the order of an estate's records depends on it."""
    return crc32(estate.encode()) % partitions


def mark(position: Position, previous: Position) -> bytes:
    """A record that says: everything up to `position` has been sent to this partition."""
    return _HEAD.pack(_FORMAT, _MARK, position, previous, 0, 0, 0, 0, 0, 0, 0, 0)


def encode(entry: Recorded, previous: Position) -> bytes:
    """An entry as a record's value; its key is the estate."""
    flags = (_REPLAY if entry.replay else 0) | (0 if entry.seq is None else _NUMBERED)
    kind, source, event_id = entry.type.encode(), entry.source.encode(), entry.id.encode()
    head = _HEAD.pack(
        _FORMAT, flags, entry.position, previous, entry.occurred_us, entry.received_us, entry.recorded_us,
        entry.seq or 0, entry.version, len(kind), len(source), len(event_id),
    )  # fmt: skip
    return b"".join((head, kind, source, event_id, entry.body))


def decode(key: bytes | None, value: bytes | None) -> Carried:
    """A record's key and value as what it says. Raises BadRecordError."""
    try:
        return _decode(key or b"", value or b"")
    except (struct.error, UnicodeDecodeError) as error:
        raise BadRecordError(f"not a record of the log: {error}") from error


def _decode(key: bytes, value: bytes) -> Carried:
    (form, flags, position, previous, occurred_us, received_us, recorded_us, seq, version, *lengths) = (
        _HEAD.unpack_from(value)
    )
    if form != _FORMAT:
        raise BadRecordError(f"a record of format {form}, known is {_FORMAT}")
    if flags & _MARK:
        return Carried(position, previous, None)
    at, words = _HEAD.size, []
    for length in lengths:
        words.append(value[at : at + length].decode())
        at += length
    if at >= len(value):
        raise BadRecordError("a record that is cut off")
    kind, source, event_id = words
    entry = Recorded(
        position, key.decode(), kind, version, source, event_id, occurred_us, received_us, recorded_us,
        seq if flags & _NUMBERED else None, bool(flags & _REPLAY), value[at:],
    )  # fmt: skip
    return Carried(position, previous, entry)
