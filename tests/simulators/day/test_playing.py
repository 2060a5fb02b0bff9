"""A simulated day over MQTT: every event on its device's topic, its clock told, its registers entered."""

from __future__ import annotations

import json
import time
from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import date, timedelta

import pytest

from eventlog import codec, topics
from eventlog.times import from_us
from eventlog.vocabulary import VisitorSet
from simulators.day import playing
from simulators.day.command import parse, run
from simulators.day.moments import DAY_US, HOUR_US, midnight_us
from simulators.day.truth import Label
from simulators.day.world import World
from tests.simulators.broker_ear import Ear
from tests.simulators.day.conftest import MONDAY
from tests.simulators.test_cli import Anonymous, gatehouse
from tests.support.mosquitto import Mosquitto


@dataclass
class Heard:
    """Keeps what is published."""

    messages: list[tuple[str, bytes, bool]] = field(default_factory=list)

    def publish(self, topic: str, payload: bytes, retain: bool = False) -> None:
        self.messages.append((topic, payload, retain))

    def pump(self) -> None:
        """Nothing waits."""

    def flush(self) -> None:
        """Nothing waits."""


@pytest.fixture(scope="module")
def course(small: World) -> playing.Course:
    return playing.prepare(small, small.estates[0], MONDAY, 7, clocks_off=False)


@pytest.fixture(scope="module")
def heard(course: playing.Course) -> Heard:
    publisher = Heard()
    playing.play(course, publisher, speed=0)
    return publisher


def test_every_message_is_an_event_that_its_topic_may_carry(heard: Heard) -> None:
    kinds = Counter(topics.parse(topic).kind for topic, _, _ in heard.messages)
    assert kinds["other"] == 0
    assert kinds["member"] > 50
    assert kinds["time"] > 1_000
    for topic, payload, retain in heard.messages:
        place = topics.parse(topic)
        assert retain == (place.kind == "status")
        if place.kind in {"events", "member"}:
            assert codec.parse_wire(payload).source == place.source
        if place.kind == "status":
            said = json.loads(payload)
            assert said["state"] in {"online", "offline"}
            assert said["session"]


def test_it_is_the_day_that_was_asked_for_in_order(course: playing.Course, heard: Heard) -> None:
    start_us, end_us = midnight_us(MONDAY), midnight_us(MONDAY) + DAY_US
    told = [json.loads(payload)["at"] for topic, payload, _ in heard.messages if topic.endswith("/time")]
    numbered = [each for each in course.sent if each.seq and each.received_us < end_us]
    events = [json.loads(payload) for topic, payload, _ in heard.messages if topic.endswith("/events")]
    assert told == sorted(told)
    assert told[0] == from_us(start_us).isoformat().replace("+00:00", ".000000Z")
    assert len(events) == len(numbered)
    assert [event["seq"] for event in events] == [each.seq for each in numbered]
    assert len({(event["source"], event["id"]) for event in events}) < len(events), "some come twice"


def test_all_clocks_are_right_when_time_is_told(course: playing.Course) -> None:
    late = [each for each in course.sent if each.received_us - each.at_us > HOUR_US // 2]
    on_time = [each for each in course.sent if each not in late]
    assert all(0 <= each.received_us - each.at_us < 20_000_000 for each in on_time)


def test_the_registers_of_the_day_are_with_it(course: playing.Course) -> None:
    assert any(isinstance(event, VisitorSet) for event in course.registers)
    assert not [event for event in course.registers if event.TYPE.endswith("_removed")]


def test_what_happens_is_told_as_it_does(course: playing.Course) -> None:
    told: list[Label] = []
    week = (MONDAY + timedelta(days=number) for number in range(7))
    labelled = next(found for day in week if len((found := _course_of(course, day)).labels) > 1)
    playing.play(labelled, Heard(), speed=0, on_label=told.append)
    assert told == list(labelled.labels)
    assert not _course_of(course, labelled.on, incidents=False).labels


def _course_of(course: playing.Course, on: date, *, incidents: bool = True) -> playing.Course:
    world = World("small", 7, (course.estate,))
    return playing.prepare(world, course.estate, on, 7, clocks_off=False, incidents=incidents)


def test_in_real_time_the_day_is_joined_where_it_is(course: playing.Course) -> None:
    publisher = Heard()
    first = next(
        number
        for number, (one, other) in enumerate(zip(course.sent, course.sent[4:], strict=False))
        if other.received_us - one.received_us < 3_000_000
    )
    from_us = course.sent[first + 2].received_us - 200_000
    few = replace(course, sent=course.sent[: first + 5])
    expected = sum(each.received_us >= from_us for each in few.sent)
    began_s = time.monotonic()
    progress = playing.play(few, publisher, speed=1, from_us=from_us)
    assert progress.sent == expected
    assert not [topic for topic, _, _ in publisher.messages if topic.endswith("/time")]
    assert 0.15 < time.monotonic() - began_s < 6.0


@pytest.mark.mosquitto
def test_a_day_over_a_real_broker(mosquitto: Mosquitto) -> None:
    with Ear(mosquitto.port, "estates/estate-001/#") as ear:
        figures = run(
            parse("day:city", "2026-11-02", 7, 0.0, 1.0), Anonymous(mosquitto.url), lambda _line: None, "en"
        )
        assert figures["estate"] == "estate-001"
        assert figures["date"] == "2026-11-02"
        assert not figures["registered"]
        assert not figures["answered"]
        assert len(ear.wait_for(figures["sent"] - 20, "/events")) > 3_000


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["day:vilage"], "there is no preset 'vilage'; there are: pilot, community, city"),
        (["day:pilot/nowhere"], "there is no estate 'nowhere' in pilot; there are: xiegou"),
        (["day:pilot", "--date", "monday"], "'monday': expected a date such as 2026-11-02"),
    ],
)
def test_what_can_not_be_played_is_told(arguments: list[str], told: str) -> None:
    result = gatehouse("simulate", *arguments)
    assert result.exit_code == 2
    assert told in result.stderr


def test_without_a_date_it_is_today_or_the_next_day() -> None:
    wanted = parse("day:community/donghe", None, 3, 60.0, 1.0)
    assert (wanted.preset, wanted.estate, wanted.on) == ("community", "donghe", None)
    assert parse("day:pilot", "2026-11-02", 0, 1.0, 1.0).on == date(2026, 11, 2)
