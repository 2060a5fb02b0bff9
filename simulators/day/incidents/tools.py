"""What stories of incidents are made of: where and when they are set, what devices report, what they hide.

A story is made once for its week from the seed and may be moved a little, to a moment when its door or lane
is quiet. Pure.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from random import Random
from typing import Any, Literal, TypeVar

from eventlog.vocabulary import (
    AccessDenied,
    AccessGranted,
    BarrierClosed,
    BarrierOpened,
    DoorClosed,
    DoorOpened,
    Event,
    ExitRequested,
    PeopleCounted,
    PlateRead,
)
from simulators.day.moments import DAY_US, HOUR_US, MINUTE_US, SECOND_US, midnight_us
from simulators.day.sights import track
from simulators.day.truth import Emission, Label
from simulators.day.world import Door, EstateWorld, Person, Segment, Staff, Vehicle

T = TypeVar("T")
Way = Literal["in", "out"]
TRIES_MAX = 50
"""Draws for what no other story has."""

__all__ = ["DAY_US", "HOUR_US", "MINUTE_US", "SECOND_US", "Cast", "Mute", "Quiet", "Tale", "emit"]


@dataclass(frozen=True, slots=True)
class Quiet:
    """A device that must have nothing else to do from when until when, or the story is moved."""

    device: str
    from_us: int
    until_us: int


@dataclass(frozen=True, slots=True)
class Mute:
    """Of the ordinary day this is left out: what a device says, or what is of a person or a member."""

    from_us: int
    until_us: int
    devices: frozenset[str] = frozenset()
    who: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Tale:
    """An incident or a double: its label, what is reported because of it, and what it does to the rest.

    Who is `absent` does nothing else on the days of the story, so that nobody is at two places. `lost` of its
    emissions are counted by their device and never arrive; `clocks` are how far devices' clocks
    are off, in seconds, from when until when.
    """

    label: Label
    emissions: tuple[Emission, ...] = ()
    registers: tuple[Event, ...] = ()
    mutes: tuple[Mute, ...] = ()
    quiet: tuple[Quiet, ...] = ()
    absent: frozenset[str] = frozenset()
    lost: frozenset[int] = frozenset()
    clocks: tuple[tuple[str, int, int, float], ...] = ()

    def moved(self, by_us: int) -> Tale:
        """The same, later. Only stories without registers, mutes and clocks are moved."""
        return replace(
            self,
            label=replace(self.label, at_us=self.label.at_us + by_us),
            emissions=tuple(replace(each, at_us=each.at_us + by_us) for each in self.emissions),
            quiet=tuple(Quiet(q.device, q.from_us + by_us, q.until_us + by_us) for q in self.quiet),
        )


def emit(at_us: int, device: str, family: str, kind: type[Event], /, **data: Any) -> Emission:
    """What a device reports; the data is known to be good."""
    return Emission(at_us, device, family, kind.model_construct(**data))


@dataclass
class Cast:
    """Who and what takes part in one story: an estate, a week, a source of numbers, and its kind."""

    estate: EstateWorld
    monday: date
    numbers: Random
    kind: str
    harmless: bool
    name: str
    out: list[Emission] = field(default_factory=list)
    plays: set[str] = field(default_factory=set)
    """Residents who take part."""
    taken: set[str] = field(default_factory=set)
    """What can be in one story of a week only, as a car: shared by its stories."""
    _tracks: int = 0

    def at(self, from_h: float, until_h: float, days: Sequence[int] = range(7)) -> int:
        """A moment of the week between these hours of a local day; past 24 is the next morning."""
        day = self.numbers.choice(days)
        hours = self.numbers.uniform(from_h, until_h)
        return self.day_us(day) + int(hours * HOUR_US)

    def day_us(self, day: int) -> int:
        """When a day of the week begins, 0 for Monday."""
        return midnight_us(self.monday + timedelta(days=day))

    def seconds(self, low: float, high: float) -> int:
        """A random length in µs."""
        return int(self.numbers.uniform(low, high) * SECOND_US)

    def choice(self, among: Iterable[T]) -> T:
        """One of them."""
        return self.numbers.choice(tuple(among))

    def alone(self, draw: Callable[[], T], name: Callable[[T], str]) -> T:
        """One that no other story of the week has; where that is hard to find, any."""
        for _ in range(TRIES_MAX):
            drawn = draw()
            if name(drawn) not in self.taken:
                break
        self.taken.add(name(drawn))
        return drawn

    def unpatrolled(self, draw: Callable[[], int]) -> int:
        """A moment for who has eyes: mostly one at which no round comes along the fence."""
        at_us = draw()
        while self.numbers.random() < 0.8 and self._patrolled(at_us):
            at_us = draw()
        return at_us

    def _patrolled(self, at_us: int) -> bool:
        for plan in self.estate.rounds:
            for stop in plan.stops:
                if self.estate.checkpoints[stop.checkpoint] != "perimeter":
                    continue
                for start in plan.starts:
                    due_us = int((start + stop.after_min) * MINUTE_US)
                    away_us = (at_us - self.day_us(0) - due_us + HOUR_US * 12) % DAY_US - HOUR_US * 12
                    if -15 * MINUTE_US < away_us < 10 * MINUTE_US:
                        return True
        return False

    def tell(self, zone: str, place: str, at_us: int, story: str, **more: Any) -> Tale:
        """The story with what was gathered in `out`."""
        label = Label(self.kind, zone, place, at_us, self.harmless, story)
        self.out.sort(key=lambda each: each.at_us)
        return Tale(label, tuple(self.out), absent=frozenset(self.plays), **more)

    def say(self, at_us: int, device: str, family: str, kind: type[Event], /, **data: Any) -> Emission:
        """A device reports."""
        emission = emit(at_us, device, family, kind, **data)
        self.out.append(emission)
        return emission

    # People and places.

    def building(self) -> Door:
        """The door of a building where people live."""
        lived_in = {person.door for person in self.estate.people}
        return self.choice(door for door in self.estate.doors if door.id in lived_in)

    def gate(self) -> Door:
        """A pedestrian gate."""
        return self.choice(door for door in self.estate.doors if door.kind == "gate")

    def resident(self, door: Door | None = None) -> Person:
        """A grown-up who lives behind a door, or anywhere; on the days of the story nowhere else."""
        grown = [p for p in self.estate.people if not p.child and (door is None or p.door == door.id)]
        person = self.alone(lambda: self.choice(grown or self.estate.people), lambda each: each.id)
        self.plays.add(person.id)
        return person

    def keeper(self, kind: str = "keeper") -> Staff:
        """Somebody who works here."""
        return self.choice(each for each in self.estate.staff if each.kind == kind)

    def owner(self, *, in_: bool = True) -> tuple[Person, Vehicle]:
        """A resident with their car."""
        owned = [v for v in self.estate.vehicles if v.owner]
        vehicle = self.alone(lambda: self.choice(owned), lambda each: str(each.owner))
        return self.estate.person[str(vehicle.owner)], vehicle

    def camera(self, zone: str) -> str:
        """A camera that sees a zone."""
        return self.choice(self.estate.cameras[zone])

    def segment(self) -> Segment:
        """A segment of the fence."""
        return self.choice(self.estate.segments)

    def shortest_m(self, start: str, end: str) -> float:
        """Metres of the shortest way on foot between two zones."""
        return self.estate.plan.walk_m(start, end) or 0.0

    def lane(self, way: Way = "in") -> str:
        """A lane that leads in or out."""
        return self.choice(lane.id for lane in self.estate.lanes if lane.direction == way)

    def plate(self) -> str:
        """A plate that nobody here has."""
        letters = "ABCDEFGHJKLMNPQRSTUVWXYZ"
        return f"豫{self.choice('BCDEFG')}{self.choice(letters)}{self.numbers.randrange(1_000, 10_000)}"

    # What doors report.

    def granted(self, at_us: int, door: Door, credential: str, way: Way = "in", **more: Any) -> None:
        """A credential is let through."""
        if "holder" in more:
            self.plays.add(more["holder"])
        data = {"method": "card", **more}
        self.say(
            at_us, door.device, "access", AccessGranted,
            door=door.id, credential=credential, direction=way, **data,
        )  # fmt: skip

    def denied(self, at_us: int, door: Door, credential: str | None, reason: str, **more: Any) -> None:
        """A credential is refused."""
        data = {"method": "card", "direction": "in", **more}
        self.say(
            at_us, door.device, "access", AccessDenied,
            door=door.id, credential=credential, reason=reason, **data,
        )  # fmt: skip

    def opening(self, at_us: int, door: Door, open_s: float, people: int = 1, way: Way = "in") -> None:
        """The door opens, people go through, it closes."""
        self.say(at_us, door.device, "access", DoorOpened, door=door.id)
        closed_us = at_us + int(open_s * SECOND_US)
        if people and door.counts:
            counted_us = closed_us - SECOND_US // 2
            self.say(
                counted_us, door.device, "access", PeopleCounted, door=door.id, count=people, direction=way
            )
        self.say(closed_us, door.device, "access", DoorClosed, door=door.id)

    def exit_button(self, at_us: int, door: Door) -> None:
        """The button inside is pressed."""
        self.say(at_us, door.device, "access", ExitRequested, door=door.id)

    def entering(self, at_us: int, door: Door, person: Person, open_s: float = 5.0, people: int = 1) -> None:
        """Somebody comes in by their card."""
        self.granted(at_us, door, person.credentials[0], holder=person.id)
        self.opening(at_us + SECOND_US, door, open_s, people)

    # What lanes report.

    def read(
        self, at_us: int, lane: str, plate: str, kind: str = "car", sure: float | None = None, **more: Any
    ) -> None:
        """A plate is read."""
        where = self.estate.lane[lane]
        data = {"color": "white", **more}
        self.say(
            at_us, where.device, "vehicle", PlateRead, plate=plate, lane=lane, direction=where.direction,
            confidence=sure or round(self.numbers.uniform(0.91, 0.99), 3), vehicle_class=kind, **data,
        )  # fmt: skip

    def barrier(self, at_us: int, lane: str, by: str | None, up_s: float = 7.0) -> None:
        """The barrier goes up and down."""
        device = self.estate.lane[lane].device
        self.say(at_us, device, "vehicle", BarrierOpened, lane=lane, by=by)
        self.say(at_us + int(up_s * SECOND_US), device, "vehicle", BarrierClosed, lane=lane, by=None)

    def drives(self, at_us: int, lane: str, plate: str, kind: str = "car") -> None:
        """A car is read and let through."""
        self.read(at_us, lane, plate, kind)
        self.barrier(at_us + SECOND_US, lane, "plate")

    # What cameras see.

    def sees(self, camera: str, zone: str, from_us: int, until_us: int, label: str = "person") -> None:
        """A track enters, stays, leaves."""
        self._tracks += 1
        name = f"{self.name}-{self._tracks}"
        self.out += track(camera, zone, name, from_us, until_us, self.numbers, label)

    def busy(self, door: Door, from_us: int, until_us: int) -> tuple[Quiet, ...]:
        """The door is this story's, with some time around it."""
        return (Quiet(door.device, from_us - 20 * SECOND_US, until_us + 12 * SECOND_US),)

    def busy_lane(self, lane: str, from_us: int, until_us: int) -> tuple[Quiet, ...]:
        """The lane's camera is this story's, with some time around it."""
        device = self.estate.lane[lane].device
        return (Quiet(device, from_us - 30 * SECOND_US, until_us + 15 * SECOND_US),)
