"""What refers to what in an estate file: unknown names, doubles, plates, distances, hours' time zone.

Looks at well formed entries only and adds to the findings; changes nothing.
"""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

from eventlog.plates import normal
from eventlog.problems import Findings
from gatehouse.estatefile import models as m
from gatehouse.estatefile.draft import Draft, Placed, Rules
from gatehouse.estatefile.duty_checks import check_duty
from gatehouse.estatefile.entry import HoursEntry
from gatehouse.estatefile.home_checks import check_homes
from gatehouse.estatefile.plates import meant, plate_form, says_no_plate
from gatehouse.estatefile.references import of_every_day, overlap, overlaps_among, refer, twice

CHINESE_TIME_ZONES = frozenset(
    {"Asia/Shanghai", "Asia/Urumqi", "Asia/Chongqing", "Asia/Harbin", "Asia/Kashgar", "PRC"}
)


def check(draft: Draft, findings: Findings, rules: Rules) -> None:
    """Every check there is."""
    _head(draft, findings)
    _doubles(draft, findings)
    _zones(draft, findings)
    _neighbours(draft, findings)
    _devices(draft, findings)
    _doors(draft, findings)
    _gates(draft, findings)
    _members(draft, findings)
    check_homes(draft, findings)
    check_duty(draft, findings, rules)
    _plates(draft, findings, chinese=wants_chinese_plates(draft))


def wants_chinese_plates(draft: Draft) -> bool:
    """Whether plates are checked after GA 36-2018: where the file says so, else in China's time zones."""
    if draft.head is None:
        return False
    if draft.head.plates:
        return draft.head.plates == "cn"
    return draft.head.time_zone in CHINESE_TIME_ZONES


def _head(draft: Draft, findings: Findings) -> None:
    if draft.head is None:
        return
    try:
        ZoneInfo(draft.head.time_zone)
    except (KeyError, ValueError, OSError):
        findings.add(("time_zone",), draft.head.time_zone, "time_zone")
    refer(findings, ("default_squad",), draft.head.default_squad, draft.ids["squads"], "squad")


def _doubles(draft: Draft, findings: Findings) -> None:
    for section in ("devices", *(name for name in m.SECTIONS if "id" in m.SECTIONS[name].model_fields)):
        register: list[Placed[Any]] = getattr(draft, section)
        twice(findings, [((*p.path, "id"), p.entry.id) for p in register])
    twice(findings, [((*p.path, "plate"), normal(p.entry.plate)) for p in draft.vehicles])
    lanes = [
        ((*gate.path, "lanes", i), lane) for gate in draft.gates for i, lane in enumerate(gate.entry.lanes)
    ]
    twice(findings, lanes)
    for watch in draft.watch_lists:
        twice(findings, [((*watch.path, "entries", i), e.value) for i, e in enumerate(watch.entry.entries)])


def _zones(draft: Draft, findings: Findings) -> None:
    squads = draft.ids["squads"]
    for zone in draft.zones:
        refer(findings, (*zone.path, "squad"), zone.entry.squad, squads, "squad")
        if draft.head and not draft.head.default_squad and not zone.entry.squad:
            findings.add(zone.path, zone.entry.id, "squad_of_zone")
        _zone_hours(zone, findings)
    for path, name in draft.zone_places:
        refer(findings, path, name, draft.ids["zones"])


def _zone_hours(zone: Placed[m.ZoneEntry], findings: Findings) -> None:
    """Hours of one kind don't overlap, and people can't be meant to be where nobody may be."""
    for field in ("open_hours", "armed_hours", "watch_hours"):
        hours: tuple[HoursEntry, ...] = getattr(zone.entry, field) or ()
        spans = [of_every_day(each) for each in hours]
        overlaps_among(findings, (*zone.path, field), spans, [str(each) for each in hours])
    opened = [span for each in zone.entry.open_hours or () for span in of_every_day(each)]
    for index, armed in enumerate(zone.entry.armed_hours):
        if overlap(opened, of_every_day(armed)):
            findings.add((*zone.path, "armed_hours", index), str(armed), "armed_and_open")


