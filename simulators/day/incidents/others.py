"""Incidents at the fence, of devices, of people on duty, and what several kinds of device tell together;
with their harmless doubles."""

from __future__ import annotations

from datetime import date, timedelta

from eventlog.times import from_us
from eventlog.vocabulary import (
    DeviceHeartbeat,
    DeviceOffline,
    DeviceOnline,
    DrillSet,
    FenceAlarm,
    FenceRestored,
    HelpPressed,
    PatrolCheckpoint,
    PatrolResponse,
)
from simulators.day.incidents.tools import HOUR_US, MINUTE_US, SECOND_US, Cast, Mute, Quiet, Tale
from simulators.day.moments import midnight_us
from simulators.day.patrols import walker_of
from simulators.day.world import Round

UNSEEN_US = 15 * MINUTE_US
AT_FENCE_US = 8 * MINUTE_US
"""A guard is at the fence so long before and after the point there is due, at most."""


def perimeter_breach(c: Cast) -> Tale:
    """Somebody climbs or cuts the fence; a camera or the segment beside it often shows it, too."""
    segment, at_us = c.segment(), c.at(0, 24)
    kind = c.choice(("climb", "cut", "climb", "vibration"))
    _alarm(c, segment.device, segment.id, at_us, kind)
    if kind == "vibration" or c.numbers.random() < 0.5:
        begin_us = at_us + c.seconds(2, 20)
        c.sees(segment.camera, "perimeter", begin_us, begin_us + c.seconds(10, 60))
    elif c.numbers.random() < 0.4:
        _alarm(c, segment.beside[0], segment.beside[0], at_us + c.seconds(1, 12), "vibration")
    return c.tell(segment.zone, segment.id, at_us, f"somebody at the fence: {kind}")


def perimeter_breach_double(c: Cast) -> Tale:
    """A gust shakes many segments; a gardener's ladder is known beforehand."""
    at_us = c.at(0, 24)
    segments = list(c.estate.segments)
    begin = c.numbers.randrange(len(segments))
    count = c.numbers.randint(5, 8)
    chosen = (segments[begin:] + segments[:begin])[: min(count, len(segments))]
    for segment in chosen:
        _alarm(c, segment.device, segment.id, at_us + c.seconds(0, 12), "vibration")
    return c.tell(chosen[0].zone, chosen[0].id, at_us, "a gust shakes the fence")


def _alarm(c: Cast, device: str, segment: str, at_us: int, kind: str) -> None:
    c.say(at_us, device, "fence", FenceAlarm, segment=segment, kind=kind)
    c.say(at_us + c.seconds(4, 15), device, "fence", FenceRestored, segment=segment, kind=kind)


def device_offline(c: Cast) -> Tale:
    """A device loses its line or its power for longer than anybody should wait."""
    families = ("camera", "fence", "probe", "face", "help")
    device = c.choice(
        each for each in c.estate.devices if (each.family in families and each.heartbeat_s and each.parent)
        or (each.family in families[1:] and each.heartbeat_s)
    )  # fmt: skip
    at_us = c.at(0, 24)
    away_s = c.numbers.triangular(25, 5_400, 900)
    end_us = at_us + int(away_s * SECOND_US)
    _away(c, device.id, device.family, at_us, end_us)
    mute = Mute(at_us, end_us, devices=frozenset({device.id}))
    return c.tell(device.zone, device.id, at_us, f"a device is away for {away_s:.0f} s", mutes=(mute,))


def device_offline_double(c: Cast) -> Tale:
    """A line breaks for some seconds."""
    device = c.choice(each for each in c.estate.devices if each.heartbeat_s)
    at_us = c.at(0, 24)
    away_s = c.numbers.triangular(2, 19, 9)
    end_us = at_us + int(away_s * SECOND_US)
    _away(c, device.id, device.family, at_us, end_us)
    quiet = (Quiet(device.id, at_us - 5 * SECOND_US, end_us + 5 * SECOND_US),)
    return c.tell(device.zone, device.id, at_us, f"a line breaks for {away_s:.0f} s", quiet=quiet)


def _away(c: Cast, device: str, family: str, at_us: int, end_us: int) -> None:
    # Of a maker that names no sessions: whatever session was before, this ends it.
    c.say(at_us, device, family, DeviceOffline, device=device, session=None)
    c.say(end_us, device, family, DeviceOnline, device=device, session=None)


def clock_skewed(c: Cast) -> Tale:
    """Somebody sets a controller's clock wrong."""
    return _clock(c, c.numbers.triangular(8, 120, 40) * c.choice((-1, 1)))


def clock_skewed_double(c: Cast) -> Tale:
    """A clock is off by so little that it matters to nobody."""
    return _clock(c, c.numbers.uniform(0.5, 4.0) * c.choice((-1, 1)))


