"""Which squad an alert goes to, who belongs to it, who leads it now. Pure; reads the registers only."""

from __future__ import annotations

from typing import Literal

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


def on_duty(estate: Estate, squad: str | None, role: Literal["leader", "manager"], now_us: int) -> str | None:
    """The leader or manager of a squad's shift, else of any that is on."""
    shifts = estate.duties_at(now_us)
    mine = [each for each in shifts if each.squad == squad]
    names = (getattr(each, role) for each in (*mine, *shifts))
    return next((name for name in names if name), None)
