"""The real rules and alerts behind the evaluation's port: an estate's step, driven straight, in virtual time.

No log and no JSON on the way in: the events are handed over as they are. A desk closes alerts, so that the
next one of the same rule and place is a new alert: shortly after it is over, or when nothing more comes.
"""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from typing import Any, cast

from eventlog import codec, topics
from eventlog.estate import Estate
from eventlog.lazy import lazy
from eventlog.ports import NewEvent, Recorded
from eventlog.times import from_us, to_us
from eventlog.vocabulary import (
    AlertCleared,
    AlertClosed,
    AlertEvent,
    AlertRaised,
    AlertSeverityChanged,
    AlertUpdated,
    CommandClose,
    Event,
    RuleActivated,
    TimeReached,
)
from processors.rules import RULES
from processors.runs import Failure
from processors.step import EstateStep
from simulators.day.truth import Sent
from simulators.evaluation.judge import Told, What

OVER_US = 120_000_000
"""So long after an alert's condition is over the desk closes it."""
NOTHING_MORE_US = 900_000_000
"""So long after the last change the desk closes an alert whose condition still holds."""
CHANGED_EVERY = 20_000
"""Inputs between looks at what a step would save: that also drops what time has emptied."""

_WHAT: dict[str, What] = {
    AlertRaised.TYPE: "raised",
    AlertUpdated.TYPE: "updated",
    AlertSeverityChanged.TYPE: "worse",
    AlertCleared.TYPE: "cleared",
}


class _Body(bytes):
    """Stands for the stored bytes of an event that was never written: carries the event itself."""

    event: Event


class _Given(Recorded):
    """An entry whose event needs no decoding, also when the step copies it with another effective time."""

    @lazy
    def event(self) -> Event:
        return cast(_Body, self.body).event


class StepJudge:
    """One estate's step. See `simulators.evaluation.judge.Judge`."""

    def __init__(self, estate: str, settings: dict[str, dict[str, Any]] | None = None) -> None:
        self._estate = estate
        self._step: EstateStep | None = None
        self._position = 0
        self._now_us = 0
        self._numbers: dict[int, int] = {}
        self._number = 0
        self._seen: dict[tuple[str, str], set[int]] = {}
        self._close: list[tuple[int, str]] = []
        self._due: dict[str, int] = {}
        self._told: list[Told] = []
        self._desk_source = f"estates/{estate}/console"
        self._settings = settings or {}

    def registers(self, events: Sequence[Event], at_us: int) -> None:
        """See `Judge`; the first time every rule is switched on, too."""
        self._advance(at_us)
        if self._step is None:
            rules = [_activated(name, self._settings.get(name, {})) for name in RULES]
            self._step = EstateStep(Estate(self._estate).with_events([*events, *rules]))
            return
        for event in events:
            self._take(event, f"estates/{self._estate}/registry", self._now_us, self._now_us)

    def take(self, sent: Sequence[Sent]) -> list[Told]:
        """See `Judge`."""
        for each in sent:
            self._number += 1
            if each.received_us > self._now_us:
                self._advance(each.received_us)
            source = topics.device_source(self._estate, each.family, each.device)
            if self._repeated(each):
                continue
            self._numbers[self._position + 1] = self._number - 1
            self._take(each.event, source, each.at_us, each.received_us, each.seq, each.replay)
        return self._hand_over()

    def reach(self, at_us: int) -> list[Told]:
        """See `Judge`."""
        self._advance(at_us)
        self._take(TimeReached(at=from_us(at_us)), f"estates/{self._estate}/gatehouse", at_us, at_us)
        return self._hand_over()

    def failures(self) -> list[tuple[str, int, list[Failure]]]:
        """Rules that broke off since the last time: name, how often, the first of the failures."""
        return list(self._step.failures()) if self._step else []

    def _repeated(self, each: Sent) -> bool:
        """Whether the log would know it already, by its source and id."""
        if not each.seq:
            return False
        seen = self._seen.setdefault((each.family, each.device), set())
        if each.seq in seen:
            return True
        seen.add(each.seq)
        return False

    def _advance(self, upto_us: int) -> None:
        """Time passes: the desk closes what is due on the way."""
        while self._close and self._close[0][0] <= upto_us:
            due_us, alert = heapq.heappop(self._close)
            if self._due.get(alert) != due_us:
                continue
            del self._due[alert]
            self._now_us = max(self._now_us, due_us)
            close = CommandClose(alert=alert, by="desk", disposition="test")
            self._take(close, self._desk_source, self._now_us, self._now_us)
        self._now_us = max(self._now_us, upto_us)

    def _take(
        self, event: Event, source: str, at_us: int, received_us: int, seq: int | None = None,
        replay: bool = False,
    ) -> None:  # fmt: skip
        self._position += 1
        body = _Body()
        body.event = event
        entry = _Given(
            self._position, self._estate, event.TYPE, event.VERSION, source, str(self._position), at_us,
            received_us, self._now_us, seq or None, replay, body,
        )  # fmt: skip
        step = self._step
        if step is None:
            raise RuntimeError("the registers come first")
        step.take(entry)
        for output in step.outputs():
            self._note(output)
        if self._position % CHANGED_EVERY == 0:
            step.changed()

    def _note(self, output: NewEvent) -> None:
        if output.type not in _WHAT and output.type != AlertClosed.TYPE:
            return
        event = codec.decode_body(output.type, output.version, output.body)
        if not isinstance(event, AlertEvent):
            raise TypeError(output.type)
        alert = event.alert
        if output.type == AlertClosed.TYPE:
            self._due.pop(alert.id, None)
            if event.by is not None:
                return
        what = _WHAT.get(output.type, "withdrawn")
        told_us = output.occurred_us
        numbers = (self._numbers.get(position) for position in alert.evidence_positions)
        self._told.append(
            Told(
                what, alert.id, alert.episode, alert.rule, alert.key, alert.zone, alert.devices,
                alert.severity, alert.title, to_us(alert.at), told_us,
                alert.late or alert.exercise or alert.suppressed_by is not None,
                tuple(number for number in numbers if number is not None),
            )
        )  # fmt: skip
        if what != "withdrawn":
            due_us = told_us + (OVER_US if what == "cleared" else NOTHING_MORE_US)
            self._due[alert.id] = due_us
            heapq.heappush(self._close, (due_us, alert.id))

    def _hand_over(self) -> list[Told]:
        told, self._told = self._told, []
        return told


def _activated(name: str, settings: dict[str, Any]) -> RuleActivated:
    rule = RULES[name]
    zones = settings.get("zones", {})
    own = {key: value for key, value in settings.items() if key != "zones"}
    checked = rule.Settings.model_validate(own).model_dump(mode="json")
    return RuleActivated(rule=name, version=rule.version, settings=checked, zones=zones)
