"""Which event changes which register of an estate: by which key, and whether it sets or takes away.

Data only; `eventlog.estate` folds by it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from operator import attrgetter
from typing import Any

from eventlog.vocabulary import duty as d
from eventlog.vocabulary import homes as h
from eventlog.vocabulary import registry as r
from eventlog.vocabulary.base import Event
from eventlog.vocabulary.command import RuleActivated, RuleDeactivated


@dataclass(frozen=True, slots=True)
class Fold:
    """What an event does to the map `register`: sets the entry that `key` names, or takes it away."""

    register: str
    key: Callable[[Any], str]
    removes: bool = False


def watch_key(entry: r.WatchEntrySet | r.WatchEntryRemoved) -> str:
    """The id of a watch list's entry."""
    return f"{entry.list}/{entry.kind}/{entry.value}"


def _register(
    name: str, set_by: type[Event], removed_by: type[Event], key: str | Callable[[Any], str]
) -> dict[type[Event], Fold]:
    """A register whose entries are named by a field; `Removed` events name them by `entry`."""
    named = attrgetter(key) if isinstance(key, str) else key
    removed = attrgetter("entry") if issubclass(removed_by, r.Removed) else named
    return {set_by: Fold(name, named), removed_by: Fold(name, removed, removes=True)}


FOLDS: Mapping[type[Event], Fold] = {
    **_register("zones", r.ZoneSet, r.ZoneRemoved, "zone"),
    **_register("devices", r.DeviceSet, r.DeviceRemoved, "device"),
    **_register("doors", r.DoorSet, r.DoorRemoved, "door"),
    **_register("gates", r.GateSet, r.GateRemoved, "gate"),
    **_register("vehicles", r.VehicleSet, r.VehicleRemoved, "plate"),
    **_register("watch", r.WatchEntrySet, r.WatchEntryRemoved, watch_key),
    **_register("squads", r.SquadSet, r.SquadRemoved, "squad"),
    **_register("homes", h.HomeSet, h.HomeRemoved, "home"),
    **_register("people", h.PersonSet, h.PersonRemoved, "person"),
    **_register("credentials", h.CredentialSet, h.CredentialRemoved, "credential"),
    **_register("visitors", h.VisitorSet, h.VisitorRemoved, "visitor"),
    **_register("shops", h.ShopSet, h.ShopRemoved, "shop"),
    **_register("radios", h.RadioSet, h.RadioRemoved, "address"),
    **_register("duties", d.DutySet, d.DutyRemoved, "duty"),
    **_register("checkpoints", d.CheckpointSet, d.CheckpointRemoved, "checkpoint"),
    **_register("rounds", d.RoundSet, d.RoundRemoved, "plan"),
    **_register("maintenance", d.MaintenanceSet, d.MaintenanceRemoved, "maintenance"),
    **_register("gatherings", d.GatheringSet, d.GatheringRemoved, "gathering"),
    **_register("drills", d.DrillSet, d.DrillRemoved, "drill"),
    **_register("segments", d.SegmentSet, d.SegmentRemoved, "segment"),
    **_register("rules", RuleActivated, RuleDeactivated, "rule"),
}

FOLDED_TYPES = frozenset({r.EstateSet.TYPE, *(kind.TYPE for kind in FOLDS)})
"""The event types that change an estate."""
