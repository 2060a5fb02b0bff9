"""What every log in a database must do beyond the contract: across processes, against hands in the store."""

from __future__ import annotations

import statistics
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from time import monotonic_ns
from typing import Any

import pytest

from eventlog.ports import Accounts, EventLog, LogError, LogUnavailableError
from eventlog.sql import open_accounts, open_log
from eventlog.sql.revisions import REVISIONS, VERSION_TABLE
from tests.contracts.accounts import AccountsContract
from tests.contracts.event_log import EventLogContract, OpenLog, door_opened, positions
from tests.contracts.process import ended, go, heard, start
from tests.support.parts import ROOT
from tests.support.waiting import wait_until

RunSql = Callable[..., None]

CHANGES = [
    "UPDATE events SET body = (SELECT body FROM events WHERE position = 5) WHERE position = 7",
    "UPDATE events SET event_id = 'x' WHERE position = 7",
    "UPDATE events SET occurred_us = occurred_us + 1 WHERE position = 7",
    "UPDATE events SET received_us = received_us - 1 WHERE position = 7",
    "UPDATE events SET recorded_us = recorded_us + 1 WHERE position = 7",
    "UPDATE events SET recorded_us = (SELECT recorded_us - 1 FROM events WHERE position = 6) "
    "WHERE position = 7",
    "UPDATE events SET seq = 4 WHERE position = 7",
    "UPDATE events SET replay = NOT replay WHERE position = 7",
    "UPDATE events SET kind = 2 WHERE position = 7",
    "UPDATE events SET kind = 999 WHERE position = 7",
    "UPDATE events SET source = 2 WHERE position = 7",
    "UPDATE events SET source = 999 WHERE position = 7",
    "UPDATE events SET hash = (SELECT identity FROM identities WHERE position = 7) WHERE position = 7",
    "UPDATE identities SET identity = (SELECT hash FROM events WHERE position = 7) WHERE position = 7",
    "UPDATE identities SET position = 8 WHERE position = 7",
    "DELETE FROM identities WHERE position = 7",
    "DELETE FROM events WHERE position = 7",
    "DELETE FROM events WHERE position >= 7",
    "UPDATE kinds SET estate = 'liuzhuang-2' WHERE id = 3",
    "UPDATE kinds SET type = 'access.door_closed' WHERE id = 3",
    "UPDATE kinds SET version = 2 WHERE id = 3",
    "UPDATE sources SET source = 'estates/xiegou/access/gate-9' WHERE id = 3",
]
"""Hands in the store, each of which touches entry 7 first."""


TABLES = ("events", "identities", "kinds", "sources")


