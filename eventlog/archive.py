"""A piece of the log as a file: JSON lines, compressed in parts, each a gzip member of its own.

`zcat FILE` shows the lines; nothing but a gzip and a JSON reader is needed to read one in twenty years. Each
member's header says how long it is, which entries it has, from when, of which types and estates, so that a
reader goes to the entry it wants without unpacking what lies before. A line has all that the chain of hashes
covers, the event's bytes as they were stored among it. Nothing of databases is known here.
"""

from __future__ import annotations

import base64
import hashlib
import os
import struct
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import BinaryIO, NamedTuple

import orjson

from eventlog.ports import LogCorruptError, Position, Recorded

MEMBER_ENTRIES = 1_000
LEVEL = 6
ESTATES_MAX = 64
"""A member with more estates than this does not name them."""

_FIXED = struct.Struct("<4BIBBH")
_EXTRA = struct.Struct("<2sHIIQQ")
_MAGIC, _WORDS = b"G1", b"G2"
_TAIL = struct.Struct("<II")


class Member(NamedTuple):
    """Where a part of a file lies and what is in it; `estates` is None where they are too many to name."""

    offset: int
    bytes: int
    amount: int
    first: Position
    first_us: int
    types: frozenset[str]
    estates: frozenset[str] | None

    @property
    def last(self) -> Position:
        """The position of its last entry."""
        return self.first + self.amount - 1

    def may_have(self, estate: str | None, types: frozenset[str] | None) -> bool:
        """Whether an entry of this estate and of these types can be in it."""
        of_estate = estate is None or self.estates is None or estate in self.estates
        return of_estate and (types is None or not types.isdisjoint(self.types))


@dataclass(frozen=True, slots=True)
class Written:
    """What was written: entries `first` to `last`."""

    first: Position
    last: Position
    first_us: int
    last_us: int
    hash: bytes
    bytes: int
    sha256: str


def write(file: Path, entries: Iterable[Recorded]) -> Written:
    """Writes entries, which stand in order and are not none, to a new file, readable by its owner only.

    When it returns the file is on the disk, under its name. Raises OSError.
    """
    fresh = file.with_name(file.name + ".new")
    digest, size = hashlib.sha256(), 0
    first: Recorded | None = None
    last: Recorded | None = None
    rest = iter(entries)
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as out:
        while part := list(islice(rest, MEMBER_ENTRIES)):
            member = _member(part)
            out.write(member)
            digest.update(member)
            size += len(member)
            first, last = first or part[0], part[-1]
        out.flush()
        os.fsync(out.fileno())
    if first is None or last is None:
        raise ValueError("an archive of no entries")
    fresh.replace(file)
    _sync_folder(file.parent)
    return Written(
        first.position, last.position, first.recorded_us, last.recorded_us, last.hash, size,
        digest.hexdigest(),
    )  # fmt: skip


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _member(entries: Sequence[Recorded]) -> bytes:
    lines = b"".join(_line(entry) for entry in entries)
    estates = sorted({entry.estate for entry in entries})
    words = orjson.dumps(
        [sorted({entry.type for entry in entries}), estates if len(estates) <= ESTATES_MAX else None]
    )
    packer = zlib.compressobj(LEVEL, zlib.DEFLATED, -zlib.MAX_WBITS)
    packed = packer.compress(lines) + packer.flush()
    tail = _TAIL.pack(zlib.crc32(lines), len(lines) & 0xFFFFFFFF)
    extra_bytes = _EXTRA.size + 4 + len(words)
    size = _FIXED.size + extra_bytes + len(packed) + len(tail)
    return b"".join((
        _FIXED.pack(0x1F, 0x8B, 8, 4, 0, 0, 255, extra_bytes),
        _EXTRA.pack(_MAGIC, 24, size, len(entries), entries[0].position, entries[0].recorded_us),
        struct.pack("<2sH", _WORDS, len(words)), words, packed, tail,
    ))  # fmt: skip


def _line(entry: Recorded) -> bytes:
    try:
        body = {"event": entry.body.decode()}
    except UnicodeDecodeError:
        body = {"event_base64": base64.b64encode(entry.body).decode()}
    return orjson.dumps(
        {
            "position": entry.position, "estate": entry.estate, "type": entry.type,
            "version": entry.version, "source": entry.source, "id": entry.id,
            "occurred_us": entry.occurred_us, "received_us": entry.received_us,
            "recorded_us": entry.recorded_us, "seq": entry.seq, "replay": entry.replay,
            "hash": entry.hash.hex(), **body,
        },
        option=orjson.OPT_APPEND_NEWLINE,
    )  # fmt: skip


def _entry(line: bytes) -> Recorded:
    found = orjson.loads(line)
    text = found.get("event")
    body = base64.b64decode(found["event_base64"]) if text is None else text.encode()
    return Recorded(
        found["position"], found["estate"], found["type"], found["version"], found["source"], found["id"],
        found["occurred_us"], found["received_us"], found["recorded_us"], found["seq"], found["replay"],
        body, bytes.fromhex(found["hash"]),
    )  # fmt: skip


class ArchiveFile:
    """One file, read. Keeps its list of members and the last one unpacked. Not safe across threads."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._members: list[Member] | None = None
        self._kept: tuple[int, list[Recorded]] = (-1, [])

    @property
    def members(self) -> Sequence[Member]:
        """Its parts in order. Raises OSError, LogCorruptError."""
        if self._members is None:
            with self._file.open("rb") as source:
                self._members = list(self._headers(source))
        return self._members

    def _headers(self, source: BinaryIO) -> Iterator[Member]:
        offset, end = 0, os.fstat(source.fileno()).st_size
        while offset < end:
            source.seek(offset)
            head = source.read(_FIXED.size + _EXTRA.size + 4)
            if len(head) < _FIXED.size + _EXTRA.size + 4 or head[:4] != b"\x1f\x8b\x08\x04":
                raise self._corrupt(offset)
            magic, _, size, amount, first, first_us = _EXTRA.unpack_from(head, _FIXED.size)
            kind, length = struct.unpack_from("<2sH", head, _FIXED.size + _EXTRA.size)
            if magic != _MAGIC or kind != _WORDS or not size or offset + size > end:
                raise self._corrupt(offset)
            try:
                types, estates = orjson.loads(source.read(length))
            except (orjson.JSONDecodeError, ValueError) as error:
                raise self._corrupt(offset) from error
            known = None if estates is None else frozenset(estates)
            yield Member(offset, size, amount, first, first_us, frozenset(types), known)
            offset += size

    def entries(self, member: Member) -> Sequence[Recorded]:
        """The entries of one part. Raises OSError, LogCorruptError."""
        if self._kept[0] != member.offset:
            with self._file.open("rb") as source:
                source.seek(member.offset)
                packed = source.read(member.bytes)
            try:
                found = [_entry(line) for line in zlib.decompress(packed, 31).splitlines()]
            except (zlib.error, orjson.JSONDecodeError, KeyError, TypeError, ValueError) as error:
                raise self._corrupt(member.offset) from error
            self._kept = (member.offset, found)
        return self._kept[1]

    def sha256(self) -> str:
        """Of the whole file. Raises OSError."""
        with self._file.open("rb") as source:
            return hashlib.file_digest(source, "sha256").hexdigest()

    def _corrupt(self, offset: int) -> LogCorruptError:
        return LogCorruptError(
            f"the archive {self._file} is damaged at byte {offset}: bring it back from a backup"
        )
