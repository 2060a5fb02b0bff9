"""Writes `estate.yaml`, the pilot estate: python examples/pilot/make.py > examples/pilot/estate.yaml

Numbers of devices and members are the pilot's; every plate and every layout is made up. The file is kept
in the repository, so this program is only needed when the layout changes. Same output every time.
"""

from __future__ import annotations

import random
import sys
from collections.abc import Iterator
from itertools import count

BUILDINGS = 26
ROW = 7
MEMBERS = 163
PLATE_CHARACTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ0123456789"

SQUADS = [
    # id, Chinese, English, kind, members
    ("squad-1", "北门专职队", "north gate, full-time", "full_time", 12),
    ("squad-2", "南门专职队", "south gate, full-time", "full_time", 12),
    ("squad-3", "院内专职队", "yard, full-time", "full_time", 12),
    ("squad-4", "一组义务队", "volunteers 1", "volunteer", 16),
    ("squad-5", "二组义务队", "volunteers 2", "volunteer", 16),
    ("squad-6", "三组义务队", "volunteers 3", "volunteer", 16),
    ("squad-7", "四组义务队", "volunteers 4", "volunteer", 16),
    ("squad-8", "五组义务队", "volunteers 5", "volunteer", 16),
    ("squad-9", "物业保安队", "property guards", "company", 15),
    ("squad-10", "商户保安队", "shop guards", "company", 16),
    ("squad-11", "企业保安队", "company guards", "company", 16),
]

HEAD = """\
# The pilot estate: the Xiegou residential group. Made by examples/pilot/make.py; docs/estate-file.md says
# what every field means. Apart from the numbers of patrol points and members everything here is made up.
estate: xiegou
name: {zh: 谢沟小区, en: Xiegou estate}
time_zone: Asia/Shanghai
night: {start: "22:00", end: "06:00"}
default_squad: squad-1
"""


def building_squad(number: int) -> str:
    """The squad that looks after a building: north, middle, south."""
    return "squad-1" if number <= 9 else "squad-3" if number <= 18 else "squad-2"


def zones() -> Iterator[str]:
    """Two gates, the yard, the buildings in rows, the perimeter, the road outside."""
    yield "zones:"
    yield (
        "  - {id: road, name: {zh: 门前道路, en: road outside}, kind: road, squad: squad-10, adjacent: "
        "[{zone: gate-n, walk_m: 15, drive_m: 15}, {zone: gate-s, walk_m: 15, drive_m: 15}]}"
    )
    for side, chinese, squad, walk_m in (("n", "北门", "squad-1", 60), ("s", "南门", "squad-2", 70)):
        english = "north gate" if side == "n" else "south gate"
        yield (
            f"  - {{id: gate-{side}, name: {{zh: {chinese}, en: {english}}}, kind: gate, squad: {squad}, "
            f"adjacent: [{{zone: yard, walk_m: {walk_m}, drive_m: {walk_m + 20}}}, "
            f"{{zone: perimeter, walk_m: 25}}]}}"
        )
    yield "  - {id: yard, name: {zh: 院内, en: yard}, kind: yard, squad: squad-3, adjacent: [perimeter]}"
    yield (
        "  - {id: perimeter, name: {zh: 周界, en: perimeter}, kind: perimeter, squad: squad-9, adjacent: []}"
    )
    for number in range(1, BUILDINGS + 1):
        row, place = divmod(number - 1, ROW)
        beside = [f"{{zone: yard, walk_m: {30 + 8 * row + 4 * place}, drive_m: {50 + 10 * row + 5 * place}}}"]
        if place < ROW - 1 and number < BUILDINGS:
            beside.append(f"{{zone: building-{number + 1}, walk_m: 35}}")
        if number + ROW <= BUILDINGS:
            beside.append(f"{{zone: building-{number + ROW}, walk_m: 50}}")
        yield (
            f"  - {{id: building-{number}, name: {{zh: {number}号楼, en: building {number}}}, "
            f"kind: building, squad: {building_squad(number)}, adjacent: [{', '.join(beside)}]}}"
        )


def camera_zone(number: int) -> str:
    """One camera a building, two a gate, twelve along the fence, eight in the yard."""
    if number <= BUILDINGS:
        return f"building-{number}"
    if number <= 30:
        return "gate-n" if number <= 28 else "gate-s"
    return "perimeter" if number <= 42 else "yard"


