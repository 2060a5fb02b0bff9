"""What is installed where: zones, doors, lanes, cameras, fence and probes of an estate of a size. Pure.

The pilot's zones and devices have the names of examples/pilot/estate.yaml.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from simulators.day.sizes import Size
from simulators.day.world import (
    Beside,
    Device,
    Door,
    FaceTerminal,
    Lane,
    Round,
    Segment,
    Squad,
    Stop,
    Zone,
)

ROW = 7
"""Buildings in a row."""
CAMERAS_A_RECORDER = 13
HEARTBEAT_S = 1_200
"""Rarer than real devices beat, so that a pilot day keeps to about 60,000 events."""

_SIDES = {"n": ("北", "north"), "s": ("南", "south")}


def centre(size: Size) -> str:
    """The building with the neighbourhood's rooms, where nobody lives and which closes at night."""
    return f"building-{size.buildings}"


def squads(size: Size) -> tuple[Squad, ...]:
    """The squads and their members, numbered through."""
    found, next_member = [], 1
    for number, (kind, members) in enumerate(size.squads, 1):
        names = tuple(f"m{next_member + offset:03d}" for offset in range(members))
        found.append(Squad(f"squad-{number}", kind, names))  # type: ignore[arg-type]
        next_member += members
    return tuple(found)


def zones(size: Size) -> tuple[Zone, ...]:
    """Road, gates, yard, perimeter, buildings in rows, and the small places between them."""
    return tuple(_zones(size))


def _zones(size: Size) -> Iterator[Zone]:
    last = f"squad-{len(size.squads)}"
    big = len(size.squads) > 3
    gates = tuple(Beside(f"gate-{side}", 15, 15) for side in size.sides)
    yield Zone("road", "road", "门前道路", "road outside", "squad-10" if big else last, gates)
    for number, side in enumerate(size.sides):
        zh, en = _SIDES[side]
        walk = 60 + 10 * number
        beside = (Beside("yard", walk, walk + 20), Beside("perimeter", 25))
        yield Zone(f"gate-{side}", "gate", f"{zh}门", f"{en} gate", f"squad-{number + 1}", beside)
    yield Zone("yard", "yard", "院内", "yard", "squad-3" if big else "squad-1", (Beside("perimeter", 40),))
    yield Zone("perimeter", "perimeter", "周界", "perimeter", "squad-9" if big else last)
    for number in range(1, size.buildings + 1):
        yield _building(size, number, big)
    yield from _places(size, big)


def _building(size: Size, number: int, big: bool) -> Zone:
    row, place = divmod(number - 1, ROW)
    beside = [Beside("yard", 30 + 8 * row + 4 * place, 50 + 10 * row + 5 * place)]
    if place < ROW - 1 and number < size.buildings:
        beside.append(Beside(f"building-{number + 1}", 35))
    if number + ROW <= size.buildings:
        beside.append(Beside(f"building-{number + ROW}", 50))
    third = (number - 1) * 3 // size.buildings
    squad = ("squad-1", "squad-3", "squad-2")[third] if big else "squad-1"
    return Zone(f"building-{number}", "building", f"{number}号楼", f"building {number}", squad, tuple(beside))


def _places(size: Size, big: bool) -> Iterator[Zone]:
    squad = "squad-3" if big else "squad-1"
    for number in range(1, size.fire_lanes + 1):
        name = (f"{number}号消防通道", f"fire lane {number}")
        yield Zone(f"fire-lane-{number}", "fire_lane", *name, squad, (Beside("yard", 20, 20),))
    if size.playground:
        yield Zone("playground", "playground", "儿童乐园", "playground", squad, (Beside("yard", 25),))
    for building in lift_buildings(size):
        name = (f"{building}号楼电梯", f"lift of building {building}")
        yield Zone(f"lift-{building}", "lift", *name, squad, (Beside(f"building-{building}", 5),))
    for building in corridor_buildings(size):
        name = (f"{building}号楼楼道", f"corridor of building {building}")
        yield Zone(f"corridor-{building}", "corridor", *name, squad, (Beside(f"building-{building}", 5),))


def lift_buildings(size: Size) -> tuple[int, ...]:
    """Buildings with a camera in the lift."""
    return tuple(2 + 5 * number for number in range(1, 10) if 2 + 5 * number < size.buildings)[
        : size.lifts
    ] or ((1,) if size.lifts else ())


def corridor_buildings(size: Size) -> tuple[int, ...]:
    """Buildings with a camera in the corridor."""
    return tuple(2 + 3 * number for number in range(1, size.corridors + 1))


def doors(size: Size) -> tuple[Door, ...]:
    """Pedestrian gates and building doors, each with a controller of its own."""
    gates = [
        Door(f"gate-{side}{number}", f"gate-{side}{number}", f"gate-{side}", "gate", True, True)
        for side in size.sides
        for number in range(1, size.doors_a_side + 1)
    ]
    names = [f"building-{number}" for number in range(1, size.buildings + 1)]
    return (*gates, *(Door(name, name, name, "building", False, True) for name in names))


def lanes(size: Size) -> tuple[Lane, ...]:
    """Two lanes a vehicle gate, read by one plate camera."""
    return tuple(
        Lane(f"vgate-{side}-{way}", f"vgate-{side}", f"lpr-{side}", f"gate-{side}", way)
        for side in size.sides
        for way in ("in", "out")
    )


