"""Random days with repeats, conflicts and failures: SQLite and memory must tell the same story."""

from __future__ import annotations

import shutil
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eventlog.memory import MemoryLog
from eventlog.ports import EventLog, NewEvent, Recorded, SavedState
from eventlog.sql import open_log
from tests.contracts.event_log import door_opened, estate_set
from tests.support.examples import examples

events = st.one_of(
    st.builds(
        lambda number, estate, door, changed: door_opened(
            number, estate=estate, door=door, at_us=1_000 + number + 500 * changed
        ),
        st.integers(0, 15),
        st.sampled_from(["xiegou", "liuzhuang"]),
        st.sampled_from(["gate-n1", "gate-n2"]),
        st.booleans(),
    ),
    st.builds(estate_set, st.integers(0, 3)),
)
batches = st.lists(
    st.tuples(st.lists(events, max_size=12), st.sampled_from(["commit", "commit", "fail"])), max_size=8
)


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("template") / "gatehouse.db"
    open_log(f"sqlite:///{file}").close()
    return file


class FailedError(Exception):
    """The end of a transaction that shall not be."""


def play(log: EventLog, day: list[tuple[list[NewEvent], str]]) -> list[object]:
    """A day on a log: what it answered."""
    answers: list[object] = []
    for number, (batch, end) in enumerate(day):
        with suppress(FailedError), log.transaction() as transaction:
            answers.append(transaction.append(batch[: len(batch) // 2]))
            answers.append(transaction.append(batch[len(batch) // 2 :]))
            transaction.save_state("reader", [SavedState(str(number % 3), bytes([number]), number)])
            transaction.move("reader", number)
            if end == "fail":
                raise FailedError
    return answers


def told(entries: Any) -> list[dict[str, object]]:
    """Entries as plain values."""
    fields = list(Recorded.__dataclass_fields__)
    return [{field: getattr(entry, field) for field in fields} for entry in entries]


def story(log: EventLog) -> list[object]:
    """Everything that can be read of it."""
    doors = frozenset({"access.door_opened"})
    return [
        told(log.read(after=0, limit=1_000)),
        told(log.read(after=3, limit=5, estate="liuzhuang")),
        told(log.read_back(limit=7, types=doors)),
        [log.position_at(moment) for moment in range(990, 1_600, 10)],
        log.load_state("reader"),
        log.position("reader"),
        log.now_us(),
        log.verify(),
    ]


@examples(60)
@given(day=batches)
def test_sqlite_and_memory_tell_the_same_story(template: Path, day: list[tuple[list[NewEvent], str]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        file = shutil.copy(template, Path(folder) / "gatehouse.db")
        memory, sqlite = MemoryLog(time_mode="events"), open_log(f"sqlite:///{file}", time_mode="events")
        assert play(sqlite, day) == play(memory, day)
        assert story(sqlite) == story(memory)
        assert sqlite.verify().first_bad is None
        sqlite.close()
