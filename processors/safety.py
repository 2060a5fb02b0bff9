"""The safety level of every zone and of the estate, kept up as alerts, devices and registers change. Pure.

A zone's causes are its open alerts, those closed less than 15 minutes ago, and high ones next door. It is
`unknown` when it has no device, or every device that stands in it or sees it is known to be offline (by
the rule device_offline, or behind a controller that is); a device never heard of counts as working.
Only zones that something touched are looked at again.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

import orjson

from eventlog.discreet import is_discreet
from eventlog.estate import Estate
from eventlog.ports import SavedState
from eventlog.times import from_us, to_us
from eventlog.vocabulary import (
    Alert,
    DeviceRemoved,
    DeviceSet,
    DoorRemoved,
    DoorSet,
    Event,
    SafetyChanged,
    SafetyLevel,
    ThreatLevelChanged,
)
from processors.outbox import Outbox
from processors.wakeups import Wakeups

OWNER = "safety"
HOLD_US = 15 * 60_000_000
"""A level stays this long after the last of its causes was closed."""

ORDER: tuple[SafetyLevel, ...] = ("safe", "watch", "unknown", "alert", "danger")
"""From the lowest to the highest."""
_RANK = {level: rank for rank, level in enumerate(ORDER)}
_HERE: dict[str, SafetyLevel] = {"low": "watch", "medium": "watch", "high": "alert", "critical": "danger"}
_ZONE = "safety/zone/"
_DOWN = "safety/down"

CauseKind = Literal["alert", "neighbour", "device", "closed", "registry"]


@dataclass(frozen=True, slots=True)
class Cause:
    """An alert behind a level; `until_us` once it is closed."""

    alert: str
    severity: str
    until_us: int | None


_NEVER_US = 2**62


class _Causes:
    """What is behind a zone's level: the worst, what neighbours hear of, what ends first. Each is kept in
    order, so that with thousands of open alerts a change costs no more than with a few."""

    def __init__(self) -> None:
        self._by_alert: dict[str, Cause] = {}
        self._weights: list[tuple[int, str]] = []
        self._loud: list[str] = []
        self._ends: list[tuple[int, str]] = []
        self._loud_ends: list[tuple[int, str]] = []

    def __bool__(self) -> bool:
        return bool(self._by_alert)

    def put(self, cause: Cause) -> bool:
        """Adds or changes one; whether that makes a difference."""
        before = self._by_alert.get(cause.alert)
        if before == cause:
            return False
        if before is not None:
            self._take(before)
        self._by_alert[cause.alert] = cause
        for ordered, entry in self._places(cause):
            insort(ordered, entry)
        return True

    def _take(self, cause: Cause) -> None:
        del self._by_alert[cause.alert]
        for ordered, entry in self._places(cause):
            del ordered[bisect_left(ordered, entry)]

    def _places(self, cause: Cause) -> Iterator[tuple[list[Any], Any]]:
        # Among equals the alert's id decides: their order here is another one after a restart.
        yield self._weights, (_RANK[_HERE[cause.severity]], cause.alert)
        loud = cause.severity in {"high", "critical"}
        if loud:
            yield self._loud, cause.alert
        if cause.until_us is not None:
            yield self._ends, (cause.until_us, cause.alert)
            if loud:
                yield self._loud_ends, (cause.until_us, cause.alert)

    def drop_ended(self, now_us: int) -> None:
        """Takes out what has ended by now."""
        while self._ends and self._ends[0][0] <= now_us:
            self._take(self._by_alert[self._ends[0][1]])

    @property
    def worst(self) -> Cause | None:
        """The worst one."""
        return self._by_alert[self._weights[-1][1]] if self._weights else None

    @property
    def loud(self) -> str:
        """The last alert's id among the high and critical ones; empty when there is none."""
        return self._loud[-1] if self._loud else ""

    @property
    def ends_us(self) -> int:
        """When the first one ends."""
        return self._ends[0][0] if self._ends else _NEVER_US

    @property
    def loud_ends_us(self) -> int:
        """When the first of the high and critical ones ends."""
        return self._loud_ends[0][0] if self._loud_ends else _NEVER_US


_NO_CAUSES = _Causes()


@dataclass(frozen=True, slots=True)
class Trigger:
    """What is being handled, in case a level changes by it."""

    kind: CauseKind
    cause: str | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """A zone's level, the alert behind it, and when to look again."""

    level: SafetyLevel
    cause: str | None = None
    kind: CauseKind | None = None
    again_us: int | None = None


