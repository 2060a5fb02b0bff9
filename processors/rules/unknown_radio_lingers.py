"""`unknown_radio_lingers`: a phone that nobody knows stays in a sensitive zone at night. Pure.

Addresses come as keyed hashes already. A phone that changes its address at random can't be followed, so only
others count. Probes hear a phone now and then: a gap does not end its stay.
"""

from __future__ import annotations

from dataclasses import replace
from typing import cast

from pydantic import Field

from eventlog.estate import Estate
from eventlog.ids import reference
from eventlog.ports import Recorded
from eventlog.times import from_us
from eventlog.vocabulary import ProbeSighting
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
from processors.rules.titles import title, zone_name

DISORDER_US = 10_000_000
"""Sightings come out of order by less than this."""


@value
class Stay:
    """Since when a radio has been heard in a zone, when last, the first sighting, whether it was told."""

    since_us: int = 0
    last_us: int = 0
    first: Evidence | None = None
    told: bool = False
    late: bool = False


class Settings(RuleSettings):
    linger_s: Seconds = Field(1_800, description="longest stay of an unknown radio, seconds")
    gap_s: Seconds = Field(300, description="unheard this long, its stay is over, seconds")


class UnknownRadioLingers(Rule[Stay]):
    """Key `{zone}:{reference of the address}`; only unknown radios have a state."""

    name = "unknown_radio_lingers"
    version = 1
    listens_to = frozenset({ProbeSighting})
    Settings = Settings
    State = Stay

    def keys(self, event: Recorded, estate: Estate) -> tuple[str, ...]:
        zone = estate.device_zone(event.device)
        entry = estate.zones.get(zone)
        if entry is None or not entry.sensitive:
            return ()
        seen = cast(ProbeSighting, event.event)
        if seen.randomised or _known(estate, seen.address, event.effective_us):
            return ()
        if not estate.is_night(from_us(event.effective_us)):
            return ()
        return (f"{zone}:{reference(estate.id, seen.address)}",)

    def on_event(self, key: str, state: Stay, event: Recorded, estate: Estate) -> Step[Stay]:
        zone = estate.device_zone(event.device)
        at_us = event.effective_us
        limits = self.limits(zone)
        told: tuple[Signal, ...] = ()
        apart = at_us - state.last_us > limits.gap_us or state.since_us - at_us > limits.gap_us
        if state.first is None or apart:
            if state.told:
                told = (Clear(key, zone, state.last_us, late=state.late),)
            state = Stay(at_us, at_us, evidence_of(event), late=event.late)
        else:
            first = evidence_of(event) if at_us < state.since_us else state.first
            since_us, last_us = min(at_us, state.since_us), max(at_us, state.last_us)
            state = Stay(since_us, last_us, first, state.told, state.late)
        if not state.told and state.last_us - state.since_us > limits.linger_us:
            told += (self._raise(key, zone, state, event, estate),)
            state = replace(state, told=True)
        over_us = state.last_us + limits.gap_us + DISORDER_US
        if state.told:  # who was told of it is told when it is over
            return Step(state, told, over_us)
        return Step(state, told, None, over_us)

    def on_time(self, key: str, state: Stay, due_us: int, estate: Estate) -> Step[Stay]:
        zone = key.partition(":")[0]
        over_us = state.last_us + self.limits(zone).gap_us + DISORDER_US
        if over_us > due_us:  # the gap has become longer meanwhile
            return Step(state, wake_us=over_us)
        return Step(self.initial(), (Clear(key, zone, state.last_us, late=state.late),))

    def _raise(self, key: str, zone: str, state: Stay, event: Recorded, estate: Estate) -> Raise:
        minutes = (state.last_us - state.since_us) // 60_000_000
        first = (state.first,) if state.first else ()
        return Raise(
            key=key,
            zone=zone,
            severity="low",
            title=title("unknown_radio_lingers.title", zone=zone_name(estate, zone), minutes=minutes),
            at_us=event.effective_us,
            devices=(event.device,),
            evidence=(*first, evidence_of(event)),
            late=state.late,
        )


def _known(estate: Estate, address: str, at_us: int) -> bool:
    """Whether somebody registered the radio, and that holds still."""
    radio = estate.radios.get(address)
    return radio is not None and (radio.valid_until is None or from_us(at_us) < radio.valid_until)
