"""`vehicle_not_permitted`: a vehicle where or when it has no right to be. Pure; knows plates and gates only.

A gate's `allow` says who may pass; a vehicle may when all that one of its rules names fits. A vehicle
without a readable plate gets the benefit of the doubt about what was not read.
"""

from __future__ import annotations

from typing import cast

from pydantic import Field

from eventlog import plates
from eventlog.estate import Estate
from eventlog.ports import Recorded
from eventlog.times import from_us
from eventlog.vocabulary import GateSet, PassRule, PlateRead, VehicleSet
from processors.rules.base import Raise, Rule, RuleSettings, Seconds, Step, evidence_of
from processors.rules.plates import DISORDER_US, Pass, moment_of, perhaps, plate_reference, same_pass
from processors.rules.titles import lane_name, title

VISITOR = "visitor"


class Settings(RuleSettings):
    pass_s: Seconds = Field(10, description="reads of one vehicle this close together are one pass, seconds")
    sure_confidence: float = Field(
        0.9,
        ge=0,
        le=1,
        description="below this, a plate that nobody has is taken for one that may pass, one character apart",
    )


class VehicleNotPermitted(Rule[Pass]):
    """Key `{gate}:{reference of the plate}`; only vehicles without the right have a state."""

    name = "vehicle_not_permitted"
    version = 1
    listens_to = frozenset({PlateRead})
    Settings = Settings
    State = Pass

    def keys(self, event: Recorded, estate: Estate) -> tuple[str, ...]:
        read = cast(PlateRead, event.event)
        gate = estate.lanes.get(read.lane)
        if gate is None or gate.allow is None or self._may_pass(read, gate, event, estate):
            return ()
        return (f"{gate.gate}:{plate_reference(estate, read.plate) if read.has_plate else ''}",)

    def on_event(self, key: str, state: Pass, event: Recorded, estate: Estate) -> Step[Pass]:
        read = cast(PlateRead, event.event)
        zone = estate.lane_zone(read.lane)
        at_us = moment_of(event)
        pass_us = self.limits(zone).pass_us
        after = Pass(at_us if state.last_us is None else max(at_us, state.last_us))
        forget_us = at_us + pass_us + DISORDER_US
        if same_pass(state, at_us, pass_us):
            return Step(after, forget_us=forget_us)
        signal = Raise(
            key=key,
            zone=zone,
            severity="high" if estate.is_night(from_us(at_us)) else "medium",
            title=title("vehicle_not_permitted.title", gate=lane_name(estate, read.lane)),
            at_us=at_us,
            devices=(event.device,),
            evidence=(evidence_of(event),),
        )
        return Step(after, (signal,), forget_us=forget_us)

    def _may_pass(self, read: PlateRead, gate: GateSet, event: Recorded, estate: Estate) -> bool:
        rules = gate.allow or ()
        if not read.has_plate:
            return any(_fits(rule, read, None, event, estate, unread=True) for rule in rules)
        plate = plates.normal(read.plate)
        candidates = [estate.vehicles_by_plate.get(plate), *_visiting(estate, plate)]
        if read.confidence < self.for_zone(gate.zone).sure_confidence:
            for other in perhaps(estate, plate):
                candidates += [estate.vehicles_by_plate.get(other), *_visiting(estate, other)]
        return any(
            _fits(rule, read, vehicle, event, estate, unread=False)
            for vehicle in candidates
            for rule in rules
        )


def _fits(
    rule: PassRule,
    read: PlateRead,
    vehicle: VehicleSet | None,
    event: Recorded,
    estate: Estate,
    *,
    unread: bool,
) -> bool:
    if rule.lanes is not None and read.lane not in rule.lanes:
        return False
    if rule.direction is not None and read.direction != rule.direction:
        return False
    if rule.classes is not None:
        kind = read.vehicle_class or (vehicle.vehicle_class if vehicle else None)
        doubt = unread and kind is None
        if kind not in rule.classes and not doubt:
            return False
    at_us = moment_of(event)
    if not unread and not _identified(rule, read, vehicle, at_us):
        return False
    return rule.hours is None or estate.within(rule.hours, from_us(at_us))


def _visiting(estate: Estate, plate: str) -> tuple[VehicleSet, ...]:
    """A plate's permits as a visitor, each as a vehicle of the group `visitor` for as long as it holds."""
    return tuple(
        VehicleSet(plate=plate, groups=(VISITOR,), valid_from=each.valid_from, valid_until=each.valid_until)
        for each in estate.visitors_by_plate.get(plate, ())
    )


def _identified(rule: PassRule, read: PlateRead, vehicle: VehicleSet | None, at_us: int) -> bool:
    """Whether the vehicle is one of the rule's plates and groups, where it names any."""
    if rule.plates is not None:
        plate = plates.normal(vehicle.plate if vehicle else read.plate)
        if plate not in {plates.normal(each) for each in rule.plates}:
            return False
    if rule.groups is None:
        return True
    return (
        vehicle is not None
        and _valid(vehicle, at_us)
        and any(group in rule.groups for group in vehicle.groups)
    )


def _valid(vehicle: VehicleSet, at_us: int) -> bool:
    if vehicle.valid_from is None and vehicle.valid_until is None:  # nearly always
        return True
    moment = from_us(at_us)
    begun = vehicle.valid_from is None or vehicle.valid_from <= moment
    return begun and (vehicle.valid_until is None or moment < vehicle.valid_until)