def _neighbours(draft: Draft, findings: Findings) -> None:
    said: dict[tuple[str, str], Any] = {}
    for zone in draft.zones:
        for index, neighbour in enumerate(zone.entry.adjacent):
            path = (*zone.path, "adjacent", index)
            refer(findings, path, neighbour.zone, draft.ids["zones"])
            if neighbour.zone == zone.entry.id:
                findings.add(path, neighbour.zone, "other_zone")
            said[zone.entry.id, neighbour.zone] = neighbour
            back = said.get((neighbour.zone, zone.entry.id), neighbour)
            for name in ("walk_m", "drive_m"):
                here, there = getattr(neighbour, name), getattr(back, name)
                if here is not None and there is not None and here != there:
                    findings.add((*path, name), here, "same_distance", there=there, zone=neighbour.zone)


def _devices(draft: Draft, findings: Findings) -> None:
    zones, devices = draft.ids["zones"], draft.ids["devices"]
    parents = {device.entry.id: device.entry.parent for device in draft.devices}
    for device in draft.devices:
        refer(findings, (*device.path, "zone"), device.entry.zone, zones)
        for index, zone in enumerate(device.entry.sees):
            refer(findings, (*device.path, "sees", index), zone, zones)
        refer(findings, (*device.path, "parent"), device.entry.parent, devices, "device")
        above, steps = device.entry.parent, 0
        while above is not None and above != device.entry.id and steps < len(parents):
            above, steps = parents.get(above), steps + 1
        if above == device.entry.id:
            findings.add((*device.path, "parent"), device.entry.parent, "no_loop")


def _doors(draft: Draft, findings: Findings) -> None:
    families = {device.entry.id: device.group for device in draft.devices}
    for door in draft.doors:
        device = door.entry.device or door.entry.id
        path = (*door.path, "device")
        refer(findings, path, device, draft.ids["devices"], "device")
        if families.get(device, "access") != "access":
            findings.add(path, device, "access_device", family=families[device])
        refer(findings, (*door.path, "zone"), door.entry.zone, draft.ids["zones"])


def _gates(draft: Draft, findings: Findings) -> None:
    for gate in draft.gates:
        refer(findings, (*gate.path, "zone"), gate.entry.zone, draft.ids["zones"])
        for index, allowed in enumerate(gate.entry.allow or ()):
            for place, lane in enumerate(allowed.lanes or ()):
                path = (*gate.path, "allow", index, "lanes", place)
                refer(findings, path, lane, set(gate.entry.lanes), "lane")


def _members(draft: Draft, findings: Findings) -> None:
    twice(
        findings,
        [
            ((*squad.path, "members", index), member.id)
            for squad in draft.squads
            for index, member in enumerate(squad.entry.members)
        ],
    )


def _plates(draft: Draft, findings: Findings, *, chinese: bool) -> None:
    plates = [((*vehicle.path, "plate"), vehicle.entry.plate) for vehicle in draft.vehicles]
    plates += [((*v.path, "plate"), v.entry.plate) for v in draft.visitors if v.entry.plate]
    for gate in draft.gates:
        for index, allowed in enumerate(gate.entry.allow or ()):
            base = (*gate.path, "allow", index, "plates")
            plates += [((*base, place), plate) for place, plate in enumerate(allowed.plates or ())]
    for watch in draft.watch_lists:
        if watch.entry.kind == "plate":
            base = (*watch.path, "entries")
            plates += [((*base, place), entry.value) for place, entry in enumerate(watch.entry.entries)]
    for path, plate in plates:
        if says_no_plate(plate):
            findings.add(path, plate, "no_plate")
        elif chinese and plate_form(normal(plate)) is None:
            guess = meant(plate)
            findings.add(path, plate, "plate_meant" if guess else "plate", meant=guess)
