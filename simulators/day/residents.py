"""The ordinary day of the people who live in an estate: work, school, nights, errands, walks. Pure.

Each person's day depends on the seed, the estate, the date and the person alone. Whoever is out over
midnight is known from yesterday's draw, so that dates fit together though each is made by itself.
"""

from __future__ import annotations

from datetime import date, timedelta
from random import Random
from typing import NamedTuple

from simulators.day.moments import HOUR_US, MINUTE_US, SECOND_US, share
from simulators.day.scene import Scene, Walker
from simulators.day.weather import festive, free_day
from simulators.day.world import Person, Vehicle

WORK_SHARE = 0.4
"""Of those who work so many are seen leaving on a working day: the others drive with somebody, are away or
work at home. Made up, so that a pilot day keeps to about 60,000 events."""
SCHOOL_SHARE = 0.46
ERRAND_SHARE = 0.34
FREE_DAY_SHARE = 0.4
LATE_SHARE = 0.015
"""Workers who come home after midnight."""
NIGHT_SHIFTS = 5 / 7
BY_CAR = 0.85
LAST_HOME_H = 23.6
IN_YARD_SHARE = 0.12
TO_CENTRE_SHARE = 0.02
RAIN_KEEPS_IN = 0.6


class Outing(NamedTuple):
    """Hours of the local day somebody leaves and is back at; None: on another date."""

    leaves_h: float | None
    back_h: float | None
    by_car: bool = False


def live(scene: Scene) -> None:
    """Everybody's day."""
    vehicles = {vehicle.owner: vehicle for vehicle in scene.estate.vehicles if vehicle.owner}
    for person in scene.estate.people:
        numbers = scene.numbers(person.id)
        walker = walker_of(person)
        found = outings(scene, person, numbers)
        for outing in found:
            _go(scene, person, walker, outing, vehicles.get(person.id), numbers)
        _near_home(scene, person, walker, found, numbers)


def walker_of(person: Person) -> Walker:
    """How a resident shows up at doors and probes."""
    faces = person.credentials[1:]
    return Walker(
        person.id,
        person.credentials[0],
        "card",
        faces[0] if faces else None,
        person.phone,
        person.phone_random,
    )


def outings(scene: Scene, person: Person, numbers: Random) -> list[Outing]:
    """When somebody leaves the estate on this date and when they are back."""
    match person.pattern:
        case "night":
            return _nights(scene, person, numbers)
        case "work":
            return _work(scene, person, numbers)
        case "school":
            return _school(scene, numbers)
        case "retired":
            return _walks(scene, person, numbers)
        case _:
            return _errand(scene, numbers, ERRAND_SHARE, 8.5, 17.5)


def _works_tonight(scene: Scene, person: Person, evening: date) -> bool:
    return share(scene.seed, person.id, evening, "night") < NIGHT_SHIFTS


def _late(scene: Scene, person: Person, on: date) -> bool:
    return share(scene.seed, person.id, on, "late") < LATE_SHARE


def _nights(scene: Scene, person: Person, numbers: Random) -> list[Outing]:
    found = []
    if _works_tonight(scene, person, scene.on - timedelta(days=1)):
        found.append(Outing(None, numbers.uniform(6.2, 8.4)))
    if _works_tonight(scene, person, scene.on):
        found.append(Outing(numbers.uniform(19.8, 22.2), None))
    return found


def _work(scene: Scene, person: Person, numbers: Random) -> list[Outing]:
    found = []
    if _late(scene, person, scene.on - timedelta(days=1)):
        found.append(Outing(None, numbers.uniform(0.05, 1.8)))
    leaves_h = min(max(numbers.gauss(7.75, 0.6), 5.6), 10.5)
    if _late(scene, person, scene.on):
        found.append(Outing(leaves_h, None))
    elif free_day(scene.on):
        found += _errand(scene, numbers, FREE_DAY_SHARE, 9.0, 20.0, by_car=person.vehicle is not None)
    elif numbers.random() < WORK_SHARE:
        back_h = min(max(numbers.gauss(18.3, 1.1), leaves_h + 3.0), LAST_HOME_H)
        found.append(Outing(leaves_h, back_h, person.vehicle is not None and numbers.random() < BY_CAR))
    return found


def _school(scene: Scene, numbers: Random) -> list[Outing]:
    if free_day(scene.on):
        return _errand(scene, numbers, 0.25, 9.0, 18.0)
    if numbers.random() >= SCHOOL_SHARE:
        return []
    return [Outing(min(max(numbers.gauss(7.4, 0.2), 6.8), 8.0), numbers.gauss(16.8, 0.5))]


