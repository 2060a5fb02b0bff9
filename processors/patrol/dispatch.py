"""Which squad goes: on duty, fit for it, free, the zone's own, else the nearest on foot. Pure.

Where a squad is follows from the last patrol point it was at; without one, from the zones it looks after.
"""

from __future__ import annotations

from collections.abc import Callable, Collection

import orjson

from eventlog.estate import Estate
from eventlog.ports import SavedState
from eventlog.vocabulary import SEVERITIES, Severity
from processors.patrol.squads import default_squad

WHERE_US = 1_800_000_000
"""A squad is thought to be where it was last seen for this long."""
NOT_FOR_VOLUNTEERS: frozenset[Severity] = frozenset(SEVERITIES[SEVERITIES.index("high") :])
_PREFIX = "where/"
_FAR = float("inf")


class Whereabouts:
    """Where each squad was last seen."""

    def __init__(self) -> None:
        self._seen: dict[str, tuple[str, int]] = {}
        self._dirty: set[str] = set()

    def seen(self, squad: str, zone: str, at_us: int) -> None:
        """A squad was in a zone; what is older than what is known counts for nothing."""
        known = self._seen.get(squad)
        if known is None or known[1] <= at_us:
            self._seen[squad] = (zone, at_us)
            self._dirty.add(squad)

    def at(self, squad: str, now_us: int) -> str | None:
        """The zone where a squad is, as far as that is known."""
        known = self._seen.get(squad)
        return known[0] if known and now_us - known[1] <= WHERE_US else None

    def load(self, saved: SavedState) -> bool:
        """Takes back what was saved; False when it isn't of here."""
        if not saved.key.startswith(_PREFIX):
            return False
        zone, at_us = orjson.loads(saved.value)
        self._seen[saved.key.removeprefix(_PREFIX)] = (zone, at_us)
        return True

    def changed(self) -> list[SavedState]:
        """What to write since the last time."""
        made = [SavedState(_PREFIX + each, orjson.dumps(self._seen[each])) for each in sorted(self._dirty)]
        self._dirty = set()
        return made


class Dispatch:
    """Chooses squads for one estate's alerts. `busy` says who has an alert in hand."""

    def __init__(self, estate: Callable[[], Estate], busy: Callable[[str], bool]) -> None:
        self._estate = estate
        self._busy = busy
        self.where = Whereabouts()

    def fresh(self, zone: str, severity: Severity, now_us: int) -> str | None:
        """The squad of a new alert. An estate without duty rosters has its zones' squads, as they stand."""
        estate = self._estate()
        if not estate.duties:
            return default_squad(estate, zone)
        found = self.choose(zone, severity, now_us)
        if found:
            return found
        own = default_squad(estate, zone)  # nobody is on duty: who it belongs to is told all the same
        return (
            own if own and self.fit(own, severity) else self._nearest(estate.squads, zone, severity, now_us)
        )

    def choose(self, zone: str, severity: Severity, now_us: int, but: Collection[str] = ()) -> str | None:
        """A squad on duty, fit and not among `but`; of any squad where the estate has no rosters."""
        estate = self._estate()
        on_duty = {each.squad for each in estate.duties_at(now_us)} if estate.duties else set(estate.squads)
        return self._nearest(on_duty - set(but), zone, severity, now_us)

    def fit(self, squad: str, severity: Severity) -> bool:
        """Whether a squad may be sent: volunteers never to what is high or critical."""
        entry = self._estate().squads.get(squad)
        return entry is not None and not (entry.kind == "volunteer" and severity in NOT_FOR_VOLUNTEERS)

    def _nearest(self, squads: Collection[str], zone: str, severity: Severity, now_us: int) -> str | None:
        own = self._estate().squad_for(zone)

        def rank(squad: str) -> tuple[bool, bool, float, str]:
            return self._busy(squad), squad != own, self._away_m(squad, zone, now_us), squad

        return min((each for each in squads if self.fit(each, severity)), key=rank, default=None)

    def _away_m(self, squad: str, zone: str, now_us: int) -> float:
        """Metres on foot from a squad to a zone, as far as the plan says."""
        estate = self._estate()
        seen = self.where.at(squad, now_us)
        homes = [seen] if seen else [each.zone for each in estate.zones.values() if each.squad == squad]
        ways = [estate.plan.walk_m(home, zone) for home in homes]
        return min((way for way in ways if way is not None), default=_FAR)
