"""The everyday life of an estate as an endless stream of small doings, with an incident now and then.

Pure and repeatable from a seed: no clock, no network; `simulators.live` plays it. The pilot's people, cards
and errands are made up; its devices and plates are those of examples/pilot/estate.yaml.
"""

from __future__ import annotations

import heapq
import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

SECOND_US = 1_000_000


class Doing(NamedTuple):
    """What a device does at a moment (microseconds after the start)."""

    at_us: int
    device: str
    word: str
    data: Mapping[str, Any]


@dataclass(frozen=True)
class Cast:
    """Who takes part. Lanes are by plate camera (in, out), zones by camera."""

    estate: str
    doors: tuple[str, ...]
    incident_doors: tuple[str, ...]
    lanes: Mapping[str, tuple[str, str]]
    cameras: Mapping[str, str]
    residents: tuple[str, ...]
    watched: tuple[str, ...]
    strangers: tuple[str, ...]

    def devices(self) -> dict[str, str]:
        """Every device with its kind."""
        gates = dict.fromkeys((*self.doors, *self.incident_doors), "gate")
        cameras = dict.fromkeys(self.cameras, "camera")
        return {**gates, **dict.fromkeys(self.lanes, "plate_camera"), **cameras}

    def place(self, device: str) -> str:
        """Where a device is, as its events say it, unless they name it."""
        return self.cameras.get(device, device)


PILOT = Cast(
    estate="xiegou",
    doors=("gate-n1", "gate-n2", "gate-s1", "gate-s2", *(f"building-{n}" for n in range(1, 13))),
    incident_doors=tuple(f"building-{n}" for n in range(21, 27)),
    lanes={"lpr-n": ("vgate-n-in", "vgate-n-out"), "lpr-s": ("vgate-s-in", "vgate-s-out")},
    cameras={f"cam-{n:02d}": f"building-{n}" for n in range(1, 9)},
    residents=(
        "豫A6V802",
        "豫AWP363",
        "豫A32239",
        "豫A9AA48",
        "豫A07985",
        "豫A0J3V6",
        "豫AD1288",
        "豫A06359",
    ),
    watched=("豫A35N69", "豫A74Q5K"),
    strangers=("豫A88K26", "豫AT5031", "豫A61F7X", "豫A7R920"),
)
CASTS: Mapping[str, Cast] = {"pilot": PILOT}

FIRST_INCIDENT_S = 3.0
INCIDENT_EVERY_S = (45.0, 75.0)
HEARTBEAT_EVERY_S = 60.0