def _walks(scene: Scene, person: Person, numbers: Random) -> list[Outing]:
    """The retired go out early or for the market; those who live alone every day."""
    if person.lives_alone or numbers.random() < 0.5 * _mood(scene):
        leaves_h = numbers.uniform(6.0, 9.5)
        return [Outing(leaves_h, leaves_h + numbers.uniform(0.6, 2.5))]
    return []


def _errand(
    scene: Scene, numbers: Random, often: float, from_h: float, until_h: float, *, by_car: bool = False
) -> list[Outing]:
    if numbers.random() >= often * _mood(scene):
        return []
    leaves_h = numbers.uniform(from_h, until_h)
    back_h = min(leaves_h + numbers.uniform(0.5, 4.0), LAST_HOME_H)
    return [Outing(leaves_h, back_h, by_car and numbers.random() < BY_CAR)]


def _mood(scene: Scene) -> float:
    return RAIN_KEEPS_IN if scene.weather.rain or scene.weather.storm else 1.0


def _go(
    scene: Scene, person: Person, walker: Walker, outing: Outing, car: Vehicle | None, numbers: Random
) -> None:
    if outing.leaves_h is not None:
        at_us = scene.start_us + int(outing.leaves_h * HOUR_US)
        if outing.by_car and car is not None:
            scene.out_of(person.door, at_us, numbers)
            gone_us = at_us + int(numbers.uniform(70.0, 240.0) * SECOND_US)
            scene.drive(f"vgate-{person.side}-out", gone_us, car.plate, car.vehicle_class, car.color)
        else:
            scene.leave(walker, person.door, person.side, at_us, numbers)
    if outing.back_h is not None:
        at_us = scene.start_us + int(outing.back_h * HOUR_US)
        if outing.by_car and car is not None:
            scene.drive(f"vgate-{person.side}-in", at_us, car.plate, car.vehicle_class, car.color)
            home_us = at_us + int(numbers.uniform(100.0, 400.0) * SECOND_US)
            scene.into(walker, person.door, home_us, numbers)
        else:
            scene.come(walker, person.door, person.side, at_us, numbers)


def _at_home_from_h(found: list[Outing]) -> float:
    """From which hour somebody is at home for the rest of the day; 24 when they are not."""
    back = [outing.back_h if outing.back_h is not None else 24.0 for outing in found]
    return max(back, default=0.0)


def _near_home(scene: Scene, person: Person, walker: Walker, found: list[Outing], numbers: Random) -> None:
    """What happens inside the estate: children play, the old sit in the yard, some see the centre."""
    if person.pattern in {"work", "night"} or scene.weather.rain:
        return
    if not found and numbers.random() < TO_CENTRE_SHARE:
        _to_centre(scene, person, walker, numbers)
    elif numbers.random() < IN_YARD_SHARE and _at_home_from_h(found) < 18.0:
        _into_yard(scene, person, walker, numbers)


def _to_centre(scene: Scene, person: Person, walker: Walker, numbers: Random) -> None:
    centre = scene.estate.centre
    at_us = scene.start_us + int(numbers.uniform(9.0, 16.5) * HOUR_US)
    scene.out_of(person.door, at_us, numbers)
    there_us = at_us + scene.walk_us(person.door, centre, numbers)
    scene.into(walker, centre, there_us, numbers)
    gone_us = there_us + int(numbers.uniform(8.0, 50.0) * MINUTE_US)
    scene.out_of(centre, gone_us, numbers)
    scene.into(walker, person.door, gone_us + scene.walk_us(centre, person.door, numbers), numbers)


def _into_yard(scene: Scene, person: Person, walker: Walker, numbers: Random) -> None:
    festival = festive(scene.estate.id, scene.on, scene.seed)
    at_us = scene.start_us + int((18.2 if festival else numbers.uniform(18.4, 20.4)) * HOUR_US)
    at_us += int(numbers.uniform(0.0, 20.0) * MINUTE_US)
    stays_us = int(numbers.uniform(12.0, 70.0) * MINUTE_US)
    plays = person.child and scene.estate.zones_of("playground")
    zone = "playground" if plays else "yard"
    there_us = at_us + scene.walk_us(person.door, zone, numbers)
    scene.out_of(person.door, at_us, numbers)
    scene.see(zone, there_us, stays_us / SECOND_US, numbers, which=numbers.randrange(2))
    scene.into(walker, person.door, there_us + stays_us + scene.walk_us(zone, person.door, numbers), numbers)
