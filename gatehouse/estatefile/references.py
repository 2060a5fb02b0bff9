"""What the checks have in common: names that must exist, what stands twice, the order of two moments."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from eventlog.marked import Path
from eventlog.problems import Findings, near
from gatehouse.estatefile.entry import HoursEntry
from gatehouse.estatefile.moments import on_clock

WEEK_MIN = 7 * 1440
_PRIVATE = frozenset({"person", "home"})


def refer(
    findings: Findings, path: Path, name: str | None, known: Collection[str] | None, key: str = "zone"
) -> None:
    """Tells a name that is not among the known ones; `known` None is a register that nobody can look into.
    Of people and homes no others are named beside it: who lives where is nobody's who reads an error."""
    if name is not None and known is not None and name not in known:
        findings.add(path, name, key, near="" if key in _PRIVATE else near(name, known))


def twice(findings: Findings, named: Iterable[tuple[Path, str]]) -> None:
    """Tells each name that stood before, with the line of the first."""
    seen: dict[str, Path] = {}
    for path, name in named:
        if name in seen:
            findings.add(path, name, "once", line=findings.where(seen[name], path))
        else:
            seen[name] = path


def in_order(
    findings: Findings, path: Path, start: datetime | None, end: datetime | None, zone: ZoneInfo
) -> bool:
    """Whether the end is after the start; told at the end's path where it is not."""
    start, end = on_clock(start, zone), on_clock(end, zone)
    if start is None or end is None or end > start:
        return True
    findings.add(path, f"{end:%Y-%m-%d %H:%M}", "after_start", start=f"{start:%Y-%m-%d %H:%M}")
    return False


def minutes(hours: HoursEntry, days: Sequence[int] = (1,)) -> list[tuple[int, int]]:
    """Hours of these weekdays as spans of minutes of the week; what goes over Sunday's end begins it."""
    spans = []
    for day in days:
        start, end = ((day - 1) * 1440 + _minute(clock) for clock in (hours.start, hours.end))
        end += 0 if end > start else 1440
        spans.append((start, min(end, WEEK_MIN)))
        if end > WEEK_MIN:
            spans.append((0, end - WEEK_MIN))
    return spans


def _minute(clock: str) -> int:
    hour, _, minute = clock.partition(":")
    return int(hour) * 60 + int(minute)


def overlap(first: Iterable[tuple[int, int]], other: Sequence[tuple[int, int]]) -> bool:
    """Whether two sets of spans share a minute."""
    return any(a < d and c < b for a, b in first for c, d in other)


def of_every_day(hours: HoursEntry) -> list[tuple[int, int]]:
    """Hours of every day, as spans of the week."""
    return minutes(hours, range(1, 8))


def overlaps_among(
    findings: Findings, base: Path, spans: Sequence[list[tuple[int, int]]], shown: Sequence[str]
) -> None:
    """Tells each of several spans that overlaps one before it."""
    for index, mine in enumerate(spans):
        for before in range(index):
            if overlap(mine, spans[before]):
                findings.add((*base, index), shown[index], "overlap", other=shown[before])
                break
