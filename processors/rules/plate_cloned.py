"""`plate_cloned`: one plate drives in twice, at two gates. Pure; knows plates, gates and the plan only.

Either sooner than the way between the gates takes, or with no way out in between. The second is judged a
little later, since the read on the way out may come after it; one that comes later still takes the alert
back. Cameras misread one character now and then: a doubtful way out of a plate that nobody has counts for
every registered plate that it may be, a doubtful way in for the only one that it may be. An alert that rests
on a doubtful way in, also as the plate that was read, is for a person to confirm; so is one where the
counter of a gate's camera shows that a message since the first way in never came: that may have been the way
out.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Literal, cast

from pydantic import Field

from eventlog import plates
from eventlog.estate import Estate
from eventlog.ports import Recorded
from eventlog.vocabulary import PlateRead
from processors.rules.base import (
    KEEP_WAKE,
    Clear,
    Evidence,
    Raise,
    Rule,
    RuleSettings,
    Seconds,
    Signal,
    Step,
    evidence_of,
    value,
)
from processors.rules.plates import (
    DISORDER_US,
    boundary_gate,
    moment_of,
    perhaps,
    plate_reference,
    somebodys,
)
from processors.rules.titles import lane_name, title, zone_name

READS_MAX = 8
"""Reads of one plate kept, the newest."""


@value
class Read:
    """A plate on its way in or out at a gate; whether it was told of, whether it is a way in that may be
    another plate's, and whether a way out before it may be among what never came."""

    at_us: int
    way: Literal["in", "out"]
    gate: str
    lane: str
    zone: str
    device: str
    event: Evidence
    late: bool = False
    told: bool = False
    doubtful: bool = False
    unheard: bool = False
    recorded_us: int = 0


@value
class Reads:
    """A plate's last reads in order of time."""

    reads: tuple[Read, ...] = ()


class Settings(RuleSettings):
    speed_kmh: Annotated[float, Field(gt=0, le=200)] = Field(
        30, description="nobody drives faster between two gates, km/h"
    )
    inside_s: Seconds = Field(
        43_200, description="in this long ago with no way out read: no longer held to be in, seconds"
    )
    settle_s: Seconds = Field(
        5, description="a way out is waited for this long after the second way in, seconds"
    )
    pass_s: Seconds = Field(10, description="reads of one gate this close together are one pass, seconds")
    sure_confidence: float = Field(
        0.9,
        ge=0,
        le=1,
        description="below this, a read of a plate that nobody has may be that of another plate",
    )