class SqlLogContract(EventLogContract):
    """Subclasses give `url`, an empty log, `empty_url`, nothing yet, `run_sql`, which changes the log behind
    its back, `impatient`, a log that waits 0.1 s for locks, and `other_holds_the_lock`."""

    @pytest.fixture
    def open_log(self, url: str) -> Iterator[OpenLog]:
        with ExitStack() as stack:

            def opened(**options: Any) -> EventLog:
                log = open_log(url, **options)
                stack.callback(log.close)
                return log

            yield opened

    # The schema

    def test_opening_again_finds_everything(self, open_log: OpenLog) -> None:
        first = open_log()
        first.append([door_opened(1)])
        first.close()
        second = open_log()
        assert second.head() == 1
        assert second.append([door_opened(1), door_opened(2)]).positions == (1, 2)

    def test_opening_what_is_up_to_date_loads_no_migrations(self, log: EventLog, url: str) -> None:
        script = (
            "import sys; from eventlog.sql import open_log; open_log(sys.argv[1]).head();"
            "assert not {'alembic', 'sqlalchemy'} & set(sys.modules)"
        )
        subprocess.run([sys.executable, "-c", script, url], cwd=ROOT, check=True)

    def test_a_log_of_a_newer_version_is_refused(self, open_log: OpenLog, run_sql: RunSql) -> None:
        open_log().close()
        run_sql(f"UPDATE {VERSION_TABLE} SET version_num = '9999'")
        with pytest.raises(LogError, match=f"schema '9999'.*{REVISIONS[-1]}.*newer version"):
            open_log()

    def test_two_who_open_it_first_both_get_it(self, empty_url: str) -> None:
        command = [sys.executable, "-m", "tests.contracts.process", "write", empty_url]
        pair = [
            subprocess.Popen([*command, f"gate-{n}", "1", "1"], cwd=ROOT, stdin=subprocess.DEVNULL)
            for n in range(2)
        ]
        assert [process.wait(60) for process in pair] == [0, 0]
        log = open_log(empty_url)
        assert log.head() == 2
        log.close()

    # Several processes

    def test_a_reader_never_skips_an_entry_of_four_writers(self, log: EventLog, url: str) -> None:
        writers = [start("write", url, f"gate-{n}", 150, 4) for n in range(4)]
        for writer in writers:
            go(writer)
        seen: list[int] = []
        of_gate_3: list[int] = []
        while len(seen) < 4 * 150 * 4:
            assert log.wait(len(seen), timeout_s=30), f"nothing after {len(seen)}"
            seen += positions(log.read(after=len(seen), limit=7))
            assert seen[-1] == len(seen), "an entry was skipped"
            after = of_gate_3[-1] if of_gate_3 else 0
            of_gate_3 += positions(
                log.read(after=after, limit=1_000, types=frozenset({"access.door_opened"}))
            )
        for writer in writers:
            ended(writer)
        assert of_gate_3 == seen
        assert log.verify().entries == 2_400
        assert log.verify().first_bad is None

    def test_kinds_of_entries_that_another_process_brings_are_not_skipped(self, open_log: OpenLog) -> None:
        one, other = open_log(), open_log()
        for number in range(1, 30):
            writer = (one, other)[number % 2]
            writer.append([door_opened(number, estate=f"estate-{number // 3}", door=f"gate-{number}")])
            for reader in (one, other):
                found = reader.read(after=0, limit=99, types=frozenset({"access.door_opened"}))
                assert positions(found) == list(range(1, number + 1))
                assert found[-1].source == f"estates/estate-{number // 3}/access/gate-{number}"

    def test_an_append_wakes_another_process_at_once(self, log: EventLog, url: str) -> None:
        waiter = start("wait", url, 40)
        go(waiter)
        waits_ms = []
        for number in range(40):
            log.append([door_opened(number)])
            committed = monotonic_ns()
            waits_ms.append((int(heard(waiter)) - committed) / 1e6)
        ended(waiter)
        assert statistics.median(waits_ms) < 50, "a wake-up by looking now and then would take 125 ms"

    def test_a_claim_ends_with_its_holder(self, log: EventLog, url: str) -> None:
        holder = start("claim", url, "decider/xiegou")
        go(holder)
        assert heard(holder) == "held"
        assert log.claim("decider/xiegou") is None
        holder.kill()
        holder.communicate()
        claim = wait_until(lambda: log.claim("decider/xiegou"), what="the claim is free")
        assert claim is not None
        claim.release()

    def test_a_writer_killed_inside_a_transaction_leaves_nothing_and_no_lock(
        self, log: EventLog, url: str
    ) -> None:
        writer = start("append_and_stay", url)
        go(writer)
        assert heard(writer) == "inside"
        writer.kill()
        writer.communicate()
        assert log.append([door_opened(1)]).new == 1
        assert log.verify().entries == 1

    # Hands in the store

    def test_the_first_entry_touched_is_named(self, log: EventLog, run_sql: RunSql) -> None:
        log.append([door_opened(n, seq=n) for n in range(1, 5)])
        log.append([door_opened(n, estate="two", seq=n) for n in range(5, 7)])
        log.append([door_opened(n, estate="three", seq=n) for n in range(7, 10)])
        for table in TABLES:
            run_sql(f"CREATE TABLE kept_{table} AS SELECT * FROM {table}")
        for change in CHANGES:
            run_sql(change)
            checked = log.verify()
            assert (checked.first_bad, checked.entries) == (7, 6), change
            assert checked.problem
            assert log.verify(after=3).first_bad == 7, change
            for table in TABLES:
                run_sql(f"DELETE FROM {table}")
                run_sql(f"INSERT INTO {table} SELECT * FROM kept_{table}")
            assert log.verify().first_bad is None

    def test_entries_that_changed_places_are_named(self, log: EventLog, run_sql: RunSql) -> None:
        log.append([door_opened(n) for n in range(1, 6)])
        for old, new in [(3, -1), (4, 3), (-1, 4)]:
            run_sql(f"UPDATE events SET position = {new} WHERE position = {old}")
        assert log.verify().first_bad == 3

    def test_an_end_of_the_log_that_was_written_anew_is_named(self, log: EventLog, run_sql: RunSql) -> None:
        log.append([door_opened(1)])
        run_sql("CREATE TABLE before AS SELECT * FROM head")
        log.append([door_opened(2)])
        run_sql("CREATE TABLE after AS SELECT * FROM head")
        run_sql("DELETE FROM events WHERE position = 2")
        run_sql("DELETE FROM head")
        run_sql("INSERT INTO head SELECT * FROM before")
        log.append([door_opened(3)])
        assert log.verify().first_bad is None
        run_sql("DELETE FROM head")
        run_sql("INSERT INTO head SELECT * FROM after")
        assert log.verify().first_bad == 2

    def test_a_check_can_begin_behind_a_missing_entry_only_by_saying_so(
        self, log: EventLog, run_sql: RunSql
    ) -> None:
        log.append([door_opened(n) for n in range(1, 6)])
        run_sql("DELETE FROM events WHERE position = 3")
        assert log.verify(after=3).first_bad == 3
        assert log.verify(after=4).first_bad is None

    # What is not there for a while

    def test_a_lock_held_by_others_makes_the_log_unavailable_and_it_recovers(
        self, url: str, impatient: EventLog, other_holds_the_lock: Callable[[], Callable[[], None]]
    ) -> None:
        impatient.append([door_opened(1)])
        let_go = other_holds_the_lock()
        for _ in range(2):
            with pytest.raises(LogUnavailableError, match="locked"):
                impatient.append([door_opened(2)])
        assert positions(impatient.read(after=0, limit=9)) == [1]
        let_go()
        assert impatient.append([door_opened(2)]).positions == (2,)
        assert impatient.verify().entries == 2

    def test_a_closed_log_says_so(self, open_log: OpenLog) -> None:
        log = open_log()
        log.close()
        with pytest.raises(LogUnavailableError, match="closed"):
            log.head()


class SqlAccountsContract(AccountsContract):
    """Subclasses give `url`."""

    @pytest.fixture
    def accounts(self, url: str) -> Iterator[Accounts]:
        accounts = open_accounts(url)
        yield accounts
        accounts.close()

    def test_others_see_a_change(self, accounts: Accounts, url: str) -> None:
        from tests.contracts.accounts import GATE

        other = open_accounts(url)
        before = other.revision()
        accounts.put(GATE)
        assert other.revision() != before
        assert other.get(GATE.name) == GATE
        other.close()
