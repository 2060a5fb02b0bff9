"""A power cut: two hundred devices that all have something to say within a minute, and four people in danger.

One story for the step (as entries of a log in virtual time) and for a running system (as MQTT messages).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

ESTATE = "storm"
ZONES = 40
SQUADS = 4
SPAN_S = 60.0
CRITICAL_RULES = ("fire_smoke", "help", "duress")


def devices() -> list[tuple[str, str, str]]:
    """Family, id, zone of the two hundred; cameras hang on four recorders."""
    counts = {"access": 40, "camera": 96, "fence": 20, "help": 20, "probe": 20}
    made = [("camera", f"nvr-{n}", "z-1") for n in range(1, 5)]
    for family, count in counts.items():
        made += [(family, f"{family}-{n}", f"z-{n % ZONES + 1}") for n in range(1, count + 1)]
    return made


def estate_file() -> str:
    """The estate, as a file."""
    zones = [
        f"  - {{id: z-{n}, name: {{zh: {n}区, en: zone {n}}}, squad: squad-{n % SQUADS + 1}, "
        f"adjacent: [z-{n % ZONES + 1}]}}"
        for n in range(1, ZONES + 1)
    ]
    by_family: dict[str, list[str]] = {}
    for family, device, zone in devices():
        above = f", parent: nvr-{int(device[7:]) % 4 + 1}" if device.startswith("camera-") else ""
        by_family.setdefault(family, []).append(f"    - {{id: {device}, zone: {zone}{above}}}")
    listed = [line for family, lines in by_family.items() for line in (f"  {family}:", *lines)]
    doors = [
        f"  - {{id: {device}, device: {device}, zone: {zone}}}"
        for family, device, zone in devices()
        if family == "access"
    ]
    squads = [
        f"  - {{id: squad-{n}, name: {{zh: {n}队, en: squad {n}}}, kind: full_time, members: [m-{n}]}}"
        for n in range(1, SQUADS + 1)
    ]
    head = [f"estate: {ESTATE}", "name: {zh: 风暴, en: Storm}", "default_squad: squad-1"]
    return "\n".join([*head, "zones:", *zones, "devices:", *listed, "doors:", *doors, "squads:", *squads, ""])


@dataclass(frozen=True, slots=True)
class Said:
    """What a device says so many seconds after the lights went out."""

    at_s: float
    family: str
    device: str
    kind: str
    data: dict[str, Any]

    @property
    def source(self) -> str:
        return f"estates/{ESTATE}/{self.family}/{self.device}"


def storm(count: int) -> Iterator[Said]:
    """So many signals in a minute, each device in turn; among them four that somebody must see at once."""
    known = devices()
    urgent = _urgent()
    for number in range(count):
        at_s = SPAN_S * number / count
        while urgent and urgent[0].at_s <= at_s:
            yield urgent.pop(0)
        family, device, zone = known[number % len(known)]
        kind, data = _says(family, device, zone, number // len(known))
        yield Said(at_s, family, device, kind, data)
    yield from urgent


def _urgent() -> list[Said]:
    return [
        Said(7.3, "camera", "camera-5", "camera.fire_smoke", {"kind": "fire", "confidence": 0.96}),
        Said(19.9, "help", "help-3", "help.pressed", {"location": "z-4"}),
        Said(33.1, "access", "access-7", "access.duress", {"door": "access-7", "credential": "c"}),
        Said(51.5, "help", "help-9", "help.pressed", {"location": "z-10"}),
    ]


def _says(family: str, device: str, zone: str, turn: int) -> tuple[str, dict[str, Any]]:
    """Locks fall open and shut, pictures go dark and come back, fences tremble, presence comes and goes."""
    if turn % 3 == 2:
        return ("device.offline" if turn % 2 else "device.online"), {"device": device}
    up = turn % 2 == 0
    if family == "access":
        return ("access.door_opened" if up else "access.door_closed"), {"door": device}
    if family == "camera":
        return ("camera.tamper" if up else "camera.restored"), {"zone": zone, "kind": "dark"}
    if family == "fence":
        return ("fence.alarm" if up else "fence.restored"), {"segment": device, "kind": "vibration"}
    return "device.heartbeat", {"battery": 50.0, "uptime_s": 60.0}
