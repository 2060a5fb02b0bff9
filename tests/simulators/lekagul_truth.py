"""Which vehicles passed a gate they had no right to, straight from the table: knows nothing of Gatehouse.

The recording's own documentation says: gate0 to gate8 and ranger-base are for park service vehicles (2P).
"""

from __future__ import annotations

import csv
import gzip
import re
from dataclasses import dataclass
from pathlib import Path

TABLE = "data/lekagul-sensor-data.csv.gz"
RESTRICTED = re.compile(r"gate[0-8]|ranger-base")


@dataclass(frozen=True)
class Trespass:
    """One reading of a vehicle where it had no right to be."""

    row: int
    timestamp: str
    car: str
    kind: str
    gate: str


def readings(path: Path) -> list[tuple[int, dict[str, str]]]:
    """The rows of the table, numbered from 1."""
    with gzip.open(path, "rt", encoding="utf-8", newline="") as stream:
        return list(enumerate(csv.DictReader(stream), start=1))


def restricted(row: dict[str, str]) -> bool:
    """Whether a reading is at a gate that not everybody may pass."""
    return RESTRICTED.fullmatch(row["gate-name"]) is not None


def trespasses(path: Path) -> list[Trespass]:
    """Every reading without a right, in the table's order."""
    return [
        Trespass(number, row["Timestamp"], row["car-id"], row["car-type"], row["gate-name"])
        for number, row in readings(path)
        if restricted(row) and row["car-type"] != "2P"
    ]