class PlateCloned(Rule[Reads]):
    """Key the reference of the plate. Only gates on the estate's boundary count."""

    name = "plate_cloned"
    version = 1
    listens_to = frozenset({PlateRead})
    Settings = Settings
    State = Reads

    def keys(self, event: Recorded, estate: Estate) -> tuple[str, ...]:
        read = cast(PlateRead, event.event)
        gate = boundary_gate(estate, read.lane)
        if gate is None or not read.has_plate:
            return ()
        plate = plates.normal(read.plate)
        own = plate_reference(estate, plate)
        if read.confidence >= self.for_zone(gate.zone).sure_confidence:
            return (own,)
        others = perhaps(estate, plate)
        if read.direction == "in" and len(others) > 1:
            return (own,)
        return (own, *(plate_reference(estate, other) for other in others))

    def on_event(self, key: str, state: Reads, event: Recorded, estate: Estate) -> Step[Reads] | None:
        read = cast(PlateRead, event.event)
        gate = estate.lanes[read.lane]
        at_us, limits = moment_of(event), self.limits(gate.zone)
        another = plate_reference(estate, read.plate) != key
        doubtful = another or self._misread(read, gate.zone, estate)
        doubted: Read | None = None
        for known in state.reads:
            same = (known.gate, known.way, known.late) == (gate.gate, read.direction, event.late)
            if same and abs(known.at_us - at_us) <= limits.pass_us:
                if doubtful or not known.doubtful:
                    return None
                doubted = known
        if another and read.direction == "out" and not state.reads:
            return None
        new = Read(
            at_us if doubted is None else doubted.at_us,
            read.direction,
            gate.gate,
            read.lane,
            gate.zone,
            event.device,
            evidence_of(event),
            event.late,
            doubtful=doubtful and read.direction == "in",
            recorded_us=event.recorded_us,
        )
        if doubted is not None:  # read well in the same pass
            new = replace(new, told=doubted.told)
            reads = tuple(new if each is doubted else each for each in state.reads)
            return self._judged(key, _heard(reads, event, estate), estate, due_us=None, sure=new.event)
        in_order = not state.reads or at_us >= state.reads[-1].at_us
        if in_order and self._first(state.reads, new, estate)[0] is None:  # nearly always
            reads = (*state.reads[1 - READS_MAX :], new)
            return Step(Reads(reads), (), KEEP_WAKE, at_us + limits.inside_us + DISORDER_US)
        reads = tuple(sorted((*state.reads, new), key=lambda each: each.at_us))[-READS_MAX:]
        return self._judged(key, _heard(reads, event, estate), estate, due_us=None)

    def _misread(self, read: PlateRead, zone: str, estate: Estate) -> bool:
        """Whether a read may be a mistake: the camera is not sure, and nobody has such a plate."""
        if read.confidence >= self.for_zone(zone).sure_confidence:
            return False
        return not somebodys(estate, plates.normal(read.plate))

    def on_time(self, key: str, state: Reads, due_us: int, estate: Estate) -> Step[Reads]:
        return self._judged(key, state.reads, estate, due_us=due_us)

    def _judged(
        self,
        key: str,
        reads: tuple[Read, ...],
        estate: Estate,
        *,
        due_us: int | None,
        sure: Evidence | None = None,
    ) -> Step[Reads]:
        """Looks at every way in anew: what came late may have changed what it follows. What was told and
        rests on a read that has become `sure` is told again."""
        kept: list[Read] = []
        signals: list[Signal] = []
        wakes: list[int] = []
        back: Read | None = None
        for index, read in enumerate(reads):
            first, soon = self._first(reads[:index], read, estate)
            judged_us = read.at_us + self.limits(read.zone).settle_us
            if first is None:
                back = read if read.told else back
                kept.append(replace(read, told=False) if read.told else read)
                continue
            due = soon or (due_us is not None and judged_us <= due_us)
            if sure in (read.event, first.event) if read.told else due:
                signals.append(self._raise(key, first, read, estate, soon=soon))
                kept.append(replace(read, told=True))
                continue
            if not read.told:
                wakes.append(judged_us)
            kept.append(read)
        if back is not None and not any(read.told for read in kept):
            signals.append(Clear(key, back.zone, back.at_us, (back.event,), withdrawn=True, late=back.late))
        if wakes:
            return Step(Reads(tuple(kept)), tuple(signals), min(wakes))
        last = reads[-1]
        forget_us = last.at_us + self.limits(last.zone).inside_us + DISORDER_US
        return Step(Reads(tuple(kept)), tuple(signals), None, forget_us)

    def _first(self, before: tuple[Read, ...], read: Read, estate: Estate) -> tuple[Read | None, bool]:
        """The way in at another gate that this one can't follow, and whether it can't for being too soon. One
        that is doubtful only where there is no other."""
        if read.way == "out":
            return None, False
        sure = tuple(each for each in before if not each.doubtful)
        first = self._last_in(sure, read, estate)
        return first if first[0] or len(sure) == len(before) else self._last_in(before, read, estate)

    def _last_in(self, before: tuple[Read, ...], read: Read, estate: Estate) -> tuple[Read | None, bool]:
        last = next((each for each in reversed(before) if each.way == "in"), None)
        if last is None or last.gate == read.gate:
            return None, False
        limits = self.limits(read.zone)
        apart_us = read.at_us - last.at_us
        if apart_us < _drive_us(estate, last.zone, read.zone, limits.speed_kmh):
            return last, True
        left = any(each.way == "out" and each.at_us >= last.at_us for each in before)
        return (None if left or apart_us > limits.inside_us else last), False

    def _raise(self, key: str, first: Read, second: Read, estate: Estate, *, soon: bool) -> Raise:
        sure = not (first.doubtful or second.doubtful) and (soon or not second.unheard)
        return Raise(
            key=key,
            zone=second.zone,
            severity="high" if sure else "medium",
            title=title(
                "plate_cloned.title",
                zone=zone_name(estate, second.zone),
                first=lane_name(estate, first.lane),
                second=lane_name(estate, second.lane),
            ),
            at_us=second.at_us,
            devices=tuple(dict.fromkeys((second.device, first.device))),
            evidence=(first.event, second.event),
            late=second.late,
        )


def _heard(reads: tuple[Read, ...], event: Recorded, estate: Estate) -> tuple[Read, ...]:
    """The reads with what is known by now of a way out before each way in: whether something that a camera at
    a gate on the boundary said since the last way in elsewhere never came."""
    if not event.missing:
        return reads
    zones = {gate.zone for gate in estate.gates.values() if gate.boundary}
    devices = estate.devices
    shown_us = max(
        (at_us for each, at_us in event.missing.items() if each in devices and devices[each].zone in zones),
        default=0,
    )
    found: list[Read] = []
    for read in reads:
        first = next((each for each in reversed(found) if each.way == "in" and each.gate != read.gate), None)
        # What the first one's own number showed to be missing was sent before it.
        since = first is not None and shown_us >= first.at_us and shown_us != first.recorded_us
        unheard = read.way == "in" and not read.told and since
        found.append(replace(read, unheard=True) if unheard else read)
    return tuple(found)


def _drive_us(estate: Estate, start: str, end: str, speed_kmh: float) -> int:
    """How long the way between two zones takes at least, in µs; 0 where the plan doesn't say."""
    metres = estate.plan.drive_m(start, end) or 0.0
    return round(metres / (speed_kmh / 3.6) * 1_000_000)
