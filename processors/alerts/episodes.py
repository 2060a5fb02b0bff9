"""Episodes: alerts that belong together, by place and time. Pure; knows devices by their family only.

A signal joins the episode of an open alert in its zone or one that touches it, when their moments lie within
the window. Alerts of doors alone, of different doors and at most medium, do not join each other: a busy lobby
is no episode. The severity of an episode is its highest; one step more when two kinds of device agree.

What is history, and what is an exercise, joins only its like.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import orjson

from eventlog.estate import Estate
from eventlog.ports import SavedState
from eventlog.vocabulary import SEVERITIES, Alert, Severity
from processors.rules.base import Raise

PREFIX = "episode/"
KEEP_US = 300_000_000
"""An episode is kept this long after its last signal, besides the window: a rule may judge minutes later."""
ZONE_EPISODES_MAX = 16
"""Episodes kept in one zone; the longest untouched one goes first."""
MARK_DEVICES_MAX = 8

_LOBBY_RANK = SEVERITIES.index("medium")

Limits = Callable[[str], Any]
"""The settings of a policy in a zone, or None while it is off."""


@dataclass(slots=True)
class Mark:
    """An alert in an episode: where, from when to when its signals were, what its rule said, by what kinds of
    device."""

    alert: str
    zone: str
    first_us: int
    last_us: int
    rank: int
    kinds: tuple[str, ...] = ()
    devices: tuple[str, ...] = ()

    def away_us(self, at_us: int) -> int:
        """How far a moment lies from its nearest signal."""
        return min(abs(at_us - self.first_us), abs(at_us - self.last_us))

    def unrelated(self, other: Mark) -> bool:
        """Whether both are small matters of doors alone, and of different doors."""
        lobby = all(each.kinds == ("access",) and each.rank <= _LOBBY_RANK for each in (self, other))
        return lobby and not set(self.devices) & set(other.devices)


@dataclass(slots=True)
class Gathered:
    """An episode. `late` and `exercise` as its alerts are."""

    id: str
    touched_us: int
    keep_us: int
    late: bool
    exercise: bool
    marks: list[Mark] = field(default_factory=list)


class Episodes:
    """The episodes of one estate that may still grow. `alert_of` gives an alert that is open, else None."""

    def __init__(self, limits: Limits, alert_of: Callable[[str], Alert | None]) -> None:
        self._limits = limits
        self._alert_of = alert_of
        self._all: dict[str, Gathered] = {}
        self._by_zone: dict[str, dict[str, None]] = {}
        self._dirty: set[str] = set()
        self._gone: set[str] = set()
        self._old: deque[tuple[int, str]] = deque()

    def begin(
        self, alert_id: str, rule: str, signal: Raise, estate: Estate, now_us: int, *, exercise: bool
    ) -> str:
        """The episode of a new alert: one it joins, or one of its own by the alert's own id."""
        limits = self._limits(signal.zone)
        if limits is None or rule in limits.apart:
            return alert_id
        mark = _mark(alert_id, signal, estate)
        found = self._joined(mark, signal, estate, now_us, limits, exercise)
        if found is None:
            found = Gathered(alert_id, now_us, limits.window_us + KEEP_US, signal.late, exercise)
            self._all[found.id] = found
        found.marks.append(mark)
        self._touch(found, mark.zone, now_us)
        return found.id

    def again(self, alert: Alert, signal: Raise, estate: Estate, now_us: int) -> None:
        """An alert's rule spoke again."""
        found = self._fresh(alert.episode, now_us)
        if found is None or signal.late:
            return
        new = _mark(alert.id, signal, estate)
        for mark in found.marks:
            if mark.alert == alert.id:
                mark.first_us, mark.last_us = min(mark.first_us, new.first_us), max(mark.last_us, new.last_us)
                mark.rank = max(mark.rank, new.rank)
                mark.kinds = tuple(sorted({*mark.kinds, *new.kinds}))
                mark.devices = tuple(dict.fromkeys((*mark.devices, *new.devices)))[:MARK_DEVICES_MAX]
                self._touch(found, mark.zone, now_us)

    def lift(self, episode: str, now_us: int) -> tuple[str, Severity] | None:
        """The alert that bears an episode's severity, where that is one step over its own."""
        found = self._fresh(episode, now_us)
        if found is None or found.late or len(found.marks) < 2:
            return None
        marks = [mark for mark in found.marks if self._alert_of(mark.alert)]
        limits = self._limits(found.marks[0].zone)
        if limits is None or not _agree(marks, SEVERITIES.index(limits.agree_from)):
            return None
        top = max(mark.rank for mark in marks)
        lead = next(mark for mark in marks if mark.rank == top)
        severity = SEVERITIES[min(top + 1, len(SEVERITIES) - 1)]
        alert = self._alert_of(lead.alert)
        if alert is None or SEVERITIES.index(alert.severity) >= SEVERITIES.index(severity):
            return None
        return lead.alert, severity

    def _joined(
        self, mark: Mark, signal: Raise, estate: Estate, now_us: int, limits: Any, exercise: bool
    ) -> Gathered | None:
        """The nearest episode that a mark belongs to."""
        best: tuple[int, str] | None = None
        for found in self._near(signal.zone, estate, now_us):
            if (found.late, found.exercise) != (signal.late, exercise) or len(found.marks) >= limits.most:
                continue
            if abs(signal.at_us - found.marks[0].first_us) > limits.longest_s * 1_000_000:
                continue
            for other in found.marks:
                away_us = other.away_us(signal.at_us)
                if away_us > limits.window_us or (best and (away_us, found.id) >= best):
                    continue
                if not _beside(other.zone, signal.zone, estate) or other.unrelated(mark):
                    continue
                if self._alert_of(other.alert):
                    best = (away_us, found.id)
        return self._all[best[1]] if best else None

    def _near(self, zone: str, estate: Estate, now_us: int) -> Iterator[Gathered]:
        seen: set[str] = set()
        for place in (zone, *estate.plan.beside(zone)):
            for episode in self._by_zone.get(place, ()):
                if episode not in seen:
                    seen.add(episode)
                    found = self._fresh(episode, now_us)
                    if found:
                        yield found

    def _fresh(self, episode: str, now_us: int) -> Gathered | None:
        found = self._all.get(episode)
        return found if found and now_us < found.touched_us + found.keep_us else None

    def _touch(self, found: Gathered, zone: str, now_us: int) -> None:
        found.touched_us = now_us
        self._old.append((now_us + found.keep_us, found.id))
        here = self._by_zone.setdefault(zone, {})
        here[found.id] = None
        self._dirty.add(found.id)
        while len(here) > ZONE_EPISODES_MAX:
            self._drop(min(here, key=lambda each: (self._all[each].touched_us, each)))

    def _drop(self, episode: str) -> None:
        for zone in {mark.zone for mark in self._all.pop(episode).marks}:
            here = self._by_zone.get(zone, {})
            here.pop(episode, None)
            if not here:
                self._by_zone.pop(zone, None)
        self._dirty.discard(episode)
        self._gone.add(episode)

    def load(self, saved: SavedState) -> bool:
        """Takes back a saved episode; False when it isn't one."""
        if not saved.key.startswith(PREFIX):
            return False
        values = orjson.loads(saved.value)
        marks = [
            Mark(**{**mark, "kinds": tuple(mark["kinds"]), "devices": tuple(mark["devices"])})
            for mark in values.pop("marks")
        ]
        found = Gathered(**values, marks=marks)
        self._all[found.id] = found
        self._old.append((found.touched_us + found.keep_us, found.id))
        for mark in marks:
            self._by_zone.setdefault(mark.zone, {})[found.id] = None
        return True

    def changed(self, now_us: int) -> tuple[list[SavedState], list[str]]:
        """What to write and what to delete since the last time; episodes that can't grow any more are let
        go."""
        while self._old and self._old[0][0] <= now_us:
            _, episode = self._old.popleft()
            if episode in self._all and not self._fresh(episode, now_us):
                self._drop(episode)
        write = [SavedState(PREFIX + each, orjson.dumps(self._all[each])) for each in sorted(self._dirty)]
        gone = [PREFIX + each for each in sorted(self._gone)]
        self._dirty, self._gone = set(), set()
        return write, gone


def _mark(alert_id: str, signal: Raise, estate: Estate) -> Mark:
    families = {estate.devices[each].family for each in signal.devices if each in estate.devices}
    devices = signal.devices[:MARK_DEVICES_MAX]
    rank = SEVERITIES.index(signal.severity)
    return Mark(alert_id, signal.zone, signal.at_us, signal.at_us, rank, tuple(sorted(families)), devices)


def _beside(one: str, other: str, estate: Estate) -> bool:
    return one == other or one in estate.plan.beside(other)


def _agree(marks: list[Mark], rank: int) -> bool:
    """Whether alerts of two kinds of device, each at least this severe, stand side by side."""
    kinds = [set(mark.kinds) for mark in marks if mark.rank >= rank and mark.kinds]
    return any(not one & other for place, one in enumerate(kinds) for other in kinds[:place])
