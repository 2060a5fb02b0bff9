"""A small estate for the tests of rules and alerts: every place that a rule tells apart, once."""

from __future__ import annotations

from typing import Any

from eventlog.estate import Estate
from eventlog.vocabulary import (
    CheckpointSet,
    CredentialSet,
    DeviceSet,
    DoorSet,
    EstateSet,
    Event,
    GateSet,
    HomeSet,
    Hours,
    Neighbour,
    PassRule,
    PersonSet,
    SegmentSet,
    SquadMember,
    SquadSet,
    VehicleSet,
    WatchEntrySet,
    Words,
    ZoneSet,
)

NAME = "xiegou"


def _words(text: str) -> Words:
    return Words(zh=f"{text}（中）", en=text)


def _zone(zone: str, *adjacent: str, squad: str | None = None, **more: Any) -> ZoneSet:
    neighbours = tuple(Neighbour(zone=each) for each in adjacent)
    return ZoneSet(zone=zone, name=_words(zone), adjacent=neighbours, squad=squad, **more)


ALWAYS = (Hours(start="00:00", end="12:00"), Hours(start="12:00", end="00:00"))


REGISTERS: tuple[Event, ...] = (
    EstateSet(name=_words("Xiegou"), default_squad="squad-1"),
    SquadSet(
        squad="squad-1", name=_words("one"), members=(SquadMember(member="li"), SquadMember(member="wu"))
    ),
    SquadSet(squad="squad-2", name=_words("two"), members=(SquadMember(member="chen"),)),
    _zone("gate-n", "yard", squad="squad-2"),
    _zone("yard", "building-3"),
    _zone("building-3"),
    _zone("building-4", "yard"),
    _zone("far"),
    DeviceSet(device="building-3", family="access", zone="building-3", heartbeat_s=30),
    DeviceSet(device="building-4", family="access", zone="building-4"),
    DeviceSet(device="gate-n1", family="access", zone="gate-n"),
    DeviceSet(device="lpr-n", family="vehicle", zone="gate-n", heartbeat_s=30),
    DeviceSet(device="fence-1", family="fence", zone="yard"),
    DeviceSet(device="nvr-1", family="camera", zone="yard", heartbeat_s=30),
    DeviceSet(device="cam-1", family="camera", zone="yard", parent="nvr-1", heartbeat_s=30),
    DeviceSet(device="cam-2", family="camera", zone="far", parent="nvr-1"),
    DoorSet(door="building-3", device="building-3", zone="building-3", name=_words("door three")),
    DoorSet(door="building-4", device="building-4", zone="building-4"),
    DoorSet(door="gate-n1", device="gate-n1", zone="gate-n", kind="gate"),
    _zone("gate-w"),
    DeviceSet(device="gate-w1", family="access", zone="gate-w"),
    DoorSet(door="gate-w1", device="gate-w1", zone="gate-w", kind="gate", reader_out=True),
    _zone("shop", open_hours=(Hours(start="02:00", end="03:00"),)),
    DeviceSet(device="shop-1", family="access", zone="shop"),
    DoorSet(door="shop", device="shop-1", zone="shop"),
    HomeSet(home="home-3", zone="building-3"),
    PersonSet(person="wang", role="owner", home="home-3", lives_alone=True),
    CredentialSet(credential="key", person="wang"),
    CredentialSet(credential="lost", state="lost"),
    CredentialSet(credential="threat", duress=True),
    GateSet(gate="open", zone="gate-n", lanes=("lane-open",)),
    GateSet(
        gate="north",
        zone="gate-n",
        lanes=("lane-1", "lane-2"),
        allow=(
            PassRule(groups=("resident",)),
            PassRule(groups=("service",), lanes=("lane-2",), hours=Hours(start="08:00", end="18:00")),
            PassRule(classes=("ambulance",)),
            PassRule(classes=("bus",), direction="out"),
            PassRule(plates=("京B99999",)),
        ),
    ),
    GateSet(gate="shut", zone="yard", lanes=("lane-shut",), allow=()),
    GateSet(gate="classes", zone="yard", lanes=("lane-classes",), allow=(PassRule(classes=("ambulance",)),)),
    VehicleSet(plate="京A10001", groups=("resident",)),
    VehicleSet(plate="京A10002", groups=("service",)),
    VehicleSet(plate="京A10003", groups=("visitor",)),
    _zone("store", armed_hours=ALWAYS),
    _zone("square", watch_hours=ALWAYS),
    _zone("corridor-3", kind="corridor"),
    _zone("lift-3", kind="lift"),
    DeviceSet(device="cam-3", family="camera", zone="store"),
    DeviceSet(device="cam-4", family="camera", zone="square", sees=("corridor-3", "lift-3", "fire-lane")),
    DeviceSet(device="face-1", family="face", zone="gate-n"),
    CheckpointSet(checkpoint="point-1", zone="store"),
    WatchEntrySet(list="wanted", kind="person", value="p-wanted"),
    WatchEntrySet(list="stolen", kind="plate", value="京C8B0Z1"),
    WatchEntrySet(list="debtors", kind="plate", value="京C77777", severity="low"),
    ZoneSet(zone="fire-lane", name=_words("fire lane"), kind="fire_lane"),
    ZoneSet(zone="shed", name=_words("shed"), sensitive=True),
    DeviceSet(device="probe-1", family="probe", zone="shed"),
    DeviceSet(device="help-1", family="help", zone="yard", name=_words("button one")),
    *(
        SegmentSet(segment=f"seg-{number}", device="fence-1", zone="yard", beside=(f"seg-{number + 1}",))
        for number in range(1, 6)
    ),
)


def estate(*more: Event) -> Estate:
    """The small estate, with more entries of its registers."""
    made = Estate(NAME)
    for event in (*REGISTERS, *more):
        made = made.with_event(event)
    return made
