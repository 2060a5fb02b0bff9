"""`help`: somebody asks for help, by a button or on patrol. Pure; knows buttons, members, checkpoints.

A button is told wherever it hangs. A member who calls has no place of their own: the last checkpoint or
position says where to look, as long as that is fresh.
"""

from __future__ import annotations

from typing import cast

from pydantic import Field

from eventlog.estate import Estate
from eventlog.ids import reference
from eventlog.ports import Recorded
from eventlog.vocabulary import HelpPressed, PatrolCheckpoint, PatrolPosition, PatrolResponse, Words
from processors.rules.base import Raise, Rule, RuleSettings, Seconds, Step, evidence_of, value
from processors.rules.patrols import patrol_zone
from processors.rules.titles import title, zone_name

NEED_HELP = "need_help"
DISORDER_US = 10_000_000
"""Events come out of order by less than this."""


@value
class Whereabouts:
    """The zone that a member was last known in and when that was; empty for a button."""

    zone: str = ""
    at_us: int = 0


class Settings(RuleSettings):
    fresh_s: Seconds = Field(
        1_800, description="a member's last checkpoint or position says where for this long, seconds"
    )


class Help(Rule[Whereabouts]):
    """Key `location:{location}` of a button, `member:{reference of the member}` of a member."""

    name = "help"
    version = 1
    listens_to = frozenset({HelpPressed, PatrolResponse, PatrolCheckpoint, PatrolPosition})
    Settings = Settings
    State = Whereabouts

    def keys(self, event: Recorded, estate: Estate) -> tuple[str, ...]:
        what = event.event
        if isinstance(what, HelpPressed):
            return (f"location:{what.location}",)
        if isinstance(what, PatrolResponse) and what.action != NEED_HELP:
            return ()
        return (f"member:{reference(estate.id, cast(PatrolResponse, what).member)}",)

    def on_event(
        self, key: str, state: Whereabouts, event: Recorded, estate: Estate
    ) -> Step[Whereabouts] | None:
        what = event.event
        if isinstance(what, PatrolCheckpoint | PatrolPosition):
            return self._seen(state, event, estate)
        if isinstance(what, HelpPressed):
            zone = what.location if what.location in estate.zones else estate.device_zone(event.device)
            text = title("help.title", zone=zone_name(estate, zone), location=_place_name(estate, event))
            return Step(state, (self._raise(key, zone, text, event),))
        member = cast(PatrolResponse, what).member
        zone = self._last_zone(state, event.effective_us, estate)
        where, squad = zone_name(estate, zone), _squad_name(estate, member)
        text = (
            title("help.title_member", zone=where, squad=squad)
            if squad
            else title("help.title_somebody", zone=where)
        )
        kept_us = state.at_us + self.limits(state.zone).fresh_us + DISORDER_US if state.at_us else None
        return Step(state, (self._raise(key, zone, text, event),), forget_us=kept_us)

    def _seen(self, state: Whereabouts, event: Recorded, estate: Estate) -> Step[Whereabouts] | None:
        zone = patrol_zone(event, estate)
        at_us = min(event.effective_us, event.recorded_us)
        if zone is None or zone not in estate.zones or at_us < state.at_us:
            return None
        return Step(Whereabouts(zone, at_us), forget_us=at_us + self.limits(zone).fresh_us + DISORDER_US)

    def _last_zone(self, state: Whereabouts, at_us: int, estate: Estate) -> str:
        """Where the member was last, or the estate itself when that is not known or long ago."""
        fresh = state.zone and at_us - state.at_us <= self.limits(state.zone).fresh_us
        return state.zone if fresh else estate.id

    def _raise(self, key: str, zone: str, text: Words, event: Recorded) -> Raise:
        return Raise(
            key=key,
            zone=zone,
            severity="critical",
            title=text,
            at_us=event.effective_us,
            devices=(event.device,) if key.startswith("location:") else (),
            evidence=(evidence_of(event),),
        )


def _place_name(estate: Estate, event: Recorded) -> Words | str:
    """The name of the button, or its location as it says it."""
    device = estate.devices.get(event.device)
    return (device and device.name) or cast(HelpPressed, event.event).location


def _squad_name(estate: Estate, member: str) -> Words | None:
    """The name of the squad that a member is in; None for somebody of no squad."""
    for squad in estate.squads.values():
        if any(each.member == member for each in squad.members):
            return squad.name
    return None
