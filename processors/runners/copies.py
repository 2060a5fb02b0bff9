"""An estate's whole state as one value of a worker's table, with the position it stands at; and back."""

from __future__ import annotations

import zlib
from collections.abc import Iterable
from typing import NamedTuple

import orjson

from eventlog.ports import Position, SavedState

_FORMAT = 1
_LEVEL = 1


class Copy(NamedTuple):
    """What a value says."""

    position: Position
    states: tuple[SavedState, ...]


def write(position: Position, states: Iterable[SavedState]) -> bytes:
    """The value for a table."""
    rows = [(each.key, each.value.decode(), each.due_us) for each in states]
    return zlib.compress(orjson.dumps({"format": _FORMAT, "position": position, "states": rows}), _LEVEL)


def read(value: bytes) -> Copy | None:
    """What a table has; None where it can't be used: it is only a copy."""
    try:
        said = orjson.loads(zlib.decompress(value))
        if said["format"] != _FORMAT:
            return None
        states = tuple(SavedState(key, text.encode(), due_us) for key, text, due_us in said["states"])
        return Copy(int(said["position"]), states)
    except (zlib.error, ValueError, KeyError, TypeError):
        return None
