"""The tables beside an estate file: what they become, in which encodings, and every bad row with its line."""
# ruff: noqa: E501  A mistake a line reads best.

from __future__ import annotations

from pathlib import Path

import pytest

from eventlog.estate import Estate
from gatehouse.estatefile import EstateFile, EstateFileError, load, parse
from gatehouse.estatefile.plates import meant, says_no_plate
from gatehouse.estatefile.tables import BYTES_MAX, TABLES, TableFile
from tests.gatehouse.estates import RULES, SMALL
from tests.support.parts import ROOT

HOMES = "id,zone,use,floor\n1-101,yard,let,1\n1-102,yard,owner,1\n"
RESIDENTS = """\
人员编号,身份,房号,姓名,电话,儿童,独居,租期起,租期止
p1,租户,1-101,张伟,13800001111,否,否,2026-01-01,2026/12/31
p2,业主,1-102,李娜,0371-6677 8899,,是,,
p3,家属,1-102,王小明,,是,,,
"""
VEHICLES = "plate,groups,owner,valid_until\n豫B12345,resident;service,p1,2026-12-31\n豫AD54321,住户,p2,\n"
CREDENTIALS = "id,kind,person,state,zones\ncard-1,卡,p1,有效,yard gate\npin-1,密码,p2,挂失,\n"
GOOD = {"homes": HOMES, "residents": RESIDENTS, "vehicles": VEHICLES, "credentials": CREDENTIALS}


def read(encoding: str = "utf-8", **texts: str | bytes) -> EstateFile:
    tables = [
        TableFile(kind, f"{kind}.csv", text if isinstance(text, bytes) else text.encode(encoding))
        for kind, text in texts.items()
    ]
    return parse(SMALL, rules=RULES, tables=tables)


def mistakes(**texts: str | bytes) -> list[str]:
    try:
        read("utf-8", **(GOOD | texts))
    except EstateFileError as error:
        return error.lines("en")
    return []


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_the_tables_become_the_registers(encoding: str) -> None:
    file = read(encoding, **GOOD)
    place = Estate(file.estate).with_events(file.events)
    assert (place.homes["1-101"].use, place.homes["1-101"].floor) == ("let", 1)
    tenant = place.people["p1"]
    assert (tenant.role, tenant.home, tenant.name, tenant.phone) == ("tenant", "1-101", "张伟", "13800001111")
    assert tenant.lease_until is not None
    assert tenant.lease_until.isoformat() == "2027-01-01T00:00:00+08:00"
    assert (place.people["p2"].lives_alone, place.people["p3"].child) == (True, True)
    assert place.vehicles["豫B12345"].groups == ("resident", "service")
    assert set(place.vehicles) == {"豫A12345", "豫B12345", "豫AD54321"}, "the file's and the table's"
    assert (place.credentials["pin-1"].kind, place.credentials["pin-1"].state) == ("pin", "lost")
    assert place.credentials["card-1"].zones == ("yard", "gate")
    assert {"homes", "people", "vehicles", "credentials"} <= file.registers


@pytest.mark.parametrize("delimiter", [";", "\t"])
def test_other_delimiters_and_line_ends(delimiter: str) -> None:
    text = HOMES.replace(",", delimiter).replace("\n", "\r\n")
    assert len(read(homes=text + "\r\n;;;\r\n".replace(";", delimiter)).events) == len(
        read(homes=HOMES).events
    )


def test_what_stands_in_quotes_may_go_over_lines_and_lines_are_still_right() -> None:
    text = '房号,名称,区域\n1-101,"一单元\n东户",yard\n1-102,b,yrad\n'
    assert mistakes(homes=text) == [
        "homes.csv:4: 区域 ('yrad'): there is no such zone in the file; near: yard",
    ]


