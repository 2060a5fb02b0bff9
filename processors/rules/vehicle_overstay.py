"""`vehicle_overstay`: a visitor's vehicle is inside past its permit. Pure; knows plates, permits, gates only.

Visitors' vehicles are registered ones of the group `visitor`, and those of a visitor's permit that are not
registered as anybody else's.
Their permit ends when it says; one that says nothing holds for `stay_s` from the way in. A permit that is
extended moves the judgement, which comes a little after the end: a way out that was in time may come late.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import cast

from pydantic import Field

from eventlog import plates
from eventlog.estate import Estate
from eventlog.ports import Recorded
from eventlog.times import from_us, to_us
from eventlog.vocabulary import PlateRead, VehicleRemoved, VehicleSet, VisitorSet
from processors.rules.base import (
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
from processors.rules.plates import DISORDER_US, boundary_gate, moment_of, perhaps, plate_reference
from processors.rules.titles import lane_name, title, zone_name

VISITOR = "visitor"


@value
class Visit:
    """A visitor's vehicle inside: since when, by which read, until when it may be. `out_us`: its last way
    out, for a way in that comes after it."""

    in_us: int = 0
    until_us: int = 0
    lane: str = ""
    zone: str = ""
    device: str = ""
    event: Evidence | None = None
    late: bool = False
    told: bool = False
    out_us: int = 0


class Settings(RuleSettings):
    stay_s: Seconds = Field(43_200, description="a permit that names no end holds this long, seconds")
    overnight: bool = Field(
        False,
        description="true: a permit that names no end holds over the night, until the end of the estate's "
        "night (and `stay_s` at least)",
    )
    settle_s: Seconds = Field(5, description="judged this long after the end of the permit, seconds")
    sure_confidence: float = Field(
        0.9, ge=0, le=1, description="below this, a way out may be that of a plate one character apart"
    )


class VehicleOverstay(Rule[Visit]):
    """Key the reference of the plate; only visitors' vehicles that are inside have a state."""

    name = "vehicle_overstay"
    version = 1
    listens_to = frozenset({PlateRead, VisitorSet, VehicleSet, VehicleRemoved})
    Settings = Settings
    State = Visit

    def keys(self, event: Recorded, estate: Estate) -> tuple[str, ...]:
        what = event.event
        if type(what) is not PlateRead:
            plate = cast(VisitorSet | VehicleSet | VehicleRemoved, what).plate
            return (plate_reference(estate, plate),) if plate else ()
        gate = boundary_gate(estate, what.lane)
        if gate is None or not what.has_plate:
            return ()
        plate = plates.normal(what.plate)
        if what.direction == "in":
            return (plate_reference(estate, plate),) if _permits(estate, plate) else ()
        own = plate_reference(estate, plate)
        if what.confidence >= self.for_zone(gate.zone).sure_confidence:
            return (own,)
        return (own, *(plate_reference(estate, other) for other in perhaps(estate, plate)))

    def on_event(self, key: str, state: Visit, event: Recorded, estate: Estate) -> Step[Visit] | None:
        what = event.event
        if type(what) is not PlateRead:
            plate = cast(VisitorSet | VehicleSet | VehicleRemoved, what).plate
            return self._permit(key, state, plates.normal(plate or ""), event, estate)
        if what.direction == "out":
            plate = plates.normal(what.plate)
            inside = state.event is not None
            own = plate_reference(estate, plate) == key
            return self._out(key, state, event) if inside or (own and _permits(estate, plate)) else None
        return self._in(key, state, what, event, estate)

    def on_time(self, key: str, state: Visit, due_us: int, estate: Estate) -> Step[Visit]:
        where = zone_name(estate, state.zone)
        signal = Raise(
            key=key,
            zone=state.zone,
            severity="low",
            title=title("vehicle_overstay.title", zone=where, gate=lane_name(estate, state.lane)),
            at_us=state.until_us,
            devices=(state.device,),
            evidence=(state.event,) if state.event else (),
            late=state.late,
        )
        return Step(replace(state, told=True), (signal,))

    def _in(
        self, key: str, state: Visit, read: PlateRead, event: Recorded, estate: Estate
    ) -> Step[Visit] | None:
        at_us = moment_of(event)
        overtaken = 0 <= state.out_us - at_us <= DISORDER_US
        if at_us <= state.in_us or overtaken:
            return None
        zone = estate.lane_zone(read.lane)
        until_us = self._until_us(plates.normal(read.plate), at_us, zone, estate)
        evidence = evidence_of(event)
        visit = Visit(at_us, until_us, read.lane, zone, event.device, evidence, event.late)
        gone = (Clear(key, state.zone, at_us, (evidence,), late=state.late),) if state.told else ()
        return self._step(visit, gone)

    def _out(self, key: str, state: Visit, event: Recorded) -> Step[Visit] | None:
        at_us = moment_of(event)
        if at_us < state.in_us or state.out_us >= at_us:
            return None
        after = Visit(out_us=at_us)
        forget_us = at_us + DISORDER_US
        if not state.told:
            return Step(after, forget_us=forget_us)
        in_time = at_us <= state.until_us
        gone = Clear(key, state.zone, at_us, (evidence_of(event),), withdrawn=in_time, late=state.late)
        return Step(after, (gone,), forget_us=forget_us)

    def _permit(
        self, key: str, state: Visit, plate: str, event: Recorded, estate: Estate
    ) -> Step[Visit] | None:
        """A permit has changed while the vehicle is inside."""
        if state.event is None:
            return None
        now_us = event.recorded_us
        if not _permits(estate, plate):  # taken off the register, or a resident's now
            gone = (Clear(key, state.zone, now_us, late=state.late),) if state.told else ()
            return Step(self.initial(), gone)
        until_us = self._until_us(plate, state.in_us, state.zone, estate)
        if until_us == state.until_us:
            return None
        if state.told and until_us > now_us:
            gone = (Clear(key, state.zone, now_us, late=state.late),)
            return self._step(replace(state, until_us=until_us, told=False), gone)
        return self._step(replace(state, until_us=until_us), ())

    def _step(self, state: Visit, signals: tuple[Signal, ...]) -> Step[Visit]:
        wake_us = None if state.told else state.until_us + self.limits(state.zone).settle_us
        return Step(state, signals, wake_us)

    def _until_us(self, plate: str, in_us: int, zone: str, estate: Estate) -> int:
        """When the last of the vehicle's permits ends, in µs."""
        ends = _permits(estate, plate)
        stay_us = in_us + self.limits(zone).stay_us
        if self.for_zone(zone).overnight:
            stay_us = max(stay_us, to_us(_end_of_night(estate, from_us(in_us))))
        return int(max(stay_us if end is None else to_us(end) for end in ends))


def _permits(estate: Estate, plate: str) -> tuple[datetime | None, ...]:
    """The ends of a plate's permits as a visitor's (None: it names no end); empty where it is none's."""
    vehicle = estate.vehicles_by_plate.get(plate)
    if vehicle is not None and vehicle.groups and VISITOR not in vehicle.groups:
        return ()
    ends = [visitor.valid_until for visitor in estate.visitors_by_plate.get(plate, ())]
    if vehicle is not None and VISITOR in vehicle.groups:
        ends.append(vehicle.valid_until)
    return tuple(ends)


def _end_of_night(estate: Estate, moment: datetime) -> datetime:
    """The end of the night that a moment is in, or of the next one."""
    hours, minutes = (estate.settings.night.end if estate.settings else "06:00").split(":")
    local = estate.local(moment)
    end = local.replace(hour=int(hours), minute=int(minutes), second=0, microsecond=0)
    return end if end > local else end + timedelta(days=1)
