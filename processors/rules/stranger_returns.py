"""`stranger_returns`: an unknown face or phone near the same place on several nights. Pure.

It names nobody: the key is a reference to the maker's number of the face, or to the hash of the address.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, cast

from pydantic import Field

from eventlog.estate import Estate
from eventlog.ids import reference
from eventlog.ports import Recorded
from eventlog.times import to_us
from eventlog.vocabulary import FaceUnknown, ProbeSighting
from processors.rules.base import Evidence, Raise, Rule, RuleSettings, Step, evidence_of, value
from processors.rules.titles import title, zone_name

DAY_US = 86_400_000_000
NOON = timedelta(hours=12)


@value
class Night:
    """A night on which it was there: the day on which the night began, and the first event of it."""

    day: int
    event: Evidence


@value
class Visits:
    """The nights, in order, and the last one when it was told."""

    nights: tuple[Night, ...] = ()
    told: int | None = None


class Settings(RuleSettings):
    nights: Annotated[int, Field(ge=1, le=14)] = Field(3, description="nights that are too many")
    of_nights: Annotated[int, Field(ge=1, le=14)] = Field(7, description="of so many nights")


class StrangerReturns(Rule[Visits]):
    """Key `{zone}:{reference of the face or phone}`."""

    name = "stranger_returns"
    version = 1
    listens_to = frozenset({FaceUnknown, ProbeSighting})
    Settings = Settings
    State = Visits

    def keys(self, event: Recorded, estate: Estate) -> tuple[str, ...]:
        stranger = _stranger(event, estate)
        if stranger is None or not estate.is_night(event.effective_at):
            return ()
        return (f"{estate.device_zone(event.device)}:{reference(estate.id, stranger)}",)

    def on_event(self, key: str, state: Visits, event: Recorded, estate: Estate) -> Step[Visits] | None:
        zone = estate.device_zone(event.device)
        settings: Settings = self.for_zone(zone)
        day = (estate.local(event.effective_at) - NOON).toordinal()
        if any(each.day == day for each in state.nights):
            return None  # seen already that night
        latest = max(day, *(each.day for each in state.nights)) if state.nights else day
        seen = sorted((*state.nights, Night(day, evidence_of(event))), key=lambda each: each.day)
        nights = tuple(each for each in seen if latest - each.day < settings.of_nights)
        forget_us = event.effective_us + (settings.of_nights + 1) * DAY_US
        told = state.told is not None and latest - state.told < settings.of_nights
        if len(nights) < settings.nights or told:
            return Step(Visits(nights, state.told), forget_us=forget_us)
        face = event.type == FaceUnknown.TYPE
        signal = Raise(
            key=key,
            zone=zone,
            severity="low",
            title=title(
                "stranger_returns.title" if face else "stranger_returns.title_phone",
                zone=zone_name(estate, zone),
                count=len(nights),
            ),
            at_us=event.effective_us,
            devices=(event.device,),
            evidence=tuple(each.event for each in nights),
        )
        return Step(Visits(nights, latest), (signal,), forget_us=forget_us)


def _stranger(event: Recorded, estate: Estate) -> str | None:
    """What stands for the stranger; None for who is known, has a permit, or can't be told from others."""
    if event.type == FaceUnknown.TYPE:
        face = cast(FaceUnknown, event.event).face
        if face is None or face in estate.people or _visits(face, event, estate):
            return None
        return f"face {face}"
    sighting = cast(ProbeSighting, event.event)
    if sighting.randomised:
        return None
    radio = estate.radios.get(sighting.address)
    if radio is None:
        return f"radio {sighting.address}"
    known = radio.valid_until is None or event.effective_us < to_us(radio.valid_until)
    return None if known else f"radio {sighting.address}"


def _visits(face: str, event: Recorded, estate: Estate) -> bool:
    """Whether somebody with a visitor's permit that holds has this face."""
    at = event.effective_at
    return any(
        (each.valid_from is None or each.valid_from <= at)
        and (each.valid_until is None or at < each.valid_until)
        for each in estate.visitors_by_person.get(face, ())
    )
