"""Who is reached how outside: channels with their addresses, and the channels of each recipient in the order
in which they are tried. Pure values; `gatehouse` reads them from a file of secrets.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from eventlog.discreet import is_discreet
from eventlog.vocabulary import SEVERITIES, Alert, Severity

Kind = Literal["squad", "person", "outside", "grid_worker", "duress"]
_STRANGERS = frozenset({"outside", "grid_worker"})
"""Recipients whom an exercise never reaches."""


@dataclass(frozen=True, slots=True)
class Channel:
    """A way out. `url` is an address of apprise with its secrets; `timeout_s` for each step of an attempt."""

    name: str
    url: str = field(repr=False)
    language: Literal["zh-CN", "en", "both"] = "zh-CN"
    timeout_s: float = 10.0
    exercises: bool = False
    """Whether exercises go out on it, which page nobody by default."""


@dataclass(frozen=True, slots=True)
class Entry:
    """How a recipient is reached. An empty `name` stands for all of that kind, an empty `estate` for every
    estate, no `zones` for all. `with_squad`: a person who, on duty, also gets what the squad gets."""

    kind: Kind
    channels: tuple[str, ...]
    name: str = ""
    estate: str = ""
    severity_from: Severity = "low"
    with_squad: bool = False
    zones: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Routes:
    """All channels and recipients."""

    channels: Mapping[str, Channel]
    entries: tuple[Entry, ...]

    def of(self, recipient: str, alert: Alert, *, with_squad: bool = False) -> tuple[str, ...]:
        """The channels to try for a recipient (`kind:name`, or a kind) about an alert, in order; none
        when the recipient isn't to hear of it outside."""
        kind, _, name = recipient.partition(":")
        if is_discreet(alert.rule) != (kind == "duress") or (alert.exercise and kind in _STRANGERS):
            return ()
        found: dict[str, None] = {}
        for entry in self.entries:
            if entry.kind == kind and self._fits(entry, name, alert) and (entry.with_squad or not with_squad):
                found.update(dict.fromkeys(entry.channels))
        if alert.exercise:
            return tuple(each for each in found if self.channels[each].exercises)
        return tuple(found)

    def _fits(self, entry: Entry, name: str, alert: Alert) -> bool:
        return (
            entry.name in ("", name)
            and entry.estate in ("", alert.estate)
            and (not entry.zones or alert.zone in entry.zones)
            and SEVERITIES.index(alert.severity) >= SEVERITIES.index(entry.severity_from)
        )
