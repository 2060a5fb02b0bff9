"""Faults over a day lose nothing: what is held back comes later."""

from __future__ import annotations

import pytest

from eventlog.vocabulary import DeviceOffline, DeviceOnline
from simulators.day import errors, faults
from simulators.day.moments import HOUR_US, SECOND_US
from simulators.day.truth import Emission, Sent
from simulators.day.weather import Weather
from simulators.day.world import World


@pytest.fixture(scope="module")
def clean(pilot: World, monday: list[Emission]) -> list[Sent]:
    """Perfect sensors and lines, so that every difference is the faults'."""
    return errors.sense(monday, 7, estate=pilot.estates[0], weather=Weather(), scale=0.0)


@pytest.fixture(scope="module")
def broken(clean: list[Sent]) -> list[Sent]:
    return faults.lay(clean, 7)


def _keys(sent: list[Sent]) -> set[tuple[str, int]]:
    return {(each.device, each.seq) for each in sent if each.seq}


def test_nothing_is_lost_and_nothing_is_new(clean: list[Sent], broken: list[Sent]) -> None:
    assert _keys(broken) == _keys(clean)
    assert [each.received_us for each in broken] == sorted(each.received_us for each in broken)


def test_the_same_seed_breaks_the_same_things(clean: list[Sent]) -> None:
    morning = clean[:6_000]
    first = faults.lay(morning, 7)
    assert faults.lay(morning, 7) == first
    assert faults.lay(morning, 8) != first
    assert faults.lay([], 7) == []


def test_shares_are_as_named(clean: list[Sent], broken: list[Sent]) -> None:
    out = faults.outage(clean, 7)
    assert out is not None
    before = {(each.device, each.seq): each for each in clean if each.seq and each.device != out.device}
    after = [each for each in broken if each.seq and each.device != out.device]
    first: dict[tuple[str, int], Sent] = {}
    for each in after:
        first.setdefault((each.device, each.seq), each)
    waits_s = [(first[key].received_us - before[key].received_us) / SECOND_US for key in first]
    filled = sum(wait >= faults.FILLED_AFTER_S[0] for wait in waits_s)
    slow = sum(0 < wait <= faults.DISORDER_S for wait in waits_s)
    total = len(before)
    assert max(waits_s) < 60.0
    assert 0.8 * faults.FILLED_SHARE < filled / total < 1.2 * faults.FILLED_SHARE
    assert 0.9 * faults.DISORDER_SHARE < slow / total < 1.1 * faults.DISORDER_SHARE
    assert 0.8 * faults.TWICE_SHARE < (len(after) - total) / total < 1.2 * faults.TWICE_SHARE


def test_a_tenth_of_the_clocks_is_off(pilot: World, clean: list[Sent]) -> None:
    before = {(each.device, each.seq): each for each in clean if each.seq}
    off = {
        each.device: each.at_us - before[each.device, each.seq].at_us
        for seed in range(10)
        for each in faults.lay(clean[:2_000], seed)
        if each.seq and each.at_us != before[each.device, each.seq].at_us
    }
    assert set(off.values()) == {30 * SECOND_US, -30 * SECOND_US}
    devices = {each.device for each in clean if each.seq}
    one = {
        each.device
        for each in faults.lay(clean, 3)
        if each.seq and each.at_us != before[each.device, each.seq].at_us
    }
    assert 0.03 * len(devices) < len(one) < 0.2 * len(devices)


def test_a_controller_is_offline_for_an_hour_and_uploads_it(clean: list[Sent], broken: list[Sent]) -> None:
    out = faults.outage(clean, 7)
    assert out is not None
    assert out.until_us - out.from_us == HOUR_US
    heard = [each for each in broken if each.device == out.device]
    assert not [each for each in heard if each.seq and out.from_us <= each.received_us < out.until_us]
    uploaded = [each for each in heard if each.replay]
    held = [
        each for each in clean if each.device == out.device and out.from_us < each.received_us < out.until_us
    ]
    assert {each.seq for each in uploaded} >= {each.seq for each in held if each.seq}
    states = [each.event for each in heard if isinstance(each.event, (DeviceOffline, DeviceOnline))]
    assert [type(each) for each in states] == [DeviceOffline, DeviceOnline]


def test_a_clock_that_is_off_already_goes_no_further(clean: list[Sent]) -> None:
    before = {(each.device, each.seq): each for each in clean if each.seq}

    def off(*already: str) -> set[str]:
        return {
            each.device
            for each in faults.lay(clean, 3, already)
            if each.seq and each.at_us != before[each.device, each.seq].at_us
        }

    first = min(off())
    assert off(first) == off() - {first}
