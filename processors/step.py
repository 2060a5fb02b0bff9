"""One estate's step: an input in, outputs out. Pure: no clock, no randomness, no log.

For every input, in this order: wake-ups due by its recorded time, registers and settings, rules, alerts,
commands, reports, safety levels. Outputs are never read back. Whoever drives it (`processors.runners`) saves
`changed()` and the outputs in one transaction.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any, cast

import orjson
from pydantic import ValidationError

from eventlog import codec
from eventlog.estate import FOLDED_TYPES, Estate
from eventlog.ports import NewEvent, Recorded, SavedState
from eventlog.times import from_us, to_us
from eventlog.vocabulary import (
    TYPES,
    Command,
    CommandConfirmCamera,
    CommandRefused,
    DeviceRemoved,
    DeviceSet,
    DoorRemoved,
    DoorSet,
    DutyRemoved,
    DutySet,
    EstateSet,
    MaintenanceRemoved,
    MaintenanceSet,
    PatrolCheckpoint,
    PatrolPosition,
    PatrolReportResponse,
    PatrolResponse,
    RoundRemoved,
    RoundSet,
    RuleActivated,
    RuleDeactivated,
    SignalCleared,
    SignalRaised,
    SquadRemoved,
    TimeReached,
    ZoneRemoved,
    ZoneSet,
)
from processors.alerts.commands import decide, wish_of
from processors.alerts.desk import OWNERS, AlertDesk
from processors.alerts.episodes import Limits
from processors.effective import Measures
from processors.outbox import Outbox
from processors.patrol.rounds import OWNER as ROUND
from processors.patrol.rounds import Rounds, Told
from processors.patrol.shifts import OWNER as DUTY
from processors.patrol.shifts import Shifts
from processors.reports.commands import INPUTS as REPORTS
from processors.reports.commands import take as take_report
from processors.reports.desk import OWNER as REPORT
from processors.reports.desk import ReportDesk
from processors.rules import RULES
from processors.rules.base import Clear, Raise, Rule, Signal
from processors.rules.titles import both
from processors.runs import Failure, RuleRun
from processors.safety import OWNER as SAFETY
from processors.safety import Safety, Trigger
from processors.wakeups import Wakeup, Wakeups

PRESENCE_RULE = "device_offline"
"""The rule whose signals say which devices work; it is listened to while it warms up, too."""

_CLOCK = "clock"
_TIME = TimeReached.TYPE
_PLACES = frozenset(
    kind.TYPE for kind in (ZoneSet, ZoneRemoved, DeviceSet, DeviceRemoved, DoorSet, DoorRemoved)
)
_WISHES = frozenset(
    {PatrolResponse.TYPE, *(name for name, kind in TYPES.items() if issubclass(kind, Command))}
)

_PATROL = frozenset(
    kind.TYPE for kind in (PatrolCheckpoint, PatrolPosition, PatrolResponse, PatrolReportResponse)
)
_OURS = FOLDED_TYPES | _WISHES | _PATROL | REPORTS | {CommandConfirmCamera.TYPE}
"""Inputs that the step takes itself, besides what rules listen to."""


class EstateStep:
    """Turns one estate's inputs into outputs. `estate` are its registers as of the saved state."""

    def __init__(
        self,
        estate: Estate,
        saved: Iterable[SavedState] = (),
        rules: Mapping[str, type[Rule[Any]]] = RULES,
    ) -> None:
        self.estate = estate
        self._wakeups = Wakeups()
        self._out = Outbox(estate.id)
        self._runs = {name: RuleRun(rule(), self._wakeups) for name, rule in sorted(rules.items())}
        self.alerts = AlertDesk(estate, self._wakeups, self._policy)
        self.shifts = Shifts(self.alerts, self._wakeups)
        self.rounds = Rounds(lambda: self.estate, self._wakeups, self.alerts.called, self._policy)
        self.reports = ReportDesk(lambda: self.estate, self._wakeups, self.alerts.dispatch, self._policy)
        self.safety = Safety(self._wakeups)
        self._measures = Measures()
        self._now_us = 0
        self._clock_saved_us = 0
        self._by_type: dict[str, list[RuleRun]] = {}
        for run in self._runs.values():
            for kind in run.rule.listens_to:
                self._by_type.setdefault(kind.TYPE, []).append(run)
        self._start(saved)

    def _policy(self, name: str) -> Limits:
        """The settings of a policy by zone, as they are when asked for; None while it is off."""
        run = self._runs.get(name)
        return lambda zone: run.rule.limits(zone) if run and run.active else None

    def _start(self, saved: Iterable[SavedState]) -> None:
        for name, run in self._runs.items():
            with suppress(ValidationError):  # refused when it was recorded: such a rule stays silent
                run.configure(self.estate.rules.get(name))
        for each in saved:
            if each.key == _CLOCK:
                self._now_us = self._clock_saved_us = orjson.loads(each.value)
                continue
            taken = (
                self.alerts.load(each)
                or self.rounds.load(each)
                or self.reports.load(each)
                or self.safety.load(each)
                or self._measures.load(each)
            )
            # What no rule takes back was kept by another version of it: that state begins anew.
            _ = taken or any(run.load(each) for run in self._runs.values())
        if self._now_us:
            self._clock_begins(self._now_us)
        self.safety.follow(self.estate)
        self.safety.loaded(self.alerts.alerts(), self._now_us)

    def _clock_begins(self, now_us: int) -> None:
        """What goes by the clock of the registers begins at the first moment there is."""
        self.shifts.registers(now_us)
        self.rounds.registers(now_us)

    def take(self, entry: Recorded) -> None:
        """One input, in the order of the log. What a rule raises is noted in `failures`."""
        now_us, kind = entry.recorded_us, entry.type
        if kind == _TIME:
            now_us = max(now_us, to_us(cast(TimeReached, entry.event).at))
        if self._wakeups.earliest_us <= now_us:
            self._fire(now_us)
        if now_us > self._now_us:
            if not self._now_us:
                self._clock_begins(now_us)
            self._now_us = now_us
        entry = self._measures.look(entry)
        seen = self._measures.seen
        if seen:
            self._out.begin(entry)
            self._measured(entry)
        runs, ours = self._by_type.get(kind), kind in _OURS
        if runs is None and not ours:
            return
        if not seen:
            self._out.begin(entry)
        if ours:
            self._settle(self._ours(entry))
        for run in runs or ():
            signals = run.on_event(entry, self.estate)
            if signals:
                self._settle(self._tell(run, signals))

    def _measured(self, entry: Recorded) -> None:
        """Gives what an input showed of its device to the rules about clocks and counters."""
        for measured in self._measures.take():
            told = replace(entry, type=measured.TYPE)
            told.event = measured
            for run in self._by_type.get(measured.TYPE, ()):
                self._settle(self._tell(run, run.on_event(told, self.estate)))

    def _ours(self, entry: Recorded) -> Trigger | None:
        if entry.type in FOLDED_TYPES:
            self._fold(entry)
            return Trigger("registry")
        if entry.type in REPORTS:
            self._tell_all(take_report(self.reports, entry, self._out))
            if entry.type not in _PATROL:
                return Trigger("alert")
        if entry.type in _PATROL:
            self._patrolled(entry)
            if entry.type != PatrolResponse.TYPE:
                return Trigger("alert")
        if isinstance(entry.event, CommandConfirmCamera):
            self._confirmed(entry, entry.event)
            return Trigger("alert")
        wish = wish_of(entry)
        if wish is None:
            return None
        decide(self.alerts, wish, self.estate, self._out)
        return Trigger("alert", wish.alert)

    def _patrolled(self, entry: Recorded) -> None:
        """A member's phone said something: where the squad is, a point of a round, that somebody is there."""
        event = entry.event
        if isinstance(event, PatrolCheckpoint):
            zone = self.estate.checkpoint_zone(event.checkpoint)
            self._whereabouts(event.squad, zone, entry)
            told = self.rounds.visit(event.squad, event.member, event.checkpoint, entry, self._out)
            self._tell_all(told)
        elif isinstance(event, PatrolPosition):
            self._whereabouts(event.squad, event.zone, entry)
        self._tell_all(self.rounds.heard(cast(Any, event).member, entry, self._out))

    def _whereabouts(self, squad: str, zone: str | None, entry: Recorded) -> None:
        if zone and squad in self.estate.squads:
            self.alerts.dispatch.where.seen(squad, zone, entry.effective_us)

    def _confirmed(self, entry: Recorded, event: CommandConfirmCamera) -> None:
        told = self.rounds.confirm(event.plan, event.camera, event.by, entry, self._out)
        if told is None:
            detail = both("alerts.refused.no_round", plan=event.plan, camera=event.camera)
            refused = CommandRefused(command=entry.id, reason="bad_request", detail=detail)
            self._out.add("command", entry.id, refused)
        else:
            self._tell_all(told)

    def _tell_all(self, told: Told) -> None:
        """Signals of rules that other parts of the step judge."""
        for name, signal in told:
            run = self._runs.get(name)
            if run is not None:
                self._tell(run, (signal,))

    def _fire(self, now_us: int) -> None:
        while True:
            wakeup = self._wakeups.pop(now_us)
            if wakeup is None:
                return
            self._now_us = max(self._now_us, wakeup.fire_us)
            self._out.begin(wakeup)
            self._settle(self._woken(wakeup, now_us))

    def _woken(self, wakeup: Wakeup, now_us: int) -> Trigger | None:
        if wakeup.owner in OWNERS:
            self.alerts.on_time(wakeup, self._out)
            return Trigger("alert", wakeup.key)
        if wakeup.owner == ROUND:
            self._tell_all(self.rounds.due(wakeup.key, wakeup.due_us, now_us, self._out))
            return Trigger("alert")
        if wakeup.owner == REPORT:
            self.reports.due(wakeup.key, wakeup.due_us, self._out)
            return Trigger("alert")
        if wakeup.owner == DUTY:
            self.shifts.due(wakeup.key, wakeup.due_us, now_us, self._out)
            return Trigger("alert")
        if wakeup.owner == SAFETY:
            beside: Wakeup | None = wakeup
            while beside:  # zones that fall back together are told together
                self.safety.due(beside.key)
                beside = self._wakeups.pop_beside(beside)
            return Trigger("closed")
        run = self._runs[wakeup.owner]
        signals = run.on_time(wakeup, self.estate)
        return self._tell(run, signals) if signals else None

    def _fold(self, entry: Recorded) -> None:
        event = entry.event
        if isinstance(event, RuleActivated | RuleDeactivated):
            self._configure(entry, event)
        self.estate = self.alerts.estate = self.estate.with_event(event)
        if isinstance(event, SquadRemoved):
            self.alerts.squad_gone(event.entry, self._out)
            self.reports.squad_gone(event.entry, self._out)
        if isinstance(event, MaintenanceSet | MaintenanceRemoved):
            self.alerts.work_changed(self._out)
        if isinstance(event, DutySet):
            self.shifts.duty(event.duty, entry.recorded_us)
        elif isinstance(event, DutyRemoved):
            self.shifts.duty(event.entry, entry.recorded_us)
        elif isinstance(event, RoundSet):
            self.rounds.set(entry, event, self._out)
        elif isinstance(event, RoundRemoved):
            self.rounds.removed(event.entry)
        elif isinstance(event, EstateSet):
            self.shifts.registers(entry.recorded_us)
        if entry.type in _PLACES:
            self.safety.registry(self.estate, event)

    def _configure(self, entry: Recorded, event: RuleActivated | RuleDeactivated) -> None:
        run = self._runs.get(event.rule)
        if run is None:
            return
        try:
            run.configure(event if isinstance(event, RuleActivated) else None)
        except ValidationError as error:
            problem = codec.describe(error)
            detail = both("alerts.refused.rule_settings", rule=event.rule, problem=problem)
            refused = CommandRefused(command=entry.id, reason="bad_request", detail=detail)
            self._out.add("command", entry.id, refused)

    def _tell(self, run: RuleRun, signals: tuple[Signal, ...]) -> Trigger:
        trigger = Trigger("alert")
        for signal in signals:
            if run.name == PRESENCE_RULE:
                self.safety.presence(signal.key, isinstance(signal, Clear))
                trigger = Trigger("device", signal.key)
            if not run.active:
                continue
            if isinstance(signal, Raise):
                self._raise(run, signal)
            else:
                self._clear(run, signal)
        return trigger

    def _raise(self, run: RuleRun, signal: Raise) -> None:
        event = SignalRaised(
            rule=run.name,
            rule_version=run.rule.version,
            key=signal.key,
            zone=signal.zone,
            evidence=tuple(each.id for each in signal.evidence),
            evidence_positions=tuple(each.position for each in signal.evidence),
            late=signal.late,
            severity=signal.severity,
            devices=signal.devices,
            title=signal.title,
            at=from_us(signal.at_us),
        )
        self._out.add(run.name, signal.key, event)
        if signal.says is not None:
            self._out.add(run.name, signal.key, signal.says)
        self.alerts.raised(run.name, signal, self._out)

    def _clear(self, run: RuleRun, signal: Clear) -> None:
        held = self.alerts.open_of(run.name, signal.key)
        if held is None or held.latest.condition == "cleared":
            return  # nobody was told of it: it was raised while the rule warmed up, or is closed by now
        event = SignalCleared(
            rule=run.name,
            rule_version=run.rule.version,
            key=signal.key,
            zone=signal.zone,
            evidence=tuple(each.id for each in signal.evidence),
            evidence_positions=tuple(each.position for each in signal.evidence),
            late=signal.late,
            at=from_us(signal.at_us),
            withdrawn=signal.withdrawn,
        )
        self._out.add(run.name, signal.key, event)
        self.alerts.cleared(run.name, signal, self._out)

    def _settle(self, trigger: Trigger | None) -> None:
        if trigger is None:
            return
        if self.alerts.touched:
            self.rounds.squads(self._out)
        for alert in self.alerts.touched:
            self.safety.alert(alert)
        self.alerts.touched.clear()
        self.safety.settle(trigger, self._out)

    def next_us(self) -> int | None:
        """When the next wake-up fires, by the log's time; None when nobody waits."""
        return self._wakeups.next_us()

    def failures(self) -> Iterator[tuple[str, int, list[Failure]]]:
        """Rules that broke off since the last time: name, how often, the first of the failures."""
        for run in self._runs.values():
            count, first = run.failures()
            if count:
                yield run.name, count, first

    def outputs(self) -> list[NewEvent]:
        """Hands over the outputs since the last time."""
        return self._out.take()

    def changed(self) -> tuple[list[SavedState], list[str]]:
        """What to write and what to delete since the last time: each changed value once."""
        write: list[SavedState] = []
        gone: list[str] = []
        parts = [run.changed(self._now_us) for run in self._runs.values()]
        parts += [self.alerts.changed(self._now_us), self.rounds.changed()]
        parts += [self.reports.changed(), self.safety.changed(), self._measures.changed()]
        for saved, removed in parts:
            write += saved
            gone += removed
        if self._now_us != self._clock_saved_us:
            self._clock_saved_us = self._now_us
            write.append(SavedState(_CLOCK, orjson.dumps(self._now_us)))
        return write, gone
