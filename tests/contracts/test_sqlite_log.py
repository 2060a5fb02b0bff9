"""The log in SQLite under the contract, and what only SQLite has: a fair turn, a file, a disk."""

from __future__ import annotations

import resource
import shutil
import sqlite3
import stat
import threading
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from eventlog.clock import Stamper
from eventlog.ports import EventLog, LogCorruptError, LogError, LogUnavailableError
from eventlog.sql import open_log
from eventlog.sql.log import SqlLog
from eventlog.sql.sqlite import SqliteDatabase
from tests.contracts.archives import ArchivesContract
from tests.contracts.event_log import door_opened
from tests.contracts.process import ended, go, start
from tests.contracts.sql_log import RunSql, SqlAccountsContract, SqlLogContract


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty log, made once by the migrations."""
    file = tmp_path_factory.mktemp("template") / "gatehouse.db"
    open_log(f"sqlite:///{file}").close()
    return file


@pytest.fixture
def file(tmp_path: Path, template: Path) -> Path:
    file = tmp_path / "gatehouse.db"
    shutil.copy(template, file)
    return file


@pytest.fixture
def url(file: Path) -> str:
    return f"sqlite:///{file}"


@pytest.fixture
def empty_url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/a new folder/gatehouse.db"


@pytest.fixture
def run_sql(file: Path) -> RunSql:
    def run(sql: str) -> None:
        with sqlite3.connect(file) as connection:
            connection.execute(sql)
        connection.close()

    return run


class TestSqliteLog(SqlLogContract):
    @pytest.fixture
    def impatient(self, url: str, file: Path) -> Iterator[EventLog]:
        open_log(url).close()
        log = SqlLog(SqliteDatabase(str(file), busy_timeout_s=0.1), Stamper())
        yield log
        log.close()

    @pytest.fixture
    def other_holds_the_lock(self, file: Path) -> Callable[[], Callable[[], None]]:
        def hold() -> Callable[[], None]:
            other = sqlite3.connect(file, isolation_level=None)
            other.execute("BEGIN IMMEDIATE")
            return other.close

        return hold

    def test_a_lock_held_for_a_second_is_waited_for(self, log: EventLog, file: Path) -> None:
        log.append([door_opened(1)])
        other = sqlite3.connect(file, isolation_level=None, check_same_thread=False)
        other.execute("BEGIN IMMEDIATE")
        threading.Timer(1, other.close).start()
        assert log.append([door_opened(2)]).positions == (2,)

    def test_every_writer_gets_its_turn_beside_a_busy_one(self, log: EventLog, url: str) -> None:
        writers = [
            start("write_for", url, door, 2, size) for door, size in [("busy", 100), ("a", 1), ("b", 1)]
        ]
        for writer in writers:
            go(writer)
        for writer in writers:
            ended(writer)
        turns = self._turns(log)
        longest = {door: self._longest_gap(turns, door) for door in ("a", "b")}
        assert min(turns.count("a"), turns.count("b")) > turns.count("busy") / 2
        assert max(longest.values()) < 50, "one was passed over again and again"

    def _turns(self, log: EventLog) -> list[str]:
        """Whose commit each was, in order, while all three were at it."""
        turns: list[str] = []
        after = 0
        while entries := log.read(after=after, limit=5_000):
            turns += [entry.device for entry in entries if entry.device != "busy" or int(entry.id) % 100 == 0]
            after = entries[-1].position
        first = max(turns.index(door) for door in ("busy", "a", "b"))
        last = min(len(turns) - turns[::-1].index(door) for door in ("busy", "a", "b"))
        return turns[first:last]

    def _longest_gap(self, turns: list[str], door: str) -> int:
        mine = [place for place, who in enumerate(turns) if who == door]
        return max(later - earlier for earlier, later in pairwise(mine))

    def test_a_disk_that_refuses_makes_the_log_unavailable_and_it_recovers(
        self, log: EventLog, file: Path
    ) -> None:
        log.append([door_opened(1)])
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (1_000, hard))
        try:
            for _ in range(2):
                with pytest.raises(LogUnavailableError):
                    log.append([door_opened(n) for n in range(2, 40)])
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        assert log.append([door_opened(2)]).positions == (2,)
        assert log.verify().entries == 2

    def test_a_database_that_may_grow_no_more_is_unavailable(self, log: EventLog) -> None:
        log.append([door_opened(1)])
        assert isinstance(log, SqlLog)
        with log.database.reading() as connection:
            connection.run("PRAGMA max_page_count = 1")
        with pytest.raises(LogUnavailableError, match="full"):
            log.append([door_opened(n) for n in range(2, 400)])
        assert log.append([door_opened(2)]).positions == (2,)

    def test_a_file_that_is_no_database_is_corrupt(self, file: Path, url: str) -> None:
        file.write_bytes(b"not a database at all" * 500)
        with pytest.raises(LogCorruptError):
            open_log(url)

    def test_damaged_pages_are_corrupt(self, log: EventLog, file: Path, url: str) -> None:
        log.append([door_opened(n) for n in range(500)])
        log.close()
        content = bytearray(file.read_bytes())
        content[4_096 * 4 :] = b"\x55" * (len(content) - 4_096 * 4)
        file.write_bytes(content)
        with pytest.raises(LogCorruptError):
            open_log(url).read(after=0, limit=1_000)

    def test_others_on_the_machine_cant_read_it(self, log: EventLog, file: Path) -> None:
        log.append([door_opened(1)])
        for part in file.parent.glob("gatehouse.db*"):
            assert stat.S_IMODE(part.stat().st_mode) & 0o077 == 0, part.name

    def test_it_is_durable_at_every_commit(self, log: EventLog) -> None:
        assert isinstance(log, SqlLog)
        with log.database.reading() as connection:
            assert connection.row("PRAGMA synchronous") == (2,)
            assert connection.row("PRAGMA journal_mode") == ("wal",)

    @pytest.mark.parametrize("wrong", ["sqlite://", "sqlite:///", "mysql://u:secret@h/db", "gatehouse.db"])
    def test_a_url_it_can_t_use_is_refused_without_showing_a_password(self, wrong: str) -> None:
        with pytest.raises(LogError, match="expected sqlite:////") as refused:
            open_log(wrong)
        assert "secret" not in str(refused.value)


class TestSqliteAccounts(SqlAccountsContract):
    pass


class TestSqliteArchives(ArchivesContract):
    pass
