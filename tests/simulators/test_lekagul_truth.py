"""The preserve's recording against what the table itself says: who passed a gate without a right to."""

from __future__ import annotations

import csv
import gzip
from collections import Counter
from pathlib import Path

from eventlog.ids import reference
from eventlog.plates import normal
from eventlog.vocabulary import Alert
from simulators.play import BadRow, Sent, play_into, read_map, rows
from tests.simulators.lekagul_truth import TABLE, readings, restricted, trespasses
from tests.simulators.virtual import VirtualSystem
from tests.support.parts import ROOT, shared

MAP = ROOT / "examples/lekagul/map.yaml"
ESTATE = "examples/lekagul/estate.yaml"


def test_what_the_table_says() -> None:
    found = trespasses(shared(TABLE))
    assert len(found) == 138
    assert len({each.car for each in found}) == 23
    assert Counter(each.gate for each in found) == {"gate3": 46, "gate5": 46, "gate6": 46}
    assert {each.kind for each in found} == {"4"}
    assert {each.timestamp[11:13] for each in found} == {"02", "03", "04", "05"}, "always before dawn"


def test_every_row_becomes_an_event() -> None:
    found = list(rows(shared(TABLE), read_map(MAP)))
    assert len(found) == 171_477
    assert not [row for row in found if isinstance(row, BadRow)]
    times = [row.at_us for row in found if isinstance(row, Sent)]
    assert times == sorted(times)


def test_the_readings_at_restricted_gates_alert_exactly_those_vehicles(tmp_path: Path) -> None:
    """Only the readings at restricted gates, a sixteenth of the table, so that it takes seconds."""
    table = shared(TABLE)
    few = tmp_path / "restricted.csv.gz"
    with gzip.open(few, "wt", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["Timestamp", "car-id", "car-type", "gate-name"])
        writer.writerows(row.values() for _, row in readings(table) if restricted(row))
    system = VirtualSystem(ESTATE)
    report = play_into(system, few, read_map(MAP))
    assert (report.sent, report.bad_count) == (10_356, 0)
    latest: dict[str, Alert] = {alert.id: alert for alert in system.alerts()}
    expected = {(each.gate, reference("lekagul", normal(each.car))) for each in trespasses(table)}
    assert {tuple(alert.key.split(":", 1)) for alert in latest.values()} == expected
    assert {alert.rule for alert in latest.values()} == {"vehicle_not_permitted"}
    assert {alert.severity for alert in latest.values()} == {"high"}, "all of them at night"
    assert not any(alert.late for alert in latest.values())
    assert system.log.quarantine_counts() == {}
    evidence = {position for alert in latest.values() for position in alert.evidence}
    assert len(evidence) == len(trespasses(table)), "every reading without a right is evidence of an alert"
