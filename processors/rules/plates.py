"""What the rules about vehicles share: a read's gate, and when two reads are one pass. Pure."""

from __future__ import annotations

from eventlog import plates
from eventlog.estate import Estate
from eventlog.ids import reference
from eventlog.ports import Recorded
from eventlog.vocabulary import GateSet
from processors.rules.base import value

DISORDER_US = 10_000_000
"""Reads come out of order by less than this."""


@value
class Pass:
    """The last read of a vehicle at a gate, and how severe the pass was told."""

    last_us: int | None = None
    rank: int = 0


def same_pass(state: Pass, at_us: int, pass_us: int) -> bool:
    """Whether a read belongs to the pass of the last one; a waiting vehicle is read again and again."""
    return state.last_us is not None and abs(at_us - state.last_us) <= pass_us


def gate_of(estate: Estate, lane: str) -> str:
    """The gate of a lane, or the lane itself where it has none in the register."""
    gate = estate.lanes.get(lane)
    return gate.gate if gate else lane


def plate_reference(estate: Estate, plate: str) -> str:
    """What stands for a plate in a key: keys go out with alerts, plates don't."""
    return reference(estate.id, plates.normal(plate))


def moment_of(event: Recorded) -> int:
    """When a vehicle was read, in µs: the effective time, but no later than it was recorded. A camera whose
    clock is ahead would else put a pass where no other read can reach it."""
    return min(event.effective_us, event.recorded_us)


def boundary_gate(estate: Estate, lane: str) -> GateSet | None:
    """The gate of a lane, where passing it is entering or leaving the estate."""
    gate = estate.lanes.get(lane)
    return gate if gate is not None and gate.boundary else None


def somebodys(estate: Estate, plate: str) -> bool:
    """Whether a normal plate is registered or a visitor's."""
    return plate in estate.vehicles_by_plate or plate in estate.visitors_by_plate


def perhaps(estate: Estate, plate: str) -> tuple[str, ...]:
    """The registered and visitors' plates that nobody's normal plate may be, misread in one character."""
    if somebodys(estate, plate):
        return ()
    found = (other for gap in plates.gaps(plate) for other in estate.plates_by_gap.get(gap, ()))
    return tuple(dict.fromkeys(found))
