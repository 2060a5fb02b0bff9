"""Old months of a stopped system into archives, as an operator types it; everything goes on from there."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from eventlog import codec
from eventlog.ports import EventLog
from eventlog.sql import open_log
from eventlog.vocabulary import DoorOpened, EstateSet, Words
from projections.runner import ProjectionRunner
from projections.store import open_views
from tests.gatehouse.cli import Cli
from tests.projections.rows import all_rows

MONTHS = (9, 10, 11)
NAMED = EstateSet(name=Words(zh="谢沟", en="Xiegou"))


@pytest.fixture
def old(empty: Cli) -> Iterator[EventLog]:
    """The log of a system with three months in it, thirty events each and a register in the first."""
    empty.data.mkdir(parents=True)
    log = open_log(f"sqlite:///{empty.data / 'gatehouse.db'}", time_mode="events")
    number = 0
    for month in MONTHS:
        for day in range(1, 31):
            number += 1
            event = NAMED if number == 2 else DoorOpened(door="gate-n1")
            at = datetime(2026, month, day, tzinfo=UTC)
            source = "estates/xiegou/access/gate-n1"
            log.append([codec.make(event, estate="xiegou", source=source, event_id=f"d{number}", at=at)])
    yield log
    log.close()


def test_months_are_archived_and_every_command_reads_on(empty: Cli, old: EventLog) -> None:
    before = empty("log", "export").stdout
    assert "2026-09, 2026-10" in empty("log", "retain", "--before", "2026-11", "--dry-run").stdout
    assert "2 months archived" in empty("log", "retain", "--before", "2026-11").stdout
    assert empty("log", "export").stdout == before
    two_days = ("--from", "2026-10-10T00:00Z", "--to", "2026-10-12T00:00Z")
    assert empty("log", "export", *two_days).stdout.count("\n") == 2
    assert empty.json("log", "show", "3")["id"] == "d3"
    assert empty.json("log", "show", "d3")["position"] == 3
    assert empty.json("log", "verify")["entries"] == 90
    assert empty("log", "tail", "-n", "70").stdout.count("\n") == 70
    listed = empty.json("log", "archives", "--check")
    assert [(one["first"], one["last"], one["there"]) for one in listed] == [(1, 30, True), (31, 60, True)]
    assert "0 months archived" in empty("log", "retain", "--before", "2026-11").stdout


def test_read_models_are_built_from_archives_too(empty: Cli, old: EventLog) -> None:
    url = f"sqlite:///{empty.data / 'gatehouse.db'}"
    views = open_views(url)
    runner = ProjectionRunner(old, views)
    while runner.run_once():
        continue
    rows = all_rows(views)
    views.dispose()
    empty("log", "retain", "--before", "2026-12")
    empty("projections", "rebuild", "--all")
    anew = open_views(url)
    assert all_rows(anew) == rows
    anew.dispose()


def test_an_archive_that_is_gone_or_damaged_is_named(empty: Cli, old: EventLog) -> None:
    empty("log", "retain", "--before", "2026-11")
    first, second = sorted((empty.data / "archive").iterdir())
    second.write_bytes(second.read_bytes()[:-1] + b"?")
    listed = empty.json("log", "archives", "--check", code=1)
    assert [one["there"] for one in listed] == [True, False]
    first.rename(empty.data / "elsewhere")
    told = empty("log", "verify", code=1).stderr
    assert first.name in told
    assert "put it there" in told


def test_a_reader_that_stands_still_is_looked_at_first(empty: Cli, old: EventLog) -> None:
    with old.transaction() as transaction:
        transaction.move("decider", 10)
    told = empty("log", "retain", "--before", "2026-11", code=1).stderr
    assert "decider" in told
    assert not (empty.data / "archive").exists()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "either --before"),
        (("--before", "2026-11", "--keep", "3"), "either --before"),
        (("--before", "November"), "November is no month"),
    ],
)
def test_what_can_t_be_meant_is_refused(empty: Cli, old: EventLog, words: tuple[str, ...], said: str) -> None:
    assert said in empty("log", "retain", *words, code=1).stderr


def test_the_archives_folder_is_remembered(empty: Cli, tmp_path: Path) -> None:
    from gatehouse.context import recall, remember
    from gatehouse.settings import Settings

    remember(Settings(data=empty.data, archive=tmp_path / "far away"))
    assert recall(Settings(data=empty.data)).archives == tmp_path / "far away"
    assert recall(Settings(data=tmp_path / "new")).archives == tmp_path / "new" / "archive"
