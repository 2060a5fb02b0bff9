"""How big the simulated estates are. Apart from what docs/simulation.md names, every number is made up."""

from __future__ import annotations

from dataclasses import dataclass

PILOT_SQUADS = (
    # kind, members
    ("full_time", 12), ("full_time", 12), ("full_time", 12), ("volunteer", 16), ("volunteer", 16),
    ("volunteer", 16), ("volunteer", 16), ("volunteer", 16), ("company", 15), ("company", 16),
    ("company", 16),
)  # fmt: skip
SMALL_SQUADS = (("full_time", 9), ("volunteer", 8), ("company", 6))


@dataclass(frozen=True)
class Size:
    """An estate's numbers. One of the buildings is the neighbourhood's centre, where nobody lives."""

    id: str
    zh: str
    en: str
    buildings: int
    homes: int
    people: int
    vehicles: int
    sides: tuple[str, ...] = ("n", "s")
    doors_a_side: int = 2
    gate_cameras_a_side: int = 2
    segments: int = 12
    yard_cameras: int = 2
    fire_lanes: int = 2
    lifts: int = 2
    corridors: int = 1
    playground: bool = True
    perimeter_probes: int = 4
    points: int = 6
    squads: tuple[tuple[str, int], ...] = PILOT_SQUADS


PILOT = Size("xiegou", "谢沟小区", "Xiegou estate", 26, 1_150, 3_200, 900)

_OTHERS = (
    # id, Chinese, English, buildings, homes, people
    ("beiyuan", "北苑小区", "Beiyuan estate", 38, 1_780, 4_560),
    ("heyuan", "和园小区", "Heyuan estate", 34, 1_620, 4_130),
    ("donghe", "东河小区", "Donghe estate", 30, 1_420, 3_640),
    ("nanhu", "南湖小区", "Nanhu estate", 26, 1_240, 3_170),
    ("xinyuan", "新苑小区", "Xinyuan estate", 23, 1_080, 2_760),
    ("laojie", "老街小区", "Laojie estate", 20, 935, 2_383),
)
"""With the pilot 7 estates, 9,225 homes and 23,843 people, as the community that the pilot belongs to."""

COMMUNITY = (PILOT, *(Size(*row, vehicles=row[4] * 3 // 4) for row in _OTHERS))


def city_estate(number: int) -> Size:
    """One of a city's estates, the smaller kind: one side, a few buildings."""
    buildings = 3 + number % 4
    homes = 30 * (buildings - 1)
    return Size(
        f"estate-{number:03d}",
        f"{number}号小区",
        f"estate {number}",
        buildings,
        homes,
        homes * 27 // 10,
        homes // 2,
        sides=("n",),
        doors_a_side=1,
        gate_cameras_a_side=1,
        segments=4,
        yard_cameras=1,
        fire_lanes=1,
        lifts=1,
        corridors=0,
        playground=False,
        perimeter_probes=1,
        points=3,
        squads=SMALL_SQUADS,
    )


CITY_ESTATES = 200

PRESETS = {
    "pilot": (PILOT,),
    "community": COMMUNITY,
    "city": tuple(city_estate(number) for number in range(1, CITY_ESTATES + 1)),
}
