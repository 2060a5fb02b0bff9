"""Brings the registers in the log to what an estate file says: only what differs is appended, all or nothing.

The ids are derived from the entry, its content and the entry's last place in the log, so the same file a
second time changes nothing, and a change back and forth is two changes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from operator import attrgetter
from typing import Any, Literal

import orjson

from eventlog import codec
from eventlog.estate import FOLDED_TYPES, watch_key
from eventlog.ids import derived_id
from eventlog.ports import EventLog, LogError, NewEvent, Position
from eventlog.times import from_us
from eventlog.vocabulary import (
    CheckpointRemoved,
    CheckpointSet,
    CredentialRemoved,
    CredentialSet,
    DeviceRemoved,
    DeviceSet,
    DoorRemoved,
    DoorSet,
    DrillRemoved,
    DrillSet,
    DutyRemoved,
    DutySet,
    EstateSet,
    Event,
    GateRemoved,
    GateSet,
    GatheringRemoved,
    GatheringSet,
    HomeRemoved,
    HomeSet,
    MaintenanceRemoved,
    MaintenanceSet,
    PersonRemoved,
    PersonSet,
    RadioRemoved,
    RadioSet,
    Removed,
    RoundRemoved,
    RoundSet,
    RuleActivated,
    RuleDeactivated,
    SegmentRemoved,
    SegmentSet,
    ShopRemoved,
    ShopSet,
    SquadRemoved,
    SquadSet,
    VehicleRemoved,
    VehicleSet,
    VisitorRemoved,
    VisitorSet,
    WatchEntryRemoved,
    WatchEntrySet,
    ZoneRemoved,
    ZoneSet,
)
from gatehouse.estatefile import EstateFile
from gatehouse.estatefile.tables import Progress

BATCH = 5_000
APPENDED_AT_ONCE = 500
RECORDING = "recording"
"""What `progress` is told while the log is written."""
ATTEMPTS_MAX = 5

Key = tuple[str, str]
"""A register and an entry's id in it."""


@dataclass(frozen=True, slots=True)
class Register:
    """How one register's entries are named, set and taken away."""

    name: str
    set_by: type[Event]
    removed_by: type[Event] | None
    entry_of: Callable[[Any], str]
    removal: Callable[[Any], dict[str, Any]] = lambda _: {}
    """The fields of the event that takes an entry away."""


def _plain(name: str, set_by: type[Event], removed_by: type[Event], field: str) -> Register:
    """A register whose entries are named by one field and taken away by `entry`, or by that field."""
    of = attrgetter(field)
    named = "entry" if issubclass(removed_by, Removed) else field
    return Register(name, set_by, removed_by, of, lambda event: {named: of(event)})


_REGISTERS = (
    Register("estate", EstateSet, None, lambda _: ""),
    _plain("zones", ZoneSet, ZoneRemoved, "zone"),
    _plain("devices", DeviceSet, DeviceRemoved, "device"),
    _plain("doors", DoorSet, DoorRemoved, "door"),
    _plain("gates", GateSet, GateRemoved, "gate"),
    _plain("squads", SquadSet, SquadRemoved, "squad"),
    _plain("vehicles", VehicleSet, VehicleRemoved, "plate"),
    Register(
        "watch",
        WatchEntrySet,
        WatchEntryRemoved,
        watch_key,
        lambda e: {"list": e.list, "kind": e.kind, "value": e.value},
    ),
    _plain("homes", HomeSet, HomeRemoved, "home"),
    _plain("people", PersonSet, PersonRemoved, "person"),
    _plain("credentials", CredentialSet, CredentialRemoved, "credential"),
    _plain("visitors", VisitorSet, VisitorRemoved, "visitor"),
    _plain("shops", ShopSet, ShopRemoved, "shop"),
    _plain("radios", RadioSet, RadioRemoved, "address"),
    _plain("checkpoints", CheckpointSet, CheckpointRemoved, "checkpoint"),
    _plain("rounds", RoundSet, RoundRemoved, "plan"),
    _plain("segments", SegmentSet, SegmentRemoved, "segment"),
    _plain("duties", DutySet, DutyRemoved, "duty"),
    _plain("maintenance", MaintenanceSet, MaintenanceRemoved, "maintenance"),
    _plain("gatherings", GatheringSet, GatheringRemoved, "gathering"),
    _plain("drills", DrillSet, DrillRemoved, "drill"),
    _plain("rules", RuleActivated, RuleDeactivated, "rule"),
)
REGISTERS = tuple(register.name for register in _REGISTERS)
"""The names of the registers, in the order in which they are shown."""
_SETS: Mapping[type[Event], Register] = {register.set_by: register for register in _REGISTERS}
_REMOVALS: Mapping[type[Event], Register] = {r.removed_by: r for r in _REGISTERS if r.removed_by}


