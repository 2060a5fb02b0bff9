"""When a clock that is off could be known."""

from __future__ import annotations

from eventlog.vocabulary import DeviceHeartbeat
from simulators.day.moments import SECOND_US
from simulators.day.truth import Sent
from simulators.evaluation.sensors import clock_known_us

BEAT = DeviceHeartbeat(uptime_s=1)


def beat(at_s: int, seq: int, off_s: float = 30.0, device: str = "building-5") -> Sent:
    received_us = at_s * SECOND_US
    return Sent(received_us + int(off_s * SECOND_US), received_us, device, "access", BEAT, seq, False)


def test_a_clock_is_known_to_be_off_by_its_eleventh_message() -> None:
    beats = [beat(100 + number, number) for number in range(1, 13)]
    assert clock_known_us(beats, "building-5", 0) == 111 * SECOND_US
    assert clock_known_us(beats, "building-5", 102 * SECOND_US) == 112 * SECOND_US
    assert clock_known_us(beats[:10], "building-5", 0) is None
    assert clock_known_us(beats, "building-6", 0) is None


def test_what_is_right_comes_twice_or_within_a_second_shows_nothing_more() -> None:
    more = [beat(200, 20, off_s=5.0), beat(201, 9), beat(202, 21), beat(202, 22), beat(204, 22)]
    beats = [beat(100 + number, number) for number in range(1, 10)]
    assert clock_known_us([*beats, *more], "building-5", 0) is None
    more.append(beat(206, 23))
    assert clock_known_us([*beats, *more], "building-5", 0) == 206 * SECOND_US
