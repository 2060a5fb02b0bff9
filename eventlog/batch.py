"""What becomes of a batch before it is written: new, repeated, in conflict. Pure; shared by the backends."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from itertools import compress
from typing import Generic, TypeVar

from eventlog.codec import same_content
from eventlog.ports import Appended, NewEvent, Position

Key = TypeVar("Key", bound=Hashable)


@dataclass(frozen=True, slots=True)
class Plan(Generic[Key]):
    """The events to write, their keys, and the answer to the caller."""

    new: Sequence[NewEvent]
    keys: Sequence[Key]
    appended: Appended


def plan(
    events: Sequence[NewEvent],
    keys: Sequence[Key],
    known: Mapping[Key, Position],
    bodies: Callable[[Sequence[Position]], Mapping[Position, bytes]],
    head: Position,
) -> Plan[Key]:
    """Sorts a batch out. `known` has the keys of the batch that are in the log; `bodies` is asked for the
    stored bytes of those only when there are any. Where they can't be had, an archive being elsewhere, an
    event of a known key is taken for the same one."""
    if not known and len(set(keys)) == len(keys):
        positions = tuple(range(head + 1, head + 1 + len(events)))
        return Plan(events, keys, Appended(positions, len(events)))
    return _sort_out(events, keys, dict(known), dict(bodies(list(known.values())) if known else {}), head)


def _sort_out(
    events: Sequence[NewEvent],
    keys: Sequence[Key],
    known: dict[Key, Position],
    stored: dict[Position, bytes],
    head: Position,
) -> Plan[Key]:
    positions: list[Position | None] = []
    repeated: list[int] = []
    conflicts: list[int] = []
    fresh: list[bool] = []
    for index, (event, key) in enumerate(zip(events, keys, strict=True)):
        place = known.get(key)
        fresh.append(place is None)
        if place is None:
            head += 1
            known[key], stored[head] = head, event.body
            positions.append(head)
        elif place not in stored or same_content(stored[place], event.body):
            repeated.append(index)
            positions.append(place)
        else:
            conflicts.append(index)
            positions.append(None)
    new = list(compress(events, fresh))
    appended = Appended(tuple(positions), len(new), tuple(repeated), tuple(conflicts))
    return Plan(new, list(compress(keys, fresh)), appended)