class Safety:
    """Levels by zone. Feed it with `alert`, `presence`, `registry`, then `settle`."""

    def __init__(self, wakeups: Wakeups) -> None:
        self._wakeups = wakeups
        self.levels: dict[str, SafetyLevel] = {}
        self.estate_level: SafetyLevel = "unknown"
        self._down: set[str] = set()
        self._down_changed = False
        self._causes: defaultdict[str, _Causes] = defaultdict(_Causes)
        self._touched: set[str] = set()
        self._plan = _Plan(Estate(""))
        self._dirty: set[str] = set()
        self._gone: set[str] = set()

    def follow(self, estate: Estate) -> None:
        """Takes the estate as it is at start, with nothing to tell."""
        self._plan = _Plan(estate)

    def alert(self, alert: Alert) -> None:
        """An alert was raised or changed. An exercise makes no zone less safe; a discreet alert is not to be
        read off levels, which everybody sees."""
        if alert.exercise or is_discreet(alert.rule):
            return
        until_us = to_us(alert.closed_at) + HOLD_US if alert.closed_at else None
        if not self._causes[alert.zone].put(Cause(alert.id, alert.severity, until_us)):
            return
        self._touched.add(alert.zone)
        self._touched.update(self._plan.neighbours.get(alert.zone, ()))

    def presence(self, device: str, working: bool) -> None:
        """A device went offline for good, or is back."""
        if working == (device not in self._down):
            return
        self._down.symmetric_difference_update({device})
        self._down_changed = True
        for each in (device, *self._plan.estate.children.get(device, ())):
            self._touched.update(self._plan.zones_of.get(each, ()))

    def registry(self, estate: Estate, event: Event) -> None:
        """The registers changed by this event: what that may touch is looked at again."""
        if isinstance(event, DeviceSet | DeviceRemoved | DoorSet | DoorRemoved):
            self._touched |= self._plan.moved(estate, event)
            return
        old, new = self._plan, _Plan(estate)
        self._plan = new
        every = {*old.watchers, *new.watchers}
        adjacent = old.neighbours != new.neighbours
        self._touched |= {z for z in every if adjacent or old.watchers.get(z) != new.watchers.get(z)}

    def due(self, zone: str) -> None:
        """The time that a zone wanted to be looked at again has come."""
        self._touched.add(zone)

    def settle(self, trigger: Trigger, out: Outbox) -> None:
        """Tells what has changed."""
        if not self._touched:
            return
        touched, self._touched = self._touched, set()
        moved = False
        for zone in sorted(touched):
            moved |= self._settle_zone(zone, trigger, out)
        if moved:
            self._settle_estate(out)

    def _settle_zone(self, zone: str, trigger: Trigger, out: Outbox) -> bool:
        previous = self.levels.get(zone, "unknown")
        if zone not in self._plan.watchers and not self._causes.get(zone):
            if self.levels.pop(zone, None) is None:
                return False
            self._wakeups.cancel(OWNER, zone)
            self._gone.add(zone)
            self._dirty.discard(zone)
            return True
        found = self._look(zone, out.now_us)
        if found.again_us is None:
            self._wakeups.cancel(OWNER, zone)
        else:
            self._wakeups.set(OWNER, zone, found.again_us, found.again_us)
        fresh = zone not in self.levels
        if fresh or previous != found.level:
            self.levels[zone] = found.level
            self._dirty.add(zone)
            self._gone.discard(zone)
        if previous == found.level:
            return fresh
        rises = found.kind is not None and _RANK[found.level] > _RANK[previous]
        kind: CauseKind = found.kind if rises and found.kind else trigger.kind
        cause = found.cause if rises else trigger.cause
        if kind == "alert" and not rises:
            kind = "closed"
        out.add(
            OWNER,
            zone,
            SafetyChanged(
                zone=zone,
                level=found.level,
                previous=previous,
                cause=cause,
                cause_kind=kind,
                at=from_us(out.now_us),
            ),
        )
        return True

    def _look(self, zone: str, now_us: int) -> Found:
        own = self._behind(zone, now_us)
        worst = own.worst
        loud, ends = "", own.ends_us
        for neighbour in self._plan.neighbours.get(zone, ()):
            near = self._behind(neighbour, now_us)
            loud, ends = max(loud, near.loud), min(ends, near.loud_ends_us)
        again_us = None if ends == _NEVER_US else ends
        level: SafetyLevel = _HERE[worst.severity] if worst else "watch" if loud else "safe"
        if self._blind(zone) and _RANK["unknown"] > _RANK[level]:
            return Found("unknown", again_us=again_us)
        if worst:
            return Found(level, worst.alert, "alert", again_us)
        if loud:
            return Found(level, loud, "neighbour", again_us)
        return Found("safe", again_us=again_us)

    def _behind(self, zone: str, now_us: int) -> _Causes:
        """A zone's causes as of now."""
        causes = self._causes.get(zone)
        if causes is None:
            return _NO_CAUSES
        causes.drop_ended(now_us)
        return causes

    def _blind(self, zone: str) -> bool:
        watchers = self._plan.watchers.get(zone)
        if watchers is None:  # a place that is not in the register
            return False
        devices = self._plan.estate.devices
        return all(
            device in self._down or (device in devices and devices[device].parent in self._down)
            for device in watchers
        )

    def _settle_estate(self, out: Outbox) -> None:
        worst = self._worst()
        if worst == self.estate_level:
            return
        zones = sum(level == worst for level in self.levels.values())
        out.add(
            "threat",
            out.estate,
            ThreatLevelChanged(level=worst, previous=self.estate_level, zones=zones, at=from_us(out.now_us)),
        )
        self.estate_level = worst

    def _worst(self) -> SafetyLevel:
        return ORDER[max((_RANK[level] for level in self.levels.values()), default=_RANK["unknown"])]

    def load(self, saved: SavedState) -> bool:
        """Takes back a saved level; False when it isn't one."""
        if saved.key == _DOWN:
            self._down = set(orjson.loads(saved.value))
            return True
        level = level_of(saved)
        if level is None:
            return False
        self.levels[level[0]] = level[1]
        return True

    def loaded(self, alerts: Iterable[Alert], now_us: int) -> None:
        """Rebuilds what follows from the alerts, the plan and the levels, as of `now_us`."""
        for alert in alerts:
            self.alert(alert)
        self._touched = set()
        self.estate_level = self._worst()
        for zone in self.levels:
            again_us = self._look(zone, now_us).again_us
            if again_us is not None:
                self._wakeups.set(OWNER, zone, again_us, again_us)

    def changed(self) -> tuple[list[SavedState], list[str]]:
        """What to write and what to delete since the last time."""
        write = [SavedState(_ZONE + zone, orjson.dumps(self.levels[zone])) for zone in sorted(self._dirty)]
        if self._down_changed:
            write.append(SavedState(_DOWN, orjson.dumps(sorted(self._down))))
        gone = [_ZONE + zone for zone in sorted(self._gone)]
        self._dirty, self._gone, self._down_changed = set(), set(), False
        return write, gone