class Life:
    """The stream of doings of a cast; iterate it for ever."""

    def __init__(self, cast: Cast, seed: int = 0) -> None:
        self._cast = cast
        self._random = random.Random(f"life/{cast.estate}/{seed}")
        self._agenda: list[tuple[int, int, Callable[[int], None] | Doing]] = []
        self._order = 0
        self._busy: dict[str, int] = {}
        self._incident = 0
        for after_s, start in (
            (1.0, self._person), (3.0, self._car), (2.0, self._camera), (FIRST_INCIDENT_S, self._incidents),
        ):  # fmt: skip
            self._at(int(after_s * SECOND_US), start)
        for number, device in enumerate(cast.devices()):
            self._at((HEARTBEAT_EVERY_S * SECOND_US + number * SECOND_US).__int__(), self._heart(device))

    def __iter__(self) -> Iterator[Doing]:
        while True:
            at_us, _, next_ = heapq.heappop(self._agenda)
            if isinstance(next_, Doing):
                yield next_
            else:
                next_(at_us)

    # What goes on.

    def _person(self, now_us: int) -> None:
        """Somebody comes or goes at a door that is free."""
        self._again(now_us, 3.0, self._person)
        door = self._random.choice(self._cast.doors)
        if self._busy.get(door, 0) > now_us:
            return
        card = f"card-{self._random.randrange(1, 3_200):04d}"
        if self._random.random() < 0.3:
            self._do(now_us, 0.0, door, "exit_requested")
        else:
            self._do(
                now_us, 0.0, door, "granted", credential=card, method=self._random.choice(("card", "face"))
            )
        open_s = 2.0 + self._random.random() * 6.0
        self._do(now_us, 0.8, door, "opened")
        self._do(now_us, 0.8 + open_s, door, "closed")
        self._busy[door] = now_us + int((2.0 + open_s) * SECOND_US)

    def _car(self, now_us: int) -> None:
        """A resident drives in or out."""
        self._again(now_us, 12.0, self._car)
        camera = self._random.choice(tuple(self._cast.lanes))
        plate = self._random.choice(self._cast.residents)
        self._passes(now_us, camera, plate, self._random.choice(("in", "out")), opens=True)

    def _camera(self, now_us: int) -> None:
        """Somebody walks through a picture."""
        self._again(now_us, 6.0, self._camera)
        camera = self._random.choice(tuple(self._cast.cameras))
        track = f"t{self._random.randrange(10_000)}"
        self._do(now_us, 0.0, camera, "sees", track=track, event="enter")
        self._do(now_us, 3.0 + self._random.random() * 9.0, camera, "sees", track=track, event="leave")

    def _heart(self, device: str) -> Callable[[int], None]:
        def beat(now_us: int) -> None:
            self._do(now_us, 0.0, device, "heartbeat")
            self._at(now_us + int(HEARTBEAT_EVERY_S * SECOND_US), beat)

        return beat

    # Incidents, in a fixed round, so that every kind is seen within a few minutes.

    def _incidents(self, now_us: int) -> None:
        pause_s = self._random.uniform(*INCIDENT_EVERY_S)
        self._at(now_us + int(pause_s * SECOND_US), self._incidents)
        kinds = (
            self._denials,
            self._watched_plate,
            self._forced,
            self._stranger,
            self._left_open,
            self._camera_lost,
        )
        kinds[self._incident % len(kinds)](now_us)
        self._incident += 1

    def _incident_door(self) -> str:
        doors = self._cast.incident_doors
        return doors[self._incident % len(doors)] if self._incident else doors[0]

    def _denials(self, now_us: int) -> None:
        door = self._random.choice(self._cast.incident_doors)
        for number in range(3):
            card = f"card-{self._random.randrange(9_000, 9_999)}"
            self._do(now_us, number * 3.0, door, "denied", credential=card, reason="unknown")

    def _watched_plate(self, now_us: int) -> None:
        camera = self._random.choice(tuple(self._cast.lanes))
        self._passes(now_us, camera, self._random.choice(self._cast.watched), "in", opens=False)

    def _forced(self, now_us: int) -> None:
        door = self._incident_door()
        self._do(now_us, 0.0, door, "opened")
        self._do(now_us, 9.0, door, "closed")

    def _stranger(self, now_us: int) -> None:
        camera = self._random.choice(tuple(self._cast.lanes))
        self._passes(now_us, camera, self._random.choice(self._cast.strangers), "in", opens=False)

    def _left_open(self, now_us: int) -> None:
        door = self._incident_door()
        card = f"card-{self._random.randrange(1, 3_200):04d}"
        self._do(now_us, 0.0, door, "granted", credential=card)
        self._do(now_us, 1.0, door, "opened")
        self._do(now_us, 44.0, door, "closed")

    def _camera_lost(self, now_us: int) -> None:
        camera = self._random.choice(tuple(self._cast.cameras))
        self._do(now_us, 0.0, camera, "offline")
        self._do(now_us, 90.0, camera, "online")

    # How it is written down.

    def _passes(self, now_us: int, camera: str, plate: str, direction: str, *, opens: bool) -> None:
        lane = self._cast.lanes[camera][0 if direction == "in" else 1]
        confidence = round(self._random.uniform(0.92, 0.99), 2)
        self._do(
            now_us, 0.0, camera, "reads", lane=lane, plate=plate, direction=direction, confidence=confidence
        )
        if opens:
            self._do(now_us, 1.0, camera, "barrier_opened", lane=lane, by="plate")
            self._do(now_us, 7.0, camera, "barrier_closed", lane=lane)

    def _again(self, now_us: int, mean_s: float, start: Callable[[int], None]) -> None:
        """The next one after a random pause with this mean, ten means at most."""
        pause_s = min(self._random.expovariate(1.0 / mean_s), mean_s * 10)
        self._at(now_us + int(max(pause_s, 0.2) * SECOND_US), start)

    def _do(self, now_us: int, after_s: float, device: str, word: str, **data: Any) -> None:
        at_us = now_us + int(after_s * SECOND_US)
        self._at(at_us, Doing(at_us, device, word, data))

    def _at(self, at_us: int, what: Callable[[int], None] | Doing) -> None:
        self._order += 1
        heapq.heappush(self._agenda, (at_us, self._order, what))
