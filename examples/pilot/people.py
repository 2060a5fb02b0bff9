"""Writes the tables of the pilot estate: python examples/pilot/people.py homes > examples/pilot/homes.csv,
`residents` and `credentials` likewise. Same output every time.

1,150 homes and 3,200 people, 45 % of them tenants. Everybody is made up: names are drawn from the most
common ones, and nobody has a telephone. Some entries are not as they should be, as in every register: leases
that ran out, people who left and whose cards still open doors, homes that are let to no one.
"""

from __future__ import annotations

import csv
import random
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

BUILDINGS = 25
"""Nobody lives in the 26th: it is the neighbourhood's centre."""
HOMES = 1_150
PEOPLE = 3_200
TENANTS = 1_440
A_FLOOR = 4
EMPTY_SHARE = 0.06
LET_AND_EMPTY = 14
SIZES = (1, 1, 2, 2, 2, 3, 3, 3, 4, 4, 5)
SURNAMES = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗"
GIVEN = "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超霞平刚桂英玉兰建华志红梅"
FACE_SHARE = 0.3
LEASE_OVER_OF = 37
LEFT_OF = 90
LOST_OF = 150


@dataclass
class Somebody:
    """A person of the table; `home` is the number of their home."""

    number: int
    home: int
    role: str
    child: bool
    alone: bool
    left: bool = False

    @property
    def id(self) -> str:
        """As cards and lists name them."""
        return f"p{self.number:04d}"


def home_id(number: int) -> str:
    """`h03-017`: building 3, the 17th home."""
    building, index = divmod(number, HOMES // BUILDINGS)
    return f"h{building + 1:02d}-{index + 1:03d}"


@cache
def households() -> tuple[tuple[int, bool], ...]:
    """How many live in each home, and whether it is let: together the people and the tenants of the pilot."""
    chance = random.Random(1150)
    sizes = [0 if chance.random() < EMPTY_SHARE else chance.choice(SIZES) for _ in range(HOMES)]
    while (missing := PEOPLE - sum(sizes)) != 0:
        home = chance.randrange(HOMES)
        if sizes[home] > (0 if missing > 0 else 1):
            sizes[home] += 1 if missing > 0 else -1
    let = [False] * HOMES
    tenants = 0
    for home in chance.sample(range(HOMES), HOMES):
        if tenants + sizes[home] <= TENANTS:
            let[home], tenants = sizes[home] > 0, tenants + sizes[home]
    for home in [number for number, size in enumerate(sizes) if not size][:LET_AND_EMPTY]:
        let[home] = True
    return tuple(zip(sizes, let, strict=True))


@cache
def people() -> tuple[Somebody, ...]:
    """Everybody, numbered through by their homes."""
    chance = random.Random(3200)
    found: list[Somebody] = []
    for home, (size, let) in enumerate(households()):
        for place in range(size):
            role = "tenant" if let else "owner" if place == 0 else "family"
            child = place >= 2 and chance.random() < 0.75
            alone = size == 1 and chance.random() < 0.4
            found.append(Somebody(len(found) + 1, home, role, child, alone))
    for number, person in enumerate(found, 1):
        person.left = number % LEFT_OF == 0 and not person.alone
    return tuple(found)


def drivers() -> list[str]:
    """The ids of those who may own a vehicle."""
    return [person.id for person in people() if not person.child and not person.left]


def _name(chance: random.Random) -> str:
    return chance.choice(SURNAMES) + "".join(chance.sample(GIVEN, chance.choice((1, 1, 2))))


def homes_table() -> Iterator[list[object]]:
    """One row a home."""
    yield ["id", "zone", "floor", "use"]
    for number, (size, let) in enumerate(households()):
        building, index = divmod(number, HOMES // BUILDINGS)
        use = "let" if let else "owner" if size else "empty"
        yield [home_id(number), f"building-{building + 1}", index // A_FLOOR + 1, use]


def residents_table() -> Iterator[list[object]]:
    """One row a person; and those who work here."""
    chance = random.Random(45)
    yield ["id", "role", "home", "name", "child", "lives_alone", "lease_from", "lease_until", "left_at"]
    for person in people():
        lease = ("", "")
        if person.role == "tenant":
            over = person.home % LEASE_OVER_OF == 0
            month = person.home % 12 + 1
            lease = (f"2025-{month:02d}-01", "2026-10-31" if over else f"2028-{month:02d}-28")
        yield [
            person.id, person.role, home_id(person.home), _name(chance), "yes" if person.child else "",
            "yes" if person.alone else "", *lease, "2026-09-30" if person.left else "",
        ]  # fmt: skip
    for name, role in staff():
        yield [name, role, "", _name(chance), "", "", "", "", ""]


def staff() -> Iterator[tuple[str, str]]:
    """Those who work here, with their roles."""
    for number in range(1, 21):
        yield f"shop-keeper-{number:02d}", "shopkeeper"
    for number in range(1, 9):
        yield f"staff-{number:02d}", "staff"
    for number in range(1, 3):
        yield f"grid-{number:02d}", "grid_worker"


def credentials_table() -> Iterator[list[object]]:
    """A card for everybody but small children, a face for some, and codes."""
    chance = random.Random(4000)
    yield ["id", "kind", "person", "state"]
    for person in people():
        if not (person.child and chance.random() < 0.3):
            state = "lost" if person.number % LOST_OF == 0 else ""
            revoked = person.left and person.number % (2 * LEFT_OF) == 0
            yield [f"card-{person.number:04d}", "", person.id, "revoked" if revoked else state]
        if chance.random() < FACE_SHARE:
            yield [f"face-{person.number:04d}", "face", person.id, ""]
    for name, _ in staff():
        yield [f"card-{name}", "", name, ""]
    for number in range(1, 4):
        yield [f"card-spare-{number}", "", "", ""]


TABLES = {"homes": homes_table, "residents": residents_table, "credentials": credentials_table}


def main() -> None:
    """Prints the table that is named."""
    if len(sys.argv) != 2 or sys.argv[1] not in TABLES:
        raise SystemExit(f"usage: python examples/pilot/people.py {'|'.join(TABLES)}")
    csv.writer(sys.stdout, lineterminator="\n").writerows(TABLES[sys.argv[1]]())


if __name__ == "__main__":
    main()
