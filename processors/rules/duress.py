"""`duress`: somebody opens a door under threat. Pure; knows the doors' duress events and the register of
credentials.

Silent at the door: nothing goes back to it, and a title says the place only. Whether it belongs to a drill is
the alerts' business.
"""

from __future__ import annotations

from eventlog.estate import Estate
from eventlog.ports import Recorded
from eventlog.vocabulary import AccessDenied, AccessGranted, Duress
from processors.rules.base import Raise, Rule, Step, evidence_of, value
from processors.rules.doors import controller
from processors.rules.titles import door_name, title, zone_name


@value
class Nothing:
    """Every use is told; nothing is kept."""


class DuressRule(Rule[Nothing]):
    """One key a door."""

    name = "duress"
    version = 1
    listens_to = frozenset({Duress, AccessGranted, AccessDenied})
    State = Nothing

    def keys(self, event: Recorded, estate: Estate) -> tuple[str, ...]:
        what = event.event
        if type(what) is not Duress:
            entry = estate.credentials.get(what.credential)  # type: ignore[attr-defined]
            if entry is None or not entry.duress:  # nearly always
                return ()
        return (what.door,)  # type: ignore[attr-defined]

    def on_event(self, key: str, state: Nothing, event: Recorded, estate: Estate) -> Step[Nothing]:
        zone = estate.door_zone(key)
        signal = Raise(
            key=key,
            zone=zone,
            severity="critical",
            title=title("duress.title", zone=zone_name(estate, zone), door=door_name(estate, key)),
            at_us=event.effective_us,
            devices=(controller(estate, key),),
            evidence=(evidence_of(event),),
        )
        return Step(state, (signal,))
