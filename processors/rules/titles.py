"""Bilingual titles of alerts, with names of zones, doors and gates from the estate's registers.

A title names places only; plates, cards and people are found through the evidence.
"""

from __future__ import annotations

from eventlog.catalogue import catalogue
from eventlog.estate import Estate
from eventlog.vocabulary import Words

Param = Words | str | int


def title(key: str, **params: Param) -> Words:
    """The text `rules.{key}` with each parameter in its own language."""
    return both(f"rules.{key}", **params)


def both(key: str, **params: Param) -> Words:
    """Any text of the catalogue with each parameter in its own language. Raises KeyError."""
    entry = catalogue()[key]
    return Words(
        zh=entry["zh"].format(**{name: _in(value, "zh") for name, value in params.items()}),
        en=entry["en"].format(**{name: _in(value, "en") for name, value in params.items()}),
    )


def _in(value: Param, language: str) -> str:
    return str(value) if isinstance(value, str | int) else str(getattr(value, language))


def zone_name(estate: Estate, zone: str) -> Param:
    """A zone's name, the estate's own, or the id where nothing is registered."""
    if zone in estate.zones:
        return estate.zones[zone].name
    if estate.settings and zone == estate.id:
        return estate.settings.name
    return zone


def door_name(estate: Estate, door: str) -> Param:
    """A door's name, or its id."""
    entry = estate.doors.get(door)
    return (entry and entry.name) or door


def device_name(estate: Estate, device: str) -> Param:
    """A device's name, or its id."""
    entry = estate.devices.get(device)
    return (entry and entry.name) or device


def lane_name(estate: Estate, lane: str) -> Param:
    """The name of a lane's gate, or the gate's id, or the lane's."""
    gate = estate.lanes.get(lane)
    return (gate.name or gate.gate) if gate else lane