def _clock(c: Cast, off_s: float) -> Tale:
    door = c.building()
    at_us = c.at(7, 9, range(6))
    known_us = at_us
    for number in range(60):  # so that the device says enough to be measured
        known_us = at_us + number * MINUTE_US
        c.say(known_us, door.device, "access", DeviceHeartbeat, battery=None, uptime_s=float(number))
        if number == 11:
            label_us = known_us
    clocks = ((door.device, at_us - SECOND_US, at_us + 10 * HOUR_US, off_s),)
    return c.tell(door.zone, door.device, label_us, f"a clock is off by {off_s:.0f} s", clocks=clocks)


def sequence_gap(c: Cast) -> Tale:
    """A device's messages are lost on the way for good."""
    segment, at_us = c.segment(), c.at(0, 23)
    lost = [
        c.say(
            at_us + number * SECOND_US, segment.device, "fence", DeviceHeartbeat, battery=None, uptime_s=1.0
        )
        for number in range(c.numbers.randint(1, 5))
    ]
    after_us = at_us + c.seconds(30, 90)
    c.say(after_us, segment.device, "fence", DeviceHeartbeat, battery=None, uptime_s=2.0)
    return c.tell(
        segment.zone, segment.device, after_us + MINUTE_US, "messages are lost",
        lost=frozenset(id(each.event) for each in lost),
    )  # fmt: skip


def sequence_gap_double(c: Cast) -> Tale:
    """Messages come out of order, and all arrive."""
    segment, at_us = c.segment(), c.at(0, 23)
    for number in range(8):
        c.say(
            at_us + number * SECOND_US, segment.device, "fence", DeviceHeartbeat, battery=None, uptime_s=1.0
        )
    return c.tell(segment.zone, segment.device, at_us, "a device says much in a short time")


def chattering(c: Cast) -> Tale:
    """A contact is loose: a door's, or a segment's that alarms and is quiet again, many times."""
    times = c.numbers.randint(3, 8)
    if c.numbers.random() < 0.5:
        return _flutter(c, times, c.seconds(2.2, 6))
    segment, at_us = c.segment(), c.at(0, 24)
    third_us = at_us
    for number in range(times):
        begin_us = at_us + number * 17 * SECOND_US
        c.say(begin_us, segment.device, "fence", FenceAlarm, segment=segment.id, kind="short")
        end_us = begin_us + c.seconds(2, 9)
        c.say(end_us, segment.device, "fence", FenceRestored, segment=segment.id, kind="short")
        if number == 2:
            third_us = end_us
    return c.tell(segment.zone, segment.device, third_us, f"a segment alarms {times} times")


def chattering_double(c: Cast) -> Tale:
    """A door that springs back once when somebody pulls it shut."""
    return _flutter(c, 2, c.seconds(1.2, 1.8))


def _flutter(c: Cast, times: int, every_us: int) -> Tale:
    door, at_us = c.building(), c.at(6, 23)
    person = c.resident(door)
    c.granted(at_us - SECOND_US, door, person.credentials[0], holder=person.id)
    third_us = at_us
    for number in range(times):
        begin_us = at_us + number * every_us
        c.opening(begin_us, door, c.numbers.uniform(0.4, 1.0), 0)
        if number == 2:
            third_us = begin_us + SECOND_US
    end_us = at_us + times * every_us
    return c.tell(
        door.zone,
        door.device,
        third_us,
        f"a door's contact comes and goes {times} times",
        quiet=c.busy(door, at_us, end_us),
    )


def checkpoint_missed(c: Cast) -> Tale:
    """A guard leaves a point out."""
    plan, start, member, day = _round(c, lone=False)
    at_us = midnight_us(day) + start * MINUTE_US
    stop = plan.stops[1]
    due_us = at_us + int(stop.after_min * MINUTE_US)
    point = stop.checkpoint
    mute = Mute(due_us - 9 * MINUTE_US, due_us + 9 * MINUTE_US, who=frozenset({f"{member}@{point}"}))
    zone = c.estate.checkpoints[point]
    return c.tell(zone, point, due_us + UNSEEN_US, "a point is left out", mutes=(mute,))


def checkpoint_missed_double(c: Cast) -> Tale:
    """A guard is a few minutes late, within the buffer."""
    plan, start, member, day = _round(c, lone=False)
    at_us = midnight_us(day) + start * MINUTE_US
    stop = plan.stops[1]
    due_us = at_us + int(stop.after_min * MINUTE_US)
    point = stop.checkpoint
    mute = Mute(due_us - 9 * MINUTE_US, due_us + 9 * MINUTE_US, who=frozenset({f"{member}@{point}"}))
    _checks(c, member, plan.squad, point, due_us + c.seconds(200, 290))
    zone = c.estate.checkpoints[point]
    return c.tell(zone, point, due_us, "a guard is a few minutes late", mutes=(mute,))