def level_of(saved: SavedState) -> tuple[str, SafetyLevel] | None:
    """The zone and level in a saved value of the decider's; None when it isn't one."""
    if not saved.key.startswith(_ZONE):
        return None
    return saved.key.removeprefix(_ZONE), orjson.loads(saved.value)


class _Plan:
    """What of the registers the levels rest on: who watches a zone, which zones touch."""

    def __init__(self, estate: Estate) -> None:
        self.estate = estate
        self.neighbours: dict[str, set[str]] = {}
        for zone in estate.zones.values():
            for neighbour in zone.adjacent:
                self.neighbours.setdefault(zone.zone, set()).add(neighbour.zone)
                self.neighbours.setdefault(neighbour.zone, set()).add(zone.zone)
        self._doors: dict[str, str] = {}
        self._doors_of: defaultdict[str, set[str]] = defaultdict(set)
        for door in estate.doors.values():
            self._doors[door.door] = door.device
            self._doors_of[door.device].add(door.door)
        self.zones_of: dict[str, set[str]] = {}
        self.watchers: dict[str, set[str]] = {zone: set() for zone in estate.zones}
        for device in estate.devices:
            self._watch(device)

    def moved(self, estate: Estate, event: DeviceSet | DeviceRemoved | DoorSet | DoorRemoved) -> set[str]:
        """Takes over what this event did to a device or a door; the zones that others watch by it. An import
        tells of thousands, one after the other: nothing else is looked at."""
        self.estate = estate
        if isinstance(event, DeviceSet | DeviceRemoved):
            return self._watch(event.device if isinstance(event, DeviceSet) else event.entry)
        name = event.door if isinstance(event, DoorSet) else event.entry
        before = self._doors.pop(name, None)
        if before is not None:
            self._doors_of[before].discard(name)
        if isinstance(event, DoorSet):
            self._doors[name] = event.device
            self._doors_of[event.device].add(name)
        return set().union(*(self._watch(device) for device in (before, self._doors.get(name)) if device))

    def _watch(self, device: str) -> set[str]:
        """Looks anew at what a device watches; the zones for which that makes a difference."""
        before = self.zones_of.pop(device, set())
        registered = self.estate.devices.get(device)
        if registered is not None:
            doors = (self.estate.doors[door].zone for door in self._doors_of.get(device, ()))
            self.zones_of[device] = {registered.zone, *registered.sees, *doors}
        changed = (before ^ self.zones_of.get(device, set())) & self.watchers.keys()
        for zone in changed:
            self.watchers[zone] ^= {device}
        return changed
