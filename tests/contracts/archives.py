"""What every log in a database must do with months in archives: nobody who reads or appends can tell."""

from __future__ import annotations

import gzip
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from itertools import product
from pathlib import Path

import orjson
import pytest

from eventlog import archive
from eventlog.memory import MemoryLog
from eventlog.ports import LogArchivedError, LogCorruptError, LogError, NewEvent, Recorded
from eventlog.sql import open_log
from eventlog.sql.archives import Archive
from eventlog.sql.log import SqlLog
from eventlog.sql.months import Month
from eventlog.sql.retention import Retention, RetentionError
from tests.contracts.event_log import TYPE_FILTERS, door_opened, estate_set, positions
from tests.support.waiting import wait_until

FIRST = Month(2026, 9)
A_DAY_US = 24 * 3_600 * 1_000_000
Open = Callable[[], SqlLog]


def history(months: int = 4, a_month: int = 30) -> list[NewEvent]:
    """Events of several months and two estates; the log's clock is the latest event's time."""
    events: list[NewEvent] = []
    for number in range(months * a_month):
        month, place = FIRST.plus(number // a_month), number % a_month
        at_us = month.start_us + place * 28 * A_DAY_US // a_month
        if place == 7:
            events.append(estate_set(number, "liuzhuang"))
        else:
            estate = "xiegou" if place % 3 else "liuzhuang"
            events.append(door_opened(number, estate=estate, door=f"gate-{place % 2}", at_us=at_us))
    return events


def told(entries: object) -> list[tuple[object, ...]]:
    """Everything that entries say."""
    assert isinstance(entries, (list, tuple))
    return [
        (e.position, e.estate, e.type, e.version, e.source, e.id, e.occurred_us, e.received_us, e.recorded_us,
         e.seq, e.replay, e.body, e.hash)
        for e in entries
    ]  # fmt: skip


class ArchivesContract:
    """Subclasses give `url`, an empty log."""

    @pytest.fixture
    def folder(self, tmp_path: Path) -> Path:
        return tmp_path / "archives of the log"

    @pytest.fixture
    def reopen(self, url: str, folder: Path) -> Iterator[Open]:
        with ExitStack() as stack:

            def opened() -> SqlLog:
                log = open_log(url, time_mode="events", archive=folder)
                stack.callback(log.close)
                return log

            yield opened

    @pytest.fixture
    def filled(self, reopen: Open) -> SqlLog:
        log = reopen()
        for event in history():
            log.append([event])
        return log

    def archive(self, log: SqlLog) -> list[Archive]:
        retention = Retention(log)
        return [retention.archive(month) for month in retention.months(FIRST.plus(9))]

    def reference(self) -> MemoryLog:
        log = MemoryLog(time_mode="events")
        for event in history():
            log.append([event])
        return log

    # Reading

    def test_nobody_who_reads_can_tell(self, filled: SqlLog, reopen: Open) -> None:
        memory = self.reference()
        made = self.archive(filled)
        assert [(one.first, one.last) for one in made] == [(1, 30), (31, 60), (61, 90)]
        for log in (filled, reopen()):
            after_all, limits, estates = (0, 1, 29, 30, 75, 90, 119), (1, 7, 500), (None, "xiegou", "nowhere")
            for after, limit, estate, types in product(after_all, limits, estates, TYPE_FILTERS):
                asked = {"limit": limit, "estate": estate, "types": types}
                assert told(log.read(after=after, **asked)) == told(memory.read(after=after, **asked)), asked  # type: ignore[arg-type]
                back = log.read_back(before=after, **asked)  # type: ignore[arg-type]
                assert told(back) == told(memory.read_back(before=after, **asked)), asked  # type: ignore[arg-type]
            assert told(log.read_back(limit=500)) == told(memory.read_back(limit=500))
            some = [120, 3, 61, 60, 999, 0]
            assert told(log.at(some)) == told(memory.at(some))
            assert log.head() == 120

    def test_an_entry_is_found_by_its_identity_and_its_time(self, filled: SqlLog) -> None:
        memory = self.reference()
        days = [n * A_DAY_US for n in (0, 1, 5, 29)]
        moments = [FIRST.start_us - 1, *(FIRST.plus(n).start_us + day for n in range(5) for day in days)]
        self.archive(filled)
        assert [filled.position_at(us) for us in moments] == [memory.position_at(us) for us in moments]
        for position in (1, 8, 30, 31, 90, 91, 120):
            (entry,) = memory.at([position])
            assert told([filled.find(entry.source, entry.id)]) == told([entry])
        assert filled.find("estates/xiegou/access/gate-1", "none") is None

    # Appending

    def test_what_is_delivered_again_is_known_and_other_content_is_a_conflict(self, filled: SqlLog) -> None:
        events = history()
        self.archive(filled)
        appended = filled.append([events[3], events[100], door_opened(999, at_us=events[-1].occurred_us)])
        assert (appended.positions, appended.repeated, appended.new) == ((4, 101, 121), (0, 1), 1)
        changed = events[3]._replace(body=events[3].body.replace(b"gate-1", b"gate-0"))
        assert changed.body != events[3].body
        assert filled.append([changed]).conflicts == (0,)
        assert filled.verify().first_bad is None

    # Checking

    def test_the_chain_is_checked_across_the_seam(self, filled: SqlLog) -> None:
        before = filled.verify()
        self.archive(filled)
        assert (filled.verify(), filled.verify().entries) == (before, 120)
        assert filled.verify(after=10, limit=5).entries == 5
        assert filled.verify(after=60, limit=45).first_bad is None
        assert filled.verify(after=90).entries == 30

    @pytest.mark.parametrize("position", [1, 45, 90])
    def test_an_entry_touched_in_an_archive_is_named(
        self, filled: SqlLog, folder: Path, position: int
    ) -> None:
        made = next(one for one in self.archive(filled) if one.first <= position <= one.last)
        self.rewrite(folder / made.file, position, body=b'{"touched":1}')
        checked = filled.verify()
        assert (checked.first_bad, checked.entries) == (position, position - 1)

    def test_the_last_of_an_archive_written_anew_with_its_hash_breaks_the_seam(
        self, filled: SqlLog, folder: Path
    ) -> None:
        from eventlog.chain import link_recorded

        made = self.archive(filled)[-1]
        (before, last) = filled.at([made.last - 1, made.last])
        forged = replace(last, body=b'{"forged":1}')
        self.rewrite(folder / made.file, made.last, body=forged.body, hash=link_recorded(before.hash, forged))
        assert filled.verify().first_bad == made.last + 1

    def test_an_identity_taken_from_the_store_is_named(
        self, filled: SqlLog, run_sql: Callable[[str], None]
    ) -> None:
        self.archive(filled)
        run_sql("DELETE FROM identities WHERE position = 12")
        assert filled.verify().first_bad == 12

    def rewrite(self, file: Path, position: int, **fields: object) -> None:
        """Hands in an archive."""
        source = archive.ArchiveFile(file)
        entries: list[Recorded] = [entry for member in source.members for entry in source.entries(member)]
        changed = [replace(e, **fields) if e.position == position else e for e in entries]  # type: ignore[arg-type]
        archive.write(file, changed)

    # Files

    def test_a_file_is_lines_that_any_tool_reads(self, filled: SqlLog, folder: Path) -> None:
        made = self.archive(filled)[0]
        lines = gzip.decompress((folder / made.file).read_bytes()).splitlines()
        documents = [orjson.loads(line) for line in lines]
        assert [one["position"] for one in documents] == list(range(1, 31))
        assert documents[1]["event"].encode() == history()[1].body
        assert made.file == "2026-09.000000000001-000000000030.jsonl.gz"
        assert (folder / made.file).stat().st_mode & 0o077 == 0, "personal fields are in it"

    def test_a_file_that_is_elsewhere_is_asked_for_and_nothing_else_stops(
        self, filled: SqlLog, folder: Path, reopen: Open
    ) -> None:
        made = self.archive(filled)
        (folder / made[1].file).rename(folder / "elsewhere")
        log = reopen()
        with pytest.raises(LogArchivedError, match=rf"31 to 60.*{made[1].file}.*put it there"):
            log.read(after=0, limit=500)
        with pytest.raises(LogArchivedError):
            log.verify()
        assert positions(log.read(after=60, limit=500)) == list(range(61, 121))
        assert positions(log.read(after=0, limit=30)) == list(range(1, 31))
        assert positions(log.read_back(limit=40)) == list(range(120, 80, -1))
        assert log.append([history()[40]]).repeated == (0,), "known without its file"
        (folder / "elsewhere").rename(folder / made[1].file)
        assert len(log.read(after=0, limit=500)) == 120

    def test_a_damaged_file_says_so(self, filled: SqlLog, folder: Path, reopen: Open) -> None:
        file = folder / self.archive(filled)[0].file
        content = bytearray(file.read_bytes())
        content[len(content) // 2] ^= 0xFF
        file.write_bytes(content)
        with pytest.raises(LogCorruptError, match="damaged"):
            reopen().read(after=0, limit=500)
        file.write_bytes(content[:-20])
        with pytest.raises(LogCorruptError, match="damaged"):
            reopen().read(after=0, limit=500)

    # When

    def test_the_month_that_the_log_is_in_stays(self, filled: SqlLog) -> None:
        retention = Retention(filled)
        assert retention.months(FIRST) == []
        assert retention.months(FIRST.plus(2)) == [FIRST, FIRST.plus(1)]
        assert retention.months(FIRST.plus(99)) == [FIRST, FIRST.plus(1), FIRST.plus(2)]
        self.archive(filled)
        assert retention.months(FIRST.plus(99)) == []
        last = door_opened(1_000, at_us=FIRST.plus(6).start_us + A_DAY_US)
        filled.append([last])
        assert retention.months(FIRST.plus(99)) == [FIRST.plus(3)], "months with no entry are none"
        self.archive(filled)
        assert filled.append([last]).repeated == (0,)
        assert len(filled.read(after=0, limit=500)) == 121

    def test_an_empty_log_has_nothing_to_archive(self, reopen: Open) -> None:
        assert Retention(reopen()).months(FIRST) == []

    def test_readers_that_are_behind_are_named(self, filled: SqlLog) -> None:
        with filled.transaction() as transaction:
            transaction.move("decider", 100)
            transaction.move("delivery", 29)
        assert Retention(filled).behind(FIRST) == ["delivery"]
        assert Retention(filled).behind(FIRST.plus(3)) == ["decider", "delivery"]

    def test_one_archives_at_a_time(self, filled: SqlLog) -> None:
        held = filled.claim("retention")
        assert held
        with pytest.raises(RetentionError, match="another"):
            self.archive(filled)
        held.release()
        assert len(self.archive(filled)) == 3

    def test_a_stop_before_the_table_lets_go_changes_nothing_and_is_made_up_for(
        self, filled: SqlLog, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def stop(*_: object) -> None:
            raise LogError("stopped, says the test")

        before = told(filled.read(after=0, limit=500))
        with monkeypatch.context() as patch:
            patch.setattr(filled.database, "clear_archived", stop)
            with pytest.raises(LogError, match="stopped"):
                Retention(filled).archive(FIRST)
        assert self.in_table(filled) == 120
        assert told(filled.read(after=0, limit=500)) == before
        assert told(filled.read_back(limit=500)) == before[::-1]
        assert filled.verify().entries == 120
        Retention(filled).clear()
        assert self.in_table(filled) == 90
        assert told(filled.read(after=0, limit=500)) == before

    def test_a_log_that_was_touched_is_not_archived(
        self, filled: SqlLog, folder: Path, run_sql: Callable[[str], None]
    ) -> None:
        run_sql("UPDATE events SET event_id = 'x' WHERE position = 7")
        with pytest.raises(LogCorruptError, match="entry 7"):
            self.archive(filled)
        assert self.in_table(filled) == 120
        assert not filled.archives.listed()

    def in_table(self, log: SqlLog) -> int:
        with log.database.reading() as connection:
            found = connection.row("SELECT count(*) FROM events")
        return int(found[0]) if found else 0

    # While others are at it

    def test_no_reader_skips_an_entry_while_months_are_made_and_archived(self, reopen: Open) -> None:
        writing, a_month, months = reopen(), 40, 8
        goal = 2 * a_month * months
        stop = threading.Event()
        failures: list[BaseException] = []

        def guarded(work: Callable[[], None]) -> threading.Thread:
            def run() -> None:
                try:
                    work()
                except BaseException as error:
                    failures.append(error)

            thread = threading.Thread(target=run)
            thread.start()
            return thread

        def write(door: str) -> None:
            for number in range(a_month * months):
                at_us = FIRST.plus(number // a_month).start_us + number
                writing.append([door_opened(number, door=door, at_us=at_us)])

        def follow() -> None:
            log, after = reopen(), 0
            types = frozenset({"access.door_opened"})
            while after < goal and not stop.is_set():
                for entries in (log.read(after=after, limit=13), log.read(after=after, limit=7, types=types)):
                    assert positions(entries) == list(range(after + 1, after + 1 + len(entries)))
                if entries:
                    after = entries[-1].position
            assert after == goal

        def from_the_start() -> None:
            log = reopen()
            while not stop.is_set():
                upto = log.head()
                assert positions(log.read(after=0, limit=upto)) == list(range(1, upto + 1))
                assert positions(log.read_back(before=upto + 1, limit=upto)) == list(range(upto, 0, -1))

        writers = [guarded(lambda door=door: write(door)) for door in ("a", "b")]  # type: ignore[misc]
        followers = [guarded(follow)]
        others = [guarded(from_the_start)]
        archiving, done = reopen(), 0
        while any(thread.is_alive() for thread in writers):
            done += len(self.archive(archiving))
        try:
            wait_until(lambda: not any(t.is_alive() for t in followers), timeout_s=40.0)
        finally:
            stop.set()
            for thread in (*writers, *followers, *others):
                thread.join(20)
        assert not failures, failures
        done += len(self.archive(archiving))
        assert done == months - 1
        assert archiving.verify().entries == goal
        assert archiving.verify().first_bad is None
