"""Visitors with permits, and the people and vehicles that come to an estate to work. Pure.

A permit is in the register before its visitor comes and goes out of it the night after.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from random import Random
from typing import NamedTuple

from eventlog.vocabulary import Event, FaceUnknown, VisitorRemoved, VisitorSet
from simulators.day.moments import HOUR_US, MINUTE_US, SECOND_US, chance, midnight_us, utc
from simulators.day.people import Plates, address
from simulators.day.scene import Scene, Walker
from simulators.day.truth import Emission
from simulators.day.weather import free_day
from simulators.day.world import EstateWorld, Home, Staff

ON_FOOT_A_HOME = 0.06
BY_CAR_A_HOME = 0.035
FREE_DAY_FACTOR = 1.8
FACE_SEEN = 0.9
OWN_ADDRESS = 0.08
"""Visitors' phones that show their maker's address, which nobody has registered."""
COURIER_ROUNDS = 2
FORGOTTEN_AT_H = 3.0
"""When the permits of the day before go out of the register."""


class Visit(NamedTuple):
    """One visitor's stay; hours of the local day. `plate` None: on foot, with a code for the gate."""

    name: str
    home: Home
    side: str
    comes_h: float
    goes_h: float
    plate: str | None


def visits(estate: EstateWorld, on: date, seed: int) -> list[Visit]:
    """Who visits whom on a date."""
    numbers = chance(seed, estate.id, on, "visits")
    factor = FREE_DAY_FACTOR if free_day(on) else 1.0
    lived_in = [home for home in estate.homes if home.people]
    on_foot = int(len(estate.homes) * ON_FOOT_A_HOME * factor)
    by_car = int(len(estate.homes) * BY_CAR_A_HOME * factor)
    plates = Plates(chance(seed, estate.id, on, "guests' plates"), {car.plate for car in estate.vehicles})
    found = []
    for number in range(on_foot + by_car):
        home = numbers.choice(lived_in)
        side = estate.person[home.people[0]].side
        comes_h = numbers.triangular(8.5, 20.5, 15.0)
        goes_h = min(comes_h + numbers.triangular(0.5, 6.0, 1.5), 22.6)
        plate = plates.new() if number >= on_foot else None
        found.append(Visit(f"visit-{on:%m%d}-{number + 1:03d}", home, side, comes_h, goes_h, plate))
    return found


def permits(estate: EstateWorld, on: date, seed: int) -> Iterator[tuple[int, Event]]:
    """The permits of a date, each an hour or more before its visitor, and yesterday's taken away."""
    start_us = midnight_us(on)
    for visit in visits(estate, on - timedelta(days=1), seed):
        gone_us = start_us + int(FORGOTTEN_AT_H * HOUR_US)
        yield gone_us, VisitorRemoved.model_construct(visitor=visit.name)
    for visit in visits(estate, on, seed):
        event = VisitorSet.model_construct(
            visitor=visit.name,
            home=visit.home.id,
            plate=visit.plate,
            credential=_code(visit) if visit.plate is None else None,
            person=f"{visit.name}-person",
            valid_from=utc(start_us + int((visit.comes_h - 1.0) * HOUR_US)),
            valid_until=utc(start_us + int((visit.goes_h + 1.5) * HOUR_US)),
        )
        yield start_us + int((visit.comes_h - 1.5) * HOUR_US), event


def _code(visit: Visit) -> str:
    return f"code-{visit.name}"


def come_and_go(scene: Scene) -> None:
    """Visitors, couriers, cleaners, the centre's keepers and service vehicles of the day."""
    for visit in visits(scene.estate, scene.on, scene.seed):
        _visit(scene, visit, scene.numbers(visit.name))
    for staff in scene.estate.staff:
        numbers = scene.numbers(staff.id)
        if staff.kind == "courier":
            _courier(scene, staff, numbers)
        elif staff.kind == "cleaner":
            _cleaner(scene, staff, numbers)
        elif not free_day(scene.on):
            _keeper(scene, staff, numbers)
    _service(scene, scene.numbers("service"))


