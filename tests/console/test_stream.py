"""The stream of changes, over a real connection: live, resumed, bounded, ended."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest

from console.follower import KEPT_MAX, Follower
from eventlog import codec
from eventlog.memory import MemoryLog
from eventlog.vocabulary import AlertRaised, AlertUpdated
from tests.console.browser import served
from tests.console.town import TOKENS, Town, town
from tests.support.histories import START, alert

Change = tuple[int, str, dict[str, Any]]


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Town, str]]:
    with town(tmp_path_factory.mktemp("town")) as made, served(made, pages=False, streams_max=3) as address:
        yield made, address


@contextmanager
def stream(address: str, word: str = "operator", **headers: str) -> Iterator[Iterator[Change]]:
    given = {"Authorization": f"Bearer {word}-token", **headers}
    with httpx.stream("GET", f"{address}/api/v1/stream", headers=given, timeout=10) as answer:
        answer.raise_for_status()
        yield changes(answer.iter_lines())


def changes(lines: Iterator[str]) -> Iterator[Change]:
    said: dict[str, str] = {}
    for line in lines:
        if not line and "data" in said:
            yield int(said["id"]), said["event"], json.loads(said["data"])
            said = {}
        elif line and not line.startswith(":"):
            name, _, value = line.partition(": ")
            said[name] = value


def test_changes_come_live_and_a_resumed_stream_misses_none(running: tuple[Town, str]) -> None:
    place, address = running
    with stream(address) as live:
        mine = place.alert("garage")
        position, kind, change = next(live)
        assert (kind, change["alert"]["id"], change["alert"]["state"]) == ("alert.raised", mine, "raised")
    headers = {"Authorization": "Bearer operator-token"}
    done = httpx.post(f"{address}/api/v1/alerts/{mine}/acknowledge", json={"version": 1}, headers=headers)
    assert done.status_code == 200
    with stream(address, **{"Last-Event-ID": str(position)}) as resumed:
        later, kind, change = next(resumed)
    assert later > position
    assert (kind, change["by"], change["via"]) == ("alert.acknowledged", "desk-1", "api")
    with stream(address, **{"Last-Event-ID": "0"}) as whole:
        assert next(whole)[:2] == (position, "alert.raised")


def test_another_estate_hears_nothing(running: tuple[Town, str]) -> None:
    place, address = running
    with stream(address, "elsewhere", **{"Last-Event-ID": "0"}) as other:
        with stream(address, **{"Last-Event-ID": "0"}) as mine:
            assert next(mine)[0] > 0
        place.accounts.put(TOKENS["elsewhere"])  # its token is not the word any more: the stream ends
        assert TOKENS["elsewhere"].secret_hash == ""
    del other


def test_streams_are_bounded(running: tuple[Town, str]) -> None:
    _, address = running
    with stream(address), stream(address), stream(address):
        refused = httpx.get(
            f"{address}/api/v1/stream", headers={"Authorization": "Bearer operator-token"}, timeout=10
        )
    assert refused.status_code == 503
    assert refused.headers["content-type"] == "application/problem+json"


def test_a_wrong_last_id_is_told_so(running: tuple[Town, str]) -> None:
    _, address = running
    headers = {"Authorization": "Bearer operator-token", "Last-Event-ID": "yesterday"}
    answer = httpx.get(f"{address}/api/v1/stream", headers=headers)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["name"] == "last-event-id"


def test_the_follower_forgets_the_oldest_and_says_so() -> None:
    log = MemoryLog()
    follower = Follower(log)
    kinds = [AlertRaised, AlertUpdated]
    events = [
        codec.make(
            kinds[n % 2](alert=alert(f"a{n}")),
            estate="xiegou",
            source="estates/xiegou/gatehouse",
            event_id=str(n),
            at=START,
        )
        for n in range(KEPT_MAX + 10)
    ]
    told: list[int] = []
    follower.listen(lambda entries: told.extend(entry.position for entry in entries))
    log.append(events)
    while follower.run_once():
        pass
    assert told == list(range(1, KEPT_MAX + 11))
    assert follower.changes_after(0) is None
    assert follower.changes_after(9) is None
    kept = follower.changes_after(10)
    assert kept is not None
    assert [entry.position for entry in kept] == list(range(11, KEPT_MAX + 11))
