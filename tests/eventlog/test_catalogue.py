"""The catalogue: both languages of every text, the same parameters, and every text that code asks for."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from string import Formatter

import pytest

from eventlog.catalogue import catalogue, say, text, words
from tests.support.parts import ROOT

ROOMS = ("gatehouse", "eventlog", "ingest", "processors", "projections", "console", "simulators")
ASKING = {"words": "", "text": "", "cli": "cli.", "fail": "cli.error."}
"""Functions that take a text's key first, and what they put before it."""


def _parameters(form: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(form) if name is not None}


@pytest.mark.parametrize("key", sorted(catalogue()))
def test_both_languages_say_the_same(key: str) -> None:
    entry = catalogue()[key]
    assert entry["zh"].strip()
    assert entry["en"].strip()
    assert _parameters(entry["zh"]) == _parameters(entry["en"])


def test_a_text_is_given_in_the_language_asked_for() -> None:
    assert text("common.level.safe") == "安全"
    assert text("common.level.safe", "en-GB") == "safe"
    assert say(words("common.level.danger"), "zh-CN") == "危险"
    with pytest.raises(KeyError):
        text("common.level.calm")


def _asked() -> Iterator[tuple[Path, int, str, bool]]:
    """File, line, key or its beginning, and whether that is the whole key."""
    for room in ROOMS:
        for file in sorted((ROOT / room).rglob("*.py")):
            for node in ast.walk(ast.parse(file.read_text("utf-8"))):
                yield from _asked_by(node, file)


def _asked_by(node: ast.AST, file: Path) -> Iterator[tuple[Path, int, str, bool]]:
    if not isinstance(node, ast.Call) or not node.args:
        return
    name = getattr(node.func, "id", None) or getattr(node.func, "attr", None)
    # Methods named `text` belong to others; the catalogue's functions are called by their bare names.
    if name not in ASKING or not isinstance(node.func, ast.Name):
        return
    for part in [node.args[0]] if not isinstance(node.args[0], ast.IfExp) else _both(node.args[0]):
        if isinstance(part, ast.Constant) and isinstance(part.value, str):
            yield file, node.lineno, ASKING[name] + part.value, True
        elif isinstance(part, ast.JoinedStr) and isinstance(part.values[0], ast.Constant):
            yield file, node.lineno, ASKING[name] + str(part.values[0].value), False


def _both(choice: ast.IfExp) -> list[ast.expr]:
    return [choice.body, choice.orelse]


def test_every_text_that_code_asks_for_is_there() -> None:
    known = catalogue()
    asked = [each for each in _asked() if not _sql(each)]
    assert len(asked) > 50
    missing = [
        f"{file.relative_to(ROOT)}:{line} {key}"
        for file, line, key, whole in asked
        if not (key in known if whole else any(name.startswith(key) for name in known))
    ]
    assert not missing


def _sql(asked: tuple[Path, int, str, bool]) -> bool:
    """SQLAlchemy's `text` has the same name; its statements have spaces."""
    return " " in asked[2]


def test_every_text_of_the_command_line_is_asked_for() -> None:
    """What no code mentions, by its whole key or by the words around a name put in, is left over."""
    asked = {key: whole for _, _, key, whole in _asked()}
    sections = {"cli.estate.expected", "cli.doctor", "cli.estate.register"}
    sections |= {key.rpartition(".column.")[0] + ".column" for key in catalogue() if ".column." in key}
    left_over = [
        key
        for key in catalogue()
        if key.startswith("cli.")
        and not asked.get(key)
        and not any(key.startswith(section + ".") for section in sections)
        and not any(key.startswith(begin) for begin, whole in asked.items() if not whole)
        and key.rpartition(".")[2] != "help"
    ]
    assert not left_over
