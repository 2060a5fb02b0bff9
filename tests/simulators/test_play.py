"""Playing a table: stable ids, the table's order, bad rows by line, packed or not; and the map's mistakes."""

from __future__ import annotations

import gzip
from pathlib import Path

import orjson
import pytest

from simulators.play import (
    BadRow,
    MapError,
    Report,
    Sent,
    TableError,
    parse_map,
    play,
    play_into,
    read_map,
    rows,
)
from tests.simulators.broker_ear import Ear
from tests.simulators.virtual import VirtualSystem
from tests.support.mosquitto import Mosquitto
from tests.support.parts import ROOT

MAP = """\
estate: lekagul
event: vehicle.plate_read
ends_after_s: 60
device: {family: vehicle, column: gate}
time: {column: when, format: "%Y-%m-%d %H:%M:%S", zone: Asia/Shanghai}
data:
  plate: {column: car}
  lane: {column: gate}
  vehicle_class: {column: kind, values: {"1": car, "2P": park}}
  confidence: {value: 1.0}
  direction: {alternate: {values: [in, out], by: [car], where: gate, among: [entrance0], otherwise: in}}
"""
TABLE = """\
when,car,kind,gate
2015-05-01 08:00:00,a,1,entrance0
2015-05-01 08:00:05,b,2P,gate3
2015-05-01 08:00:05,a,1,gate3
2015-05-01 08:10:00,a,1,entrance0
"""


@pytest.fixture
def table(tmp_path: Path) -> Path:
    file = tmp_path / "cars.csv"
    file.write_text(TABLE, "utf-8")
    return file


def made(path: Path) -> list[Sent]:
    found = list(rows(path, parse_map(MAP)))
    assert all(isinstance(row, Sent) for row in found)
    return [row for row in found if isinstance(row, Sent)]


def test_a_row_becomes_an_event_of_its_device(table: Path) -> None:
    first = made(table)[0]
    assert first.topic == "estates/lekagul/vehicle/entrance0/events"
    assert orjson.loads(first.payload) == {
        "specversion": "1.0", "id": "cars.csv:1", "source": "estates/lekagul/vehicle/entrance0",
        "type": "vehicle.plate_read", "time": "2015-05-01T08:00:00+08:00",
        "data": {
            "plate": "a", "lane": "entrance0", "vehicle_class": "car", "confidence": 1.0, "direction": "in",
        },
    }  # fmt: skip


def test_the_order_is_the_tables_and_ids_follow_from_name_and_row_packed_or_not(table: Path) -> None:
    packed = table.with_name("cars.csv.gz")
    packed.write_bytes(gzip.compress(table.read_bytes()))
    events = [orjson.loads(row.payload) for row in made(table)]
    assert [event["id"] for event in events] == [f"cars.csv:{n}" for n in range(1, 5)]
    assert [event["data"]["plate"] for event in events] == ["a", "b", "a", "a"]
    assert made(packed) == made(table)


def test_values_in_turn_count_by_column_and_only_where_they_should(table: Path) -> None:
    directions = [orjson.loads(row.payload)["data"]["direction"] for row in made(table)]
    assert directions == ["in", "in", "in", "out"]


BAD = [
    ("2015-05-01 08:00,a,1", "3 fields where the first line names 4"),
    ("1.5.2015 8:00,a,1,gate3", "when: '1.5.2015 8:00' is not a time of the form %Y-%m-%d %H:%M:%S"),
    ("2015-05-01 08:00:01,a,7,gate3", "kind: '7' is not in the map's values for vehicle_class"),
    ("2015-05-01 08:00:01,a,1,gate/3", "gate: 'gate/3' is no device's name"),
    ("2015-05-01 08:00:01," + "x" * 33 + ",1,gate3", "plate: String should have at most 32 characters"),
    ('2015-05-01 08:00:01,"a"b,1,gate3', "not readable as CSV: "),
]


@pytest.mark.parametrize(("row", "reason"), BAD, ids=[reason[:20] for _, reason in BAD])
def test_a_bad_row_is_told_with_its_line_and_the_others_go_on(tmp_path: Path, row: str, reason: str) -> None:
    lines = TABLE.splitlines()
    file = tmp_path / "cars.csv"
    file.write_text("\n".join([*lines[:2], row, *lines[2:]]) + "\n", "utf-8")
    found = list(rows(file, parse_map(MAP)))
    [bad] = [each for each in found if isinstance(each, BadRow)]
    assert (bad.file, bad.line) == (str(file), 3)
    assert bad.reason.startswith(reason)
    good = [orjson.loads(each.payload)["id"] for each in found if isinstance(each, Sent)]
    assert good == ["cars.csv:1", "cars.csv:3", "cars.csv:4", "cars.csv:5"], "numbers are those of the rows"


@pytest.mark.parametrize(("bad_rows", "sent", "code"), [("report", 4, 1), ("skip", 4, 0), ("stop", 1, 1)])
def test_bad_rows_are_reported_skipped_or_stop_it(
    tmp_path: Path, bad_rows: str, sent: int, code: int
) -> None:
    lines = TABLE.splitlines()
    file = tmp_path / "cars.csv"
    file.write_text("\n".join([*lines[:2], "nonsense", *lines[2:]]) + "\n", "utf-8")
    report = play_into(Basket(), file, parse_map(MAP), bad_rows=bad_rows)  # type: ignore[arg-type]
    assert (report.sent, report.bad_count, report.exit_code) == (sent, 1, code)


