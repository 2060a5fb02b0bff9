"""The simulated estates have the numbers they should, and registers that hold together."""

from __future__ import annotations

from collections import Counter

import pytest

from eventlog.estate import Estate
from eventlog.vocabulary import CredentialSet, DeviceSet, PersonSet, RadioSet, VehicleSet
from simulators.day.making import make_one
from simulators.day.sizes import PRESETS
from simulators.day.world import World, make


def test_the_pilot_has_the_numbers_of_the_pilot(pilot: World) -> None:
    estate = pilot.estates[0]
    cameras = [each for each in estate.devices if each.family == "camera" and each.parent]
    tenants = sum(person.role == "tenant" for person in estate.people)
    assert len(estate.gates) == 2
    assert len(estate.lanes) == 4
    assert Counter(door.kind for door in estate.doors) == {"gate": 4, "building": 26}
    assert len(estate.segments) == 12
    assert len(cameras) + sum(each.family == "vehicle" for each in estate.devices) == 52
    assert len(estate.faces) == 6
    assert sum(len(probes) for probes in estate.probes.values()) == 8
    assert len(estate.checkpoints) == 6
    assert sum(len(squad.members) for squad in estate.squads) == 163
    assert len(estate.homes) == 1_150
    assert len(estate.people) == 3_200
    assert 0.40 < tenants / len(estate.people) < 0.50
    assert sum(car.group == "resident" for car in estate.vehicles) == 900


def test_the_community_has_the_numbers_of_the_community() -> None:
    sizes = PRESETS["community"]
    assert len(sizes) == 7
    assert sum(size.homes for size in sizes) == 9_225
    assert sum(size.people for size in sizes) == 23_843


def test_a_city_is_two_hundred_estates_of_different_names() -> None:
    sizes = PRESETS["city"]
    assert len({size.id for size in sizes}) == 200
    assert all(size.homes < 200 for size in sizes)


def test_an_unknown_preset_is_refused_by_name() -> None:
    with pytest.raises(LookupError, match="pilot, community, city"):
        make("village")


def test_one_estate_alone_is_as_among_all(pilot: World) -> None:
    assert make_one("community", None, 7).estates == pilot.estates
    assert make_one("city", "estate-002", 7).estates[0].id == "estate-002"
    with pytest.raises(LookupError, match="estate-001 … estate-200"):
        make_one("city", "estate-201", 7)


def test_the_same_seed_makes_the_same_world(pilot: World, small: World) -> None:
    assert make("pilot", 7).estates[0] == pilot.estates[0]
    assert make("pilot", 8).estates[0].people != pilot.estates[0].people
    assert small.estates[0].id == "estate-003"


def test_every_entry_of_the_registers_is_valid(pilot: World) -> None:
    for event in pilot.estates[0].registers:
        assert type(event).model_validate(event.model_dump(mode="json", exclude_none=True)) == event


def test_the_registers_know_all_that_is_there(pilot: World) -> None:
    estate, registers = pilot.estates[0], pilot.estates[0].registers
    folded = Estate(estate.id)
    for event in registers:
        folded = folded.with_event(event)
    assert set(folded.people) >= {person.id for person in estate.people}
    assert set(folded.vehicles) == {car.plate for car in estate.vehicles}
    assert set(folded.credentials) >= {card for person in estate.people for card in person.credentials}
    assert set(folded.radios) == {person.phone for person in estate.people if person.phone}
    assert set(folded.devices) == {each.id for each in estate.devices}
    assert {len(folded.zones), len(folded.doors)} == {len(estate.zones), len(estate.doors)}


def test_what_the_registers_name_exists(pilot: World) -> None:
    estate, registers = pilot.estates[0], pilot.estates[0].registers
    people = {each.person for each in registers if isinstance(each, PersonSet)}
    zones = set(estate.zone)
    assert all(each.person in people for each in registers if isinstance(each, RadioSet))
    assert all(
        each.person is None or each.person in people for each in registers if isinstance(each, CredentialSet)
    )
    assert all(
        each.owner is None or each.owner in people for each in registers if isinstance(each, VehicleSet)
    )
    assert all({each.zone, *each.sees} <= zones for each in registers if isinstance(each, DeviceSet))
    assert all(beside.zone in zones for zone in estate.zones for beside in zone.adjacent)


def test_every_zone_is_seen(pilot: World) -> None:
    seen = {zone for each in pilot.estates[0].devices for zone in (each.sees or (each.zone,))}
    assert set(pilot.estates[0].zone) <= seen


def test_people_walk_no_shorter_way_than_the_plan_has(pilot: World) -> None:
    estate = pilot.estates[0]
    folded = Estate(estate.id)
    for event in estate.registers:
        folded = folded.with_event(event)
    for start in ("building-1", "building-9", "building-26", "playground"):
        for end in ("gate-n", "gate-s", "building-2"):
            shortest_m = folded.plan.walk_m(start, end)
            assert shortest_m is not None
            assert shortest_m <= estate.walk_m(start, end) <= shortest_m + 60
