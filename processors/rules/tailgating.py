"""`tailgating`: more people go in through a door in one opening than were let in. Pure; knows grants,
contacts and people counters of a zone's doors, and persons that the zone's cameras see.

Counters err by one: a single one too many by the counter alone is nobody's fault and goes into the door's
rate only. It is told when a camera of the zone saw as many people, or when the counter says two or more too
many.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Literal, cast

from pydantic import Field

from eventlog.estate import Estate
from eventlog.ports import Recorded
from eventlog.vocabulary import (
    AccessGranted,
    CameraObject,
    DoorClosed,
    DoorEvent,
    DoorOpened,
    ExitRequested,
    PeopleCounted,
)
from processors.rules.base import Evidence, Raise, Rule, RuleSettings, Seconds, Step, evidence_of, value
from processors.rules.doors import controller
from processors.rules.titles import door_name, title, zone_name

HAPPENED_MAX = 64
"""Grants, contacts and exits of one zone kept, the newest."""
SEEN_MAX = 32
"""Persons seen in one zone kept, the newest."""
COUNTS_MAX = 16
"""Counts of one zone kept, the newest."""
OPENINGS_RATED = 1_000
"""The rate of a door is over about its last so many openings."""
BOUNCE_US = 500_000
"""A door that opens again so soon after it closed has only bounced: that is one opening."""
NEVER_US = 2**62
"""A time that does not come."""

What = Literal["in", "out", "open", "close"]


@value
class Happened:
    """A grant in, a grant out or exit request, or a contact."""

    what: What
    at_us: int
    door: str


@value
class Count:
    """People counted going in or out; those in are judged, once."""

    at_us: int
    door: str
    count: int
    inwards: bool
    event: Evidence
    late: bool = False
    judged: bool = False


@value
class Seen:
    """A person who came into a camera's picture."""

    at_us: int
    camera: str
    track: str
    event: Evidence


@value
class Rate:
    """Of a door's openings, those in which the counter alone saw one too many."""

    door: str
    openings: int = 0
    singles: int = 0


@value
class Zone:
    """What happened lately at a zone's doors, in order of arrival, and the rates of its doors."""

    happened: tuple[Happened, ...] = ()
    counts: tuple[Count, ...] = ()
    seen: tuple[Seen, ...] = ()
    rates: tuple[Rate, ...] = ()


@value
class Span:
    """An opening: from when on a grant counts for it, when it began and ended."""

    from_us: int
    opened_us: int
    closed_us: int
    by_count: bool = False
    """The door has no contact: the opening is guessed from its count."""


class Settings(RuleSettings):
    grant_s: Seconds = Field(5, description="a grant this long before the opening counts for it, seconds")
    no_contact_s: Seconds = Field(
        15, description="without a contact, grants this long before a count belong to it, seconds"
    )
    settle_s: Seconds = Field(5, description="a count is judged this long after it, seconds")
    camera_s: float = Field(
        2, ge=0, le=30, description="persons seen this long before or after the opening are of it, seconds"
    )
    surplus: int = Field(
        2, ge=2, le=20, description="so many too many by the counter alone are told, persons"
    )


