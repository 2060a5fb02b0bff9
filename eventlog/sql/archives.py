"""The archives of a log: which entries are in which file, and reading them as if they were in the table."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import NamedTuple

from eventlog.archive import ArchiveFile, Member
from eventlog.ports import LogArchivedError, Position, Recorded
from eventlog.sql.database import Connection

COLUMNS = "first, last, first_us, last_us, hash, file, bytes, sha256"


class Archive(NamedTuple):
    """One file: its entries, their recorded times, the chain's value at its end, what the file must be."""

    first: Position
    last: Position
    first_us: int
    last_us: int
    hash: bytes
    file: str
    bytes: int
    sha256: str


class Archives:
    """Reads a log's archives in a folder. Safe across threads."""

    def __init__(
        self, folder: Path | None, reading: Callable[[], AbstractContextManager[Connection]]
    ) -> None:
        self.folder = folder
        self._reading = reading
        self._listed: list[Archive] = []
        self._files: dict[str, ArchiveFile] = {}
        self._lock = threading.Lock()

    def afresh(self) -> Archives:
        """The same, with nothing remembered of the files: to check them."""
        return Archives(self.folder, self._reading)

    def listed(self, upto: Position | None = None) -> Sequence[Archive]:
        """In order; all there are, or as remembered where that reaches up to a position. Raises LogError."""
        if upto is None or not self._listed or self._listed[-1].last < upto:
            with self._reading() as connection:
                found = connection.rows(f"SELECT {COLUMNS} FROM archives ORDER BY first")  # noqa: S608
            self._listed = [Archive(*row)._replace(hash=bytes(row[4])) for row in found]
        return self._listed

    def path(self, archive: Archive) -> Path:
        """Where its file is. Raises LogArchivedError where it is not."""
        folder = self.folder
        if folder is not None and (folder / archive.file).is_file():
            return folder / archive.file
        raise LogArchivedError(
            f"the entries {archive.first} to {archive.last} are in the archive {archive.file}, which is not "
            f"in {folder or 'any folder that is set'}: put it there, or set `archive` to where it is"
        )

    def sha256(self, archive: Archive) -> str:
        """Of its file as it is now. Raises LogArchivedError, OSError."""
        return ArchiveFile(self.path(archive)).sha256()

    def read(
        self,
        low: Position,
        high: Position,
        limit: int,
        estate: str | None,
        types: frozenset[str] | None,
        *,
        ascending: bool,
    ) -> list[Recorded]:
        """Entries with low < position <= high, at most `limit`, from the low or the high end."""
        found: list[Recorded] = []
        archives = [one for one in self.listed(high) if one.last > low and one.first <= high]
        for archive in archives if ascending else reversed(archives):
            for entry in self._of(archive, low, high, estate, types, ascending=ascending):
                found.append(entry)
                if len(found) == limit:
                    return found
        return found

    def _of(
        self,
        archive: Archive,
        low: Position,
        high: Position,
        estate: str | None,
        types: frozenset[str] | None,
        *,
        ascending: bool,
    ) -> Iterator[Recorded]:
        file = self._open(archive)
        with self._lock:
            members = [
                one
                for one in file.members
                if one.last > low and one.first <= high and one.may_have(estate, types)
            ]
        for member in members if ascending else reversed(members):
            entries = self._unpacked(file, member)
            for entry in entries if ascending else reversed(entries):
                fits = (estate is None or entry.estate == estate) and (types is None or entry.type in types)
                if fits and low < entry.position <= high:
                    yield entry

    def _open(self, archive: Archive) -> ArchiveFile:
        path = self.path(archive)
        with self._lock:
            return self._files.setdefault(archive.file, ArchiveFile(path))

    def _unpacked(self, file: ArchiveFile, member: Member) -> Sequence[Recorded]:
        with self._lock:
            return file.entries(member)

    def at(self, positions: Sequence[Position]) -> list[Recorded]:
        """The entries at these positions, in any order. Raises LogArchivedError."""
        found = []
        for position in positions:
            found += self.read(position - 1, position, 1, None, None, ascending=True)
        return found

    def position_at(self, moment_us: int) -> Position:
        """The last archived position recorded at or before a moment; 0 when there is none."""
        before = [one for one in self.listed() if one.first_us <= moment_us]
        if not before:
            return 0
        if before[-1].last_us <= moment_us:
            return before[-1].last
        file = self._open(before[-1])
        with self._lock:
            member = [one for one in file.members if one.first_us <= moment_us][-1]
        return max(entry.position for entry in self._unpacked(file, member) if entry.recorded_us <= moment_us)
