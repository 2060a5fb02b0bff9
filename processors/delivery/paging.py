"""Which changes of an alert are told outside, and to whom: pure. Of an alert it keeps who was told so far, so
that a page goes out once to each, is taken back when it is another's, and ends with the alert.

History pages nobody, nor does what is shelved or held back. A silent duress alarm goes to its own recipients
alone, `wellbeing_check` to the grid worker too.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Any

import orjson

from eventlog.discreet import is_discreet
from eventlog.estate import Estate
from eventlog.vocabulary import SEVERITIES, Alert, AlertAccepted, AlertEscalated, AlertEvent, Severity
from processors.delivery.routes import Routes

GRID_WORKER_RULES = frozenset({"wellbeing_check"})
PAGES = frozenset({"new", "worse", "called", "escalated"})
"""Kinds of messages that ask somebody to act: pointless once somebody does."""


@dataclass(frozen=True, slots=True)
class Told:
    """Who was told of an alert: those whose it is by squad (`standing`), those whom escalation called."""

    standing: tuple[str, ...] = ()
    called: tuple[str, ...] = ()
    severity: Severity = "low"
    exercise: bool = False

    def dump(self) -> bytes:
        """As saved."""
        return orjson.dumps(asdict(self))

    @classmethod
    def load(cls, saved: bytes) -> Told:
        """As it was saved."""
        found: dict[str, Any] = orjson.loads(saved)
        return cls(**{**found, "standing": tuple(found["standing"]), "called": tuple(found["called"])})


@dataclass(frozen=True, slots=True)
class Page:
    """One message to be: to whom, why, over which channels. None: the recipient can't be reached."""

    recipient: str
    kind: str
    channels: tuple[str, ...]


class Pager:
    """Turns one change of an alert into pages."""

    def __init__(self, routes: Routes) -> None:
        self._routes = routes

    def pages(
        self, told: Told | None, event: AlertEvent, estate: Estate, now_us: int
    ) -> tuple[list[Page], Told | None]:
        """The pages, and what is known afterwards; None when the alert is over."""
        alert = event.alert
        before = told or Told()
        if alert.late or getattr(event, "history", False):
            return [], told
        if before.exercise and not alert.exercise:
            before = Told()  # what turns real is told anew
        if alert.state == "closed":
            return [*self._to((*before.standing, *before.called), "over", alert)], None
        if alert.shelved_until is not None or alert.suppressed_by is not None:
            return [], told
        wanted = self._wanted(alert, estate, now_us)
        fresh = [each for each in wanted if each not in before.standing]
        kept = [each for each in before.standing if each in wanted]
        gone = [each for each in before.standing if each not in wanted]
        pages = self._to(fresh, "new", alert) + self._to(gone, "stood_down", alert)
        if _rank(alert.severity) > _rank(before.severity):
            pages += self._to((*kept, *before.called), "worse", alert)
        if isinstance(event, AlertAccepted):
            pages += self._to(before.called, "accepted", alert)
        called = before.called
        if isinstance(event, AlertEscalated):
            more, called = self._escalated(event, before)
            pages += more
        highest = max(before.severity, alert.severity, key=_rank)
        return pages, replace(
            before, standing=tuple(wanted), called=called, severity=highest, exercise=alert.exercise
        )

    def _escalated(self, event: AlertEscalated, before: Told) -> tuple[list[Page], tuple[str, ...]]:
        """A person, or a contact outside, is called because nobody accepts. Of silent duress its own
        recipients hear again instead."""
        alert = event.alert
        if is_discreet(alert.rule):
            again = before.standing if event.level else ()  # level 0 comes with the alert itself
            return self._to(again, "escalated", alert), before.called
        if event.who is None or event.to == "squad":
            return [], before.called
        recipient = f"{'outside' if event.to == 'outside' else 'person'}:{event.who}"
        channels = self._routes.of(recipient, alert)
        if alert.exercise and not channels:
            return [], before.called
        called = before.called if recipient in before.called else (*before.called, recipient)
        return [Page(recipient, "escalated" if event.level else "called", channels)], called

    def _wanted(self, alert: Alert, estate: Estate, now_us: int) -> list[str]:
        """Whose the alert is now, of those who are reached outside."""
        if is_discreet(alert.rule):
            return ["duress"] if self._routes.of("duress", alert) else []
        found: dict[str, None] = {}
        for squad in (alert.squad, *alert.support):
            if squad is None:
                continue
            if self._routes.of(f"squad:{squad}", alert):
                found[f"squad:{squad}"] = None
            for shift in estate.duties_at(now_us, squad):
                for name in (*shift.members, shift.leader):
                    if name and self._routes.of(f"person:{name}", alert, with_squad=True):
                        found[f"person:{name}"] = None
        if alert.rule in GRID_WORKER_RULES and self._routes.of("grid_worker", alert):
            found["grid_worker"] = None
        return list(found)

    def _to(self, recipients: Any, kind: str, alert: Alert) -> list[Page]:
        made = [Page(each, kind, self._routes.of(each, alert)) for each in recipients]
        return [page for page in made if page.channels]


def _rank(severity: Severity) -> int:
    return SEVERITIES.index(severity)
