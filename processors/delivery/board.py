"""What is to be published, from the outputs of the log: pure, no connection.

Keeps every estate's open alerts and zone levels as the last output said, and turns an output into messages.
Late alerts (history) and hidden ones (shelved, suppressed) go to the control room only; that one is shelved
from now on, its squad is still told, as of every change of what it was given. Discreet ones (silent duress)
go by their own topics and are on no other, nor in a squad's list.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, cast

import orjson

from eventlog import topics
from eventlog.discreet import is_discreet
from eventlog.estate import Estate
from eventlog.ports import Recorded, SavedState
from eventlog.times import from_us, iso
from eventlog.vocabulary import (
    SEVERITIES,
    TYPES,
    Alert,
    AlertEvent,
    AlertShelved,
    AlertSuppressed,
    ReportEvent,
    SafetyChanged,
    SafetyLevel,
)
from processors.alerts.held import alert_of
from processors.safety import ORDER, level_of

OPEN_MAX = 50
"""Alerts in a squad's retained list: the most severe and newest."""

ALERT_TYPES = frozenset(name for name, kind in TYPES.items() if issubclass(kind, AlertEvent))
REPORT_TYPES = frozenset(name for name, kind in TYPES.items() if issubclass(kind, ReportEvent))
_RANK = {level: rank for rank, level in enumerate(ORDER)}


@dataclass(frozen=True, slots=True)
class Message:
    """One message to publish, QoS 1."""

    topic: str
    payload: bytes
    kind: str
    retain: bool = False
    alert: Alert | None = None
    recipient: str = ""
    """Of an alert's change: which alert, and to whom, for the record."""


@dataclass(slots=True)
class _EstateBoard:
    alerts: dict[str, Alert] = field(default_factory=dict)
    versions: dict[str, int] = field(default_factory=dict)
    """Of alerts loaded as closed, so that an older change, still to be read, doesn't open them again."""
    levels: dict[str, SafetyLevel] = field(default_factory=dict)
    dirty_squads: set[str] = field(default_factory=set)
    safety_dirty: bool = True
    discreet_dirty: bool = True