class Basket:
    """Takes everything."""

    def __init__(self) -> None:
        self.taken: list[tuple[str, bytes]] = []

    def publish(self, topic: str, payload: bytes, retain: bool = False) -> None:
        self.taken.append((topic, payload))

    def pump(self) -> None: ...

    def flush(self) -> None: ...


def test_at_the_end_the_time_is_told_once(table: Path) -> None:
    basket = Basket()
    told: list[int] = []
    report = play_into(basket, table, parse_map(MAP), on_progress=lambda so_far: told.append(so_far.rows))
    assert [topic for topic, _ in basket.taken[-2:]] == [
        "estates/lekagul/vehicle/entrance0/events", "estates/lekagul/time",
    ]  # fmt: skip
    assert orjson.loads(basket.taken[-1][1]) == {"at": "2015-05-01T00:11:00.000000Z"}
    assert (report.rows, report.sent, told[-1]) == (4, 4, 4)


def test_an_empty_table_tells_no_time(tmp_path: Path) -> None:
    file = tmp_path / "cars.csv"
    file.write_text("when,car,kind,gate\n", "utf-8")
    basket = Basket()
    assert play_into(basket, file, parse_map(MAP)) == Report(seconds=pytest.approx(0, abs=5))  # type: ignore[arg-type]
    assert basket.taken == []


def test_a_table_without_a_column_or_cut_short_is_refused(tmp_path: Path, table: Path) -> None:
    other = tmp_path / "other.csv"
    other.write_text("when,car\n", "utf-8")
    with pytest.raises(TableError, match="has no column gate, kind; it has when, car"):
        list(rows(other, parse_map(MAP)))
    other.write_text("", "utf-8")
    with pytest.raises(TableError, match="is empty"):
        list(rows(other, parse_map(MAP)))
    cut = tmp_path / "cut.csv.gz"
    cut.write_bytes(gzip.compress(TABLE.encode() * 500)[:-20])
    with pytest.raises(TableError, match="ends in the middle"):
        list(rows(cut, parse_map(MAP)))


MISTAKES = [
    (
        "event: vehicle.plate_read",
        "event: vehicle.plate",
        2,
        "event ('vehicle.plate'): expected one of vehicle.plate_read",
    ),
    ("  plate: {column: car}\n", "", 6, "data.plate: this is needed and missing"),
    ("zone: Asia/Shanghai", "zone: Mars", 5, "time"),
    ("family: vehicle", "family: lorry", 4, "device.family ('lorry'): expected one of 'access'"),
    ("{column: car}", "{column: car, value: x}", 7, "data.plate"),
    ("ends_after_s: 60", "ends_after_s: soon", 3, "ends_after_s ('soon'): expected a number"),
]


@pytest.mark.parametrize(("old", "new", "line", "told"), MISTAKES, ids=[each[3][:20] for each in MISTAKES])
def test_a_mistake_of_the_map_is_told_where_it_stands(old: str, new: str, line: int, told: str) -> None:
    assert old in MAP
    with pytest.raises(MapError) as caught:
        parse_map(MAP.replace(old, new, 1), name="map.yaml")
    lines = caught.value.lines("en")
    assert any(each.startswith(f"map.yaml:{line}: {told}") for each in lines), lines


def test_the_example_map_is_good() -> None:
    assert read_map(ROOT / "examples/lekagul/map.yaml").estate == "lekagul"


def test_played_twice_nothing_changes(table: Path) -> None:
    system = VirtualSystem("examples/lekagul/estate.yaml")
    play_into(system, table, parse_map(MAP))
    system.decide()
    head, alerts = system.log.head(), system.alerts()
    play_into(system, table, parse_map(MAP))
    system.decide()
    assert system.log.head() == head
    assert system.alerts() == alerts
    assert {alert.rule for alert in alerts} == {"vehicle_not_permitted"}
    assert len({alert.id for alert in alerts}) == 2
    assert system.log.quarantine_counts() == {}


@pytest.mark.mosquitto
def test_over_a_real_broker_everything_arrives_in_order(tmp_path: Path, mosquitto: Mosquitto) -> None:
    file = tmp_path / "cars.csv"
    lines = [f"2015-05-01 08:{n // 60:02d}:{n % 60:02d},car-{n},1,gate{n % 9}" for n in range(3_000)]
    file.write_text("when,car,kind,gate\n" + "\n".join(lines) + "\n", "utf-8")
    with Ear(mosquitto.port, "estates/lekagul/#") as ear:
        report = play(file, parse_map(MAP), broker_url=mosquitto.url)
        assert report.sent == 3_000
        heard = ear.wait_for(3_001)
    assert [event["id"] for event in heard[:-1]] == [f"cars.csv:{n}" for n in range(1, 3_001)]
    assert set(heard[-1]) == {"at"}
