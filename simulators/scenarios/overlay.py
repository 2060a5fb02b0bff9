"""What a scenario changes in the registers before it starts, as registry events. Pure.

Who brings them into a system's registers is not known here: simulators reach a system as devices do, and
devices may not change registers. `gatehouse` lends a way (`simulators.cli.Environment`).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any
from zoneinfo import ZoneInfo

from eventlog.times import from_us, iso
from eventlog.vocabulary import REGISTRY_TYPES, TYPES, Event
from simulators.scenarios.model import Overlay, Scenario, parse_offset

_MOMENT = re.compile(r"([+-])((?:\d+:)?\d{1,3}:[0-5]\d(?:\.\d+)?)")
_CLOCK = re.compile(r"@([+-]?)((?:\d+:)?\d{1,3}:[0-5]\d)")

RULE_TYPES = {"set": "rule.activated", "remove": "rule.deactivated"}

KINDS = frozenset(
    {name.removeprefix("registry.").rpartition("_")[0] for name in REGISTRY_TYPES} - {"estate"} | {"rule"}
)
"""What may stand after `set` and `remove`."""


def type_of(entry: Overlay) -> str:
    """The event type that an entry means. Raises ValueError saying what was expected."""
    said = [(word, kind) for word, kind in (("set", entry.set), ("remove", entry.remove)) if kind]
    if len(said) != 1:
        raise ValueError("expected either set: or remove:")
    word, kind = said[0]
    name = RULE_TYPES[word] if kind == "rule" else f"registry.{kind}_{'set' if word == 'set' else 'removed'}"
    if name not in TYPES:
        raise ValueError(f"expected one of {', '.join(sorted(KINDS))}")
    return name


def event_of(entry: Overlay, start_us: int, time_zone: str) -> Event:
    """The event, with its moments for that start. Raises ValueError, pydantic.ValidationError."""
    name = type_of(entry)
    data = _placed(entry.data, start_us, ZoneInfo(time_zone))
    if name == "rule.activated":
        data.setdefault("version", 1)
    return TYPES[name].model_validate(data)


def events_of(scenario: Scenario, start_us: int) -> Sequence[Event]:
    """Every change of a scenario, in its order."""
    zone = scenario.estate.time_zone
    return [event_of(entry, start_us, zone) for entry in scenario.estate.overlay]


def _placed(value: Any, start_us: int, zone: ZoneInfo) -> Any:
    """Values with offsets from the start made absolute."""
    if isinstance(value, dict):
        return {name: _placed(entry, start_us, zone) for name, entry in value.items()}
    if isinstance(value, list | tuple):
        return [_placed(entry, start_us, zone) for entry in value]
    if not isinstance(value, str):
        return value
    if found := _MOMENT.fullmatch(value):
        return iso(from_us(start_us + _signed(found)))
    if found := _CLOCK.fullmatch(value):
        return f"{from_us(start_us + _signed(found)).astimezone(zone):%H:%M}"
    return value


def _signed(found: re.Match[str]) -> int:
    return -parse_offset(found[2]) if found[1] == "-" else parse_offset(found[2])
