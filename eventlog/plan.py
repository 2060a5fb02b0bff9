"""The plan of an estate: which zones touch which, and the shortest ways between them. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from heapq import heappop, heappush

from eventlog.vocabulary.registry import ZoneSet

Ways = Mapping[str, Mapping[str, float]]


class Plan:
    """The zones as a graph. A neighbour named on one side only is one on both; a distance that is named on
    both sides is the shorter one."""

    def __init__(self, zones: Iterable[ZoneSet]) -> None:
        self._touching: dict[str, set[str]] = {}
        self._walk: dict[str, dict[str, float]] = {}
        self._drive: dict[str, dict[str, float]] = {}
        self._found: dict[tuple[bool, str], Mapping[str, float]] = {}
        for zone in zones:
            for beside in zone.adjacent:
                self._touching.setdefault(zone.zone, set()).add(beside.zone)
                self._touching.setdefault(beside.zone, set()).add(zone.zone)
                _join(self._walk, zone.zone, beside.zone, beside.walk_m)
                _join(self._drive, zone.zone, beside.zone, beside.drive_m)

    def beside(self, zone: str) -> frozenset[str]:
        """The zones that touch a zone."""
        return frozenset(self._touching.get(zone, ()))

    def walk_m(self, start: str, end: str) -> float | None:
        """Metres on foot between two zones, 0 within one; None when the plan doesn't say."""
        return self._metres(self._walk, start, end, walking=True)

    def drive_m(self, start: str, end: str) -> float | None:
        """Metres by car between two zones, 0 within one; None when the plan doesn't say."""
        return self._metres(self._drive, start, end, walking=False)

    def _metres(self, ways: Ways, start: str, end: str, *, walking: bool) -> float | None:
        if start == end:
            return 0.0
        found = self._found.get((walking, start))
        if found is None:
            found = self._found[walking, start] = _shortest(ways, start)
        return found.get(end)


def _join(ways: dict[str, dict[str, float]], one: str, other: str, metres: float | None) -> None:
    if metres is None:
        return
    for start, end in ((one, other), (other, one)):
        known = ways.setdefault(start, {})
        known[end] = min(metres, known.get(end, metres))


def _shortest(ways: Ways, start: str) -> Mapping[str, float]:
    """Metres from one zone to every zone that can be reached."""
    found: dict[str, float] = {}
    edge = [(0.0, start)]
    while edge:
        metres, zone = heappop(edge)
        if zone in found:
            continue
        found[zone] = metres
        for beside, more in ways.get(zone, {}).items():
            if beside not in found:
                heappush(edge, (metres + more, beside))
    return found
