"""The runner: positions with the rows, any cut into batches, rebuilds, versions, several at once."""

from __future__ import annotations

import tempfile
import threading
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Column, Connection, Engine, Integer, Table, Text, inspect, select

from eventlog.memory import MemoryLog
from eventlog.ports import NewEvent, Recorded
from eventlog.vocabulary import DoorOpened
from projections import generations as g
from projections.base import Projection, upsert
from projections.devices import DEVICES
from projections.runner import PROJECTIONS, ProjectionRunner
from projections.store import open_views
from tests.projections.rows import all_rows
from tests.support.examples import examples
from tests.support.histories import CHOICES, History, event_of
from tests.support.waiting import wait_until

Choices = list[tuple[int, int, int]]
CHOICE = st.tuples(st.integers(0, CHOICES - 1), st.integers(0, 11), st.integers(0, 3))


def history(choices: Choices) -> History:
    told = History().registers()
    for choice, which, late in choices:
        event, device, family = event_of(choice, which)
        told.add(event, device, family, late_s=late * 2.5)
    return told


def filled(log: MemoryLog, engine: Engine, batch: int) -> dict[str, list[tuple[object, ...]]]:
    ProjectionRunner(log, engine, batch=batch).catch_up()
    return all_rows(engine)


EVERYTHING: Choices = [(n, n % 13, n % 3) for n in range(5 * CHOICES)]


@examples(25)
@given(st.lists(CHOICE, max_size=60), st.integers(1, 70), st.integers(0, 70))
def test_any_cut_into_batches_gives_the_same_rows(choices: Choices, batch: int, first: int) -> None:
    log = MemoryLog()
    events = history(choices).events
    with tempfile.TemporaryDirectory() as folder:
        whole = open_views(f"sqlite:///{folder}/x.db")
        (Path(folder) / "parts").mkdir()
        parts = open_views(f"sqlite:///{folder}/parts/x.db")
        log.append(events[:first])
        runner = ProjectionRunner(log, parts, batch=batch)
        runner.catch_up()
        log.append(events[first:])
        runner.catch_up()
        expected = all_rows(parts)

        assert filled(log, whole, 10_000) == expected
        whole.dispose()
        parts.dispose()


def test_a_rebuild_gives_the_same_rows(any_views: Engine) -> None:
    log = MemoryLog()
    log.append(history(EVERYTHING).events)
    runner = ProjectionRunner(log, any_views, batch=17)
    runner.catch_up()
    before = all_rows(any_views)
    assert all(rows for rows in before.values()), "the history leaves a read model empty"
    told: list[tuple[int, int]] = []
    for kind in PROJECTIONS:
        runner.rebuild(kind.name, lambda position, head: told.append((position, head)))
    assert all_rows(any_views) == before
    assert told[-1] == (log.head(), log.head())
    assert len(g.positions(any_views)) == len(PROJECTIONS)
    with any_views.connect() as connection:
        tables = set(inspect(connection).get_table_names())
    assert {name for name in tables if name.endswith("_g1")} == set(), "the old generation's tables stay"


def test_rows_and_position_are_one_transaction(views: Engine) -> None:
    log = MemoryLog()
    log.append(history(EVERYTHING).events)

    class Failing(Projection):
        name, version, listens_to = "zones", 9, frozenset({DoorOpened.TYPE})
        models = ()

        def apply(self, connection: Connection, events: Sequence[Recorded]) -> None:
            raise RuntimeError("the disk is full")

    kinds = [*(kind for kind in PROJECTIONS if kind.name != "zones"), Failing]
    runner = ProjectionRunner(log, views, kinds=kinds)
    with pytest.raises(RuntimeError, match="the disk is full"):
        runner.run_once()
    assert set(g.positions(views).values()) == {0}
    with views.connect() as connection:
        assert connection.execute(select(DEVICES)).all() == []


