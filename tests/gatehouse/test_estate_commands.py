"""The estate's commands with tables, as an operator types them: all or nothing, with every mistake told."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from gatehouse.commands.estate import PROBLEMS_SHOWN_MAX
from ingest.privacy import hashed
from tests.gatehouse.cli import Cli

FILE = """\
estate: home
name: {zh: 家园, en: Home}
default_squad: squad-1
zones: [{id: yard}]
squads: [{id: squad-1, members: [m1]}]
radios: [{address: "3c:22:fb:01:02:03", person: p1}]
"""
HOMES = "id,zone\n1-101,yard\n1-102,yard\n"
RESIDENTS = "人员编号,身份,房号\np1,业主,1-101\np2,租户,1-102\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, text in (("estate.yaml", FILE), ("homes.csv", HOMES), ("residents.csv", RESIDENTS)):
        (tmp_path / name).write_text(text, "utf-8")
    return tmp_path


def words(folder: Path, *kinds: str) -> list[object]:
    found: list[object] = [folder / "estate.yaml"]
    for kind in kinds:
        found += [f"--{kind}", folder / f"{kind}.csv"]
    return found


def test_a_file_and_its_tables_are_imported_and_the_second_time_nothing(empty: Cli, folder: Path) -> None:
    both = words(folder, "homes", "residents")
    assert "no mistakes" in empty.bare("estate", "validate", *both).stdout
    told = empty("estate", "import", *both).stdout
    assert "added person p2" in told
    assert empty.json("estate", "import", *both) == []
    assert set(empty.json("estate", "show", "--register", "people")) == {"p1", "p2"}
    assert empty("estate", "show", "--register", "homes").stdout.count("1-10") >= 2


def test_a_register_that_is_not_named_is_kept_and_checked_against(empty: Cli, folder: Path) -> None:
    empty("estate", "import", *words(folder, "homes", "residents"))
    assert empty.json("estate", "import", *words(folder)) == []
    (folder / "residents.csv").write_text("id,role,home\np1,owner,1-102\n", "utf-8")
    assert empty.json("estate", "import", *words(folder, "residents")) == [
        {"register": "people", "entry": "p1", "change": "changed"},
        {"register": "people", "entry": "p2", "change": "removed"},
    ]
    (folder / "residents.csv").write_text("id,role,home\np1,owner,9-999\n", "utf-8")
    told = empty("estate", "import", *words(folder, "residents"), code=1).stderr
    assert "residents.csv:2: home ('9-999'): there is no such home" in told
    assert set(empty.json("estate", "show", "--register", "people")) == {"p1"}


def test_one_bad_row_and_nothing_is_imported(empty: Cli, folder: Path) -> None:
    (folder / "residents.csv").write_text(RESIDENTS + "p3,租户,9-9\n", "utf-8")
    told = empty("estate", "import", *words(folder, "homes", "residents"), code=1).stderr
    assert "residents.csv:4: 房号 ('9-9'): there is no such home" in told
    assert "1 mistakes; nothing was imported" in told
    assert not (empty.data / "gatehouse.db").exists()


def test_of_many_bad_rows_the_first_are_shown_with_the_count_of_the_rest(empty: Cli, folder: Path) -> None:
    bad = "".join(f"q{number},租户,9-9\n" for number in range(PROBLEMS_SHOWN_MAX + 7))
    (folder / "residents.csv").write_text(RESIDENTS + bad, "utf-8")
    both = words(folder, "homes", "residents")
    told = empty.bare("estate", "validate", *both, code=1).stderr
    assert told.count("no such home") == PROBLEMS_SHOWN_MAX
    assert "and 7 more mistakes" in told
    whole = json.loads(empty.bare("estate", "validate", *both, "--json", code=1).stdout)["problems"]
    assert len(whole) == PROBLEMS_SHOWN_MAX + 7
    assert (whole[0]["file"].endswith("residents.csv"), whole[0]["line"]) == (True, 4)


def test_a_table_that_is_not_there_is_told(empty: Cli, folder: Path) -> None:
    told = empty("estate", "import", *words(folder, "vehicles"), code=1).stderr
    assert "vehicles.csv" in told
    assert "can't be read" in told


def test_radio_addresses_are_in_the_log_as_the_hashes_that_probes_have(empty: Cli, folder: Path) -> None:
    empty("estate", "import", *words(folder, "homes", "residents"))
    key = bytes.fromhex((empty.data / "secrets/radio-hmac-key").read_text())
    assert set(empty.json("estate", "show", "--register", "radios")) == {hashed("3c:22:fb:01:02:03", key)}
    assert empty.json("estate", "import", *words(folder)) == []
    for file in empty.data.rglob("*.db*"):
        assert file.is_dir() or b"3c:22:fb" not in file.read_bytes().lower()


def test_the_quality_of_the_registers_is_told(empty: Cli, folder: Path) -> None:
    (folder / "estate.yaml").write_text(FILE.partition("radios")[0], "utf-8")
    empty("estate", "import", *words(folder))
    assert "There are no registers" in empty("estate", "quality").stdout
    empty("estate", "import", *words(folder, "homes", "residents"))
    (found,) = empty.json("estate", "quality")
    wrong = {each["kind"]: each["entries"] for each in found["findings"] if each["count"]}
    assert (found["estate"], wrong) == ("home", {"tenants_without_lease": ["p2"]})
    told = empty("estate", "quality", "--estate", "home").stdout
    assert "2 residents" in told
    assert "tenants without a lease" in told
    assert "there are: home" in empty("estate", "quality", "--estate", "other", code=1).stderr


def test_the_import_reports_how_far_it_is() -> None:
    from eventlog.memory import MemoryLog
    from gatehouse.estatefile import parse
    from gatehouse.estateimport import APPENDED_AT_ONCE, RECORDING, import_estate

    zones = ", ".join(f"{{id: z{number}}}" for number in range(APPENDED_AT_ONCE + 1))
    file = parse(FILE.replace("{id: yard}", zones).partition("radios")[0], rules={})
    told: list[tuple[str, int, int]] = []
    import_estate(MemoryLog(), file, lambda *each: told.append(each))
    assert told == [
        (RECORDING, APPENDED_AT_ONCE, APPENDED_AT_ONCE + 3),
        (RECORDING, *[APPENDED_AT_ONCE + 3] * 2),
    ]
