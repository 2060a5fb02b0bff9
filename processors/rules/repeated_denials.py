"""`repeated_denials`: somebody tries and is refused, again and again. Pure; knows denials only.

A door and a credential are keys of their own. A credential's key speaks only when more than one door is
involved, since otherwise the door's key says it already.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, cast

from pydantic import Field

from eventlog.estate import Estate
from eventlog.ids import reference
from eventlog.ports import LATE_AFTER, Recorded
from eventlog.vocabulary import AccessDenied
from processors.rules.base import Evidence, Raise, Rule, RuleSettings, Seconds, Step, evidence_of, us, value
from processors.rules.doors import controller
from processors.rules.titles import door_name, title, zone_name

DENIALS_MAX = 32
"""Denials kept of one key: enough for the largest `count`."""

LATE_AFTER_US = LATE_AFTER // timedelta(microseconds=1)

DISORDER_US = 10_000_000
"""Events come out of order by less than this."""


@value
class Denial:
    """One refusal; `credential` is a reference, empty where none was read."""

    at_us: int
    event: Evidence
    door: str
    credential: str = ""


@value
class Denials:
    """The last refusals in order of time, and when they were told of."""

    last: tuple[Denial, ...] = ()
    told_us: int | None = None


class Settings(RuleSettings):
    count: Annotated[int, Field(ge=2, le=DENIALS_MAX // 2)] = Field(
        3, description="denials that are too many"
    )
    window_s: Seconds = Field(60, description="within this time, seconds")
    impatient_s: float = Field(
        2, ge=0, le=60, description="one card again at one door within this time counts once, seconds"
    )


class RepeatedDenials(Rule[Denials]):
    """Keys `door:…` and `credential:{reference of the credential}`."""

    name = "repeated_denials"
    version = 1
    listens_to = frozenset({AccessDenied})
    Settings = Settings
    State = Denials

    def keys(self, event: Recorded, estate: Estate) -> tuple[str, ...]:
        denied = cast(AccessDenied, event.event)
        if denied.credential is None:
            return (f"door:{denied.door}",)
        return f"door:{denied.door}", f"credential:{reference(estate.id, denied.credential)}"

    def on_event(self, key: str, state: Denials, event: Recorded, estate: Estate) -> Step[Denials]:
        denied = cast(AccessDenied, event.event)
        card = reference(estate.id, denied.credential) if denied.credential else ""
        new = Denial(event.effective_us, evidence_of(event), denied.door, card)
        zone = estate.door_zone(denied.door)
        settings: Settings = self.for_zone(zone)
        window_us = us(settings.window_s)
        # What is older than that is history under upload: it is counted among itself.
        stale_us = range(window_us + DISORDER_US + 1, LATE_AFTER_US + 1)
        kept = tuple(each for each in state.last if new.at_us - each.at_us not in stale_us)
        last = tuple(sorted((*kept[-DENIALS_MAX + 1 :], new), key=lambda each: each.at_us))
        forget_us = last[-1].at_us + window_us + DISORDER_US
        quiet = state.told_us is None or abs(new.at_us - state.told_us) >= window_us
        found = _burst(last, new, settings) if quiet else ()
        doors = sorted({each.door for each in found})
        if not found or (len(doors) < 2 and key.startswith("credential:")):
            return Step(Denials(last, state.told_us), forget_us=forget_us)
        signal = self._raise(key, zone, found, doors, estate)
        return Step(Denials(last, new.at_us), (signal,), forget_us=forget_us)

    def _raise(
        self, key: str, zone: str, found: tuple[Denial, ...], doors: list[str], estate: Estate
    ) -> Raise:
        here = zone_name(estate, zone)
        across = key.startswith("credential:")
        text = (
            title("repeated_denials.title_across", zone=here, doors=len(doors), count=len(found))
            if across
            else title(
                "repeated_denials.title", zone=here, door=door_name(estate, doors[0]), count=len(found)
            )
        )
        return Raise(
            key=key,
            zone=zone,
            severity="high" if across else "medium",
            title=text,
            at_us=found[-1].at_us,
            devices=tuple(sorted({controller(estate, door) for door in doors})),
            evidence=tuple(each.event for each in found),
        )


def _burst(last: tuple[Denial, ...], new: Denial, settings: Settings) -> tuple[Denial, ...]:
    """The denials that count, `count` of them at least within the window, the new one's among them."""
    counted = _counted(last, us(settings.impatient_s))
    window_us = us(settings.window_s)
    best: tuple[Denial, ...] = ()
    for first in range(len(counted)):
        span = tuple(each for each in counted[first:] if each.at_us - counted[first].at_us <= window_us)
        around = span and span[0].at_us <= new.at_us <= span[-1].at_us + us(settings.impatient_s)
        if len(span) >= settings.count and around and len(span) > len(best):
            best = span
    return best


def _counted(last: tuple[Denial, ...], impatient_us: int) -> list[Denial]:
    """Without those of one card at one door that follow a counted one at once."""
    counted: list[Denial] = []
    latest: dict[tuple[str, str], int] = {}
    for denial in last:
        card = (denial.door, denial.credential)
        if denial.credential and card in latest and denial.at_us - latest[card] <= impatient_us:
            continue
        latest[card] = denial.at_us
        counted.append(denial)
    return counted
