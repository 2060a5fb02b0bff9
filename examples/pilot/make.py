"""Writes `estate.yaml`, the pilot estate: python examples/pilot/make.py > examples/pilot/estate.yaml

`people.py` beside it writes the tables of homes, residents and credentials.

Numbers of devices and members are the pilot's; every plate and every layout is made up. The file is kept
in the repository, so this program is only needed when the layout changes. Same output every time.
"""

from __future__ import annotations

import random
import sys
from collections.abc import Iterator
from itertools import count

from people import drivers

BUILDINGS = 26
CENTRE = 26
"""The building with the neighbourhood's rooms, where nobody lives and which closes at night."""
VEHICLES = 900
SEGMENTS = 12
LIFTS = (7, 12)
CORRIDORS = (5,)
FIRE_LANES = 2
SHOPS = 20
ROW = 7
MEMBERS = 163
PLATE_CHARACTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ0123456789"

POINTS = ("gate-n", "gate-s", "yard", "perimeter", "building-7", "building-21")
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
        "  - {id: road, name: {zh: 门前道路, en: road outside}, kind: road, key: road, squad: squad-10, "
        "adjacent: [{zone: gate-n, walk_m: 15, drive_m: 15}, {zone: gate-s, walk_m: 15, drive_m: 15}]}"
    )
    for side, chinese, squad, walk_m in (("n", "北门", "squad-1", 60), ("s", "南门", "squad-2", 70)):
        english = "north gate" if side == "n" else "south gate"
        yield (
            f"  - {{id: gate-{side}, name: {{zh: {chinese}, en: {english}}}, kind: gate, key: unit, "
            f"squad: {squad}, adjacent: [{{zone: yard, walk_m: {walk_m}, drive_m: {walk_m + 20}}}, "
            f"{{zone: perimeter, walk_m: 25}}]}}"
        )
    yield (
        "  - {id: yard, name: {zh: 院内, en: yard}, kind: yard, key: road, squad: squad-3, "
        "watch_hours: 23:00-05:00, sensitive: true, adjacent: [{zone: perimeter, walk_m: 40}]}"
    )
    yield (
        "  - {id: perimeter, name: {zh: 周界, en: perimeter}, kind: perimeter, key: unit, squad: squad-9, "
        "armed_hours: 22:00-06:00, sensitive: true}"
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
            f"kind: building, squad: {building_squad(number)}, {building_hours(number)}, "
            f"adjacent: [{', '.join(beside)}]}}"
        )
    yield from places()


def building_hours(number: int) -> str:
    """The centre closes at night; everywhere lingering matters then."""
    opened = "open_hours: 06:30-22:00, " if number == CENTRE else ""
    return f"{opened}watch_hours: 23:00-05:00"


def places() -> Iterator[str]:
    """The small places between and in the buildings."""
    small = [
        *((f"fire-lane-{n}", "fire_lane", f"{n}号消防通道", f"fire lane {n}", "yard", 20)
          for n in range(1, FIRE_LANES + 1)),
        ("playground", "playground", "儿童乐园", "playground", "yard", 25),
        *((f"lift-{n}", "lift", f"{n}号楼电梯", f"lift of building {n}", f"building-{n}", 5) for n in LIFTS),
        *((f"corridor-{n}", "corridor", f"{n}号楼楼道", f"corridor of building {n}", f"building-{n}", 5)
          for n in CORRIDORS),
    ]  # fmt: skip
    for name, kind, chinese, english, beside, walk_m in small:
        hours = "watch_hours: 23:00-05:00, " if kind == "playground" else ""
        drive = f", drive_m: {walk_m}" if kind == "fire_lane" else ""
        yield (
            f"  - {{id: {name}, name: {{zh: {chinese}, en: {english}}}, kind: {kind}, squad: squad-3, "
            f"{hours}adjacent: [{{zone: {beside}, walk_m: {walk_m}{drive}}}]}}"
        )


