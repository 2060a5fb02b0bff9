"""Number plates as cameras read them: one written form, and which characters are taken for each other.

Pure text, no registers; `eventlog.estate` indexes the registers by what is made here.
"""

from __future__ import annotations

from functools import lru_cache

LOOK_ALIKE = ("0OQD", "1I", "8B", "5S", "2Z")
"""Characters that cameras mix up (with each other, within a group)."""

PLATES_KEPT = 5_000
"""Several rules ask for the same one of every read."""
_SEPARATORS = str.maketrans("", "", " ·.•-")
_SHAPES = str.maketrans({each: group[0] for group in LOOK_ALIKE for each in group})


@lru_cache(maxsize=PLATES_KEPT)
def normal(plate: str) -> str:
    """A plate without spaces, dots and hyphens, in capitals."""
    return plate.translate(_SEPARATORS).upper()


def shape(normal_plate: str) -> str:
    """What is left of a normal plate when look-alike characters are one."""
    return normal_plate.translate(_SHAPES)


def one_look_alike_apart(first: str, second: str) -> bool:
    """Whether two normal plates differ in exactly one character, and that one is a look-alike."""
    if shape(first) != shape(second):
        return False
    return sum(a != b for a, b in zip(first, second, strict=True)) == 1


def gaps(normal_plate: str) -> tuple[str, ...]:
    """A normal plate with each of its characters in turn left open."""
    return tuple(f"{normal_plate[:i]}*{normal_plate[i + 1 :]}" for i in range(len(normal_plate)))