class Tailgating(Rule[Zone]):
    """One key a zone, since its cameras see all its doors; alerts are of the door."""

    name = "tailgating"
    version = 1
    listens_to = frozenset(
        {AccessGranted, ExitRequested, DoorOpened, DoorClosed, PeopleCounted, CameraObject}
    )
    Settings = Settings
    State = Zone

    def keys(self, event: Recorded, estate: Estate) -> tuple[str, ...]:
        what = event.event
        if type(what) is CameraObject:
            if what.label != "person" or what.event != "enter":
                return ()
            zone = what.zone if what.zone in estate.zones else estate.device_zone(event.device)
            return (zone,) if zone in estate.zones_with_doors else ()
        return (estate.door_zone(what.door),)  # type: ignore[attr-defined]

    def on_event(self, key: str, state: Zone, event: Recorded, estate: Estate) -> Step[Zone] | None:
        at_us, what = event.effective_us, event.event
        if type(what) is CameraObject:
            seen = Seen(at_us, event.device, what.track, evidence_of(event))
            seen_last = (*state.seen[1 - SEEN_MAX :], seen)
            return self._step(key, Zone(state.happened, state.counts, seen_last, state.rates))
        if type(what) is PeopleCounted:
            count = Count(
                at_us, what.door, what.count, what.direction == "in", evidence_of(event), event.late
            )
            counts = (*state.counts[1 - COUNTS_MAX :], count)
            return self._step(key, replace(state, counts=counts))
        door = cast(DoorEvent, what).door
        happened = (*state.happened[1 - HAPPENED_MAX :], Happened(_kind(what), at_us, door))
        after = Zone(happened, state.counts, state.seen, state.rates)
        return self._step(key, after)

    def on_time(self, key: str, state: Zone, due_us: int, estate: Estate) -> Step[Zone]:
        settle_us = self.limits(key).settle_us
        due = [each for each in state.counts if not each.judged and each.inwards]
        due = [each for each in due if each.at_us + settle_us <= due_us]
        judged = tuple(replace(each, judged=True) if each in due else each for each in state.counts)
        after = replace(state, counts=judged)
        signals: list[Raise] = []
        for count in due:
            span = self._span(key, after, count)
            if _counted(after, count.door, count.at_us + 1, _next_opening_us(after, count.door, span)):
                continue  # several counts of one opening are judged with the last
            after, signal = self._judge(key, after, count, span, estate)
            signals += signal
        return self._step(key, after, tuple(signals))

    def _step(self, key: str, state: Zone, signals: tuple[Raise, ...] = ()) -> Step[Zone]:
        waiting = [each.at_us for each in state.counts if each.inwards and not each.judged]
        wake_us = min(waiting) + self.limits(key).settle_us if waiting else None
        return Step(state, signals, wake_us)

    def _span(self, key: str, state: Zone, count: Count) -> Span:
        """The opening that a count belongs to: by the door's contact, else by the count alone."""
        limits = self.limits(key)
        contacts = _contacts(state, count.door)
        opened = [each.at_us for each in contacts if each.what == "open" and each.at_us <= count.at_us]
        if not opened:
            before = [
                each.at_us for each in state.counts if each.door == count.door and each.at_us < count.at_us
            ]
            start_us = max([count.at_us - limits.no_contact_us, *before])
            return Span(start_us + 1, start_us + 1, count.at_us, by_count=True)
        opened_us = opened[-1]
        closed = [each.at_us for each in contacts if each.what == "close" and each.at_us >= opened_us]
        return Span(opened_us - limits.grant_us, opened_us, closed[0] if closed else count.at_us)

    def _judge(
        self, key: str, state: Zone, count: Count, span: Span, estate: Estate
    ) -> tuple[Zone, tuple[Raise, ...]]:
        """Holds the people of one opening against its grants: the rates after it, and what is told."""
        door, limits = count.door, self.limits(key)
        people = _counted(state, door, span.opened_us, _next_opening_us(state, door, span))
        surplus = people - _explained(state, door, span, limits.grant_us)
        persons = _seen_by_best_camera(state, span, limits.camera_us)
        agreed = len(persons) >= people + _elsewhere(state, door, span)
        told = surplus >= limits.surplus or (surplus == 1 and agreed)
        rates = _rated(state.rates, door, single=surplus == 1 and not agreed)
        after = replace(state, rates=rates)
        if not told:
            return after, ()
        seen = persons if agreed else ()
        signal = Raise(
            key=door,
            zone=key,
            severity="medium",
            title=title(
                "tailgating.title",
                zone=zone_name(estate, key),
                door=door_name(estate, door),
                people=people,
                granted=people - surplus,
            ),
            at_us=count.at_us,
            devices=tuple(sorted({controller(estate, door), *(each.camera for each in seen)})),
            evidence=(count.event, *(each.event for each in seen)),
            late=count.late,
        )
        return after, (signal,)


def _kind(event: object) -> What:
    if type(event) is AccessGranted:
        return event.direction
    if type(event) is ExitRequested:
        return "out"
    return "open" if type(event) is DoorOpened else "close"


