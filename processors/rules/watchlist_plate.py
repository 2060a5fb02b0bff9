"""`watchlist_plate`: a plate on a watch list, or one that cameras take for it. Pure; knows plates only."""

from __future__ import annotations

from typing import cast

from pydantic import Field

from eventlog import plates
from eventlog.estate import Estate
from eventlog.ports import Recorded
from eventlog.vocabulary import SEVERITIES, PlateRead, Severity, WatchEntrySet
from processors.rules.base import Raise, Rule, RuleSettings, Seconds, Step, evidence_of
from processors.rules.plates import DISORDER_US, Pass, gate_of, moment_of, plate_reference, same_pass
from processors.rules.titles import lane_name, title

FUZZY: Severity = "medium"


class Settings(RuleSettings):
    pass_s: Seconds = Field(10, description="reads of one vehicle this close together are one pass, seconds")
    sure_confidence: float = Field(
        0.9,
        ge=0,
        le=1,
        description="from this on, a look-alike that is a registered vehicle itself is taken for itself",
    )


class WatchlistPlate(Rule[Pass]):
    """Key `{gate}:{reference of the plate on the list}`."""

    name = "watchlist_plate"
    version = 1
    listens_to = frozenset({PlateRead})
    Settings = Settings
    State = Pass

    def keys(self, event: Recorded, estate: Estate) -> tuple[str, ...]:
        read = cast(PlateRead, event.event)
        plate = plates.normal(read.plate)
        listed = estate.watched_shapes.get(plates.shape(plate))
        if not listed or not read.has_plate:
            return ()
        gate = gate_of(estate, read.lane)
        if plate in listed:
            return (_key(gate, plate, estate),)
        settings: Settings = self.for_zone(estate.lane_zone(read.lane))
        if plate in estate.vehicles_by_plate and read.confidence >= settings.sure_confidence:
            return ()
        return tuple(
            _key(gate, other, estate) for other in listed if plates.one_look_alike_apart(plate, other)
        )

    def on_event(self, key: str, state: Pass, event: Recorded, estate: Estate) -> Step[Pass]:
        read = cast(PlateRead, event.event)
        zone = estate.lane_zone(read.lane)
        plate, gate = plates.normal(read.plate), gate_of(estate, read.lane)
        of_shape = estate.watched_shapes[plates.shape(plate)]
        listed = next(each for each in of_shape if _key(gate, each, estate) == key)
        entries = of_shape[listed]
        exact = plate == listed
        severity = _worst(entries) if exact else FUZZY
        at_us = moment_of(event)
        pass_us = self.limits(zone).pass_us
        rank = 2 if exact else 1
        forget_us = at_us + pass_us + DISORDER_US
        if same_pass(state, at_us, pass_us):
            after = Pass(max(at_us, state.last_us or 0), max(rank, state.rank))
            if rank <= state.rank:
                return Step(after, forget_us=forget_us)
        else:
            after = Pass(max(at_us, state.last_us or 0), rank)
        text = "watchlist_plate.title" if exact else "watchlist_plate.title_fuzzy"
        lists = ", ".join(sorted({entry.list for entry in entries}))
        signal = Raise(
            key=key,
            zone=zone,
            severity=severity,
            title=title(text, gate=lane_name(estate, read.lane), list=lists),
            at_us=at_us,
            devices=(event.device,),
            evidence=(evidence_of(event),),
        )
        return Step(after, (signal,), forget_us=forget_us)


def _key(gate: str, listed: str, estate: Estate) -> str:
    return f"{gate}:{plate_reference(estate, listed)}"


def _worst(entries: tuple[WatchEntrySet, ...]) -> Severity:
    return max((entry.severity for entry in entries), key=SEVERITIES.index)