class Board:
    """Open alerts and levels of all estates. `parent_of` gives the `traceparent` of an alert's message."""

    def __init__(self, parent_of: Callable[[Alert], str]) -> None:
        self._parent_of = parent_of
        self._estates: dict[str, _EstateBoard] = {}
        self._written: dict[str, tuple[Alert, orjson.Fragment]] = {}
        """Open alerts as lists show them: a list is renewed far more often than what is in it changes."""

    def load(self, estate: str, saved: Iterable[SavedState]) -> None:
        """Takes the decider's saved alerts and levels."""
        board = self._board(estate)
        for each in saved:
            alert, level = alert_of(each), level_of(each)
            if alert:
                self._put(board, alert, loaded=True)
            elif level:
                board.levels[level[0]] = level[1]

    def take(self, entry: Recorded, *, resent: bool, words: str | None = None) -> list[Message]:
        """The messages that an output makes. `resent`: it may have been sent before; `words`: of a report."""
        if isinstance(entry.event, ReportEvent):
            return _report(entry, entry.event, resent, words)
        board = self._board(entry.estate)
        if entry.type in ALERT_TYPES:
            return self._alert(board, entry, cast(AlertEvent, entry.event), resent)
        if entry.type == SafetyChanged.TYPE:
            changed = cast(SafetyChanged, entry.event)
            board.levels[changed.zone] = changed.level
            board.safety_dirty = True
        return []

    def _alert(self, board: _EstateBoard, entry: Recorded, event: AlertEvent, resent: bool) -> list[Message]:
        alert = event.alert
        known = board.alerts.get(alert.id)
        document = {**published(alert), "event": entry.type, "resent": resent, **_said(event)}
        document["traceparent"] = self._parent_of(alert)
        if alert.version > (known.version if known else board.versions.get(alert.id, 0)):
            self._put(board, alert)
        if is_discreet(alert.rule):
            board.discreet_dirty = True
            topic = topics.duress_alerts(entry.estate)
            return [Message(topic, orjson.dumps(document), "duress_alert", alert=alert, recipient="duress")]
        taken_from = getattr(event, "taken_from", None)
        squads = {squad for squad in (alert.squad, taken_from, *alert.support) if squad}
        if known:  # whom it is taken from hears of it, by whatever way
            squads |= {squad for squad in (known.squad, *known.support) if squad}
        board.dirty_squads |= squads
        payload = orjson.dumps(document)
        messages = [Message(topics.alerts(entry.estate), payload, "alert", alert=alert, recipient="desk")]
        told = not _hidden(alert) or _shelves(event)
        if told and not getattr(event, "history", False):
            messages += [
                Message(
                    topics.squad_alerts(entry.estate, squad),
                    payload,
                    "squad_alert",
                    alert=alert,
                    recipient=f"squad:{squad}",
                )
                for squad in sorted(squads)
            ]
        return messages

    def _put(self, board: _EstateBoard, alert: Alert, *, loaded: bool = False) -> None:
        if alert.state == "closed":
            board.alerts.pop(alert.id, None)
            self._written.pop(alert.id, None)
            if loaded or alert.id in board.versions:
                board.versions[alert.id] = alert.version
        else:
            board.alerts[alert.id] = alert
            board.versions.pop(alert.id, None)

    def renewed(self, estates: Iterable[Estate], version: int, now_us: int, *, all_of: bool) -> list[Message]:
        """The retained topics that have changed, or all of them. `version` grows with the log."""
        messages: list[Message] = []
        for estate in estates:
            board = self._board(estate.id)
            squads = set(estate.squads) if all_of else board.dirty_squads & set(estate.squads)
            messages += [self._open(estate.id, squad, version) for squad in sorted(squads)]
            if all_of or board.discreet_dirty:
                messages.append(self._discreet(estate.id, version))
            if all_of or board.safety_dirty:
                messages.append(self._safety(estate, now_us))
            board.dirty_squads, board.safety_dirty, board.discreet_dirty = set(), False, False
        return messages

    def _open(self, estate: str, squad: str, version: int) -> Message:
        alerts = [
            alert
            for alert in self._board(estate).alerts.values()
            if squad in (alert.squad, *alert.support) and not _hidden(alert) and not is_discreet(alert.rule)
        ]
        return Message(topics.squad_open(estate, squad), self._listed(alerts, version), "open", retain=True)

    def _discreet(self, estate: str, version: int) -> Message:
        alerts = [
            alert
            for alert in self._board(estate).alerts.values()
            if is_discreet(alert.rule) and not _hidden(alert)
        ]
        return Message(topics.duress_open(estate), self._listed(alerts, version), "duress_open", retain=True)

    def _listed(self, alerts: list[Alert], version: int) -> bytes:
        """A retained list: the most severe and newest, how many there are."""
        alerts.sort(key=lambda each: (SEVERITIES.index(each.severity), each.raised_at, each.id), reverse=True)
        document = {
            "version": version,
            "total": len(alerts),
            "alerts": [self._shown(alert) for alert in alerts[:OPEN_MAX]],
        }
        return orjson.dumps(document)

    def _shown(self, alert: Alert) -> orjson.Fragment:
        known = self._written.get(alert.id)
        if known is None or known[0] is not alert:
            known = self._written[alert.id] = alert, orjson.Fragment(orjson.dumps(published(alert)))
        return known[1]

    def known(self, estate: str, alert: str) -> Alert | None:
        """An open alert as the last output taken says."""
        return self._board(estate).alerts.get(alert)

    def _safety(self, estate: Estate, now_us: int) -> Message:
        levels: dict[str, SafetyLevel] = dict.fromkeys(estate.zones, "unknown")
        levels.update(self._board(estate.id).levels)
        worst = max(levels.values(), key=_RANK.__getitem__, default="unknown")
        document = {
            "estate": estate.id,
            "level": worst,
            "count": sum(level == worst for level in levels.values()),
            "zones": {zone: {"level": level} for zone, level in sorted(levels.items())},
            "at": iso(from_us(now_us)),
        }
        return Message(topics.safety(estate.id), orjson.dumps(document), "safety", retain=True)

    def _board(self, estate: str) -> _EstateBoard:
        return self._estates.setdefault(estate, _EstateBoard())


def _report(entry: Recorded, event: ReportEvent, resent: bool, words: str | None) -> list[Message]:
    """A report's change for the control room, and for its squad with its words, not who reported."""
    report = event.report
    plain = report.model_dump(mode="json", exclude={"evidence_positions"})
    document = {**plain, "event": entry.type, "resent": resent, **_said(event)}
    squads = {squad for squad in (report.squad, event.taken_from) if squad}
    given = orjson.dumps({**document, "text": words})
    return [
        Message(topics.reports(entry.estate), orjson.dumps(document), "report"),
        *(
            Message(topics.squad_reports(entry.estate, squad), given, "squad_report")
            for squad in sorted(squads)
        ),
    ]


def published(alert: Alert) -> dict[str, Any]:
    """An alert as the contract shows it to the outside."""
    return alert.model_dump(mode="json", exclude={"evidence_positions"})


def _said(event: AlertEvent | ReportEvent) -> dict[str, Any]:
    said = {"by": event.by, "via": event.via, "note": event.note}
    return {name: value for name, value in said.items() if value is not None}


def _hidden(alert: Alert) -> bool:
    return alert.late or alert.shelved_until is not None or alert.suppressed_by is not None


def _shelves(event: AlertEvent) -> bool:
    """Whether this change takes the alert out of its squad's sight: from the next on it is hidden."""
    alert = event.alert
    if alert.late or (isinstance(event, AlertSuppressed) and event.fresh):
        return False
    hides = (AlertShelved, alert.suppressed_by), (AlertSuppressed, alert.shelved_until)
    return any(isinstance(event, kind) and other is None for kind, other in hides)
