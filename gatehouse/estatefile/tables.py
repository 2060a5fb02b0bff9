"""The CSV tables beside an estate file, as other systems give them: homes, residents, vehicles, credentials.

Reads cells and nothing more: each row becomes what an entry of the file's section would be, with its line,
and goes through the same checks. UTF-8 (with or without BOM) and GB18030; commas, semicolons or tabs; titles
of the columns in English or Chinese.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from eventlog.marked import Path as Place
from eventlog.problems import Findings, Table

BYTES_MAX = 16 * 1024 * 1024
PROGRESS_ROWS = 500

Progress = Callable[[str, int, int], None]
"""Told what is being done, how much of it is done, and of how much; for a table in bytes."""


@dataclass(frozen=True, slots=True)
class Columns:
    """What a table may have: its section of the estate file, the Chinese titles of its fields, which fields
    are lists, and the words that stand for fixed values."""

    section: str
    titles: Mapping[str, str]
    needed: tuple[str, ...]
    lists: frozenset[str] = frozenset()
    words: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


_YES_NO = {"是": "true", "否": "false", "有": "true", "无": "false"}
_VALID = {"valid_from": "有效期起", "valid_until": "有效期止"}

TABLES: Mapping[str, Columns] = {
    "homes": Columns(
        "homes",
        {"id": "房号", "zone": "区域", "name": "名称", "unit": "单元", "floor": "楼层", "use": "用途"},
        ("id", "zone"),
        words={"use": {"自住": "owner", "出租": "let", "空置": "empty", "商铺": "shop", "办公": "office"}},
    ),
    "residents": Columns(
        "people",
        {
            "id": "人员编号", "role": "身份", "home": "房号", "name": "姓名", "phone": "电话",
            "child": "儿童", "lives_alone": "独居", "look_in": "上门探访",
            "lease_from": "租期起", "lease_until": "租期止",
            "away_from": "外出起", "away_until": "外出止", "left_at": "搬离日期",
        },
        ("id", "role"),
        words={
            "role": {
                "业主": "owner", "房主": "owner", "家属": "family", "租户": "tenant", "租客": "tenant",
                "员工": "staff", "工作人员": "staff", "网格员": "grid_worker", "店主": "shopkeeper",
            },
            "child": _YES_NO, "lives_alone": _YES_NO, "look_in": _YES_NO,
        },
    ),
    "vehicles": Columns(
        "vehicles",
        {"plate": "号牌", "groups": "分组", "vehicle_class": "车型", "owner": "车主", **_VALID},
        ("plate",),
        lists=frozenset({"groups"}),
        words={"groups": {"住户": "resident", "访客": "visitor", "服务": "service"}},
    ),
    "credentials": Columns(
        "credentials",
        {
            "id": "凭证编号", "kind": "类型", "person": "人员编号", "state": "状态", **_VALID,
            "zones": "区域", "duress": "胁迫码",
        },
        ("id",),
        lists=frozenset({"zones"}),
        words={
            "kind": {"卡": "card", "人脸": "face", "二维码": "qr", "密码": "pin", "手机": "phone"},
            "state": {"有效": "active", "正常": "active", "挂失": "lost", "注销": "revoked"},
            "duress": _YES_NO,
        },
    ),
}  # fmt: skip
"""The tables by the name of the option that names their file."""

_APART = re.compile(r"[;；、,，|\s]+")


@dataclass(frozen=True, slots=True)
class TableFile:
    """A table that was read: which one it is, its name in errors, its bytes."""

    kind: str
    name: str
    content: bytes

    @classmethod
    def read(cls, kind: str, path: Path) -> TableFile:
        """Reads a file of at most 16 MiB and one byte. Raises OSError."""
        with path.open("rb") as file:
            return cls(kind, str(path), file.read(BYTES_MAX + 1))


def rows(
    table: TableFile, findings: Findings, progress: Progress | None = None
) -> Iterator[tuple[Place, Any]]:
    """The rows with their places; what can't be read as a row is told in the findings."""
    start: Place = (Table(table.name), 1)
    if len(table.content) > BYTES_MAX:
        findings.add(start, None, "table_size", mib=BYTES_MAX // (1024 * 1024))
        return
    text = _text(table.content)
    if text is None:
        findings.add(start, None, "table_encoding")
        return
    columns, fields, place = TABLES[table.kind], [""], Table(table.name)
    found = False
    for line, cells, read in _cells(text, place, findings):
        if not found:
            found, fields = True, _header(columns, table.name, line, cells, findings)
            place = Table(table.name, dict(zip(fields, (cell.strip() for cell in cells), strict=False)))
            if not fields:
                return
        elif len(cells) != len(fields):
            findings.add((place, line), None, "cells", count=len(cells), wanted=len(fields))
        else:
            yield (place, line), _entry(columns, fields, cells)
        if progress and line % PROGRESS_ROWS == 0:
            progress(table.name, read, len(text))
    if not found:
        findings.add(start, None, "table_empty")


def _cells(text: str, place: Table, findings: Findings) -> Iterator[tuple[int, list[str], int]]:
    """The rows that are not empty: the line each begins in, its cells, and how much was read by then."""
    first = text.partition("\n")[0]
    source = _Lines(text)
    reader = csv.reader(source, delimiter=max(",;\t", key=first.count), strict=True)
    line = 1
    try:
        for cells in reader:
            at, line = line, reader.line_num + 1
            if any(cell.strip() for cell in cells):
                yield at, cells, source.read
    except csv.Error as error:
        findings.add((place, line), None, "csv", what=error)


class _Lines:
    """The lines of a text, and how many characters of it were read."""

    def __init__(self, text: str) -> None:
        self._lines = io.StringIO(text, newline="")
        self.read = 0

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        line = next(self._lines)
        self.read += len(line)
        return line


def _text(content: bytes) -> str | None:
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        return None if "\x00" in text else text
    return None


def _header(columns: Columns, name: str, line: int, cells: list[str], findings: Findings) -> list[str]:
    """The field of each column; None where the table can't be read on."""
    by_title = {title: named for named, title in columns.titles.items()}
    known = {**by_title, **{named: named for named in columns.titles}}
    titles = [cell.strip() for cell in cells]
    if not any(title in known for title in titles):
        # The first line is somebody's data then, which is not to be shown.
        findings.add((Table(name), line), None, "header", near=", ".join(columns.titles))
        return []
    fields: list[str] = []
    good = True
    for title in titles:
        named = known.get(title)
        if named is None:
            findings.add((Table(name), line), title, "column", near=", ".join(columns.titles))
        elif named in fields:
            findings.add((Table(name), line), title, "column_twice")
        good = good and named is not None and named not in fields
        fields.append(named or title)
    for needed in columns.needed:
        if needed not in fields:
            title = f"{needed} / {columns.titles[needed]}"
            findings.add((Table(name), line), None, "column_missing", title=title)
            good = False
    return fields if good else []


def _entry(columns: Columns, fields: list[str], cells: list[str]) -> dict[str, Any]:
    """What an entry of the section would be; an empty cell is a field that is not given."""
    entry: dict[str, Any] = {}
    for named, cell in zip(fields, cells, strict=True):
        text = cell.strip()
        if not text:
            continue
        words = columns.words.get(named, {})
        if named in columns.lists:
            entry[named] = [words.get(part, part) for part in _APART.split(text) if part]
        else:
            entry[named] = words.get(text, text)
    return entry
