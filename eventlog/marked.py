"""YAML read with the line of every value, so that a mistake can be shown where it stands.

Plain values follow YAML 1.2: `22:00`, `no` and `007` are texts, not a number, a boolean and 7. Knows
nothing of estates.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import yaml

Path = tuple[str | int, ...]

TEXT_BYTES_MAX = 16 * 1024 * 1024
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_INTEGER = re.compile(r"-?(0|[1-9]\d{0,17})")
_FRACTION = re.compile(r"-?\d+\.\d+")
_WORDS = {"": None, "~": None, "null": None, "true": True, "false": False}


@dataclass(frozen=True, slots=True)
class Flaw:
    """What is wrong with the YAML itself, and its line."""

    line: int
    what: str


@dataclass(slots=True)
class Marked:
    """The document as plain values, the line of each path in it, and what is wrong with the YAML."""

    value: Any = None
    lines: dict[Path, int] = field(default_factory=dict)
    flaws: list[Flaw] = field(default_factory=list)

    def line(self, path: Path) -> int:
        """The line of a path, or of the nearest thing around it that is in the file."""
        for length in range(len(path), 0, -1):
            if path[:length] in self.lines:
                return self.lines[path[:length]]
        return 1


def read_marked(text: str) -> Marked:
    """Reads one YAML document. Mistakes of the YAML are in `flaws`, nothing is raised."""
    marked = Marked()
    if len(text.encode()) > TEXT_BYTES_MAX:
        marked.flaws.append(Flaw(1, f"the file is over {TEXT_BYTES_MAX} bytes"))
        return marked
    try:
        node = yaml.compose(text, Loader=_LOADER)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        what = getattr(error, "problem", None) or str(error)
        marked.flaws.append(Flaw(mark.line + 1 if mark else 1, what))
        return marked
    if node is not None:
        marked.value = _build(node, (), marked, ())
    return marked


def _build(node: yaml.Node, path: Path, marked: Marked, above: tuple[yaml.Node, ...]) -> Any:
    marked.lines.setdefault(path, node.start_mark.line + 1)
    if any(node is other for other in above):
        marked.flaws.append(Flaw(node.start_mark.line + 1, "an alias that contains itself"))
        return None
    if isinstance(node, yaml.MappingNode):
        return dict(_pairs(node, path, marked, (*above, node)))
    if isinstance(node, yaml.SequenceNode):
        inner = (*above, node)
        return [_build(child, (*path, index), marked, inner) for index, child in enumerate(node.value)]
    return _scalar(node)


def _pairs(
    node: yaml.MappingNode, path: Path, marked: Marked, above: tuple[yaml.Node, ...]
) -> Iterator[tuple[str, Any]]:
    seen: set[str] = set()
    for key, child in node.value:
        name = str(key.value)
        line = key.start_mark.line + 1
        if name in seen:
            marked.flaws.append(Flaw(line, f"{name!r} stands here twice"))
            continue
        seen.add(name)
        marked.lines[(*path, name)] = line
        yield name, _build(child, (*path, name), marked, above)


def _scalar(node: Any) -> Any:
    value = str(node.value)
    if node.style in {"'", '"', "|", ">"}:
        return value
    if value.lower() in _WORDS:
        return _WORDS[value.lower()]
    if _INTEGER.fullmatch(value):
        return int(value)
    return float(value) if _FRACTION.fullmatch(value) else value
