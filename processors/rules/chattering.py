"""`chattering`: a contact or an alarm that comes and goes and comes again. Pure.

Somebody who passes a door opens it for longer than a contact that flutters: such openings don't count.
"""

from __future__ import annotations

from typing import Annotated, cast

from pydantic import Field

from eventlog.estate import Estate
from eventlog.ports import Recorded
from eventlog.vocabulary import (
    CameraRestored,
    CameraTamper,
    DoorClosed,
    DoorOpened,
    FenceAlarm,
    FenceRestored,
)
from processors.rules.base import (
    KEEP_WAKE,
    Clear,
    Evidence,
    Raise,
    Rule,
    RuleSettings,
    Seconds,
    Step,
    evidence_of,
    value,
)
from processors.rules.titles import device_name, door_name, title, zone_name

TURNS_MAX = 32
"""Turns of one contact kept: enough for the largest `count`, with some out of order."""
TURNS_KEPT = 12
"""From so many on, those that are too old are taken out at every event, else only before it is judged."""
DISORDER_US = 10_000_000
_CONTACTS = frozenset({DoorOpened.TYPE, DoorClosed.TYPE})
_FENCES = frozenset({FenceAlarm.TYPE, FenceRestored.TYPE})
_RAISES = frozenset({DoorOpened.TYPE, FenceAlarm.TYPE, CameraTamper.TYPE})


@value
class Turn:
    """A contact or alarm came (`on`) or went."""

    at_us: int
    on: bool
    event: Evidence


@value
class Turns:
    """The last turns in order of time, and when it was last told of."""

    last: tuple[Turn, ...] = ()
    told_us: int | None = None


class Settings(RuleSettings):
    count: Annotated[int, Field(ge=2, le=TURNS_MAX // 4)] = Field(
        3, description="times that it came and went"
    )
    window_s: Seconds = Field(60, description="within this time, seconds")
    short_s: Seconds = Field(3, description="a door open longer than this is somebody who passes, seconds")
    quiet_s: Seconds = Field(300, description="quiet for this long it is over, seconds")


class Chattering(Rule[Turns]):
    """Keys `door:…`, `fence:{segment}` and `camera:…`."""

    name = "chattering"
    version = 1
    listens_to = frozenset({DoorOpened, DoorClosed, FenceAlarm, FenceRestored, CameraTamper, CameraRestored})
    Settings = Settings
    State = Turns

    def keys(self, event: Recorded, estate: Estate) -> tuple[str, ...]:
        kind = event.type
        if kind in _CONTACTS:
            return (f"door:{cast(DoorOpened, event.event).door}",)
        if kind in _FENCES:
            return (f"fence:{cast(FenceAlarm, event.event).segment}",)
        return (f"camera:{event.device}",)

    def on_event(self, key: str, state: Turns, event: Recorded, estate: Estate) -> Step[Turns] | None:
        zone = _zone(key, event, estate)
        limits = self.limits(zone)
        at_us = event.effective_us
        turn = Turn(at_us, event.type in _RAISES, evidence_of(event))
        last, told_us = state.last, state.told_us
        forget_us = at_us + limits.window_us + DISORDER_US
        short_us = limits.short_us if key.startswith("door:") else limits.window_us
        in_order = not last or at_us >= last[-1].at_us
        stayed = not turn.on and bool(last) and last[-1].on and at_us - last[-1].at_us > short_us
        # What comes in order has not gone yet: it may be told of when it goes, and not if it stayed for long.
        if in_order and told_us is None and (turn.on or stayed) and len(last) < TURNS_KEPT:  # nearly always
            return Step(Turns((*last, turn)), (), None, forget_us)
        earliest_us = at_us - limits.window_us - DISORDER_US
        last = tuple(each for each in last if each.at_us >= earliest_us)
        if in_order:
            last = (*last[1 - TURNS_MAX :], turn)
        else:
            last = tuple(sorted((*last, turn), key=lambda each: each.at_us))[-TURNS_MAX:]
        found = [] if in_order and turn.on else _cycles(last, short_us, limits.window_us)
        quiet = told_us is None or abs(at_us - told_us) >= limits.window_us
        if len(found) >= limits.count and quiet:
            signal = self._raise(key, zone, found, event, estate)
            return Step(Turns(last, at_us), (signal,), at_us + limits.quiet_us)
        if told_us is None:
            return Step(Turns(last), (), None, forget_us)
        going_on = bool(found) and found[-1][1] is turn
        return Step(Turns(last, told_us), (), at_us + limits.quiet_us if going_on else KEEP_WAKE)

    def on_time(self, key: str, state: Turns, due_us: int, estate: Estate) -> Step[Turns]:
        zone = _zone(key, None, estate)
        return Step(self.initial(), (Clear(key, zone, due_us),))

    def _raise(
        self, key: str, zone: str, found: list[tuple[Turn, Turn]], event: Recorded, estate: Estate
    ) -> Raise:
        name = door_name if key.startswith("door:") else device_name
        what = key.partition(":")[2]
        return Raise(
            key=key,
            zone=zone,
            severity="low",
            title=title(
                "chattering.title", zone=zone_name(estate, zone), what=name(estate, what), count=len(found)
            ),
            at_us=found[-1][1].at_us,
            devices=(event.device,),
            evidence=tuple(each.event for cycle in found for each in cycle),
        )


def _cycles(last: tuple[Turn, ...], short_us: int, window_us: int) -> list[tuple[Turn, Turn]]:
    """The times that it came and went within the window before the last turn."""
    found: list[tuple[Turn, Turn]] = []
    came: Turn | None = None
    for turn in last:
        if turn.on:
            came = came or turn
        elif came is not None:
            if turn.at_us - came.at_us <= short_us:
                found.append((came, turn))
            came = None
    return [cycle for cycle in found if found[-1][1].at_us - cycle[0].at_us <= window_us]


def _zone(key: str, event: Recorded | None, estate: Estate) -> str:
    kind, _, name = key.partition(":")
    if kind == "door":
        return estate.door_zone(name)
    if kind == "fence" and name in estate.segments:
        return estate.segments[name].zone
    return estate.device_zone(event.device if event is not None else name)
