"""The estate file: read, checked as a whole, and turned into the registers' events.

`load` gives the events that the registers should consist of, or raises with every mistake at once.
Writes nothing; `gatehouse.estateimport` brings the log's registers to what the file says.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from eventlog.marked import read_marked
from eventlog.problems import Problem
from eventlog.vocabulary import Event
from gatehouse.estatefile.checks import check
from gatehouse.estatefile.draft import Rules, read_draft
from gatehouse.estatefile.events import events_of
from gatehouse.estatefile.problems import EstateFileError

__all__ = ["EstateFile", "EstateFileError", "Problem", "Rules", "load", "parse"]

KEPT_WHEN_ABSENT = frozenset({"vehicles", "watch_lists"})
"""Registers that other imports fill: a file that does not name them leaves them alone."""


@dataclass(frozen=True, slots=True)
class EstateFile:
    """A checked file: the estate's id, its registers' entries as events, and which registers it rules."""

    estate: str
    events: tuple[Event, ...]
    registers: frozenset[str]


def load(path: Path, rules: Rules | None = None) -> EstateFile:
    """Reads and checks a file. Raises EstateFileError with all mistakes, OSError when it can't be read."""
    return parse(path.read_bytes().decode("utf-8-sig"), name=str(path), rules=rules)


def parse(text: str, *, name: str = "estate.yaml", rules: Rules | None = None) -> EstateFile:
    """Checks the text of a file. `rules` are the known rules by name; default: all there are."""
    if rules is None:
        from processors.rules import RULES

        rules = RULES
    draft, findings = read_draft(read_marked(text), rules)
    if draft.ids:
        check(draft, findings)
    if findings.problems or draft.head is None:
        raise EstateFileError(name, findings.problems)
    registers = {"estate", "zones", "devices", "doors", "gates", "squads", "rules"}
    registers |= {"watch" if name == "watch_lists" else name for name in KEPT_WHEN_ABSENT & draft.sections}
    return EstateFile(draft.head.estate, tuple(events_of(draft, rules)), frozenset(registers))
