"""What `gatehouse doctor` makes of a schema, a database, clocks, files, Kafka and archives."""

from __future__ import annotations

import os
import sqlite3
import time
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from eventlog.sql import open_log
from eventlog.sql.revisions import REVISIONS, VERSION_TABLE
from gatehouse import checkup, checkup_beyond
from gatehouse.context import Context
from gatehouse.findings import Finding
from gatehouse.settings import Settings
from gatehouse.vitals import Vital
from tests.support.net import free_port

LANGUAGES = ("en", "zh-CN")


class Case(NamedTuple):
    """One situation: a name, what is found, and in what health."""

    name: str
    finding: Any
    health: str


def role(vital: Vital | None, database: str | None = None) -> Finding:
    return checkup._role("worker", vital, Settings(database=database))


ALIVE = Vital("worker", 7, True, 0.5)
CASES = [
    Case("a clock that is right", lambda: checkup_beyond.clock(0.02), "good"),
    Case("the database is ahead", lambda: checkup_beyond.clock(1.5), "bad"),
    Case("the database is behind", lambda: checkup_beyond.clock(-90), "bad"),
    Case("connections enough", lambda: checkup_beyond._connections(80, 100), "good"),
    Case("connections near the limit", lambda: checkup_beyond._connections(81, 100), "bad"),
    Case("a part that lives", lambda: role(ALIVE), "good"),
    Case("a part that starts", lambda: role(Vital("worker", 7, False, 0.5)), "note"),
    Case("a part that fell silent", lambda: role(Vital("worker", 7, True, 60)), "bad"),
    Case("a part that is not there", lambda: role(None), "bad"),
    Case("a part on another machine", lambda: role(None, "postgresql://h/d"), "note"),
]  # fmt: skip


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_situation_has_its_words(case: Case, language: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GATEHOUSE_LANGUAGE", language)
    found = case.finding()
    assert found.health == case.health
    assert found.found
    assert "{" not in found.found + found.advice
    assert bool(found.advice) == (case.health == "bad")


def durable(**changed: str) -> Finding:
    return checkup_beyond._durable(
        {
            "fsync": "on",
            "full_page_writes": "on",
            "synchronous_commit": "on",
            "server_version": "17",
            **changed,
        }
    )


@pytest.mark.parametrize(
    ("changed", "health"),
    [
        ({}, "good"),
        ({"synchronous_commit": "remote_apply"}, "good"),
        ({"fsync": "off"}, "bad"),
        ({"full_page_writes": "off"}, "bad"),
        ({"synchronous_commit": "off"}, "bad"),
    ],
)
def test_a_server_that_may_lose_data_is_named(changed: dict[str, str], health: str) -> None:
    found = durable(**changed)
    assert found.health == health
    assert all(f"{name}={value}" in found.found for name, value in changed.items() if health == "bad")


@pytest.fixture
def url(tmp_path: Path) -> str:
    made = f"sqlite:///{tmp_path / 'gatehouse.db'}"
    open_log(made).close()
    return made


@pytest.mark.parametrize(
    ("revision", "health"), [(REVISIONS[-1], "good"), (REVISIONS[0], "note"), ("9999", "bad")]
)
def test_the_schema_is_looked_at_and_not_touched(
    url: str, tmp_path: Path, revision: str, health: str
) -> None:
    with sqlite3.connect(tmp_path / "gatehouse.db") as raw:
        raw.execute(f"UPDATE {VERSION_TABLE} SET version_num = ?", (revision,))
    assert checkup_beyond.schema(url).health == ("good" if revision == REVISIONS[-1] else health)
    with sqlite3.connect(tmp_path / "gatehouse.db") as raw:
        assert raw.execute(f"SELECT version_num FROM {VERSION_TABLE}").fetchone() == (revision,)


def test_open_files_are_those_of_the_parts_that_run(monkeypatch: pytest.MonkeyPatch) -> None:
    import psutil

    mine = {"serve": Vital("serve", os.getpid(), True, 0.1), "gone": Vital("gone", 2**22 + 1, True, 0.1)}
    used = psutil.Process().num_fds()
    for limit, health in ((10 * used + 2_000, "good"), (max(used + 1, 1_024), None), (64, "bad")):
        monkeypatch.setattr(psutil.Process, "rlimit", lambda *_, limit=limit: (limit, limit))
        (found,) = checkup_beyond.files(mine)
        if health:
            assert found.health == health
        assert str(limit) in found.found
    assert not list(checkup_beyond.files({}))


def test_a_log_from_the_future_is_noticed(tmp_path: Path, url: str) -> None:
    from eventlog import codec
    from eventlog.times import from_us
    from tests.processors.estate import NAME, REGISTERS

    for ahead_s, count in ((0, 0), (3_600, 1)):
        log = open_log(url, clock=lambda ahead_s=ahead_s: time.time_ns() // 1_000 + ahead_s * 1_000_000)
        at = from_us(log.now_us())
        log.append([
            codec.make(REGISTERS[0], estate=NAME, source="s", event_id=str(ahead_s), at=at)
        ])  # fmt: skip
        log.close()
        context = Context(Settings(data=tmp_path))
        assert len([f for f in checkup_beyond.ahead(context) if f.health == "bad"]) == count
        context.close()


def test_kafka_that_is_away_is_told_within_seconds() -> None:
    pytest.importorskip("aiokafka")
    (found,) = checkup_beyond.kafka(Settings(kafka=f"127.0.0.1:{free_port()}"))
    assert found.health == "bad"
    assert found.advice
    assert not list(checkup_beyond.kafka(Settings()))


def test_workers_or_one_process() -> None:
    kafka = Settings(kafka="127.0.0.1:9092")
    assert not checkup.fleet(Settings(), {})
    assert checkup.fleet(kafka, {})
    assert checkup.fleet(Settings(), {"relay": ALIVE})
    assert not checkup.fleet(kafka, {"process": ALIVE}), "one process decides, whatever is set"


@pytest.mark.postgresql
def test_a_real_server_is_looked_over(postgresql_url: str, tmp_path: Path) -> None:
    context = Context(Settings(data=tmp_path, database=postgresql_url))
    found = {one.check: one for one in checkup_beyond.database(context)}
    assert {"database", "connections", "clock"} == found.keys()
    assert found["clock"].health == "good"
    assert checkup_beyond.schema(postgresql_url).health == "good"
    context.close()
