"""A night at the control room: signals as a test says them, through a whole step, cut and replayed.

Rules of any name are stood in for by one that raises what a `report.submitted` says. Every night is checked
when it is over: the same inputs through a fresh step, saved and resumed after every one, give the same.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from eventlog import codec
from eventlog.estate import Estate
from eventlog.ports import NewEvent, Recorded, SavedState
from eventlog.times import to_us
from eventlog.topics import device_source
from eventlog.vocabulary import (
    Alert,
    Event,
    PatrolResponse,
    ReportSubmitted,
    RuleActivated,
    TimeReached,
    Words,
)
from processors.rules import RULES
from processors.rules.base import Clear, Raise, Rule, Step, evidence_of, value
from processors.rules.policy import Policy
from processors.step import EstateStep
from tests.processors.estate import NAME, estate
from tests.processors.story import NOON, recorded

STOOD_IN = (
    "crowd",
    "device_offline",
    "camera_blind",
    "door_forced",
    "door_held_open",
    "duress",
    "fire_smoke",
    "help",
    "intrusion",
    "perimeter_breach",
    "repeated_denials",
    "watchlist_face",
    "watchlist_plate",
)


@value
class _Nothing:
    """No state."""


def _stand_in(rule_name: str) -> type[Rule[Any]]:
    class StandIn(Rule[_Nothing]):
        name = rule_name
        version = 1
        listens_to = frozenset({ReportSubmitted})
        State = _Nothing

        def keys(self, event: Recorded, estate: Estate) -> tuple[str, ...]:
            said = json.loads(event.event.text)  # type: ignore[attr-defined]
            return (said["key"],) if said["rule"] == self.name else ()

        def on_event(self, key: str, state: _Nothing, event: Recorded, estate: Estate) -> Step[_Nothing]:
            said = json.loads(event.event.text)  # type: ignore[attr-defined]
            common = {
                "key": key,
                "zone": said["zone"],
                "at_us": event.effective_us,
                "evidence": (evidence_of(event),),
            }
            if said["cleared"]:
                return Step(state, (Clear(**common, withdrawn=said["cleared"] == "withdrawn"),))
            title = Words(zh=f"{self.name} {key}", en=f"{self.name} {key}")
            raised = Raise(
                **common,
                severity=said["severity"],
                title=title,
                devices=tuple(said["devices"]),
            )
            return Step(state, (raised,))

    return StandIn


POLICIES = {name: rule for name, rule in RULES.items() if issubclass(rule, Policy)}
STAND_INS: dict[str, type[Rule[Any]]] = {name: _stand_in(name) for name in STOOD_IN} | POLICIES


def switched_on(**named: dict[str, Any] | None) -> tuple[RuleActivated, ...]:
    """Every stand-in and policy switched on; policies named here with settings of their own, or None: off.
    Reports are: here they carry signals."""
    settings = {"reports": None, **named}
    return tuple(
        RuleActivated(rule=name, version=rule.version, settings=settings.get(name) or {})
        for name, rule in STAND_INS.items()
        if settings.get(name, {}) is not None
    )


@dataclass
class Night:
    """`now` is the log's clock."""

    more: Iterable[Event] = ()
    policies: dict[str, Any] = field(default_factory=dict)
    now: datetime = NOON
    rules: dict[str, type[Rule[Any]]] = field(default_factory=lambda: STAND_INS)
    entries: list[Recorded] = field(default_factory=list)
    outputs: list[tuple[NewEvent, Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.place = estate(*self.more, *switched_on(**self.policies))
        self.step = EstateStep(self.place, rules=self.rules)

    def say(self, event: Event, source: str = f"estates/{NAME}/console", ago_s: float = 0.0) -> list[Any]:
        """Takes an input; gives what is told."""
        at_us = to_us(self.now)
        position = len(self.entries) + 1
        entry = recorded(position, event, source, at_us, at_us - round(ago_s * 1e6))
        self.entries.append(entry)
        self.step.take(entry)
        made = [(each, _decoded(each)) for each in self.step.outputs()]
        self.outputs += made
        return [event for _, event in made]

    def raised(
        self,
        rule: str,
        zone: str = "building-3",
        severity: str = "medium",
        *devices: str,
        key: str = "",
        ago_s: float = 0.0,
        cleared: str | bool = False,
    ) -> Alert:
        """A rule raises a signal (or clears it); gives its alert."""
        said = {
            "rule": rule,
            "zone": zone,
            "severity": severity,
            "devices": devices,
            "key": key or (devices[0] if devices else zone),
            "cleared": cleared,
        }
        report = ReportSubmitted(channel="app", category="test", text=json.dumps(said), location=zone)
        self.say(report, device_source(NAME, "report", "desk"), ago_s)
        found = [a for a in self.alerts().values() if (a.rule, a.key) == (rule, said["key"])]
        return found[-1]

    def clear(self, rule: str, zone: str, key: str, *, withdrawn: bool = False) -> Alert:
        """A rule says that it is over."""
        return self.raised(rule, zone, key=key, cleared="withdrawn" if withdrawn else True)

    def after(self, **span: float) -> list[Any]:
        """Lets time pass."""
        self.now += timedelta(**span)
        return self.say(TimeReached(at=self.now), f"estates/{NAME}/gatehouse")

    def answers(self, member: str, alert: Alert, action: str, **more: Any) -> list[Any]:
        """A member's answer from the phone."""
        response = PatrolResponse(alert=alert.id, member=member, action=action, **more)
        return self.say(response, device_source(NAME, "patrol", member))

    def alerts(self) -> dict[str, Alert]:
        """Every alert as last told, in the order of raising."""
        found: dict[str, Alert] = {}
        for _, event in self.outputs:
            if event.TYPE.startswith("alert."):
                found[event.alert.id] = event.alert
        return found

    def now_is(self, alert: Alert) -> Alert:
        """An alert as it is now."""
        return self.alerts()[alert.id]

    def told(self, *kinds: str) -> list[Any]:
        """The outputs of these types, or all about alerts."""
        return [
            event
            for _, event in self.outputs
            if (event.TYPE in kinds if kinds else event.TYPE.startswith("alert."))
        ]

    def over(self) -> None:
        """Replayed, and cut after every input: the same outputs, bytes and ids."""
        live = [(each.type, each.id, each.body) for each, _ in self.outputs]
        again = EstateStep(self.place, rules=self.rules)
        for entry in self.entries:
            again.take(entry)
        assert [(each.type, each.id, each.body) for each in again.outputs()] == live
        assert _cut(self.place, self.entries, self.rules) == live


def _cut(
    place: Estate, entries: list[Recorded], rules: dict[str, type[Rule[Any]]]
) -> list[tuple[str, str, bytes]]:
    """The outputs when every input meets a step loaded from what was saved after the one before."""
    saved: dict[str, SavedState] = {}
    made: list[tuple[str, str, bytes]] = []
    now_is = place
    for entry in entries:
        step = EstateStep(now_is, saved.values(), rules=rules)
        step.take(entry)
        made += [(each.type, each.id, each.body) for each in step.outputs()]
        write, gone = step.changed()
        saved.update({each.key: each for each in write})
        for key in gone:
            saved.pop(key, None)
        now_is = step.estate
    return made


def _decoded(new: NewEvent) -> Any:
    return codec.decode_body(new.type, new.version, new.body)
