"""`off_hours_access`: somebody is let into a zone outside its hours. Pure; knows grants, the zones' hours and
the duty roster."""

from __future__ import annotations

from typing import cast

from eventlog.estate import Estate
from eventlog.ports import Recorded
from eventlog.vocabulary import AccessGranted
from processors.rules.base import Raise, Rule, Step, evidence_of, value
from processors.rules.doors import controller
from processors.rules.titles import door_name, title, zone_name


@value
class Nothing:
    """Every grant is told; nothing is kept."""


class OffHoursAccess(Rule[Nothing]):
    """One key a door."""

    name = "off_hours_access"
    version = 1
    listens_to = frozenset({AccessGranted})
    State = Nothing

    def keys(self, event: Recorded, estate: Estate) -> tuple[str, ...]:
        granted = cast(AccessGranted, event.event)
        zone = estate.zones.get(estate.door_zone(granted.door))
        if zone is None or zone.open_hours is None:  # nearly always
            return ()
        if granted.direction == "out" or estate.within_any(zone.open_hours, event.effective_at):
            return ()
        return () if _on_duty(granted, event.effective_us, estate) else (granted.door,)

    def on_event(self, key: str, state: Nothing, event: Recorded, estate: Estate) -> Step[Nothing]:
        zone = estate.door_zone(key)
        signal = Raise(
            key=key,
            zone=zone,
            severity="low",
            title=title("off_hours_access.title", zone=zone_name(estate, zone), door=door_name(estate, key)),
            at_us=event.effective_us,
            devices=(controller(estate, key),),
            evidence=(evidence_of(event),),
        )
        return Step(state, (signal,))


def _on_duty(granted: AccessGranted, at_us: int, estate: Estate) -> bool:
    """Whether whoever was let in is on a shift of that moment: the credential's person, or the holder that
    the controller names."""
    entry = estate.credentials.get(granted.credential)
    who = {granted.holder, entry.person if entry else None} - {None}
    return bool(who) and any(
        not who.isdisjoint(shift.persons) or not who.isdisjoint(shift.members)
        for shift in estate.duties_at(at_us)
    )
