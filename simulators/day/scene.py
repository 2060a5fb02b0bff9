"""The stage of one day: collects what everybody does, and lets doors and lanes sort out who meets whom.

People are sent on their ways here: from a building to a gate and back, on foot or by car. Pure.
"""

from __future__ import annotations

from datetime import date
from random import Random
from typing import NamedTuple

from simulators.day.doors import Drive, Pass, use_door, use_lane
from simulators.day.moments import DAY_US, SECOND_US, chance, midnight_us
from simulators.day.sights import radio, track
from simulators.day.truth import Emission
from simulators.day.weather import Weather, weather
from simulators.day.world import Door, EstateWorld

WALK_M_S = 1.3
"""Ordinary walking; nobody is faster than 1.5 m/s, the most that counts as possible."""
PROBED = 0.4
"""Of phones that pass a gate so many are caught by its probe."""
IN_YARD_PICTURE = 0.2
"""Of the ways across the yard so many go through a picture."""


class Walker(NamedTuple):
    """Somebody on foot: what they show at doors (`face` a face's credential), and their phone."""

    name: str | None
    credential: str
    method: str
    face: str | None
    phone: str | None
    phone_random: bool


class Scene:
    """One estate on one date."""

    def __init__(self, estate: EstateWorld, on: date, seed: int) -> None:
        self.estate = estate
        self.on = on
        self.seed = seed
        self.start_us = midnight_us(on)
        self.end_us = self.start_us + DAY_US
        self.weather: Weather = weather(estate.id, on, seed)
        self.out: list[Emission] = []
        self._passes: dict[str, list[Pass]] = {door.id: [] for door in estate.doors}
        self._drives: dict[str, list[Drive]] = {lane.id: [] for lane in estate.lanes}
        self._prefix = f"{on:%m%d}-"
        self._tracks = 0
        self._gates = estate.doors_of_side
        self._cameras = estate.cameras
        self._ways = {
            (door.zone, gate.zone): estate.walk_m(door.zone, gate.zone)
            for door in estate.doors
            if door.kind == "building"
            for gate in estate.doors
            if gate.kind == "gate"
        }

    def numbers(self, *name: object) -> Random:
        """The random numbers of one thing on this day."""
        return chance(self.seed, self.estate.id, self.on, *name)

    def emissions(self) -> list[Emission]:
        """All that is reported on this date, in order."""
        for door in self.estate.doors:
            self.out += use_door(door, self._passes[door.id], self.numbers(door.id))
        for lane in self.estate.lanes:
            self.out += use_lane(lane, self._drives[lane.id], self.numbers(lane.id))
        start_us, end_us = self.start_us, self.end_us
        kept = [each for each in self.out if start_us <= each.at_us < end_us]
        kept.sort(key=lambda each: each.at_us)
        return kept

    # What cameras and probes see.

    def see(
        self, zone: str, from_us: int, length_s: float, numbers: Random, label: str = "person", which: int = 0
    ) -> None:
        """A track in the picture of one of a zone's cameras."""
        cameras = self._cameras.get(zone)
        if cameras:
            self._tracks += 1
            camera = cameras[which % len(cameras)]
            until_us = from_us + int(length_s * SECOND_US)
            self.out += track(
                camera, zone, f"{self._prefix}{self._tracks}", from_us, until_us, numbers, label
            )

    def probe(self, zone: str, at_us: int, phone: str | None, numbers: Random) -> None:
        """A phone at one of a zone's probes."""
        probes = self.estate.probes.get(zone)
        if probes:
            self.out.append(radio(numbers.choice(probes), at_us, phone, numbers))

    # Ways. Each tells when the other end is reached.

    def leave(self, who: Walker, building: str, side: str, at_us: int, numbers: Random) -> int:
        """On foot from a building out of a gate; the moment at the gate."""
        self.out_of(building, at_us, numbers)
        gate = self._gate(side, numbers)
        there_us = at_us + self._walk_us(building, gate.zone, numbers)
        self._yard(at_us, there_us, numbers)
        self.at_gate(who, gate, "out", there_us, numbers)
        return there_us

    def come(self, who: Walker, building: str, side: str, at_us: int, numbers: Random) -> int:
        """On foot from a gate into a building; the moment at the building."""
        gate = self._gate(side, numbers)
        self.at_gate(who, gate, "in", at_us, numbers)
        home_us = at_us + self._walk_us(building, gate.zone, numbers)
        self._yard(at_us, home_us, numbers)
        self.into(who, building, home_us, numbers)
        return home_us

    def out_of(self, building: str, at_us: int, numbers: Random) -> None:
        """Out of a building, by the button inside."""
        self._passes[building].append(Pass(at_us, "out", None))
        self._at_door(building, at_us, numbers)

    def into(self, who: Walker, building: str, at_us: int, numbers: Random) -> None:
        """Into a building."""
        self._pass(who, building, "in", at_us)
        self._at_door(building, at_us, numbers)

    def at_gate(self, who: Walker, gate: Door, way: str, at_us: int, numbers: Random) -> None:
        """Through a pedestrian gate."""
        self._pass(who, gate.id, way, at_us)
        which = int(gate.id[-1])
        self.see(gate.zone, at_us - SECOND_US * 2, 6.0 + 6.0 * numbers.random(), numbers, which=which)
        if (who.phone or who.phone_random) and numbers.random() < PROBED:
            self.probe(gate.zone, at_us + SECOND_US, who.phone, numbers)

    def drive(self, lane: str, at_us: int, plate: str, vehicle_class: str, color: str) -> None:
        """Through a lane of a vehicle gate."""
        self._drives[lane].append(Drive(at_us, plate, vehicle_class, color))

    def walk_us(self, start: str, end: str, numbers: Random) -> int:
        """How long somebody takes between two zones."""
        return int((self.estate.walk_m(start, end) / WALK_M_S + 8.0 + 32.0 * numbers.random()) * SECOND_US)

    # Steps of the ways.

    def _walk_us(self, building: str, gate: str, numbers: Random) -> int:
        metres = self._ways[building, gate]
        return int((metres / WALK_M_S + 8.0 + 32.0 * numbers.random()) * SECOND_US)

    def _gate(self, side: str, numbers: Random) -> Door:
        gates = self._gates[side]
        return gates[0] if len(gates) == 1 else gates[int(numbers.random() * len(gates))]

    def _yard(self, from_us: int, until_us: int, numbers: Random) -> None:
        if numbers.random() < IN_YARD_PICTURE:
            middle_us = (from_us + until_us) // 2
            self.see("yard", middle_us, 12.0 + 18.0 * numbers.random(), numbers, which=middle_us)

    def _at_door(self, building: str, at_us: int, numbers: Random) -> None:
        before_us = int((1.0 + 3.0 * numbers.random()) * SECOND_US)
        self.see(building, at_us - before_us, 8.0 + 8.0 * numbers.random(), numbers)

    def _pass(self, who: Walker, door: str, way: str, at_us: int) -> None:
        terminal = self.estate.terminal_of.get(door)
        if who.face is not None and terminal is not None:
            each = Pass(at_us, way, "face", who.face, who.name, terminal)  # type: ignore[arg-type]
        else:
            each = Pass(at_us, way, who.method, who.credential, who.name)  # type: ignore[arg-type]
        self._passes[door].append(each)