def camera_zones() -> list[str]:
    """One camera a building, two a gate, one a segment of the fence, two in the yard, one a small place."""
    return [
        *(f"building-{number}" for number in range(1, BUILDINGS + 1)),
        *("gate-n", "gate-n", "gate-s", "gate-s"),
        *(["perimeter"] * SEGMENTS),
        *("yard", "yard"),
        *(f"fire-lane-{number}" for number in range(1, FIRE_LANES + 1)),
        "playground",
        *(f"lift-{number}" for number in LIFTS),
        *(f"corridor-{number}" for number in CORRIDORS),
    ]


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
    for number, zone in enumerate(camera_zones(), 1):
        recorder = (number - 1) // 13 + 1
        yield f"    - {{id: cam-{number:02d}, zone: {zone}, parent: nvr-{recorder}, heartbeat_s: 60}}"
    yield "  face:"
    places = ["gate-n", "gate-n", "gate-s", "gate-s", "building-1", "building-14"]
    for number, zone in enumerate(places, 1):
        yield f"    - {{id: face-{number}, zone: {zone}, heartbeat_s: 60}}"
    yield "  fence:"
    for number in range(1, SEGMENTS + 1):
        yield f"    - {{id: fence-{number:02d}, zone: perimeter, heartbeat_s: 60}}"
    yield "  probe:"
    places = ["gate-n", "gate-s", "yard", "yard", "perimeter", "perimeter", "perimeter", "perimeter"]
    for number, zone in enumerate(places, 1):
        yield f"    - {{id: probe-{number}, zone: {zone}, heartbeat_s: 300}}"
    yield "  help:"
    for number, zone in enumerate(
        ["gate-n", "gate-s", "yard", "playground", *(f"lift-{n}" for n in LIFTS)], 1
    ):
        yield f"    - {{id: help-{number}, zone: {zone}, heartbeat_s: 300}}"
    yield "  report:"
    yield f"    - {{id: desk, zone: building-{CENTRE}, status: false}}"
    yield "  patrol:  # tags on a wall: they have no connection of their own"
    for number, zone in enumerate(POINTS, 1):
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


def plates() -> tuple[list[str], list[str]]:
    """The registered plates and those of the lists, which are nobody's here."""
    chance = random.Random(26)
    first = list(dict.fromkeys(plate(chance) for _ in range(70)))
    taken, more = set(first), []
    chance = random.Random(900)
    while len(more) < VEHICLES - 60:
        number = plate(chance)
        if number not in taken:
            taken.add(number)
            more.append(number)
    return [*first[:60], *more], first[60:65]


def vehicles() -> Iterator[str]:
    """The registered vehicles and the watch lists."""
    registered, listed = plates()
    owners = random.Random(3).sample(drivers(), VEHICLES)
    yield "vehicles:"
    for index, (number, owner) in enumerate(zip(registered, owners, strict=True)):
        few = index < 60 or index % 70 == 0
        group = (
            "service" if few and index % 20 == 19 else "visitor" if few and index % 10 == 9 else "resident"
        )
        kind = "van" if group == "service" else "car"
        whose = f", owner: {owner}" if group == "resident" and index % 150 != 149 else ""
        yield f"  - {{plate: {number}, groups: [{group}], vehicle_class: {kind}{whose}}}"
    yield "watch_lists:"
    yield "  stolen:"
    yield "    kind: plate"
    yield "    severity: high"
    yield "    entries:"
    for number in listed[:4]:
        yield f"      - {number}"
    yield "  banned:"
    yield "    kind: plate"
    yield "    severity: medium"
    yield "    entries:"
    yield f"      - {{value: {listed[4]}, note: 多次占用消防通道}}"


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


def homes_and_shops() -> Iterator[str]:
    """What is not in the tables beside this file: shops, some visitors' permits, the radios of the patrol."""
    yield "# Homes, residents and credentials are the CSV tables beside this file (people.py)."
    yield "shops:"
    for number in range(1, SHOPS + 1):
        yield f"  - {{id: shop-{number:02d}, zone: road, name: {{zh: {number}号商铺, en: shop {number}}}}}"
    yield "visitors:"
    chance = random.Random(8)
    for number in range(1, 11):
        until = "2026-06-30" if number % 4 == 0 else "2030-12-31"
        yield (
            f"  - {{id: visitor-{number:02d}, plate: {plate(chance)}, valid_from: 2026-01-01, "
            f"valid_until: {until}}}"
        )
    yield "radios:"
    for number in range(1, 13):
        yield f"  - {{address: '3c:22:fb:00:00:{number:02x}'}}"