def test_a_restart_goes_on_from_the_position(views: Engine) -> None:
    log = MemoryLog()
    events = history(EVERYTHING).events
    log.append(events[:30])
    ProjectionRunner(log, views).catch_up()
    log.append(events[30:])
    again = ProjectionRunner(log, views)
    assert set(again.positions.values()) == {30}
    again.catch_up()
    assert set(g.positions(views).values()) == {log.head()}


def counting(version_: int, factor: int) -> type[Projection]:
    from sqlalchemy import MetaData

    table = Table(
        "door_counts",
        MetaData(),
        Column("name", Text, primary_key=True),
        Column("n", Integer, nullable=False),
    )

    class Counts(Projection):
        name, version, listens_to = "door_counts", version_, frozenset({DoorOpened.TYPE})
        models = (table,)

        def apply(self, connection: Connection, events: Sequence[Recorded]) -> None:
            mine = self.table(table)
            old = connection.scalar(select(mine.c.n)) or 0
            upsert(connection, mine, [{"name": "all", "n": old + factor * len(events)}])

    return Counts


def count_in(engine: Engine) -> int | None:
    with engine.connect() as connection:
        row = connection.exec_driver_sql("SELECT n FROM door_counts").first()
    return row[0] if row else None


def test_a_new_version_is_built_beside_and_then_switched(any_views: Engine) -> None:
    log = MemoryLog()
    told = History()
    for _ in range(20):
        told.add(DoorOpened(door="gate-n1"), "gate-n1")
    log.append(told.events)
    ProjectionRunner(log, any_views, kinds=[counting(1, 1)]).catch_up()
    assert count_in(any_views) == 20
    newer = ProjectionRunner(log, any_views, kinds=[counting(2, 10)], batch=8)
    newer.run_once()
    assert count_in(any_views) == 20, "the old one is read until the new one has caught up"
    halfway = ProjectionRunner(log, any_views, kinds=[counting(2, 10)], batch=8)
    halfway.catch_up()
    assert count_in(any_views) == 200
    newer.catch_up()
    assert count_in(any_views) == 200, "whoever comes second finds it done"


def test_two_runners_at_once_do_no_harm(views: Engine) -> None:
    log = MemoryLog()
    told = History()
    stop = threading.Event()
    runners = [ProjectionRunner(log, views, kinds=[counting(1, 1)], batch=3) for _ in range(2)]
    threads = [threading.Thread(target=runner.run, args=(stop,)) for runner in runners]
    for thread in threads:
        thread.start()
    try:
        for _ in range(100):
            told.add(DoorOpened(door="gate-n1"), "gate-n1")
            log.append(told.events[-1:])
        wait_until(lambda: count_in(views) == 100, what="every event is counted")
    finally:
        stop.set()
        log.append(history([]).events)
        for thread in threads:
            thread.join(10)
    assert count_in(views) == 100, "counted once"


class _AppendedMeanwhile(MemoryLog):
    """A log to which somebody appends between the question for its end and the reading."""

    def __init__(self, waiting: list[NewEvent]) -> None:
        super().__init__()
        self.waiting = waiting

    def head(self) -> int:
        found = super().head()
        if self.waiting:
            self.append([self.waiting.pop(0)])
        return found


def test_what_is_appended_while_a_batch_is_read_counts_once(tmp_path: Path) -> None:
    events = history(EVERYTHING).events
    calm, busy = MemoryLog(), _AppendedMeanwhile(list(events))
    calm.append(events)
    (tmp_path / "busy").mkdir()
    views, others = open_views(f"sqlite:///{tmp_path}/x.db"), open_views(f"sqlite:///{tmp_path}/busy/x.db")
    assert filled(calm, views, 1_000)
    runner = ProjectionRunner(busy, others)
    while busy.waiting:
        runner.run_once()
    runner.catch_up()
    with others.connect() as connection:
        found = {row.key: row.events for row in connection.execute(select(DEVICES))}
    with views.connect() as connection:
        assert found == {row.key: row.events for row in connection.execute(select(DEVICES))}
    views.dispose()
    others.dispose()