@dataclass(frozen=True, slots=True)
class Change:
    """One entry that is new, differs or is no more; `event` is what was appended for it."""

    register: str
    entry: str
    kind: Literal["added", "changed", "removed"]
    event: Event


@dataclass(frozen=True, slots=True)
class Present:
    """An entry as the log has it: its last place, and its content unless it is no more."""

    position: Position
    event: Event | None


class ImportRefusedError(Exception):
    """Others changed the registers again and again during the import."""


def present(log: EventLog, estate: str) -> dict[Key, Present]:
    """Every entry that an estate's registers ever had, with its last place in the log."""
    found: dict[Key, Present] = {}
    after: Position = 0
    while True:
        batch = log.read(after=after, limit=BATCH, estate=estate, types=FOLDED_TYPES)
        for entry in batch:
            after, event = entry.position, entry.event
            if type(event) in _SETS:
                register = _SETS[type(event)]
                found[register.name, register.entry_of(event)] = Present(entry.position, event)
            else:
                register = _REMOVALS[type(event)]
                found[register.name, _removed_entry(register, event)] = Present(entry.position, None)
        if len(batch) < BATCH:
            return found


def _removed_entry(register: Register, event: Any) -> str:
    return str(event.entry) if isinstance(event, Removed) else register.entry_of(event)


def differences(file: EstateFile, known: Mapping[Key, Present]) -> list[Change]:
    """What must be appended for the registers to say what the file says."""
    changes: list[Change] = []
    wanted: set[Key] = set()
    for event in file.events:
        register = _SETS[type(event)]
        key = (register.name, register.entry_of(event))
        wanted.add(key)
        before = known[key].event if key in known else None
        if before is None:
            changes.append(Change(*key, "added", event))
        elif _content(before) != _content(event):
            changes.append(Change(*key, "changed", event))
    changes.extend(_removals(file, known, wanted))
    return changes


def _removals(file: EstateFile, known: Mapping[Key, Present], wanted: set[Key]) -> Iterable[Change]:
    for key, entry in known.items():
        if entry.event is None or key in wanted or key[0] not in file.registers:
            continue
        register = _SETS[type(entry.event)]
        if register.removed_by:
            yield Change(*key, "removed", register.removed_by(**register.removal(entry.event)))


def _content(event: Event) -> bytes:
    return orjson.dumps(event.model_dump(mode="json", exclude_none=True), option=orjson.OPT_SORT_KEYS)


def _new_event(estate: str, change: Change, known: Mapping[Key, Present], now: datetime) -> NewEvent:
    key = (change.register, change.entry)
    before = known[key].position if key in known else 0
    digest = sha256(_content(change.event)).hexdigest()
    return codec.make(
        change.event,
        estate=estate,
        source=f"estates/{estate}/registry",
        event_id=derived_id(estate, change.event.TYPE, change.entry, digest, before),
        at=now,
    )


class _ChangedMeanwhile(LogError):  # noqa: N818
    """Somebody else imported between the look and the append."""


def _append_all(log: EventLog, events: Sequence[NewEvent], progress: Progress | None) -> None:
    """Appends these as new ones, or nothing. Raises _ChangedMeanwhile."""
    with log.transaction() as transaction:
        for start in range(0, len(events), APPENDED_AT_ONCE):
            part = events[start : start + APPENDED_AT_ONCE]
            if transaction.append(part).new != len(part):
                raise _ChangedMeanwhile("another import came between")
            if progress:
                progress(RECORDING, start + len(part), len(events))


def import_estate(log: EventLog, file: EstateFile, progress: Progress | None = None) -> list[Change]:
    """Appends what differs, in one append; gives what changed. Idempotent.

    Looks again afterwards, so that what others import meanwhile is not left standing beside it. Raises
    LogError, then nothing has been appended; ImportRefusedError when others keep changing the registers.
    """
    done: list[Change] = []
    for _ in range(ATTEMPTS_MAX):
        known = present(log, file.estate)
        changes = differences(file, known)
        if not changes:
            return done
        try:
            now = from_us(log.now_us())
            events = [_new_event(file.estate, change, known, now) for change in changes]
            _append_all(log, events, progress)
        except _ChangedMeanwhile:
            continue
        done.extend(changes)
    raise ImportRefusedError(f"the registers of {file.estate} keep changing: try again when nobody imports")