def patrols() -> Iterator[str]:
    """Patrol points, rounds on foot and on video, shifts."""
    yield "checkpoints:"
    for number, zone in enumerate(POINTS, 1):
        name = f"{{zh: {number}号巡逻点, en: patrol point {number}}}"
        yield f"  - {{id: point-{number}, zone: {zone}, name: {name}}}"
    yield "rounds:"
    plans = (
        # id, Chinese, English, squad, kind, first start in minutes of the day, checkpoints, alone
        ("round-north", "北线", "north", "squad-1", "foot", 30, ("point-1", "point-5", "point-3"), False),
        ("round-south", "南线", "south", "squad-2", "foot", 90, ("point-2", "point-6", "point-3"), False),
        ("round-fence", "周界", "fence", "squad-3", "foot", 135, ("point-3", "point-4", "point-1"), True),
        ("round-video", "视频", "video", "squad-9", "video", 60, ("cam-27", "cam-31", "cam-43"), False),
    )
    for plan, chinese, english, squad, kind, first, points, lone in plans:
        starts = [f"'{m // 60:02d}:{m % 60:02d}'" for m in range(first, 24 * 60 - 40, 180)]
        stops = ", ".join(f"{{checkpoint: {p}, after_min: {10 * n}}}" for n, p in enumerate(points))
        yield f"  - id: {plan}"
        yield f"    name: {{zh: {chinese}, en: {english}}}"
        yield f"    squad: {squad}"
        yield f"    kind: {kind}"
        yield f"    lone: {str(lone).lower()}"
        yield f"    starts: [{', '.join(starts)}]"
        yield f"    stops: [{stops}]"
    yield "segments:  # the fence goes round"
    for number in range(1, SEGMENTS + 1):
        yield f"  - {{id: fence-{number:02d}, beside: [fence-{number % SEGMENTS + 1:02d}]}}"
    yield from duties()


def duties() -> Iterator[str]:
    """Three shifts a day for those who are here for it, the evening for volunteers."""
    shifts = (("early", "06:00-14:00"), ("late", "14:00-22:00"), ("night", "22:00-06:00"))
    yield "duties:"
    numbers = count(1)
    for squad, _, _, kind, size in SQUADS:
        members = [f"m{next(numbers):03d}" for _ in range(size)]
        turns = (("evening", "19:00-22:00"),) if kind == "volunteer" else shifts
        for turn, (name, hours) in enumerate(turns):
            on = members[turn :: len(turns)]
            yield (
                f"  - {{id: {squad}-{name}, squad: {squad}, starts_at: 2026-01-01, ends_at: 2035-12-31, "
                f"hours: '{hours}', leader: {on[0]}, manager: m001, members: [{', '.join(on)}]}}"
            )


def planned() -> Iterator[str]:
    """Work, a festival, a drill."""
    yield "maintenance:"
    yield "  - {id: lift-7, starts_at: 2026-12-12T09:00, ends_at: 2026-12-12T11:30, zones: [lift-7]}"
    yield "  - {id: nvr-4, starts_at: 2026-12-20T14:00, ends_at: 2026-12-20T15:00, devices: [nvr-4]}"
    yield "gatherings:"
    yield (
        "  - {id: new-year, name: {zh: 迎新年游园会, en: New Year fair}, zones: [yard, playground], "
        "starts_at: 2027-01-01T09:00, ends_at: 2027-01-01T17:00}"
    )
    yield "drills:"
    yield (
        "  - {id: fire-drill, zones: [building-7, lift-7], starts_at: 2026-12-16T15:00, "
        "ends_at: 2026-12-16T16:00}"
    )


def main() -> None:
    """Prints the file."""
    total = sum(squad[-1] for squad in SQUADS)
    if total != MEMBERS:
        raise SystemExit(f"squads have {total} members, expected {MEMBERS}")
    parts = [HEAD.rstrip(), *zones(), *devices(), *doors_and_gates(), *vehicles(), *squads()]
    parts += [*homes_and_shops(), *patrols(), *planned()]
    rules = [
        "# Every rule is on with its defaults; only what differs is named, e.g.",
        "#   door_held_open: {building_s: 45, zones: {building-7: {building_s: 90}}}",
        "#   repeated_denials: {enabled: false}",
        "rules: {}",
    ]
    sys.stdout.write("\n".join([*parts, *rules]) + "\n")


if __name__ == "__main__":
    main()
