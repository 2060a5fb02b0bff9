"""Who lives and works in a simulated estate, and what they carry and drive. Everybody is made up. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from random import Random
from typing import Literal

from simulators.day.moments import chance
from simulators.day.sizes import Size
from simulators.day.world import Home, Pattern, Person, Staff, Vehicle

EMPTY_HOMES = 0.06
LET_HOMES = 0.45
FACE_SHARE = 0.4
"""Residents who pass by face where there is a terminal; the others take their card."""
OWN_ADDRESS = 0.1
"""Phones that always show the same address: old ones. Those of residents are registered."""
RANDOM_ADDRESS = 0.85
ELECTRIC = 0.3
DEAD_OF_EACH = 12
SERVICE_VEHICLES = 12

_HOME_SIZES = (1, 1, 2, 2, 2, 3, 3, 3, 4, 4, 5)
_LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ"
_COLOURS = ("white", "black", "grey", "silver", "red", "blue")


@dataclass
class Lives:
    """What `lives` makes."""

    homes: tuple[Home, ...] = ()
    people: tuple[Person, ...] = ()
    vehicles: tuple[Vehicle, ...] = ()
    staff: tuple[Staff, ...] = ()
    watched_plates: tuple[str, ...] = ()
    watched_people: tuple[str, ...] = ("wanted-1", "wanted-2", "wanted-3")
    dead_credentials: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def lives(size: Size, seed: int) -> Lives:
    """The people of an estate with their homes, credentials, phones and vehicles."""
    numbers = chance(seed, size.id, "lives")
    homes, residents = _households(size, numbers)
    plates = Plates(numbers)
    drivers = [person for person in residents if not person.child and person.pattern != "school"]
    owners = numbers.sample(drivers, min(size.vehicles, len(drivers)))
    driven = {person.id: plates.new() for person in owners}
    vehicles = [
        Vehicle(plate, owner, "resident", "car", numbers.choice(_COLOURS)) for owner, plate in driven.items()
    ]
    vehicles += [
        Vehicle(plates.new(), None, "service", "van", numbers.choice(_COLOURS))
        for _ in range(SERVICE_VEHICLES)
    ]
    return Lives(
        homes=homes,
        people=tuple(replace(person, vehicle=driven.get(person.id)) for person in residents),
        vehicles=tuple(vehicles),
        staff=tuple(_staff(size)),
        watched_plates=tuple(plates.new() for _ in range(6)),
        dead_credentials={
            state: tuple(f"card-{state}-{number:02d}" for number in range(1, DEAD_OF_EACH + 1))
            for state in ("lost", "revoked", "expired")
        },
    )


def _households(size: Size, numbers: Random) -> tuple[tuple[Home, ...], list[Person]]:
    homes: list[Home] = []
    residents: list[Person] = []
    sizes = iter(_sizes(size, numbers))
    lived_in = size.buildings - 1
    for number in range(size.homes):
        building, index = divmod(number, -(-size.homes // lived_in))
        home = Home(
            f"h{building + 1:02d}-{index + 1:03d}", f"building-{building + 1}", index // 4 + 1, "owner", ()
        )
        members = next(sizes)
        let = numbers.random() < LET_HOMES
        found = [
            _person(size, home, len(residents) + 1 + place, place, members, let, numbers)
            for place in range(members)
        ]
        residents += found
        use: Literal["owner", "let", "empty"] = "empty" if not members else "let" if let else "owner"
        homes.append(replace(home, use=use, people=tuple(person.id for person in found)))
    return tuple(homes), residents


def _sizes(size: Size, numbers: Random) -> list[int]:
    """How many people live in each home: random, with the right sum."""
    found = [0 if numbers.random() < EMPTY_HOMES else numbers.choice(_HOME_SIZES) for _ in range(size.homes)]
    while (missing := size.people - sum(found)) != 0:
        place = numbers.randrange(len(found))
        if found[place] > (0 if missing > 0 else 1):
            found[place] += 1 if missing > 0 else -1
    return found


def _person(
    size: Size, home: Home, number: int, place: int, members: int, let: bool, numbers: Random
) -> Person:
    child = place >= 2 and numbers.random() < 0.75
    pattern = _pattern(child, members, numbers)
    building = int(home.building.rpartition("-")[2])
    near = size.sides[min((building - 1) * len(size.sides) // size.buildings, len(size.sides) - 1)]
    name = f"p{number:05d}"
    faces = (f"face-{name}",) if numbers.random() < FACE_SHARE else ()
    own = not child and numbers.random() < OWN_ADDRESS
    return Person(
        id=name,
        home=home.id,
        building=home.building,
        door=home.building,
        side=near if numbers.random() < 0.8 else numbers.choice(size.sides),
        role="tenant" if let else "owner" if place == 0 else "family",
        pattern=pattern,
        credentials=(f"card-{number:05d}", *faces),
        phone=address(numbers, own=True) if own else None,
        phone_random=not own and not child and numbers.random() < RANDOM_ADDRESS,
        vehicle=None,
        lives_alone=members == 1 and pattern == "retired",
        child=child,
    )


def _pattern(child: bool, members: int, numbers: Random) -> Pattern:
    if child:
        return "school"
    draw = numbers.random()
    retired = 0.4 if members == 1 else 0.2
    if draw < retired:
        return "retired"
    return "night" if draw < retired + 0.04 else "home" if draw < retired + 0.16 else "work"


def _staff(size: Size) -> Iterator[Staff]:
    """Cleaners, couriers who come every day, the centre's keepers, grid workers."""
    kinds: tuple[tuple[Literal["cleaner", "courier", "keeper", "grid_worker"], int], ...] = (
        ("cleaner", max(1, size.buildings // 4)),
        ("courier", max(2, size.homes // 50)),
        ("keeper", max(1, size.buildings // 9)),
        ("grid_worker", max(1, size.homes // 550)),
    )
    for kind, count in kinds:
        for number in range(1, count + 1):
            name = f"{kind}-{number:02d}"
            yield Staff(name, kind, f"card-{name}", size.sides[number % len(size.sides)])


class Plates:
    """Made-up plates, never the same twice: GA 36-2018 forms, three in ten of the new-energy one."""

    def __init__(self, numbers: Random, given: Iterable[str] = ()) -> None:
        self._numbers = numbers
        self._given = set(given)

    def new(self) -> str:
        """The next plate."""
        while (plate := self._draw()) in self._given:
            pass
        self._given.add(plate)
        return plate

    def _draw(self) -> str:
        numbers = self._numbers
        if numbers.random() < ELECTRIC:
            return f"豫A{numbers.choice('DF')}{numbers.randrange(10_000, 100_000)}"
        letters = numbers.sample(range(5), numbers.choice((0, 1, 1, 2)))
        return "豫A" + "".join(
            numbers.choice(_LETTERS) if place in letters else str(numbers.randrange(10)) for place in range(5)
        )


def address(numbers: Random, *, own: bool) -> str:
    """A radio address: the maker's own, or one that the phone made up (the second bit of its first byte)."""
    first = 0x3C if own else (numbers.randrange(64) << 2) | 0x02
    rest = numbers.randrange(1 << 40)
    return ":".join(f"{byte:02x}" for byte in (first, *rest.to_bytes(5, "big")))
