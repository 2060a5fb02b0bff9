"""Which squad an alert goes to, and who belongs to it. Pure; reads the registers only."""

from __future__ import annotations

from eventlog.estate import Estate


def default_squad(estate: Estate, zone: str) -> str | None:
    """The squad that a fresh alert in a zone is given at once: the zone's, else the estate's."""
    settings = estate.settings
    named = (estate.squad_for(zone), settings.default_squad if settings else None)
    return next((squad for squad in named if squad in estate.squads), None)


def is_member(estate: Estate, squad: str | None, member: str) -> bool:
    """Whether a member belongs to a squad."""
    entry = estate.squads.get(squad) if squad else None
    return entry is not None and any(each.member == member for each in entry.members)