def _visit(scene: Scene, visit: Visit, numbers: Random) -> None:
    comes_us = scene.start_us + int(visit.comes_h * HOUR_US)
    goes_us = scene.start_us + int(visit.goes_h * HOUR_US)
    building, side = visit.home.building, visit.side
    # At the building the host lets them in by the intercom.
    host = Walker(None, f"intercom-{building}", "remote", None, None, False)
    if visit.plate is not None:
        scene.drive(f"vgate-{side}-in", comes_us, visit.plate, "car", "white")
        scene.into(host, building, comes_us + int(numbers.uniform(120.0, 500.0) * SECOND_US), numbers)
        scene.out_of(building, goes_us, numbers)
        gone_us = goes_us + int(numbers.uniform(90.0, 300.0) * SECOND_US)
        scene.drive(f"vgate-{side}-out", gone_us, visit.plate, "car", "white")
        return
    phone = address(numbers, own=True) if numbers.random() < OWN_ADDRESS else None
    guest = Walker(f"{visit.name}-person", _code(visit), "qr", None, phone, True)
    gate = numbers.choice(scene.estate.doors_of_side[side])
    scene.at_gate(guest, gate, "in", comes_us, numbers)
    _stranger(scene, gate.id, comes_us, numbers)
    scene.into(host, building, comes_us + scene.walk_us(gate.zone, building, numbers), numbers)
    scene.leave(guest, building, side, goes_us, numbers)


def _stranger(scene: Scene, gate: str, at_us: int, numbers: Random) -> None:
    terminal = scene.estate.terminal_of.get(gate)
    if terminal is not None and numbers.random() < FACE_SEEN:
        score = round(min(max(numbers.gauss(0.42, 0.1), 0.1), 0.59), 3)
        event = FaceUnknown.model_construct(score=score)
        scene.out.append(Emission(at_us - SECOND_US, terminal, "face", event))


def _worker(staff: Staff) -> Walker:
    return Walker(staff.id, staff.credential, "card", None, None, True)


def _tour(scene: Scene, staff: Staff, start_us: int, stops: list[tuple[str, float]], numbers: Random) -> None:
    """In by a gate, from building to building with seconds in each, and out again."""
    who = _worker(staff)
    gate = numbers.choice(scene.estate.doors_of_side[staff.side])
    scene.at_gate(who, gate, "in", start_us, numbers)
    at_us, place = start_us, gate.zone
    for building, stays_s in stops:
        at_us += scene.walk_us(place, building, numbers)
        scene.into(who, building, at_us, numbers)
        at_us += int(stays_s * SECOND_US)
        scene.out_of(building, at_us, numbers)
        place = building
    at_us += scene.walk_us(place, gate.zone, numbers)
    scene.at_gate(who, gate, "out", at_us, numbers)


def _buildings(scene: Scene, count: int, numbers: Random) -> list[str]:
    homes = [
        door.id for door in scene.estate.doors if door.kind == "building" and door.id != scene.estate.centre
    ]
    return numbers.sample(homes, min(count, len(homes)))


def _courier(scene: Scene, staff: Staff, numbers: Random) -> None:
    for tour in range(COURIER_ROUNDS):
        at_us = scene.start_us + int((9.0 + 5.5 * tour + 4.5 * numbers.random()) * HOUR_US)
        buildings = _buildings(scene, numbers.randint(2, 5), numbers)
        _tour(scene, staff, at_us, [(each, numbers.uniform(70.0, 200.0)) for each in buildings], numbers)


def _cleaner(scene: Scene, staff: Staff, numbers: Random) -> None:
    at_us = scene.start_us + int(numbers.uniform(5.8, 6.6) * HOUR_US)
    buildings = _buildings(scene, 4, numbers)
    _tour(scene, staff, at_us, [(each, numbers.uniform(1_200.0, 2_600.0)) for each in buildings], numbers)


def _keeper(scene: Scene, staff: Staff, numbers: Random) -> None:
    at_us = scene.start_us + int(numbers.uniform(6.6, 8.4) * HOUR_US)
    stays_s = numbers.uniform(9.0, 11.5) * 3_600.0
    _tour(scene, staff, at_us, [(scene.estate.centre, stays_s)], numbers)


def _service(scene: Scene, numbers: Random) -> None:
    """Vans on their routes: they stop for a moment, some of them beside a fire lane."""
    lanes = scene.estate.zones_of("fire_lane")
    for vehicle in scene.estate.vehicles:
        if vehicle.group != "service" or numbers.random() < 0.3:
            continue
        side = numbers.choice(tuple(scene.estate.doors_of_side))
        at_us = scene.start_us + int(numbers.uniform(6.5, 18.0) * HOUR_US)
        scene.drive(f"vgate-{side}-in", at_us, vehicle.plate, vehicle.vehicle_class, vehicle.color)
        if lanes and numbers.random() < 0.6:
            stop_us = at_us + int(numbers.uniform(2.0, 10.0) * MINUTE_US)
            scene.see(numbers.choice(lanes), stop_us, numbers.uniform(15.0, 100.0), numbers, label="truck")
        gone_us = at_us + int(numbers.uniform(14.0, 70.0) * MINUTE_US)
        scene.drive(f"vgate-{side}-out", gone_us, vehicle.plate, vehicle.vehicle_class, vehicle.color)
