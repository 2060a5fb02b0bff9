"""The import of an estate file: only what differs, all or nothing, the same again is nothing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from eventlog.memory import MemoryLog
from eventlog.ports import Claim, EventLog, LogTransaction
from eventlog.registers import Registers
from eventlog.sql import open_log
from gatehouse.estateimport import Change, ImportRefusedError, import_estate
from tests.gatehouse.estates import ExampleNext, small


def kinds(changes: list[Change]) -> list[tuple[str, str, str]]:
    return [(change.kind, change.register, change.entry) for change in changes]


@pytest.fixture
def log() -> EventLog:
    return MemoryLog()


def test_the_first_import_records_everything_and_the_second_nothing(log: EventLog) -> None:
    file = small()
    assert len(import_estate(log, file)) == len(file.events) == log.head()
    assert import_estate(log, file) == []
    assert log.head() == len(file.events)
    (first, *_) = log.read(after=0, limit=1)
    assert (first.estate, first.source) == ("home", "estates/home/registry")


def test_only_what_differs_is_recorded(log: EventLog) -> None:
    import_estate(log, small())
    new = small(
        ("  - {id: gate-1, kind: gate}\n", ""),
        ("doors:\n", "doors: []\n"),
        ("limit_s: 20", "limit_s: 25"),
        ("[m1, m2]", "[m1, m2, m4]"),
        ("豫A12345", "豫B12345"),
    )
    assert kinds(import_estate(log, new)) == [
        ("changed", "squads", "squad-1"),
        ("added", "vehicles", "豫B12345"),
        ("changed", "rules", "example"),
        ("removed", "doors", "gate-1"),
        ("removed", "vehicles", "豫A12345"),
    ]
    registers = Registers(log)
    registers.refresh()
    estate = registers.estates["home"]
    assert (dict(estate.doors), list(estate.vehicles)) == ({}, ["豫B12345"])
    assert estate.rules["example"].settings["limit_s"] == 25


def test_a_change_back_and_forth_is_recorded_each_time(log: EventLog) -> None:
    one, other = small(), small(("walk_m: 40", "walk_m: 50"))
    import_estate(log, one)
    for _ in range(2):
        assert kinds(import_estate(log, other)) == [
            ("changed", "zones", "yard"),
            ("changed", "zones", "gate"),
        ]
        assert len(import_estate(log, one)) == 2
    ids = [entry.id for entry in log.read(after=0, limit=1_000)]
    assert len(ids) == len(set(ids))


def test_a_rule_that_is_switched_off_is_deactivated_and_a_new_version_activated(log: EventLog) -> None:
    import_estate(log, small())
    newer = small(rules={"example": ExampleNext})
    assert kinds(import_estate(log, newer)) == [("changed", "rules", "example")]
    off = small(("{limit_s: 20, zones: {yard: {limit_s: 90}}}", "{enabled: false}"))
    (change,) = import_estate(log, off)
    assert (change.kind, change.event.TYPE) == ("removed", "rule.deactivated")
    assert kinds(import_estate(log, small())) == [("added", "rules", "example")]


def test_a_section_that_is_not_there_leaves_vehicles_and_lists_alone(log: EventLog) -> None:
    import_estate(log, small())
    silent = small(
        ("vehicles:\n  - {plate: 豫A12345, groups: [resident]}\n", ""),
        ("watch_lists:\n  stolen: {kind: plate, entries: [豫AD12345]}\n", ""),
    )
    assert import_estate(log, silent) == []
    empty = small(("vehicles:\n  - {plate: 豫A12345, groups: [resident]}\n", "vehicles: []\n"))
    assert kinds(import_estate(log, empty)) == [("removed", "vehicles", "豫A12345")]


def test_two_estates_do_not_touch_each_other(log: EventLog) -> None:
    import_estate(log, small())
    import_estate(log, small(("estate: home", "estate: away")))
    assert import_estate(log, small()) == []


class Meddled(MemoryLog):
    """A log in which somebody imports nearly the same file just before our append."""

    def __init__(self, times: int) -> None:
        super().__init__()
        self.times = times
        self._number = 0

    @contextmanager
    def transaction(self, *, under: Claim | None = None) -> Iterator[LogTransaction]:  # type: ignore[override]
        if self.times:
            self.times, kept = 0, self.times - 1
            self._number += 1
            old = "walk_m: 40" if self._number % 2 else "limit_s: 20"
            import_estate(self, small((old, f"{old[:-2]}{self._number}")))
            self.times = kept
        with super().transaction(under=under) as transaction:
            yield transaction


def test_another_import_meanwhile_is_taken_into_account() -> None:
    log = Meddled(times=1)
    import_estate(log, small())
    registers = Registers(log)
    registers.refresh()
    assert registers.estates["home"].zones["yard"].adjacent[0].walk_m == 40


def test_an_import_that_others_keep_undoing_says_so() -> None:
    with pytest.raises(ImportRefusedError, match="home keep changing"):
        import_estate(Meddled(times=50), small())


def test_the_import_survives_in_sqlite(tmp_path_factory: pytest.TempPathFactory) -> None:
    url = f"sqlite:///{tmp_path_factory.mktemp('import') / 'gatehouse.db'}"
    log = open_log(url)
    import_estate(log, small())
    log.close()
    again = open_log(url)
    assert import_estate(again, small()) == []
    assert again.verify().first_bad is None
    again.close()
