"""Who may do what: one table of roles and rights. An estate's boundary is checked besides (`Person.sees`)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from eventlog.discreet import is_discreet

Via = Literal["console", "api"]


class Right(StrEnum):
    """What can be allowed."""

    ALERTS = "alerts"  # the alerts, their history, the stream
    PLACES = "places"  # zones, safety levels, devices
    EVENTS = "events"  # whole events: names, cards, plates of persons
    VEHICLES = "vehicles"  # plates of the vehicles inside
    ACT = "act"  # acknowledge, assign, close …
    DISCREET = "discreet"  # silent duress, which no shared screen shows
    REPORTS = "reports"  # reports of people, without their words
    REPORT = "report"  # enter a report


ROLES: Mapping[str, frozenset[Right]] = {
    "viewer": frozenset({Right.ALERTS, Right.PLACES, Right.REPORTS}),
    "grid_worker": frozenset({Right.PLACES, Right.REPORTS, Right.REPORT}),
    "operator": frozenset(Right) - {Right.DISCREET},
    "supervisor": frozenset(Right),
    "administrator": frozenset(Right),
}
"""The rights of each role; a role that is not here has none."""


@dataclass(frozen=True, slots=True)
class Person:
    """Who asks: a signed-in user, or the holder of an API token. `estate` "" means every estate."""

    name: str
    role: str
    estate: str
    via: Via

    def may(self, right: Right) -> bool:
        """Whether the role has a right."""
        return right in ROLES.get(self.role, frozenset())

    def sees(self, estate: str) -> bool:
        """Whether an estate is this person's."""
        return self.estate in ("", estate)

    def sees_alert(self, estate: str, rule: str) -> bool:
        """Whether an alert of a rule is this person's to see."""
        return self.sees(estate) and (not is_discreet(rule) or self.may(Right.DISCREET))

    def scope(self, asked: str | None) -> str | None:
        """The estate to look in, None for all; one that no estate has when the one asked for isn't theirs."""
        if not self.estate or asked == self.estate:
            return asked
        return self.estate if asked is None else "\n"
