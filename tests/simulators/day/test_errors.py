"""Sensors err as often as the table says, no more and no less."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from datetime import timedelta

import pytest

from eventlog.vocabulary import (
    CameraObject,
    DeviceHeartbeat,
    DoorOpened,
    FaceRecognised,
    FaceUnknown,
    FenceAlarm,
    PeopleCounted,
    PlateRead,
)
from simulators.day import error_rates as rates
from simulators.day import errors
from simulators.day.error_rates import RATES
from simulators.day.moments import HOUR_US, SECOND_US, midnight_us, moment_us
from simulators.day.truth import Emission, Sent
from simulators.day.weather import Weather
from simulators.day.world import World
from tests.simulators.day.conftest import MONDAY

FINE = Weather()


def _sense(
    pilot: World, emissions: list[Emission], *, seed: int = 7, weather: Weather = FINE, scale: float = 1.0
) -> list[Sent]:
    return errors.sense(emissions, seed, estate=pilot.estates[0], weather=weather, scale=scale)


@pytest.fixture(scope="module")
def sent(pilot: World, monday: list[Emission]) -> list[Sent]:
    return _sense(pilot, monday)


def _once(sent: list[Sent]) -> list[Sent]:
    """Without repeats."""
    return list({(each.device, each.seq, each.at_us): each for each in sent}.values())


def _near(found: float, expected: float, sigmas: float = 4.0) -> bool:
    """Whether a count is what a rate makes, give or take chance."""
    return abs(found - expected) <= sigmas * math.sqrt(expected) + 1


def test_without_errors_everything_comes_as_it_was(pilot: World, monday: list[Emission]) -> None:
    sent = _sense(pilot, monday, scale=0.0)
    said = Counter((each.device, each.event.TYPE) for each in sent)
    assert said == Counter((each.device, each.event.TYPE) for each in monday)
    assert all(0 <= each.received_us - each.at_us < SECOND_US // 5 for each in sent)


def test_the_same_seed_errs_the_same_way(pilot: World, monday: list[Emission]) -> None:
    morning = monday[:6_000]
    first = _sense(pilot, morning)
    assert _sense(pilot, morning) == first
    assert _sense(pilot, morning, seed=8) != first


def test_messages_come_in_the_order_received_with_counters_that_go_on(
    pilot: World, monday: list[Emission], sent: list[Sent]
) -> None:
    assert [each.received_us for each in sent] == sorted(each.received_us for each in sent)
    counters: dict[str, int] = {}
    for day in range(2):
        found = errors.sense(
            monday[:6_000], 7 + day, estate=pilot.estates[0], weather=FINE, counters=counters
        )
    numbers: dict[str, set[int]] = defaultdict(set)
    for each in found:
        if each.seq:
            numbers[each.device].add(each.seq)
    for device, seen in numbers.items():
        assert max(seen) == counters[device]
        assert max(seen) - min(seen) == len(seen) - 1, "no hole"
        assert min(seen) > len(seen) // 2, "the second day goes on where the first ended"


def test_repeats_disorder_and_lateness(sent: list[Sent]) -> None:
    numbered = [each for each in sent if each.seq]
    once = _once(numbered)
    late = [each for each in once if each.received_us - each.at_us > HOUR_US // 2]
    slow = [each for each in once if abs(each.received_us - each.at_us) % (30 * SECOND_US) > SECOND_US // 5]
    assert _near(len(numbered) - len(once), RATES[rates.SENT_TWICE].rate * len(once))
    assert _near(len(late), RATES[rates.HOURS_LATE].rate * len(once))
    assert 0.03 * len(once) < len(slow) < 0.07 * len(once)
    assert 0.2 < sum(each.replay for each in late) / len(late) < 0.8
    assert not any(each.replay for each in once if each not in late)


def test_two_clocks_in_a_hundred_are_off() -> None:
    off = Counter(errors.clock_off_us(f"device-{number}", 3) for number in range(10_000))
    assert set(off) == {0, 30 * SECOND_US, -30 * SECOND_US}
    assert _near(10_000 - off[0], 200)
    assert 0.35 < off[30 * SECOND_US] / (10_000 - off[0]) < 0.65
    doubled = sum(errors.clock_off_us(f"device-{number}", 3, 2.0) != 0 for number in range(10_000))
    assert _near(doubled, 400)


def _plates(count: int, hours: float) -> list[Emission]:
    at_us = moment_us(MONDAY, hours)
    read = PlateRead(plate="豫A12B88", confidence=0.97, lane="vgate-n-in", direction="in")
    return [Emission(at_us + number * 1_000, "lpr-n", "vehicle", read) for number in range(count)]


@pytest.mark.parametrize(
    ("hours", "weather", "name"),
    [
        (12.0, FINE, rates.PLATE_WRONG),
        (23.0, FINE, rates.PLATE_WRONG_DARK),
        (12.0, Weather(rain=((moment_us(MONDAY, 11.0), moment_us(MONDAY, 13.0)),)), rates.PLATE_WRONG_DARK),
    ],
)
def test_plates_are_read_wrong(pilot: World, hours: float, weather: Weather, name: str) -> None:
    reads = [
        each.event
        for each in _once(_sense(pilot, _plates(20_000, hours), weather=weather))
        if isinstance(each.event, PlateRead)
    ]
    wrong = [read for read in reads if read.plate != "豫A12B88"]
    assert _near(len(wrong), RATES[name].rate * 20_000)
    for read in wrong:
        assert sum(a != b for a, b in zip(read.plate, "豫A12B88", strict=True)) == 1
        assert read.plate[0] == "豫"
        assert read.confidence < 0.9


def test_counters_miss_or_add_one_in_a_hundred(pilot: World) -> None:
    at_us = moment_us(MONDAY, 9.0)
    counted = PeopleCounted(door="gate-n1", count=2, direction="in")
    emissions = [Emission(at_us + number * 1_000, "gate-n1", "access", counted) for number in range(10_000)]
    counts = Counter(
        each.event.count for each in _once(_sense(pilot, emissions)) if isinstance(each.event, PeopleCounted)
    )
    assert _near(counts[1] + counts[3], 2 * 10_000 * RATES[rates.COUNT_WRONG].rate)
    assert min(counts[1], counts[3]) > 50


def test_faces_overlap(pilot: World) -> None:
    at_us = moment_us(MONDAY, 9.0)
    stranger = [
        Emission(at_us + number * 1_000, "face-1", "face", FaceUnknown(score=0.4)) for number in range(40_000)
    ]
    listed = FaceRecognised(person="wanted-1", list="wanted", score=0.9)
    known = [Emission(at_us + number * 1_000, "face-1", "face", listed) for number in range(10_000)]
    matched = [each for each in _once(_sense(pilot, stranger)) if isinstance(each.event, FaceRecognised)]
    missed = [each for each in _once(_sense(pilot, known)) if isinstance(each.event, FaceUnknown)]
    assert _near(len(matched), 40_000 * RATES[rates.STRANGER_MATCHED].rate)
    assert _near(len(missed), 10_000 * RATES[rates.LISTED_UNKNOWN].rate)
    for each in matched:
        assert isinstance(each.event, FaceRecognised)
        assert each.event.score >= rates.FACE_THRESHOLD
    for each in missed:
        assert isinstance(each.event, FaceUnknown)
        assert each.event.score < rates.FACE_THRESHOLD


def test_residents_are_never_taken_for_somebody_on_a_list(sent: list[Sent]) -> None:
    lists = Counter(each.event.list for each in sent if isinstance(each.event, FaceRecognised))
    assert lists["residents"] > 500
    assert lists["wanted"] < 5


def test_cameras_drop_and_invent(pilot: World, monday: list[Emission], sent: list[Sent]) -> None:
    true = {each.event.track for each in monday if isinstance(each.event, CameraObject)}
    before = sum(isinstance(each.event, CameraObject) for each in monday)
    objects = [each for each in _once(sent) if isinstance(each.event, CameraObject)]
    kept = [each for each in objects if isinstance(each.event, CameraObject) and each.event.track in true]
    invented = {
        (each.device, each.event.track)
        for each in objects
        if isinstance(each.event, CameraObject) and each.event.track not in true
    }
    cameras = sum(len(each) for each in pilot.estates[0].cameras.values())
    assert _near(before - len(kept), before * RATES[rates.OBJECT_DROPPED].rate)
    assert _near(len(invented), RATES[rates.OBJECT_INVENTED].rate * 24 * cameras)


def test_contacts_bounce(pilot: World, monday: list[Emission], sent: list[Sent]) -> None:
    openings = sum(isinstance(each.event, DoorOpened) for each in monday)
    opened = sum(isinstance(each.event, DoorOpened) for each in _once(sent))
    assert _near(opened - openings, openings * RATES[rates.CONTACT_BOUNCED].rate)


def test_the_wind_alarms_in_storms_only(pilot: World, monday: list[Emission], sent: list[Sent]) -> None:
    assert not any(isinstance(each.event, FenceAlarm) for each in sent)
    storm = Weather(storm=((midnight_us(MONDAY), midnight_us(MONDAY) + 8 * HOUR_US),))
    beats = [each for each in monday if isinstance(each.event, DeviceHeartbeat)][:2]
    nights, alarms = 40, 0
    for seed in range(nights):
        found = _once(_sense(pilot, beats, seed=seed, weather=storm))
        alarms += sum(isinstance(each.event, FenceAlarm) for each in found)
    expected = RATES[rates.WIND_ALARM].rate * len(pilot.estates[0].segments) * nights
    assert _near(alarms, expected, sigmas=10.0), "gusts come in fours, so the spread is wide"


def test_twice_the_scale_is_twice_the_errors(pilot: World, monday: list[Emission], sent: list[Sent]) -> None:
    doubled = _sense(pilot, monday, scale=2.0)
    once, again = len(sent) - len(_once(sent)), len(doubled) - len(_once(doubled))
    assert _near(again, 2 * once, sigmas=8.0)


def test_each_date_errs_differently(pilot: World) -> None:
    emissions = _plates(2_000, 12.0)
    later = [
        Emission(
            each.at_us + timedelta(days=1) // timedelta(microseconds=1), each.device, each.family, each.event
        )
        for each in emissions
    ]
    first = [each.event for each in _once(_sense(pilot, emissions))]
    assert first != [each.event for each in _once(_sense(pilot, later))]
