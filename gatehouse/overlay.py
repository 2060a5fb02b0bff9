"""Changes of the registers for the time of a scenario, and their undoing. Radio addresses go in as hashes.

What was there before comes back as it was; what was not is taken away. The log keeps both, as it keeps all.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from typing import Any

from eventlog import codec
from eventlog.ports import EventLog
from eventlog.times import from_us
from eventlog.vocabulary import TYPES, Event, RadioSet, RuleActivated
from ingest.privacy import hashed

_READ = 2_000


def lay_over(log: EventLog, hmac_key: bytes, estate: str, events: Sequence[Event]) -> Callable[[], None]:
    """Appends registry events; what it gives back appends what undoes them. Raises LogError."""
    changes = [_hashed(event, hmac_key) for event in events]
    before = [_before(log, estate, event) for event in changes]
    _append(log, estate, changes)
    return lambda: _append(log, estate, before[::-1])


def register(log: EventLog, hmac_key: bytes, estate: str, events: Sequence[Event]) -> None:
    """Brings registry events into an estate's registers for good: what differs is set, nothing is taken away.
    Rules that the estate has never heard of are switched on. Raises LogError, ImportRefusedError."""
    from gatehouse.estatefile import EstateFile
    from gatehouse.estateimport import import_estate, present
    from processors.rules import RULES

    known = present(log, estate)
    rules = [
        RuleActivated(rule=name, version=rule.version)
        for name, rule in RULES.items()
        if ("rules", name) not in known
    ]
    entries = (*(_hashed(event, hmac_key) for event in events), *rules)
    import_estate(log, EstateFile(estate, entries, frozenset()))


def _append(log: EventLog, estate: str, events: Sequence[Event]) -> None:
    at = from_us(log.now_us())
    log.append(
        [
            codec.make(
                event, estate=estate, source=f"estates/{estate}/registry", event_id=str(uuid.uuid4()), at=at
            )
            for event in events
        ]
    )


def _hashed(event: Event, key: bytes) -> Event:
    if isinstance(event, RadioSet):
        return event.model_copy(update={"address": hashed(event.address, key)})
    return event


def _pair(event: Event) -> tuple[type[Event], type[Event]]:
    """The types that set and take away what an event is about."""
    name = event.TYPE
    if name.startswith("rule."):
        return TYPES["rule.activated"], TYPES["rule.deactivated"]
    stem = name.rpartition("_")[0]
    return TYPES[f"{stem}_set"], TYPES[f"{stem}_removed"]


def _removal(event: Event) -> Event:
    """What takes an entry away; an event that does so already is given back."""
    set_by, removed_by = _pair(event)
    if isinstance(event, removed_by):
        return event
    values: dict[str, Any] = dict(event)
    if "entry" in removed_by.model_fields:  # entries are named by their first field
        return removed_by.model_validate({"entry": values[next(iter(set_by.model_fields))]})
    return removed_by.model_validate({name: values[name] for name in removed_by.model_fields})


def _before(log: EventLog, estate: str, event: Event) -> Event:
    """What sets an entry back to what it is now."""
    wanted = _removal(event)
    types = frozenset(kind.TYPE for kind in _pair(event))
    before = None
    while found := log.read_back(before=before, limit=_READ, estate=estate, types=types):
        for entry in found:
            if _removal(entry.event) == wanted:
                return entry.event
        before = found[-1].position
    return wanted
