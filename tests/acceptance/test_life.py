"""A system's life: stopped and started, killed and started, read models rebuilt: nothing is lost by it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from typing import Any

import httpx
import pytest

from projections.generations import positions
from projections.runner import PROJECTIONS
from projections.store import open_views
from tests.acceptance.conftest import running
from tests.acceptance.test_gate_to_phone import raised_at, three_denials
from tests.projections.rows import all_rows
from tests.support.mqtt import Listener
from tests.support.system import ESTATE, Login, System
from tests.support.waiting import wait_until


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    """One that is stopped and killed here."""
    yield from running(tmp_path_factory.mktemp("life"))


@pytest.fixture(scope="module")
def gate(system: System) -> Login:
    return system.token("gate-n1")


@pytest.fixture(scope="module")
def operator(system: System) -> Iterator[httpx.Client]:
    with system.api() as client:
        yield client


def alerts(client: httpx.Client) -> list[dict[str, Any]]:
    """All alerts, over all pages."""
    found: list[dict[str, Any]] = []
    cursor: str | None = None
    while True:
        answer = client.get("/alerts", params={"cursor": cursor} if cursor else {})
        assert answer.status_code == 200, answer.text
        found += answer.json()["items"]
        cursor = answer.json()["next"]
        if not cursor:
            return found


def raise_one(system: System, gate: Login, mark: str) -> None:
    """An alert at the north gate, seen by its squad."""
    squad = system.token("--squad", "north")
    with closing(
        Listener(system.mqtt_url, squad.user, squad.password, ["estates/yard/patrol/north/alerts"])
    ) as phone:
        three_denials(system, gate, "gate-n1", mark)
        phone.wait_for(raised_at("gate-n1"))


def test_a_stop_and_a_start_keep_everything(system: System, gate: Login, operator: httpx.Client) -> None:
    raise_one(system, gate, "before")
    before = wait_until(lambda: alerts(operator), what="the alert is listed")
    with system.log() as log:
        head = log.head()
    first_password = system.password
    assert first_password
    system.restart()
    after = wait_until(lambda: alerts(operator), what="the alert is listed again")
    assert after == before
    assert system.output().count("password (shown only once)") == 1, "no second administrator"
    with system.log() as log:
        assert log.head() >= head
        assert log.verify().first_bad is None


def test_a_second_up_on_the_same_folder_is_refused(system: System) -> None:
    other = System(system.data.parent)
    other.start(ready=False)
    wait_until(lambda: not other.running, what="the second one gives up")
    assert str(system.data) in other.output()
    assert system.is_ready()


def test_a_killed_up_takes_its_children_with_it_and_starts_again_at_once(
    system: System, gate: Login, operator: httpx.Client
) -> None:
    before = wait_until(lambda: alerts(operator))
    system.kill9_up()
    system.start()
    assert wait_until(lambda: alerts(operator)) == before
    assert system.cli("log", "verify").code == 0


def rows(system: System) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every read model, once they have come to the end of the log."""
    engine = open_views(system.log_url)
    with system.log() as log:
        wait_until(lambda: set(positions(engine).values()) == {log.head()}, what="the read models are there")
    found = all_rows(engine)
    engine.dispose()
    return found


def test_read_models_built_anew_have_the_same_rows(system: System) -> None:
    before = rows(system)
    assert before["alerts"]
    assert len(before) >= len(PROJECTIONS)
    system.cli("projections", "rebuild", "--all")
    assert rows(system) == before


def test_an_estate_imported_again_changes_nothing(system: System) -> None:
    with system.log() as log:
        head = log.head()
        system.cli("estate", "import", str(ESTATE))
        assert log.head() == head
