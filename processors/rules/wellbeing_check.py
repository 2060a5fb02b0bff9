"""`wellbeing_check`: somebody who lives alone has neither come nor gone for long; a grid worker is asked to
look in. Pure; knows the register of people and what shows that somebody was there: grants, faces, their
vehicle.

Only those who live alone and may be looked in on have a state. Where the estate's clock has not begun when
somebody is registered, their time runs from the first sign of them.
"""

from __future__ import annotations

from typing import cast

from pydantic import Field

from eventlog import plates
from eventlog.estate import Estate
from eventlog.ids import reference
from eventlog.ports import Recorded
from eventlog.times import to_us
from eventlog.vocabulary import (
    AccessGranted,
    FaceRecognised,
    PersonRemoved,
    PersonSet,
    PlateRead,
)
from processors.rules.base import (
    Clear,
    Evidence,
    Raise,
    Rule,
    RuleSettings,
    Seconds,
    Signal,
    Step,
    evidence_of,
    value,
)
from processors.rules.titles import title, zone_name


@value
class Signs:
    """The last sign of somebody (or, before any, when they were registered), and when they were told of as
    missing."""

    last_us: int = 0
    event: Evidence | None = None
    seen: bool = False
    told_us: int = 0


class Settings(RuleSettings):
    silent_s: Seconds = Field(129_600, description="no sign for this long, seconds")


class WellbeingCheck(Rule[Signs]):
    """Key `person:{reference of the person}`."""

    name = "wellbeing_check"
    version = 1
    listens_to = frozenset({AccessGranted, FaceRecognised, PlateRead, PersonSet, PersonRemoved})
    Settings = Settings
    State = Signs

    def keys(self, event: Recorded, estate: Estate) -> tuple[str, ...]:
        what = event.event
        if type(what) is AccessGranted:
            entry = estate.credentials.get(what.credential)
            person = (entry.person if entry else None) or what.holder
        elif type(what) is PlateRead:
            vehicle = estate.vehicles_by_plate.get(plates.normal(what.plate))
            person = vehicle.owner if vehicle else None
        else:
            person = cast(FaceRecognised | PersonSet | PersonRemoved, what).person
            if type(what) is not FaceRecognised:
                return (_key(person, estate),)
        if person is None or person not in estate.people or not _watched(estate.people[person]):
            return ()  # nearly always
        return (_key(person, estate),)

    def on_event(self, key: str, state: Signs, event: Recorded, estate: Estate) -> Step[Signs] | None:
        what = event.event
        if isinstance(what, PersonRemoved) or (isinstance(what, PersonSet) and not _watched(what)):
            if state is self.initial():
                return None
            return Step(self.initial(), self._clear(key, state, event, estate))
        if isinstance(what, PersonSet):
            return self._registered(key, state, event, estate)
        at_us = event.effective_us
        begun_later = not state.seen and state.last_us > event.recorded_us
        if at_us <= state.last_us and not begun_later:
            return None
        after = Signs(at_us, evidence_of(event), True)
        return Step(after, self._clear(key, state, event, estate), self._due_us(key, after, estate))

    def on_time(self, key: str, state: Signs, due_us: int, estate: Estate) -> Step[Signs]:
        person = estate.living_alone.get(key.removeprefix("person:"))
        if person is None or not _watched(person):
            return Step(self.initial())
        next_us = self._due_us(key, state, estate)
        if next_us is None or next_us > due_us:
            return Step(state, (), next_us)
        zone = _zone(person, estate)
        hours = round(float(self.for_zone(zone).silent_s) / 3_600)
        signal = Raise(
            key=key,
            zone=zone,
            severity="low",
            title=title("wellbeing_check.title", zone=zone_name(estate, zone), hours=hours),
            at_us=due_us,
            evidence=(state.event,) if state.event else (),
        )
        return Step(Signs(state.last_us, state.event, state.seen, due_us), (signal,))

    def _registered(self, key: str, state: Signs, event: Recorded, estate: Estate) -> Step[Signs] | None:
        since_us = state.last_us or event.recorded_us or event.effective_us
        if not since_us:
            return None
        after = Signs(since_us, state.event or evidence_of(event), state.seen, state.told_us)
        due_us = self._due_us(key, after, estate)
        if not state.told_us:
            return Step(after, (), due_us)
        if due_us is not None and due_us <= event.recorded_us:
            return Step(after)
        signals = self._clear(key, state, event, estate)  # they are away after all
        return Step(Signs(since_us, after.event, state.seen), signals, due_us)

    def _due_us(self, key: str, state: Signs, estate: Estate) -> int | None:
        """When somebody is missing; None while away with no end."""
        person = estate.living_alone[key.removeprefix("person:")]
        silent_us: int = self.limits(_zone(person, estate)).silent_us
        due_us = state.last_us + silent_us
        if person.away_from is None and person.away_until is None:
            return due_us
        from_us = to_us(person.away_from) if person.away_from else 0
        until_us = to_us(person.away_until) if person.away_until else None
        if from_us >= due_us or (until_us is not None and until_us <= state.last_us):
            return due_us
        return None if until_us is None else until_us + silent_us

    def _clear(self, key: str, state: Signs, event: Recorded, estate: Estate) -> tuple[Signal, ...]:
        if not state.told_us:
            return ()
        person = estate.living_alone.get(key.removeprefix("person:"))
        at_us = event.effective_us
        withdrawn = at_us <= state.told_us
        return (Clear(key, _zone(person, estate), at_us, (evidence_of(event),), withdrawn),)


def _watched(person: PersonSet) -> bool:
    return person.lives_alone and person.look_in and person.left_at is None


def _key(person: str, estate: Estate) -> str:
    return f"person:{reference(estate.id, person)}"


def _zone(person: PersonSet | None, estate: Estate) -> str:
    home = estate.homes.get(person.home) if person and person.home else None
    return home.zone if home else estate.id
