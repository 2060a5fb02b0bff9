"""A recording through the whole system, on a clock that follows the events: who passed without a right."""

from __future__ import annotations

import csv
import gzip
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from eventlog.ports import EventLog
from tests.acceptance.conftest import LEKAGUL, running
from tests.support.checks import count_raised, entries, settled
from tests.support.parts import ROOT, shared
from tests.support.system import System
from tests.support.waiting import wait_until

ROWS = 3_000
MAP = ROOT / "examples" / "lekagul" / "map.yaml"
RESTRICTED = {f"gate{number}" for number in range(9)} | {"ranger-base"}
"""For the park service's vehicles only, class 2P."""


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The recording's first rows; the first breaches are among them."""
    source = shared("data/lekagul-sensor-data.csv.gz")
    with gzip.open(source, "rt", encoding="utf-8") as file:
        lines = [next(file) for _ in range(ROWS + 1)]
    chosen = tmp_path_factory.mktemp("table") / "first.csv"
    chosen.write_text("".join(lines), "utf-8")
    return chosen


@pytest.fixture(scope="module")
def preserve(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    yield from running(tmp_path_factory.mktemp("preserve"), estate=LEKAGUL, time="events")


def breaches(table: Path) -> set[tuple[str, str, datetime]]:
    """Gate, vehicle and time of each reading where it had no right to be, from the table alone."""
    with table.open(encoding="utf-8") as file:
        return {
            (
                row["gate-name"],
                row["car-id"],
                datetime.fromisoformat(row["Timestamp"]).replace(tzinfo=UTC),
            )
            for row in csv.DictReader(file)
            if row["gate-name"] in RESTRICTED and row["car-type"] != "2P"
        }


def found_by_rules(log: EventLog) -> set[tuple[str, str, datetime]]:
    """The same from the log: the readings that the rule's signals rest on."""
    signals = [entry.event for entry in entries(log) if entry.type == "signal.raised"]
    readings = [
        log.at(one.evidence_positions)[0]  # type: ignore[attr-defined]
        for one in signals
        if one.rule == "vehicle_not_permitted"  # type: ignore[attr-defined]
    ]
    return {(entry.device, entry.event.plate, entry.occurred_at) for entry in readings}  # type: ignore[attr-defined]


def said(log: EventLog) -> list[str]:
    """What was recorded and what came of it; not how Gatehouse is and what the broker took over."""
    ours = ("system.", "delivery.")
    return [entry.id for entry in entries(log) if not entry.type.startswith(ours)]


def test_the_alerts_are_those_that_the_table_holds_and_a_second_playing_changes_nothing(
    preserve: System, table: Path
) -> None:
    told = preserve.cli("play", str(table), "--map", str(MAP), "--json").json
    assert (told["rows"], told["sent"], told["bad"]) == (ROWS, ROWS, 0)
    with preserve.log() as log:
        wait_until(lambda: settled(log))
        assert sum(entry.type == "vehicle.plate_read" for entry in entries(log)) == ROWS
        wanted = breaches(table)
        assert found_by_rules(log) == wanted
        # An alert stays one while it is open: one a gate and vehicle.
        assert count_raised(log) == len({(gate, car) for gate, car, _ in wanted})
        before = said(log)
        again = preserve.cli("play", str(table), "--map", str(MAP), "--json").json
        assert again["sent"] == ROWS
        settled(log)
        assert said(log) == before
        assert not log.quarantine_counts()