def cameras(size: Size) -> Mapping[str, str]:
    """The zone of every camera: one a building, some a gate, one a fence segment, then the small places."""
    places = [f"building-{number}" for number in range(1, size.buildings + 1)]
    places += [f"gate-{side}" for side in size.sides for _ in range(size.gate_cameras_a_side)]
    places += ["perimeter"] * size.segments + ["yard"] * size.yard_cameras
    places += [f"fire-lane-{number}" for number in range(1, size.fire_lanes + 1)]
    places += ["playground"] if size.playground else []
    places += [f"lift-{building}" for building in lift_buildings(size)]
    places += [f"corridor-{building}" for building in corridor_buildings(size)]
    return {f"cam-{number:02d}": zone for number, zone in enumerate(places, 1)}


def faces(size: Size) -> tuple[FaceTerminal, ...]:
    """One terminal a pedestrian gate, and one at two of the buildings."""
    places = [
        (f"gate-{side}", f"gate-{side}{number}")
        for side in size.sides
        for number in range(1, size.doors_a_side + 1)
    ]
    places += [(f"building-{number}",) * 2 for number in (1, 14) if number < size.buildings]
    return tuple(FaceTerminal(f"face-{number}", *place) for number, place in enumerate(places, 1))


def segments(size: Size, by_camera: Mapping[str, str]) -> tuple[Segment, ...]:
    """The fence goes round: every segment has two beside it."""
    names = [f"fence-{number:02d}" for number in range(1, size.segments + 1)]
    along = [camera for camera, zone in by_camera.items() if zone == "perimeter"]
    return tuple(
        Segment(
            name,
            name,
            "perimeter",
            tuple(dict.fromkeys((names[index - 1], names[(index + 1) % len(names)]))),
            along[index],
        )
        for index, name in enumerate(names)
    )


def probes(size: Size) -> Mapping[str, str]:
    """The zone of every radio probe."""
    places = [f"gate-{side}" for side in size.sides]
    places += ["yard"] * (2 if size.perimeter_probes > 1 else 1) + ["perimeter"] * size.perimeter_probes
    return {f"probe-{number}": zone for number, zone in enumerate(places, 1)}


def help_buttons(size: Size) -> Mapping[str, str]:
    """The zone of every help button."""
    places = [*(f"gate-{side}" for side in size.sides), "yard", *(["playground"] if size.playground else [])]
    places += [f"lift-{building}" for building in lift_buildings(size)]
    return {f"help-{number}": zone for number, zone in enumerate(places, 1)}


def checkpoints(size: Size) -> Mapping[str, str]:
    """The zone of every patrol point."""
    last = min(21, size.buildings - 1)
    places = ["gate-n", "gate-s" if "s" in size.sides else "yard", "perimeter"]
    if size.points >= 6:
        places = ["gate-n", "gate-s", "yard", "perimeter", "building-7", f"building-{last}"]
    return {f"point-{number}": zone for number, zone in enumerate(places, 1)}


def rounds(size: Size) -> tuple[Round, ...]:
    """The rounds on foot, day and night; the one along the fence is walked alone."""
    starts = tuple(range(30, 24 * 60, 180))
    if size.points < 6:
        stops = (Stop("point-1", 0), Stop("point-2", 8), Stop("point-3", 16))
        return (Round("round-estate", "squad-1", starts, stops, False),)
    plans = (
        ("round-north", "squad-1", 0, ("point-1", "point-5", "point-3"), False),
        ("round-south", "squad-2", 60, ("point-2", "point-6", "point-3"), False),
        ("round-fence", "squad-3", 105, ("point-3", "point-4", "point-1"), True),
    )
    return tuple(
        Round(
            plan,
            squad,
            tuple(start + shift for start in starts if start + shift < 24 * 60 - 40),
            tuple(Stop(point, 10.0 * number) for number, point in enumerate(points)),
            lone,
        )
        for plan, squad, shift, points, lone in plans
    )


def devices(size: Size) -> tuple[Device, ...]:
    """Every device that the register knows."""
    return tuple(_devices(size))


def _devices(size: Size) -> Iterator[Device]:
    by_camera = cameras(size)
    for door in doors(size):
        yield Device(door.device, "access", door.zone, heartbeat_s=HEARTBEAT_S)
    for side in size.sides:
        yield Device(f"lpr-{side}", "vehicle", f"gate-{side}", (f"gate-{side}", "road"), None, HEARTBEAT_S)
    for number in range(1, (len(by_camera) - 1) // CAMERAS_A_RECORDER + 2):
        yield Device(f"nvr-{number}", "camera", _recorder_zone(size, number), heartbeat_s=HEARTBEAT_S)
    for number, (camera, zone) in enumerate(by_camera.items()):
        parent = f"nvr-{number // CAMERAS_A_RECORDER + 1}"
        yield Device(camera, "camera", zone, (), parent, HEARTBEAT_S)
    for terminal in faces(size):
        yield Device(terminal.id, "face", terminal.zone, heartbeat_s=HEARTBEAT_S)
    for segment in segments(size, by_camera):
        yield Device(segment.device, "fence", segment.zone, heartbeat_s=HEARTBEAT_S)
    for probe, zone in probes(size).items():
        yield Device(probe, "probe", zone, heartbeat_s=HEARTBEAT_S)
    for button, zone in help_buttons(size).items():
        yield Device(button, "help", zone, heartbeat_s=HEARTBEAT_S)
    for point, zone in checkpoints(size).items():
        yield Device(point, "patrol", zone)
    yield Device("desk", "report", centre(size))


def _recorder_zone(size: Size, number: int) -> str:
    return "gate-n" if number <= 2 or len(size.sides) == 1 else "gate-s"
