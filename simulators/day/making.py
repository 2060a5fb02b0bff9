"""Makes the simulated estates of a preset: the layout, then the people, then the registers. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from simulators.day import layout, people
from simulators.day.registers import standing
from simulators.day.sizes import PRESETS, Size
from simulators.day.world import EstateWorld, World

FEW_MAX = 10
"""More estates than this are told by the first and the last."""


def make_world(preset: str, seed: int) -> World:
    """The estates of a preset. Raises LookupError naming those there are."""
    return World(preset, seed, tuple(make_estate(size, seed) for size in _sizes(preset)))


def make_one(preset: str, name: str | None, seed: int) -> World:
    """Only one estate of a preset, the first without a name; it is the same as among all of them. Raises
    LookupError."""
    sizes = _sizes(preset)
    for size in sizes:
        if name in {None, size.id}:
            return World(preset, seed, (make_estate(size, seed),))
    raise LookupError(f"there is no estate {name!r} in {preset}; there are: {_few(sizes)}")


def _sizes(preset: str) -> tuple[Size, ...]:
    if preset not in PRESETS:
        raise LookupError(f"there is no preset {preset!r}; there are: {', '.join(PRESETS)}")
    return PRESETS[preset]


def _few(sizes: tuple[Size, ...]) -> str:
    names = [size.id for size in sizes]
    return ", ".join(names) if len(names) <= FEW_MAX else f"{names[0]} … {names[-1]}"


def make_estate(size: Size, seed: int) -> EstateWorld:
    """One estate of a size."""
    cameras = layout.cameras(size)
    lives = people.lives(size, seed)
    estate = EstateWorld(
        id=size.id,
        zh=size.zh,
        en=size.en,
        registers=(),
        zones=layout.zones(size),
        devices=layout.devices(size),
        doors=layout.doors(size),
        lanes=layout.lanes(size),
        gates={f"vgate-{side}": (f"vgate-{side}-in", f"vgate-{side}-out") for side in size.sides},
        cameras=_by_zone(cameras),
        faces=layout.faces(size),
        segments=layout.segments(size, cameras),
        probes=_by_zone(layout.probes(size)),
        help_buttons=layout.help_buttons(size),
        checkpoints=layout.checkpoints(size),
        homes=lives.homes,
        people=lives.people,
        vehicles=lives.vehicles,
        staff=lives.staff,
        squads=layout.squads(size),
        rounds=layout.rounds(size),
        watched_plates=lives.watched_plates,
        watched_people=lives.watched_people,
        dead_credentials=lives.dead_credentials,
        centre=layout.centre(size),
    )
    return replace(estate, registers=tuple(standing(estate)))


def _by_zone(zones: Mapping[str, str]) -> Mapping[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for device, zone in zones.items():
        found[zone] = (*found.get(zone, ()), device)
    return found
