"""An ordinary day has its hours, its doors work as doors do, and nobody is in two places."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import date, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from eventlog.times import to_us
from eventlog.vocabulary import (
    AccessGranted,
    BarrierClosed,
    BarrierOpened,
    CameraObject,
    DoorClosed,
    DoorOpened,
    DutySet,
    ExitRequested,
    PatrolCheckpoint,
    PeopleCounted,
    PlateRead,
    VisitorRemoved,
    VisitorSet,
)
from simulators.day import ordinary
from simulators.day.moments import DAY_US, HOUR_US, MINUTE_US, SECOND_US, local_hours, midnight_us
from simulators.day.patrols import shift_of
from simulators.day.truth import Emission
from simulators.day.world import EstateWorld, World
from tests.simulators.day.conftest import MONDAY
from tests.support.examples import examples

DAYS = st.dates(date(2026, 1, 1), date(2027, 12, 31))
SEEDS = st.integers(0, 2**31)
WALK_M_S_MAX = 1.5
GRANT_S_MAX = 5.0
BARRIER_REASON_S_MAX = 15.0


def _hours(emissions: list[Emission], kind: type) -> Counter[int]:
    return Counter(int(local_hours(each.at_us)) for each in emissions if isinstance(each.event, kind))


def test_a_day_is_the_same_for_the_same_seed_and_another_for_another(small: World) -> None:
    first = ordinary.day(small, "estate-003", MONDAY, 1)
    assert ordinary.day(small, "estate-003", MONDAY, 1) == first
    assert ordinary.day(small, "estate-003", MONDAY, 2) != first
    assert ordinary.day(small, "estate-003", MONDAY + timedelta(days=1), 1) != first


def test_a_pilot_day_has_about_sixty_thousand_events_of_every_kind(monday: list[Emission]) -> None:
    families = Counter(each.family for each in monday)
    beats = sum(each.event.TYPE == "device.heartbeat" for each in monday)
    bands = {
        "access": (20_000, 32_000), "camera": (15_000, 29_000), "vehicle": (1_200, 4_000),
        "face": (900, 2_500), "probe": (1_200, 4_000), "patrol": (250, 900), "report": (5, 100),
        "fence": (800, 1_500), "help": (300, 900),
    }  # fmt: skip
    assert 50_000 < len(monday) < 68_000
    assert 7_000 < beats < 12_000
    for family, (low, high) in bands.items():
        assert low < families[family] < high, (family, families[family])


def test_every_event_of_a_day_is_valid_and_in_its_day(monday: list[Emission], pilot: World) -> None:
    start_us = midnight_us(MONDAY)
    devices = set(pilot.estates[0].device) | {m for squad in pilot.estates[0].squads for m in squad.members}
    assert [each.at_us for each in monday] == sorted(each.at_us for each in monday)
    assert start_us <= monday[0].at_us
    assert monday[-1].at_us < start_us + DAY_US
    assert {each.device for each in monday} <= devices
    for each in monday[::7]:
        data = each.event.model_dump(mode="json", exclude_none=True)
        assert type(each.event).model_validate(data).model_dump(exclude_none=True) == each.event.model_dump(
            exclude_none=True
        )


def test_working_days_have_rush_hours_and_nights_are_quiet(monday: list[Emission]) -> None:
    exits = _hours(monday, ExitRequested)
    drives = _hours(monday, PlateRead)
    home = Counter(
        int(local_hours(each.at_us))
        for each in monday
        if isinstance(each.event, AccessGranted) and each.device.startswith("building")
    )
    assert max(exits, key=exits.__getitem__) == 7
    assert max(home, key=home.__getitem__) in {17, 18, 19}
    assert sum(exits[hour] for hour in (1, 2, 3, 4)) < 0.02 * sum(exits.values())
    assert drives[7] + drives[8] > 6 * (drives[2] + drives[3] + 1)


def test_a_sunday_starts_later(pilot: World, monday: list[Emission]) -> None:
    sunday = ordinary.day(pilot, "xiegou", MONDAY - timedelta(days=1), 7)
    assert _hours(sunday, ExitRequested)[7] < 0.5 * _hours(monday, ExitRequested)[7]
    assert _hours(sunday, ExitRequested)[11] > _hours(monday, ExitRequested)[11]


@examples(5)
@given(DAYS, SEEDS)
def test_every_door_that_opens_has_a_reason_and_closes(small: World, on: date, seed: int) -> None:
    emissions = ordinary.day(small, "estate-003", on, seed)
    limits = {"gate": 60.0, "building": 30.0}
    for door in small.estates[0].doors:
        opened_us, reason_us = None, -DAY_US
        for each in emissions:
            if each.device != door.device:
                continue
            match each.event:
                case AccessGranted() | ExitRequested():
                    reason_us = each.at_us
                case DoorOpened():
                    assert opened_us is None
                    assert each.at_us - reason_us < GRANT_S_MAX * SECOND_US
                    opened_us = each.at_us
                case DoorClosed():
                    assert opened_us is not None
                    assert each.at_us - opened_us < limits[door.kind] * SECOND_US
                    opened_us = None
        # Only what is open at midnight closes on the next date.
        assert opened_us is None or opened_us > midnight_us(on) + DAY_US - MINUTE_US


@examples(5)
@given(DAYS, SEEDS)
def test_as_many_are_let_in_as_are_counted(small: World, on: date, seed: int) -> None:
    emissions = ordinary.day(small, "estate-003", on, seed)
    granted: Counter[str] = Counter()
    counted: Counter[str] = Counter()
    for each in emissions:
        if isinstance(each.event, AccessGranted) and each.event.direction == "in":
            granted[each.event.door] += 1
        elif isinstance(each.event, PeopleCounted) and each.event.direction == "in":
            counted[each.event.door] += each.event.count
    for door in small.estates[0].doors:
        assert abs(granted[door.id] - counted[door.id]) <= 1


def _zones_of_people(estate: EstateWorld, emissions: list[Emission]) -> dict[str, list[tuple[int, str]]]:
    found: dict[str, list[tuple[int, str]]] = defaultdict(list)
    for each in emissions:
        if isinstance(each.event, AccessGranted) and each.event.holder:
            found[each.event.holder].append((each.at_us, estate.door[each.event.door].zone))
    return found


@examples(5)
@given(DAYS, SEEDS)
def test_nobody_is_in_two_places(small: World, on: date, seed: int) -> None:
    estate = small.estates[0]
    days = ordinary.day(small, estate.id, on, seed)
    days += ordinary.day(small, estate.id, on + timedelta(days=1), seed)
    for person, seen in _zones_of_people(estate, days).items():
        for (first_us, start), (then_us, end) in pairwise(seen):
            needs_us = estate.walk_m(start, end) / WALK_M_S_MAX * SECOND_US
            assert then_us - first_us >= needs_us, (person, start, end)


@examples(5)
@given(DAYS, SEEDS)
def test_whoever_comes_in_at_a_gate_went_out_before(small: World, on: date, seed: int) -> None:
    """Over midnight too: dates are made one by one and still fit together."""
    estate = small.estates[0]
    residents = set(estate.person)
    inside: dict[str, bool] = {}
    for day in range(3):
        for each in ordinary.day(small, estate.id, on + timedelta(days=day), seed):
            event = each.event
            if not isinstance(event, AccessGranted) or estate.door[event.door].kind != "gate":
                continue
            if event.holder in residents:
                assert inside.get(event.holder) in {None, event.direction == "out"}
                inside[event.holder] = event.direction == "in"


@examples(5)
@given(DAYS, SEEDS)
def test_a_car_that_drives_in_was_out_and_every_barrier_has_a_reason(
    small: World, on: date, seed: int
) -> None:
    inside: dict[str, bool] = {}
    read_us: dict[str, int] = {}
    up: set[str] = set()
    for day in range(2):
        for each in ordinary.day(small, "estate-003", on + timedelta(days=day), seed):
            match each.event:
                case PlateRead(plate=plate, direction=way, lane=lane):
                    assert inside.get(plate) in {None, way == "out"}
                    inside[plate] = way == "in"
                    read_us[lane] = each.at_us
                case BarrierOpened(lane=lane):
                    assert lane not in up
                    assert each.at_us - read_us[lane] < BARRIER_REASON_S_MAX * SECOND_US
                    up.add(lane)
                case BarrierClosed(lane=lane):
                    up.remove(lane)


def test_every_track_that_enters_leaves(monday: list[Emission]) -> None:
    seen: dict[tuple[str, str], list[str]] = defaultdict(list)
    for each in monday:
        if isinstance(each.event, CameraObject):
            seen[each.device, each.event.track].append(each.event.event)
    broken = [what for what in seen.values() if what[0] != "enter" or what[-1] != "leave"]
    assert len(broken) < 5, "only those in the picture at midnight"


def test_rounds_are_walked_on_time_by_members_on_duty(pilot: World, monday: list[Emission]) -> None:
    estate = pilot.estates[0]
    squads = {squad.id: squad for squad in estate.squads}
    due = {
        (plan.squad, stop.checkpoint, midnight_us(MONDAY) + int((start + stop.after_min) * MINUTE_US))
        for plan in estate.rounds
        for start in plan.starts
        for stop in plan.stops
    }
    visits = [each for each in monday if isinstance(each.event, PatrolCheckpoint)]
    assert len(visits) == len(due)
    for each in visits:
        assert isinstance(each.event, PatrolCheckpoint)
        near = [
            at_us
            for squad, point, at_us in due
            if (squad, point) == (each.event.squad, each.event.checkpoint)
            and abs(at_us - each.at_us) < 4 * MINUTE_US
        ]
        assert near, each
        start_h = int(local_hours(near[0] - 20 * MINUTE_US))
        members = shift_of(squads[each.event.squad], MONDAY, start_h)
        assert each.event.member in members + shift_of(squads[each.event.squad], MONDAY, start_h + 1)


def test_the_registers_of_a_day_come_before_they_are_needed(pilot: World, monday: list[Emission]) -> None:
    entered = ordinary.registers(pilot, "xiegou", MONDAY, 7)
    assert [at_us for at_us, _ in entered] == sorted(at_us for at_us, _ in entered)
    codes = {event.credential: at_us for at_us, event in entered if isinstance(event, VisitorSet)}
    plates = {event.plate: at_us for at_us, event in entered if isinstance(event, VisitorSet)}
    registered = {car.plate for car in pilot.estates[0].vehicles}
    for each in monday:
        if isinstance(each.event, AccessGranted) and each.event.method == "qr":
            assert codes[each.event.credential] < each.at_us
        if isinstance(each.event, PlateRead) and each.event.plate not in registered:
            assert plates[each.event.plate] < each.at_us
    for at_us, event in entered:
        assert type(event).model_validate(event.model_dump(mode="json", exclude_none=True)) == event
        if isinstance(event, DutySet):
            assert at_us < to_us(event.starts_at)


def test_yesterdays_permits_are_taken_away(pilot: World) -> None:
    sunday = ordinary.registers(pilot, "xiegou", MONDAY - timedelta(days=1), 7)
    monday = ordinary.registers(pilot, "xiegou", MONDAY, 7)
    given = {event.visitor for _, event in sunday if isinstance(event, VisitorSet)}
    gone = {event.visitor for _, event in monday if isinstance(event, VisitorRemoved)}
    assert given == gone


def test_weather_differs_and_a_storm_goes_over_midnight(pilot: World) -> None:
    days = [MONDAY + timedelta(days=number) for number in range(400)]
    found = [ordinary.weather(pilot, "xiegou", day, 7) for day in days]
    rainy = sum(bool(each.rain) for each in found)
    evenings = [
        number
        for number, each in enumerate(found)
        if any(end == midnight_us(days[number]) + DAY_US for _, end in each.storm)
    ]
    assert 70 < rainy < 135
    assert 15 < len(evenings) < 55
    for number in evenings[:-1]:
        morning = found[number + 1].storm[0]
        assert morning == (midnight_us(days[number + 1]), midnight_us(days[number + 1]) + 5 * HOUR_US)
