"""Small estate files for tests, and a rule of which only the settings matter here."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from gatehouse.estatefile import EstateFile, EstateFileError, parse
from processors.rules.base import Rule, RuleSettings


class _Settings(RuleSettings):
    limit_s: Annotated[float, Field(gt=0)] = 30.0
    count: int = 3


class Example(Rule[None]):
    """Never run."""

    name = "example"
    version = 1
    Settings = _Settings


class ExampleNext(Example):
    """The same rule in a later version."""

    version = 2


RULES: dict[str, type[Rule[Any]]] = {"example": Example}

SMALL = """\
estate: home
name: {zh: 家园, en: Home}
default_squad: squad-1
zones:
  - {id: yard, adjacent: [{zone: gate, walk_m: 40}]}
  - {id: gate, kind: gate, squad: squad-2}
devices:
  access:
    - {id: gate-1, zone: gate, heartbeat_s: 60}
  camera:
    - {id: cam-1, zone: yard, sees: [yard, gate]}
doors:
  - {id: gate-1, kind: gate}
gates:
  - {id: drive, zone: gate, lanes: [drive-in, drive-out], allow: [{groups: [resident], hours: 06:00-23:00}]}
vehicles:
  - {plate: 豫A12345, groups: [resident]}
watch_lists:
  stolen: {kind: plate, entries: [豫AD12345]}
squads:
  - {id: squad-1, members: [m1, m2]}
  - {id: squad-2, members: [{id: m3, name: 张三}]}
rules:
  example: {limit_s: 20, zones: {yard: {limit_s: 90}}}
"""


def small(*changes: tuple[str, str], rules: dict[str, type[Rule[Any]]] = RULES) -> EstateFile:
    """The small estate, with texts replaced by others."""
    return parse(changed(*changes), rules=rules)


def changed(*changes: tuple[str, str]) -> str:
    """The small estate's text with some of it replaced."""
    text = SMALL
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    return text


def mistakes(*changes: tuple[str, str]) -> list[str]:
    """The mistakes of a changed small estate, in English, without the file's name."""
    try:
        parse(changed(*changes), rules=RULES)
    except EstateFileError as error:
        return [problem.text("en") for problem in error.problems]
    return []


def line_of(text: str) -> int:
    """The line of the small estate that begins with these words."""
    return next(i for i, line in enumerate(SMALL.splitlines(), 1) if line.strip().startswith(text))
