"""`simulate` and `play` on the command line: lists, errors that say what to do, exit codes."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import typer
from click.testing import Result
from typer.testing import CliRunner

from eventlog.vocabulary import Event
from simulators.cli import Environment, add_commands
from simulators.run import no_way
from simulators.scenarios import names
from tests.simulators.broker_ear import Ear
from tests.simulators.test_play import MAP, TABLE
from tests.support.mosquitto import Mosquitto
from tests.support.net import free_port


@dataclass
class Anonymous:
    """A broker without accounts."""

    broker_url: str
    language: str = "en"

    def gateway_account(self, estate: str) -> None:
        return None

    def device_account(self, estate: str, family: str, device: str) -> None:
        return None

    def lay_over(self, estate: str, events: Sequence[Event]) -> Callable[[], None]:
        return no_way(estate, events)

    def register(self, estate: str, events: Sequence[Event]) -> bool:
        return False


def gatehouse(*arguments: str) -> Result:
    @contextmanager
    def environments(data: Path | None, broker: str | None) -> Iterator[Environment]:
        yield Anonymous(broker or f"mqtt://127.0.0.1:{free_port()}")

    app = typer.Typer()
    add_commands(app, environments)
    return CliRunner().invoke(app, list(arguments))


def test_the_list_names_every_scenario_with_its_rule() -> None:
    lines = gatehouse("simulate", "--list").stdout.splitlines()
    assert [line.split()[0] for line in lines] == names()
    assert "door_held_open" in next(line for line in lines if line.startswith("door-wedged-open"))
    listed = json.loads(gatehouse("simulate", "--list", "--json").stdout)
    assert {each["name"]: each["silent"] for each in listed}["an-impatient-hand"] is True


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (["simulate"], 2, "Name a scenario"),
        (["simulate", "door-forcd"], 2, "There is no scenario door-forcd. Near: door-forced"),
        (["simulate", "door-forced", "--fault", "gremlin"], 2, "there is no fault 'gremlin'"),
        (["simulate", "door-forced", "--speed", "0"], 1, "no broker at 127.0.0.1"),
        (["simulate", "door-forced", "--broker", "tcp://x"], 2, "expected mqtt://host:port"),
        (["simulate", "nowhere.yaml"], 2, "nowhere.yaml"),
        (["play", "nowhere.csv", "--map", "examples/lekagul/map.yaml"], 2, "nowhere.csv"),
        (["play", "README.md", "--map", "nowhere.yaml"], 2, "nowhere.yaml"),
    ],
)
def test_what_can_not_be_done_is_told(arguments: list[str], code: int, told: str) -> None:
    result = gatehouse(*arguments)
    assert result.exit_code == code
    assert told in result.stderr


def test_a_scenario_with_a_mistake_is_told_with_its_line(tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text("rule: door_forced\ntitle: x\n", "utf-8")
    result = gatehouse("simulate", str(file))
    assert result.exit_code == 2
    assert f"{file}:2: title ('x')" in result.stderr


@pytest.mark.mosquitto
def test_a_table_is_played_and_bad_rows_make_it_end_with_1(tmp_path: Path, mosquitto: Mosquitto) -> None:
    table, mapping = tmp_path / "cars.csv", tmp_path / "map.yaml"
    table.write_text(TABLE + "nonsense\n", "utf-8")
    mapping.write_text(MAP, "utf-8")
    arguments = ["play", str(table), "--map", str(mapping), "--broker", mosquitto.url]
    with Ear(mosquitto.port, "estates/#") as ear:
        result = gatehouse(*arguments)
        assert result.exit_code == 1
        assert f"{table}:6: 1 fields where the first line names 4" in result.stderr
        assert result.stdout.startswith("5 rows, 4 events in ")
        ear.wait_for(5)
    skipped = gatehouse(*arguments, "--bad-rows", "skip", "--json")
    assert skipped.exit_code == 0
    assert json.loads(skipped.stdout)["bad"] == 1


@pytest.mark.mosquitto
def test_where_no_gatehouse_answers_silence_proves_nothing(
    mosquitto: Mosquitto, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("simulators.run.GRACE_S", 1.0)
    result = gatehouse("simulate", "an-impatient-hand", "--speed", "0", "--broker", mosquitto.url, "--json")
    assert result.exit_code == 1
    assert json.loads(result.stdout) == {
        "scenario": "an-impatient-hand", "ok": False, "answered": False,
        "expected": [], "unexpected": [], "unanswerable": 0, "unrelated": [],
    }  # fmt: skip