@pytest.mark.parametrize(
    ("table", "old", "new", "said"),
    [
        ("homes", "1-102", "1-101", "homes.csv:3: id ('1-101'): stands twice, first in line 2"),
        ("homes", "let,1\n", "let,one\n", "homes.csv:2: floor ('one'): expected a whole number"),
        ("homes", "let,1\n", "let\n", "homes.csv:2: .: has 3 cells where the titles are 4"),
        ("homes", "1-101", '"1-101', "homes.csv:2: .: the CSV is not right"),
        ("homes", "id,zone", "id,id", "homes.csv:1: . ('id'): this column stands twice"),
        ("homes", "use,floor", "use,flor", "homes.csv:1: . ('flor'): there is no such column; there are: id, zone"),
        ("homes", "zone,", "name,", "homes.csv:1: .: the column zone / 区域 is missing"),
        ("residents", "1-101", "1-103", "residents.csv:2: 房号 ('1-103'): there is no such home"),
        ("residents", "业主", "房东", "residents.csv:3: 身份 ('房东'): expected one of 'owner'"),
        ("residents", "2026/12/31", "31/12/2026", "residents.csv:2: 租期止 ('31/12/2026'): expected a date"),
        ("residents", "2026/12/31", "2025/12/31", "residents.csv:2: 租期止 ('2026-01-01 00:00'): expected later"),
        ("residents", "13800001111", "1.38E+10", "residents.csv:2: 电话 ('1.38E+10'): expected a telephone number"),
        ("residents", "p3", "p1", "residents.csv:4: 人员编号 ('p1'): stands twice, first in line 2"),
        ("residents", "p3", "", "residents.csv:4: 人员编号: this is needed and missing"),
        ("vehicles", "豫B12345", "豫A·12345", "stands twice, first in line YAML:17"),
        ("vehicles", "豫B12345", "豫B1234O", "vehicles.csv:2: plate ('豫B1234O'): not a plate of GA 36-2018; is 豫B12340 meant?"),
        ("vehicles", "豫B12345", "豫Ｂ12345", "is 豫B12345 meant?"),
        ("vehicles", "豫B12345", "豫В12345", "is 豫B12345 meant?"),
        ("vehicles", "豫AD54321", "豫AD543", "vehicles.csv:3: plate ('豫AD543')"),
        ("vehicles", "豫AD54321", "豫AM54321", "not a plate of GA 36-2018 ("),
        ("vehicles", "豫AD54321", "无牌", "vehicles.csv:3: plate ('无牌'): this stands for no plate at all"),
        ("vehicles", "2026-12-31", "soon", "vehicles.csv:2: valid_until ('soon')"),
        ("credentials", "p1", "p9", "credentials.csv:2: person ('p9'): there is no such person"),
        ("credentials", "yard gate", "yard gat", "credentials.csv:2: zones ('gat'): there is no such zone"),
        ("credentials", "挂失", "丢", "credentials.csv:3: state ('丢'): expected one of 'active'"),
        ("credentials", "pin-1", "card-1", "credentials.csv:3: id ('card-1'): stands twice"),
    ],
)  # fmt: skip
def test_a_bad_row_is_told_with_file_line_and_reason(table: str, old: str, new: str, said: str) -> None:
    found = mistakes(**{table: GOOD[table].replace(old, new, 1)})
    assert any(said in text for text in found), found


def test_every_bad_row_is_told_and_nothing_of_the_other_cells() -> None:
    bad = RESIDENTS.replace("1-101", "9-9").replace("1-102", "8-8")
    found = mistakes(residents=bad)
    assert [text.partition(" ")[0] for text in found] == [f"residents.csv:{line}:" for line in (2, 3, 4)]
    text = "\n".join(found)
    assert not any(part in text for part in ("张伟", "李娜", "1380", "p1", "p2"))


def test_a_table_without_titles_shows_nobodys_data() -> None:
    (said,) = mistakes(residents=RESIDENTS.partition("\n")[2])
    assert said.startswith("residents.csv:1: .: expected the columns' titles")
    assert "张伟" not in said


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "no line with the columns' titles"),
        (b"\n\n,,\n", "no line with the columns' titles"),
        (b"\xff\xfe\x00\x00i\x00d", "neither UTF-8 nor GB18030"),
        ("id,zone\n1,yard\n".encode("utf-16"), "neither UTF-8 nor GB18030"),
        (b"id,zone\n\xff\xff,yard\n", "neither UTF-8 nor GB18030"),
    ],
)
def test_a_table_that_can_not_be_read_is_told(content: bytes, said: str) -> None:
    found = mistakes(homes=content)
    assert any(said in text and text.startswith("homes.csv:1: ") for text in found), found


def test_a_table_of_other_registers_is_checked_against_what_the_system_has() -> None:
    residents = TableFile("residents", "residents.csv", RESIDENTS.encode())
    assert parse(SMALL, rules=RULES, tables=[residents]).registers >= {"people"}, "nobody can say"
    known = parse(SMALL, rules=RULES, tables=[residents], present=lambda _: {"homes": {"1-101", "1-102"}})
    assert "homes" not in known.registers
    with pytest.raises(EstateFileError, match="no such home"):
        parse(SMALL, rules=RULES, tables=[residents], present=lambda _: {"homes": {"1-102"}})


def test_progress_is_told(tmp_path: Path) -> None:
    (tmp_path / "estate.yaml").write_text(SMALL, "utf-8")
    text = "id,zone\n" + "".join(f"h{number},yard\n" for number in range(2_000))
    (tmp_path / "homes.csv").write_text(text, "utf-8")
    told: list[tuple[int, int]] = []
    load(
        tmp_path / "estate.yaml", RULES, tables={"homes": tmp_path / "homes.csv"},
        progress=lambda _, done, whole: told.append((done, whole)),
    )  # fmt: skip
    assert len(told) == 4
    assert told == sorted(told)
    assert {whole for _, whole in told} == {len(text)}


@pytest.mark.parametrize(
    "text", ["无牌", "无", "_无_", "未上牌", "none", "N/A", "--", " ", "00000", "unlicensed"]
)
def test_what_stands_for_no_plate(text: str) -> None:
    assert says_no_plate(text)


def test_a_plate_is_not_taken_for_none() -> None:
    assert not says_no_plate("豫A00000")
    assert meant("豫A12345") == "豫A12345"
    assert meant("car-1") is None


def test_a_table_that_is_too_large_is_told() -> None:
    content = b"id,zone\n" + b"x" * BYTES_MAX
    assert any("over 16 MiB" in text for text in mistakes(homes=content))


def test_every_column_is_in_the_docs() -> None:
    page = (ROOT / "docs/estate-file.md").read_text("utf-8")
    for kind, columns in TABLES.items():
        assert f"`--{kind}`" in page
        missing = [f for f, title in columns.titles.items() if f"`{f}`" not in page or title not in page]
        assert not missing
