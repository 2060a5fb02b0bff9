"""The estate file: read, checked as a whole, and turned into the registers' events.

`load` gives the events that the registers should consist of, or raises with every mistake at once.
Writes nothing; `gatehouse.estateimport` brings the log's registers to what the file says.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from secrets import token_bytes

from eventlog.marked import read_marked
from eventlog.problems import Problem
from eventlog.vocabulary import Event
from gatehouse.estatefile import models as m
from gatehouse.estatefile.checks import check
from gatehouse.estatefile.draft import KEPT_WHEN_ABSENT, Draft, Rules, read_draft
from gatehouse.estatefile.events import events_of
from gatehouse.estatefile.problems import EstateFileError
from gatehouse.estatefile.tables import Progress, TableFile
from ingest.privacy import hashed as hashed_address

__all__ = ["EstateFile", "EstateFileError", "Problem", "Rules", "load", "parse"]

RadioKey = Callable[[], bytes]
"""Gives the installation's key for radio addresses; asked only where a good file has radios."""
Present = Callable[[str], Mapping[str, Collection[str]]]
"""The ids that the system has of an estate, by the registers that a file may leave alone."""
WATCH = "watch_lists"
"""The section whose register has another name."""


@dataclass(frozen=True, slots=True)
class EstateFile:
    """A checked file: the estate's id, its registers' entries as events, and which registers it rules."""

    estate: str
    events: tuple[Event, ...]
    registers: frozenset[str]


def load(
    path: Path,
    rules: Rules | None = None,
    *,
    tables: Mapping[str, Path] | None = None,
    present: Present | None = None,
    radio_key: RadioKey | None = None,
    progress: Progress | None = None,
) -> EstateFile:
    """Reads and checks a file and the tables beside it, by the names of `tables.TABLES`.

    Raises EstateFileError with all mistakes, OSError when a file can't be read, UnicodeDecodeError.
    """
    text = path.read_bytes().decode("utf-8-sig")
    read = [TableFile.read(kind, table) for kind, table in (tables or {}).items()]
    return parse(
        text,
        name=str(path),
        rules=rules,
        tables=read,
        present=present,
        radio_key=radio_key,
        progress=progress,
    )


def parse(
    text: str,
    *,
    name: str = "estate.yaml",
    rules: Rules | None = None,
    tables: Sequence[TableFile] = (),
    present: Present | None = None,
    radio_key: RadioKey | None = None,
    progress: Progress | None = None,
) -> EstateFile:
    """Checks the text of a file and the tables beside it. `rules` are the known rules by name; default: all
    there are. Without `present` what refers to registers that are left alone is not checked, and without
    `radio_key` radio addresses are hashed with a key that nobody has."""
    if rules is None:
        from processors.rules import RULES

        rules = RULES
    draft, findings = read_draft(read_marked(text), rules, tables, progress)
    if draft.head and present:
        draft.present = present(draft.head.estate)
    if draft.ids:
        check(draft, findings, rules)
    if findings.problems or draft.head is None:
        raise EstateFileError(name, findings.problems)
    registers = {"estate", "zones", "devices", "doors", "gates", "squads", "rules", *_named(draft)}
    key = cache(radio_key or partial(token_bytes, 32))
    events = tuple(events_of(draft, rules, lambda address: hashed_address(address, key())))
    return EstateFile(draft.head.estate, events, frozenset(registers))


def _named(draft: Draft) -> set[str]:
    """The registers of the lists: all but those that are left alone when no section names them."""
    ruled = (set(m.SECTIONS) - KEPT_WHEN_ABSENT) | (KEPT_WHEN_ABSENT & draft.sections)
    return {"watch" if name == WATCH else name for name in ruled}
