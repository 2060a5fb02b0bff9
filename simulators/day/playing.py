"""Plays a simulated day into a broker, through one ordered connection with a gateway's account.

In real time it joins the day at the present moment; faster, the estate's clock is told along the way and
the devices' clocks are right: there is no other clock that they could be off against.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Protocol

import orjson

from eventlog import topics
from eventlog.times import from_us, iso
from eventlog.vocabulary import DeviceOffline, DeviceOnline, Event
from simulators.day import errors, ordinary
from simulators.day.incidents import Stories, Story
from simulators.day.moments import DAY_US, MINUTE_US, SECOND_US, midnight_us
from simulators.day.truth import Label, Sent
from simulators.day.world import EstateWorld, World
from simulators.message import Identity, Message, event_id, status

ENDS_AFTER_US = 20 * MINUTE_US
"""The estate's clock is told to be so much after the day's end, so that the last wake-ups fire."""
_TOLD_EVERY = 500
_PAUSE_S = 0.5


class Publisher(Protocol):
    """What a day is played into."""

    def publish(self, topic: str, payload: bytes, retain: bool = False) -> None:
        """Hands a message over, in order."""

    def pump(self) -> None:
        """Keeps the connection going."""

    def flush(self) -> None:
        """Waits until all is answered."""


@dataclass(frozen=True)
class Course:
    """A day that is ready to be played: what is sent, and the registers that it rests on."""

    estate: EstateWorld
    on: date
    seed: int
    sent: Sequence[Sent]
    registers: Sequence[Event]
    labels: Sequence[Label] = ()
    """What happens on it that is not ordinary, in order."""


@dataclass
class Progress:
    """How far the playing of a day is."""

    total: int
    sent: int = 0
    at_us: int = 0


def prepare(
    world: World,
    estate: EstateWorld,
    on: date,
    seed: int,
    *,
    scale: float = 1.0,
    clocks_off: bool = True,
    incidents: bool = True,
) -> Course:
    """A day with its sensors' errors. `scale` multiplies their rates; without `clocks_off` every device has
    the right time; without `incidents` nothing happens but the ordinary."""
    weather = ordinary.weather(world, estate.id, on, seed)
    emissions = ordinary.day(world, estate.id, on, seed)
    story = Stories(estate, seed).on(on, emissions) if incidents else Story(emissions)
    sent = errors.sense(story.emissions, seed, estate=estate, weather=weather, scale=scale)
    if not clocks_off:
        sent = [_right_time(each, seed, scale) for each in sent]
    sent = story.disturbed(sent)
    labels = sorted((part.label for part in story.parts if part.label), key=lambda label: label.at_us)
    entered = [event for _, event in ordinary.registers(world, estate.id, on, seed)]
    # What only takes away what was of other dates is nothing to a day played alone.
    of_day = (event for event in entered if not event.TYPE.endswith("_removed"))
    return Course(estate, on, seed, sent, (*estate.registers, *of_day, *story.registers), labels)


def _right_time(each: Sent, seed: int, scale: float) -> Sent:
    off_us = errors.clock_off_us(each.device, seed, scale) if each.seq else 0
    if not off_us:
        return each
    return Sent(
        each.at_us - off_us, each.received_us, each.device, each.family, each.event, each.seq, each.replay
    )


def play(
    course: Course,
    publisher: Publisher,
    *,
    speed: float,
    from_us: int | None = None,
    on_progress: Callable[[Progress], None] = lambda _progress: None,
    on_label: Callable[[Label], None] = lambda _label: None,
) -> Progress:
    """Plays the part of a day from a moment on (all of it without one), and tells `on_label` what happens as
    it does. `speed` 1 is real time, 0 as fast as the broker takes it. What would arrive after midnight is not
    sent: nothing else would be going on."""
    start_us = max(from_us or 0, midnight_us(course.on))
    end_us = midnight_us(course.on) + DAY_US
    todo = [each for each in course.sent if start_us <= each.received_us < end_us]
    progress = Progress(len(todo), 0, start_us)
    began_s = time.monotonic()
    told_us = start_us
    squads = {member: squad.id for squad in course.estate.squads for member in squad.members}
    if speed != 1:
        _tell_time(publisher, course.estate.id, start_us)
    for topic, payload in _online(course):
        publisher.publish(topic, payload, True)
    labels = deque(label for label in course.labels if start_us <= label.at_us < end_us)
    for each in todo:
        _wait(publisher, began_s, each.received_us - start_us, speed)
        while speed != 1 and each.received_us - told_us >= MINUTE_US:
            told_us += MINUTE_US
            _tell_time(publisher, course.estate.id, told_us)
        publisher.publish(*_message(course, each, squads))
        while labels and labels[0].at_us <= each.received_us:
            on_label(labels.popleft())
        progress.sent += 1
        progress.at_us = each.received_us
        if progress.sent % _TOLD_EVERY == 0 or speed == 1:
            on_progress(progress)
    if speed != 1:
        _tell_time(publisher, course.estate.id, end_us + ENDS_AFTER_US)
    publisher.flush()
    on_progress(progress)
    return progress


def _run(course: Course) -> str:
    return f"day/{course.on}/{course.seed}"


def _online(course: Course) -> Iterator[tuple[str, bytes]]:
    """Every device with a connection says that it is there."""
    for device in course.estate.devices:
        if device.heartbeat_s:
            who = Identity(course.estate.id, device.family, device.id)
            yield who.status_topic, status("online", f"{_run(course)}/{device.id}")


def _message(course: Course, each: Sent, squads: dict[str, str]) -> tuple[str, bytes, bool]:
    """Topic, payload, and whether the broker keeps it."""
    who = Identity(course.estate.id, each.family, each.device, squads.get(each.device, ""))
    match each.event:
        case DeviceOnline(session=session):
            return who.status_topic, status("online", session or f"{_run(course)}/{each.received_us}"), True
        case DeviceOffline(session=session):
            return who.status_topic, status("offline", session or f"{_run(course)}/{each.device}"), True
    message = Message(
        who,
        event_id(_run(course), who, each.seq),
        each.seq,
        each.event.TYPE,
        each.at_us,
        each.event.model_dump(mode="json", exclude_none=True),
        each.replay,
    )
    return who.events_topic, message.payload(), False


def _tell_time(publisher: Publisher, estate: str, at_us: int) -> None:
    publisher.publish(topics.time(estate), orjson.dumps({"at": iso(from_us(at_us))}))


def _wait(publisher: Publisher, began_s: float, after_us: int, speed: float) -> None:
    if speed <= 0:
        return
    due_s = began_s + after_us / SECOND_US / speed
    while (left_s := due_s - time.monotonic()) > 0:
        publisher.pump()
        time.sleep(min(left_s, _PAUSE_S))