def _times(state: Zone, door: str, what: What) -> list[int]:
    if what in ("open", "close"):
        return [each.at_us for each in _contacts(state, door) if each.what == what]
    return sorted(each.at_us for each in state.happened if each.door == door and each.what == what)


def _contacts(state: Zone, door: str) -> list[Happened]:
    """A door's openings and closings in order of time, without those of a contact that bounced."""
    found: list[Happened] = []
    mine = (each for each in state.happened if each.door == door and each.what in ("open", "close"))
    for each in sorted(mine, key=lambda each: each.at_us):
        last = found[-1] if found else None
        if last and each.what == "open" and last.what == "close" and each.at_us - last.at_us <= BOUNCE_US:
            found.pop()
        else:
            found.append(each)
    return found


def _granted(state: Zone, door: str, from_us: int, until_us: int) -> int:
    """Grants in at a door, both ends included."""
    return sum(from_us <= at_us <= until_us for at_us in _times(state, door, "in"))


def _counted(state: Zone, door: str, from_us: int, before_us: int, *, inwards: bool = True) -> int:
    """People counted at a door; the first moment included, the last not."""
    return sum(
        each.count
        for each in state.counts
        if each.door == door and each.inwards == inwards and from_us <= each.at_us < before_us
    )


def _next_opening_us(state: Zone, door: str, span: Span) -> int:
    """When the door opened next; a count of the opening comes before that."""
    after = [at_us for at_us in _times(state, door, "open") if at_us > span.opened_us]
    if span.by_count:
        return span.closed_us + 1
    return after[0] if after else NEVER_US


def _explained(state: Zone, door: str, span: Span, grant_us: int) -> int:
    """Grants that count for an opening: a grant just before it, while the door was still open from the last
    time, only where nobody went in on it then."""
    closed = [at_us for at_us in _times(state, door, "close") if at_us <= span.opened_us]
    if span.by_count or not closed or closed[-1] < span.from_us:
        return _granted(state, door, span.from_us, span.closed_us)
    fresh = _granted(state, door, closed[-1] + 1, span.closed_us)
    earlier = _granted(state, door, span.from_us, closed[-1])
    opened = [at_us for at_us in _times(state, door, "open") if at_us < closed[-1]]
    start_us = opened[-1] if opened else span.from_us
    used = _counted(state, door, start_us, span.opened_us)
    spare = max(0, _granted(state, door, start_us - grant_us, closed[-1]) - used)
    return fresh + min(earlier, spare)


def _seen_by_best_camera(state: Zone, span: Span, camera_us: int) -> tuple[Seen, ...]:
    """The persons of the camera that saw most of them, one a track: cameras see the same persons."""
    found: dict[str, dict[str, Seen]] = {}
    for each in state.seen:
        if span.opened_us - camera_us <= each.at_us <= span.closed_us + camera_us:
            found.setdefault(each.camera, {}).setdefault(each.track, each)
    best = max(sorted(found), key=lambda camera: len(found[camera]), default=None)
    return tuple(found[best].values()) if best else ()


def _elsewhere(state: Zone, door: str, span: Span) -> int:
    """Persons in the pictures meanwhile who did not come in here: those leaving, and those let in at the
    zone's other doors."""
    doors = {each.door for each in state.happened} | {each.door for each in state.counts}
    others = sum(_granted(state, each, span.from_us, span.closed_us) for each in doors if each != door)
    let_out = sum(
        span.from_us <= at_us <= span.closed_us for each in doors for at_us in _times(state, each, "out")
    )
    gone = sum(_counted(state, each, span.opened_us, span.closed_us + 1, inwards=False) for each in doors)
    return others + max(let_out, gone)


def _rated(rates: tuple[Rate, ...], door: str, *, single: bool) -> tuple[Rate, ...]:
    """The rates after one more opening of a door; older openings weigh half as much."""
    old = next((each for each in rates if each.door == door), Rate(door))
    openings, singles = old.openings + 1, old.singles + single
    if openings >= OPENINGS_RATED:
        openings, singles = openings // 2, singles // 2
    rest = (each for each in rates if each.door != door)
    return tuple(sorted((*rest, Rate(door, openings, singles)), key=lambda each: each.door))
