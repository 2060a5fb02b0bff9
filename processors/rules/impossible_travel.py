"""`impossible_travel`: one credential at two doors sooner than anybody walks between them: a copy. Pure;
knows presentations at doors and the plan.

Both the devices' clocks and ours must say so: where a device's time and its arrival are apart, either its
clock is off or its line was slow, and which of the two is not known.
"""

from __future__ import annotations

from pydantic import Field

from eventlog.estate import Estate
from eventlog.ids import reference
from eventlog.ports import Recorded
from eventlog.vocabulary import AccessDenied, AccessGranted, Event
from processors.rules.base import Evidence, Raise, Rule, RuleSettings, Seconds, Step, evidence_of, us, value
from processors.rules.doors import controller
from processors.rules.titles import title, zone_name

PLACES_MAX = 6
"""Presentations of one credential kept, the newest."""
KEPT_US = 1_800_000_000
"""How long a presentation is kept: nobody needs longer between two doors of an estate."""


@value
class Place:
    """Where a credential was presented, when by its device and by us."""

    at_us: int
    received_us: int
    door: str
    event: Evidence


@value
class Places:
    """The last presentations of a credential, in order of time."""

    last: tuple[Place, ...] = ()


class Settings(RuleSettings):
    walk_m_s: float = Field(1.5, gt=0, le=10, description="how fast somebody walks, metres a second")
    floor_s: Seconds = Field(5, description="any way takes at least this long, seconds")


class ImpossibleTravel(Rule[Places]):
    """Key `credential:{reference of the credential}`."""

    name = "impossible_travel"
    version = 1
    listens_to = frozenset[type[Event]]((AccessGranted, AccessDenied))
    Settings = Settings
    State = Places

    def keys(self, event: Recorded, estate: Estate) -> tuple[str, ...]:
        what = event.event
        if what.method == "remote" or what.credential is None:  # type: ignore[attr-defined]
            return ()
        return (f"credential:{reference(estate.id, what.credential)}",)  # type: ignore[attr-defined]

    def on_event(self, key: str, state: Places, event: Recorded, estate: Estate) -> Step[Places]:
        at_us = event.effective_us
        here = Place(at_us, event.received_us, event.event.door, evidence_of(event))  # type: ignore[attr-defined]
        last = state.last
        forget_us = at_us + KEPT_US
        if not last:  # nearly always
            return Step(Places((here,)), forget_us=forget_us)
        door = here.door
        found = next(
            (each for each in reversed(last) if each.door != door and self._too_soon(each, here, estate)),
            None,
        )
        after = Places(_with(last, here))
        signals = (self._raise(key, found, here, estate),) if found else ()
        return Step(after, signals, forget_us=forget_us)

    def _too_soon(self, one: Place, other: Place, estate: Estate) -> bool:
        start, end = estate.door_zone(one.door), estate.door_zone(other.door)
        if start == end:  # doors of one lobby
            return False
        settings: Settings = self.for_zone(end)
        metres = estate.plan.walk_m(start, end) or 0.0
        needed_us = max(us(metres / settings.walk_m_s), us(settings.floor_s))
        if abs(other.at_us - one.at_us) >= needed_us:
            return False
        return abs(other.received_us - one.received_us) < needed_us

    def _raise(self, key: str, one: Place, other: Place, estate: Estate) -> Raise:
        first, second = sorted((one, other), key=lambda each: each.at_us)
        zone = estate.door_zone(second.door)
        seconds = (second.at_us - first.at_us) // 1_000_000
        start = zone_name(estate, estate.door_zone(first.door))
        here = zone_name(estate, zone)
        return Raise(
            key=key,
            zone=zone,
            severity="high",
            title=title("impossible_travel.title", zone=here, start=start, seconds=seconds),
            at_us=second.at_us,
            devices=tuple(sorted({controller(estate, each.door) for each in (one, other)})),
            evidence=(first.event, second.event),
        )


def _with(last: tuple[Place, ...], here: Place) -> tuple[Place, ...]:
    """With one more, in order of time, without those too long ago to matter."""
    at_us = here.at_us
    if at_us >= last[-1].at_us:  # nearly always
        kept = last[1 - PLACES_MAX :]
        while kept and at_us - kept[0].at_us > KEPT_US:
            kept = kept[1:]
        return (*kept, here)
    # History goes first: nothing of now makes room for it.
    return tuple(sorted((*last, here), key=lambda each: each.at_us))[-PLACES_MAX:]
