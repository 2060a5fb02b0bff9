"""Moves whole old months of the log into archives. Written, read back and checked before anything is dropped.

The order makes every moment safe to die in: the file is on the disk, then it is registered and from that on
read instead of the table, then the table lets go of the entries; what a stop leaves in the table the next run
takes out. (source, id) of every entry stays in the log: what is delivered again is still known.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from eventlog.archive import ArchiveFile, Written
from eventlog.archive import write as write_archive
from eventlog.chain import GENESIS, Checker
from eventlog.ports import LogCorruptError, Position, Recorded
from eventlog.sql import reading
from eventlog.sql.archives import COLUMNS, Archive
from eventlog.sql.log import SqlLog
from eventlog.sql.months import Month

BATCH = 2_000

_INSERT = f"INSERT INTO archives ({COLUMNS}) VALUES (?,?,?,?,?,?,?,?)"  # noqa: S608

Told = Callable[[Month, int, int], None]
"""Told how many entries of a month are written, of how many."""


class RetentionError(Exception):
    """Nothing was archived; the message says why."""


class Retention:
    """Archives months of one log into its archives' folder."""

    def __init__(self, log: SqlLog) -> None:
        if log.archives.folder is None:
            raise RetentionError("there is no folder for archives: set `archive`")
        self._log, self._folder = log, log.archives.folder

    def months(self, before: Month) -> list[Month]:
        """The months that can be archived now: over, before one, not archived yet. Raises LogError."""
        newest = self._log.read_back(limit=1)
        found: list[Month] = []
        last = self._archived()
        while newest and last < newest[0].position:
            month = Month.of(self._log.at([last + 1])[0].recorded_us)
            if month >= min(before, Month.of(newest[0].recorded_us)):
                break
            found.append(month)
            last = self._last_of(month)
        return found

    def _archived(self) -> Position:
        with self._log.database.reading() as connection:
            return reading.archived(connection)

    def _last_of(self, month: Month) -> Position:
        return self._log.position_at(month.end_us - 1)

    def behind(self, month: Month) -> list[str]:
        """The readers that have not come to the end of a month. Raises LogError."""
        last = self._last_of(month)
        with self._log.database.reading() as connection:
            found = connection.rows("SELECT reader FROM readers WHERE position < ?", (last,))
        return sorted(row[0] for row in found)

    def archive(self, month: Month, told: Told = lambda *_: None) -> Archive:
        """Archives the next month. Raises RetentionError, LogError, OSError: then the log is as it was."""
        claim = self._log.claim("retention")
        if claim is None:
            raise RetentionError("another process archives at this moment")
        try:
            made = self._write(month, told)
            with self._log.database.writing() as connection:
                connection.run(_INSERT, made)
                connection.run("UPDATE head SET archived = ? WHERE one = 1", (made.last,))
            self.clear()
        finally:
            claim.release()
        return made

    def clear(self) -> None:
        """Takes out of the table what is in archives already. Raises LogError."""
        listed = self._log.archives.listed()
        if listed:
            self._log.database.clear_archived(listed[-1].last, Month.of(listed[-1].last_us))

    def _write(self, month: Month, told: Told) -> Archive:
        low, high = self._archived(), self._last_of(month)
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        file = self._folder / f"{month}.{low + 1:012}-{high:012}.jsonl.gz"
        written = write_archive(file, self._entries(low, high, month, told))
        if (written.first, written.last) != (low + 1, high):
            raise LogCorruptError(f"entries of {low + 1} to {high} are missing: run `gatehouse log verify`")
        self._check(file, low, written)
        return Archive(
            written.first, written.last, written.first_us, written.last_us, written.hash, file.name,
            written.bytes, written.sha256,
        )  # fmt: skip

    def _entries(self, low: Position, high: Position, month: Month, told: Told) -> Iterator[Recorded]:
        after = low
        while after < high:
            batch = self._log.read(after=after, limit=min(BATCH, high - after))
            if not batch:
                return
            yield from batch
            after = batch[-1].position
            told(month, after - low, high - low)

    def _check(self, file: Path, low: Position, written: Written) -> None:
        """Reads the file back: the chain must go on from the archive before, through all of it."""
        listed = self._log.archives.listed()
        checker = Checker(low, listed[-1].last_us, listed[-1].hash) if listed else Checker(0, 0, GENESIS)
        source = ArchiveFile(file)
        for member in source.members:
            bad = checker.take((entry, None) for entry in source.entries(member))
            if bad:
                raise LogCorruptError(f"the entry {bad.first_bad}: {bad.problem}; nothing was archived")
        if checker.position != written.last or source.sha256() != written.sha256:
            raise LogCorruptError(f"the archive {file} is not what was written: is the disk sound?")