def guard_overdue(c: Cast) -> Tale:
    """A lone guard is not heard of any more."""
    plan, start, member, day = _round(c, lone=True)
    at_us = midnight_us(day) + start * MINUTE_US
    gone_us = at_us + int(plan.stops[0].after_min * MINUTE_US) + 5 * MINUTE_US
    due_us = at_us + int(plan.stops[1].after_min * MINUTE_US)
    mute = Mute(gone_us, at_us + 2 * HOUR_US, who=frozenset({member}))
    point = plan.stops[1].checkpoint
    zone = c.estate.checkpoints[point]
    unseen = tuple(
        _unseen(c, at_us + int(stop.after_min * MINUTE_US))
        for stop in plan.stops[1:]
        if c.estate.checkpoints[stop.checkpoint] == "perimeter"
    )
    return c.tell(zone, plan.plan, due_us + UNSEEN_US, "a lone guard is not heard of", mutes=(mute, *unseen))


def _unseen(c: Cast, due_us: int) -> Mute:
    """Who does not come to the fence is not seen there either; else nobody would be at that time."""
    cameras = frozenset(c.estate.cameras["perimeter"])
    return Mute(due_us - AT_FENCE_US, due_us + AT_FENCE_US, devices=cameras)


def guard_overdue_double(c: Cast) -> Tale:
    """A lone guard is late, and tells so by every check."""
    plan, start, member, day = _round(c, lone=True)
    at_us = midnight_us(day) + start * MINUTE_US
    stop = plan.stops[1]
    due_us = at_us + int(stop.after_min * MINUTE_US)
    mute = Mute(
        due_us - 5 * MINUTE_US, due_us + 7 * MINUTE_US, who=frozenset({f"{member}@{stop.checkpoint}"})
    )
    _checks(c, member, plan.squad, stop.checkpoint, due_us + c.seconds(400, 700))
    zone = c.estate.checkpoints[stop.checkpoint]
    return c.tell(zone, plan.plan, due_us, "a lone guard is late", mutes=(mute,))


def _round(c: Cast, *, lone: bool) -> tuple[Round, int, str, date]:
    plans = [each for each in c.estate.rounds if each.lone is lone] or list(c.estate.rounds)

    def draw() -> tuple[Round, int, date]:
        plan = c.choice(plans)
        start = c.choice(each for each in plan.starts if each < 21 * 60)
        return plan, start, c.monday + timedelta(days=c.numbers.randrange(7))

    plan, start, day = c.alone(draw, lambda drawn: f"{drawn[0].plan} {drawn[1]} {drawn[2]}")
    squad = next(each for each in c.estate.squads if each.id == plan.squad)
    return plan, start, walker_of(c.estate, plan, squad, day, start), day


def _checks(c: Cast, member: str, squad: str, point: str, at_us: int) -> None:
    c.say(
        at_us, member, "patrol", PatrolCheckpoint, member=member, squad=squad, checkpoint=point, method="nfc"
    )


def help_(c: Cast) -> Tale:
    """Somebody presses a help button, or a guard calls for help."""
    at_us = c.at(0, 24)
    if c.numbers.random() < 0.75:
        button = c.choice(c.estate.help_buttons)
        zone = c.estate.help_buttons[button]
        c.say(at_us, button, "help", HelpPressed, location=zone)
        return c.tell(zone, button, at_us, "a help button is pressed")
    squad = c.choice(each for each in c.estate.squads if each.kind == "full_time")
    member, point = c.choice(squad.members), c.choice(c.estate.checkpoints)
    zone = c.estate.checkpoints[point]
    _checks(c, member, squad.id, point, at_us - 2 * MINUTE_US)
    c.say(at_us, member, "patrol", PatrolResponse, alert="none", member=member, action="need_help")
    return c.tell(zone, member, at_us, "a guard calls for help")


def help_double(c: Cast) -> Tale:
    """A help button is tried out in a drill."""
    at_us = c.at(9, 16)
    button = c.choice(c.estate.help_buttons)
    zone = c.estate.help_buttons[button]
    c.say(at_us, button, "help", HelpPressed, location=zone)
    moment, half = from_us(at_us), timedelta(minutes=30)
    drill = DrillSet.model_construct(drill=c.name, starts_at=moment - half, ends_at=moment + half)
    return c.tell(zone, button, at_us, "a help button is tried out", registers=(drill,))


def episode(c: Cast) -> Tale:
    """Somebody comes over the fence at night, mostly when the patrol is past, and a camera sees them: two
    kinds of device agree."""
    segment, at_us = c.segment(), c.unpatrolled(lambda: c.at(22.3, 29.5))
    _alarm(c, segment.device, segment.id, at_us, "climb")
    begin_us = at_us + c.seconds(3, 20)
    c.sees(segment.camera, "perimeter", begin_us, begin_us + c.seconds(20, 90))
    return c.tell("perimeter", segment.id, at_us, "fence and camera tell of the same person")


def episode_double(c: Cast) -> Tale:
    """Two doors of two buildings have their own small trouble at the same time."""
    first, second = c.building(), c.building()
    at_us = c.at(8, 20)
    for number in range(2):
        c.denied(at_us + number * 4 * SECOND_US, first, f"card-{c.name}-a", "unknown")
        c.denied(at_us + number * 5 * SECOND_US, second, f"card-{c.name}-b", "unknown")
    return c.tell(first.zone, first.id, at_us, "two doors refuse a card at the same time")