def devices() -> Iterator[str]:
    """Every device, by family; recorders are the parents of cameras."""
    yield "devices:"
    yield "  access:"
    for side in ("n", "s"):
        for number in (1, 2):
            yield f"    - {{id: gate-{side}{number}, zone: gate-{side}, heartbeat_s: 60}}"
    for number in range(1, BUILDINGS + 1):
        yield f"    - {{id: building-{number}, zone: building-{number}, heartbeat_s: 60}}"
    yield "  vehicle:  # the two cameras for plates; each reads both lanes of its gate"
    for side in ("n", "s"):
        yield f"    - {{id: lpr-{side}, zone: gate-{side}, sees: [gate-{side}, road], heartbeat_s: 60}}"
    yield "  camera:"
    for number in range(1, 5):
        zone = "gate-n" if number <= 2 else "gate-s"
        yield (
            f"    - {{id: nvr-{number}, zone: {zone}, name: {{zh: {number}号录像机, en: recorder {number}}}, "
            "heartbeat_s: 60}"
        )
    for number in range(1, 51):
        recorder = (number - 1) // 13 + 1
        yield (
            f"    - {{id: cam-{number:02d}, zone: {camera_zone(number)}, parent: nvr-{recorder}, "
            "heartbeat_s: 60}"
        )
    yield "  face:"
    places = ["gate-n", "gate-n", "gate-s", "gate-s", "building-1", "building-14"]
    for number, zone in enumerate(places, 1):
        yield f"    - {{id: face-{number}, zone: {zone}, heartbeat_s: 60}}"
    yield "  fence:"
    for number in range(1, 13):
        yield f"    - {{id: fence-{number:02d}, zone: perimeter, heartbeat_s: 60}}"
    yield "  probe:"
    places = ["gate-n", "gate-s", "yard", "yard", "perimeter", "perimeter", "perimeter", "perimeter"]
    for number, zone in enumerate(places, 1):
        yield f"    - {{id: probe-{number}, zone: {zone}, heartbeat_s: 300}}"
    yield "  patrol:  # tags on a wall: they have no connection of their own"
    for number, zone in enumerate(["gate-n", "gate-s", "yard", "perimeter", "building-7", "building-21"], 1):
        yield (
            f"    - {{id: point-{number}, zone: {zone}, status: false, "
            f"name: {{zh: {number}号巡逻点, en: patrol point {number}}}}}"
        )


def doors_and_gates() -> Iterator[str]:
    """Pedestrian gates, building doors, vehicle gates and who may pass."""
    yield "doors:"
    for side, chinese, english in (("n", "北门", "north"), ("s", "南门", "south")):
        for number in (1, 2):
            yield (
                f"  - {{id: gate-{side}{number}, device: gate-{side}{number}, zone: gate-{side}, kind: gate, "
                f"name: {{zh: {chinese}{number}号人行门, en: {english} pedestrian gate {number}}}, "
                "reader_out: true}"
            )
    for number in range(1, BUILDINGS + 1):
        yield (
            f"  - {{id: building-{number}, device: building-{number}, zone: building-{number}, "
            f"kind: building, name: {{zh: {number}号楼单元门, en: door of building {number}}}}}"
        )
    yield "gates:"
    for side, chinese, english in (("n", "北", "north"), ("s", "南", "south")):
        yield f"  - id: vgate-{side}"
        yield f"    name: {{zh: {chinese}车行门, en: {english} vehicle gate}}"
        yield f"    zone: gate-{side}"
        yield f"    lanes: [vgate-{side}-in, vgate-{side}-out]"
        yield "    allow:"
        yield "      - {groups: [resident, service]}"
        yield '      - {groups: [visitor], direction: in, hours: {start: "06:00", end: "23:00"}}'
        yield "      - {classes: [fire_engine, ambulance, police]}"
        yield "      - {direction: out}"


def plate(chance: random.Random) -> str:
    """A made-up plate: one in four of the new-energy form."""
    if chance.random() < 0.25:
        return f"豫A{chance.choice('DF')}{chance.randrange(10_000, 100_000)}"
    letters = chance.sample(range(5), chance.choice((0, 1, 1, 2)))
    serial = [
        chance.choice(PLATE_CHARACTERS[:24]) if i in letters else str(chance.randrange(10)) for i in range(5)
    ]
    return "豫A" + "".join(serial)


def vehicles() -> Iterator[str]:
    """Sixty registered vehicles and a watch list; the plates of the list are nobody's here."""
    chance = random.Random(26)
    plates = list(dict.fromkeys(plate(chance) for _ in range(70)))
    yield "vehicles:"
    for index, number in enumerate(plates[:60]):
        group = "service" if index % 20 == 19 else "visitor" if index % 10 == 9 else "resident"
        kind = "van" if group == "service" else "car"
        yield f"  - {{plate: {number}, groups: [{group}], vehicle_class: {kind}}}"
    yield "watch_lists:"
    yield "  stolen:"
    yield "    kind: plate"
    yield "    severity: high"
    yield "    entries:"
    for number in plates[60:64]:
        yield f"      - {number}"
    yield "  banned:"
    yield "    kind: plate"
    yield "    severity: medium"
    yield "    entries:"
    yield f"      - {{value: {plates[64]}, note: 多次占用消防通道}}"


def squads() -> Iterator[str]:
    """163 members: full-time, volunteers, company guards."""
    yield "squads:"
    numbers = count(1)
    for squad, chinese, english, kind, size in SQUADS:
        members = ", ".join(f"m{next(numbers):03d}" for _ in range(size))
        yield f"  - id: {squad}"
        yield f"    name: {{zh: {chinese}, en: '{english}'}}"
        yield f"    kind: {kind}"
        yield f"    members: [{members}]"


def main() -> None:
    """Prints the file."""
    total = sum(squad[-1] for squad in SQUADS)
    if total != MEMBERS:
        raise SystemExit(f"squads have {total} members, expected {MEMBERS}")
    parts = [HEAD.rstrip(), *zones(), *devices(), *doors_and_gates(), *vehicles(), *squads()]
    rules = [
        "# Every rule is on with its defaults; only what differs is named, e.g.",
        "#   door_held_open: {building_s: 45, zones: {building-7: {building_s: 90}}}",
        "#   repeated_denials: {enabled: false}",
        "rules: {}",
    ]
    sys.stdout.write("\n".join([*parts, *rules]) + "\n")


if __name__ == "__main__":
    main()
