"""Old versions of event data, brought to the present one, step by step, when the log is read.

An upcaster takes the `data` of one version as plain JSON values and gives that of the next version.
Stored bytes are never rewritten.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Data = dict[str, Any]
Upcaster = Callable[[Data], Data]


def _zone_set_1(data: Data) -> Data:
    """Neighbours became objects, so that walking and driving distances have a place."""
    adjacent = [{"zone": zone} for zone in data.get("adjacent", [])]
    return {**data, "adjacent": adjacent}


UPCASTERS: dict[tuple[str, int], Upcaster] = {
    ("registry.zone_set", 1): _zone_set_1,
}
"""By type and the version it takes."""


def upcast(type_name: str, version: int, target: int, data: Data) -> Data:
    """`data` of `version` as data of `target`. Raises LookupError when a step is missing."""
    for step in range(version, target):
        if (type_name, step) not in UPCASTERS:
            raise LookupError(f"no upcaster for {type_name} from version {step} to {step + 1}")
        data = UPCASTERS[type_name, step](data)
    return data
