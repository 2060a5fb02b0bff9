"""A mistake in a file that people write: where it stands, what stands there, what was expected. In both
languages.
"""

from __future__ import annotations

import difflib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Self

from pydantic_core import ErrorDetails

from eventlog.catalogue import DEFAULT_LANGUAGE, say, words
from eventlog.marked import Marked, Path
from eventlog.vocabulary import Words

VALUE_CHARACTERS_MAX = 60
NAMES_SHOWN_MAX = 8


@dataclass(frozen=True, slots=True)
class Problem:
    """One mistake. `place` is the path in the file, such as `zones[3].adjacent[0].zone`."""

    line: int
    place: str
    value: str | None
    expected: Words
    file: str | None = None
    """The file where it is not the one that is read: a table beside it."""

    def text(self, language: str = DEFAULT_LANGUAGE) -> str:
        """The mistake in one line, without the file's name."""
        got = "" if self.value is None else f" ({self.value})"
        return f"{self.line}: {self.place}{got}: {say(self.expected, language)}"


class FileError(Exception):
    """A file can't be used: all its mistakes, in the order of the file."""

    def __init__(self, name: str, problems: Collection[Problem]) -> None:
        self.name = name
        self.problems = tuple(sorted(problems, key=lambda problem: (problem.file or "", problem.line)))
        super().__init__("\n".join(self.lines("en")))

    def lines(self, language: str = DEFAULT_LANGUAGE) -> list[str]:
        """One line a mistake, with the file's name and the line."""
        return [f"{problem.file or self.name}:{problem.text(language)}" for problem in self.problems]


class Table(str):
    """The first part of the path of a table's cell: the file's name; then come the line and the column.

    `titles` are the columns' names as the file has them.
    """

    titles: Mapping[str, str]

    def __new__(cls, name: str, titles: Mapping[str, str] | None = None) -> Self:
        """A table with its columns' titles by their fields."""
        made = super().__new__(cls, name)
        made.titles = titles or {}
        return made


class Findings:
    """Collects mistakes while a file is read; knows the lines."""

    def __init__(self, marked: Marked) -> None:
        self._marked = marked
        self.problems: list[Problem] = []
        for flaw in marked.flaws:
            expected = words("cli.estate.expected.yaml", what=flaw.what)
            self.problems.append(Problem(flaw.line, "YAML", None, expected))

    def add(self, path: Path, value: Any, key: str, **params: object) -> None:
        """A mistake at a path; `key` names the text below `cli.estate.expected`."""
        expected = words(f"cli.estate.expected.{key}", **params)
        shown = None if value is None else _shown(value)
        self._append(path, shown, expected)

    def add_pydantic(self, base: Path, error: ErrorDetails) -> None:
        """A mistake that a model found below `base`."""
        path = (*base, *error["loc"])
        missing = error["type"] in {"missing", "extra_forbidden"}
        value = None if missing else _shown(error["input"])
        self._append(path, value, _pydantic_words(error))

    def _append(self, path: Path, shown: str | None, expected: Words) -> None:
        file = path[0] if path and isinstance(path[0], Table) else None
        self.problems.append(Problem(self.line(path), place(path), shown, expected, file))

    def where(self, path: Path, seen_from: Path) -> str:
        """The line of a path, with its file where that is another one than that of `seen_from`."""
        files = [each[0] if each and isinstance(each[0], Table) else None for each in (path, seen_from)]
        line = str(self.line(path))
        return line if files[0] == files[1] else f"{files[0] or 'YAML'}:{line}"

    def line(self, path: Path) -> int:
        """The line of a path."""
        if path and isinstance(path[0], Table):
            return int(path[1])
        return self._marked.line(path)


def place(path: Path) -> str:
    """A path as people write it; of a table's cell its column's title."""
    if path and isinstance(path[0], Table):
        return path[0].titles.get(str(path[2]), str(path[2])) if len(path) > 2 else "."
    parts = [f"[{part}]" if isinstance(part, int) else f".{part}" for part in path]
    return "".join(parts).removeprefix(".") or "."


def near(name: str, known: Collection[str]) -> str:
    """What could have been meant: the nearest names, else the first few known ones."""
    close = difflib.get_close_matches(name, known, n=3)
    some = close or sorted(known)[:NAMES_SHOWN_MAX]
    dots = ", …" if not close and len(known) > len(some) else ""
    return ", ".join(some) + dots if some else "–"


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= VALUE_CHARACTERS_MAX else text[: VALUE_CHARACTERS_MAX - 1] + "…"


_KEYS = {
    "missing": "missing",
    "extra_forbidden": "extra",
    "string_type": "text",
    "string_pattern_mismatch": "pattern",
    "literal_error": "one_of",
    "bool_type": "yes_no",
    "bool_parsing": "yes_no",
    "float_type": "number",
    "float_parsing": "number",
    "int_type": "whole",
    "int_parsing": "whole",
    "int_from_float": "whole",
    "greater_than": "over",
    "greater_than_equal": "at_least",
    "less_than": "under",
    "less_than_equal": "at_most",
    "tuple_type": "list",
    "list_type": "list",
    "model_type": "map",
    "model_attributes_type": "map",
    "moment": "moment",
    "string_too_long": "length",
}


_PATTERNS = (("2[0-3]", "clock"), ("[0-9A-Fa-f]{2}", "address"), ("{1,128}", "credential"), ("()#*", "phone"))
"""What a text must look like, by a part of its pattern."""


def _pydantic_words(error: ErrorDetails) -> Words:
    key = f"cli.estate.expected.{_KEYS.get(error['type'], 'other')}"
    if error["type"] == "string_pattern_mismatch":
        pattern = str(error.get("ctx"))
        key = next((f"cli.estate.expected.{name}" for part, name in _PATTERNS if part in pattern), key)
    context = error.get("ctx", {})
    limit = next((context[name] for name in ("gt", "ge", "lt", "le", "max_length") if name in context), None)
    return words(key, what=error["msg"], expected=context.get("expected", ""), limit=limit)
