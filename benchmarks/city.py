"""A city of estates for the benches beyond one machine: registers, and what their devices say.

Each estate has the pilot's doors and cameras, twenty vehicles, a watch list, all rules on; its devices say
the mix of `benchmarks.events`. The estates take turns, so that an event comes from another one each time.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta

from benchmarks.events import CAMERAS, DOORS, Made, Mix, watched_plate
from eventlog import codec
from eventlog.ports import EventLog, NewEvent
from eventlog.vocabulary import (
    DeviceSet,
    DoorSet,
    EstateSet,
    Event,
    GateSet,
    PassRule,
    RuleActivated,
    SquadSet,
    VehicleSet,
    WatchEntrySet,
    Words,
    ZoneSet,
)
from processors.rules import RULES

VEHICLES = 20
WATCHED = 100
"""Watched plates of an estate: each raises one alert."""
PLATE_EVERY = 300
"""In a backlog one event in so many is a watched plate."""
LOT = 2_000
PASSING = (PassRule(groups=("resident",)), PassRule(direction="out"))
PLATES = tuple(f"京A{number:05d}" for number in range(VEHICLES))


def names(count: int) -> list[str]:
    """The estates of a city."""
    return [f"estate-{number:03d}" for number in range(1, count + 1)]


def registers() -> Iterator[Event]:
    """Of one estate."""
    both = Words(zh="小区", en="Estate")
    yield SquadSet(squad="squad-1", name=both)
    yield EstateSet(name=both, default_squad="squad-1")
    yield ZoneSet(zone="yard", name=both)
    for door in DOORS:
        yield ZoneSet(zone=door, name=both)
        yield DeviceSet(device=door, family="access", zone=door)
        yield DoorSet(door=door, device=door, zone=door, kind="building")
    for camera in CAMERAS:
        yield DeviceSet(device=camera, family="camera", zone="yard")
    yield DeviceSet(device="lpr-n", family="vehicle", zone="yard")
    lanes = ("vgate-n-in", "vgate-n-out")
    yield GateSet(gate="vgate-n", zone="yard", lanes=lanes, allow=PASSING)
    for plate in PLATES:
        yield VehicleSet(plate=plate, groups=("resident",))
    for number in range(WATCHED):
        yield WatchEntrySet(list="bench", kind="plate", value=watched_plate(number))
    for name, rule in RULES.items():
        yield RuleActivated(rule=name, version=rule.version)


def register(log: EventLog, estates: Sequence[str]) -> None:
    """Writes the registers of these estates."""
    events, at = list(registers()), datetime.now(UTC)
    for estate in estates:
        source = f"estates/{estate}/estate-file"
        log.append(
            [
                codec.make(event, estate=estate, source=source, event_id=f"r{number}", at=at)
                for number, event in enumerate(events)
            ]
        )


class City:
    """What the estates say, one after the other. `run` is the first part of the ids."""

    def __init__(self, run: str, estates: Sequence[str], watched_from: int = 0) -> None:
        runs = [f"{run[:-4]}{number:04x}" for number in range(len(estates))]  # no id twice in the city
        self._mixes = [
            Mix(own, watched_from, estate=estate, doors=DOORS, plates=PLATES)
            for own, estate in zip(runs, estates, strict=True)
        ]
        self._ordinary = self._watched = 0

    def next(self, at: str, watched: bool) -> Made:
        """The next event, of the estate whose turn it is; a plate of its watch list when told so."""
        if watched:
            self._watched += 1
            return self._mixes[self._watched % len(self._mixes)].watched(at)
        self._ordinary += 1
        return self._mixes[self._ordinary % len(self._mixes)].ordinary(at)


def fill(log: EventLog, city: City, count: int, over_s: float = 0.0) -> None:
    """Appends so many events as ingest would; by the devices' clocks they happened over this time."""
    events: list[NewEvent] = []
    start = datetime.now(UTC) - timedelta(seconds=over_s)
    for number in range(count):
        now = datetime.now(UTC)
        at = (start + timedelta(seconds=over_s * number / count)).isoformat(timespec="milliseconds")
        made = city.next(at, number % PLATE_EVERY == PLATE_EVERY // 2)
        envelope = codec.parse_wire(made.payload)
        received_us = int(now.timestamp() * 1e6)
        events.append(codec.from_envelope(made.topic.split("/")[1], envelope, received_us, made.payload))
        if len(events) == LOT:
            log.append(events)
            events = []
    log.append(events)
