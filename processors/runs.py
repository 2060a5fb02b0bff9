"""One rule at work on one estate: its states by key, its wake-ups, what changed since the last save. Pure.

States are saved as JSON: orjson writes the rule's frozen dataclass, pydantic reads it back.

A rule that raises, a mistake in its code, breaks off at that key only: its state stays, nothing is told, the
failure is noted for whoever drives the step. Else one event would stop every rule of every estate for good.
"""

from __future__ import annotations

import traceback
from dataclasses import replace
from functools import cache
from heapq import heappop, heappush
from pathlib import PurePath
from typing import Any, NamedTuple

import orjson
from pydantic import TypeAdapter

from eventlog.estate import Estate
from eventlog.ports import Recorded, SavedState
from eventlog.vocabulary import RuleActivated
from processors.rules.base import KEEP_WAKE, Rule, Signal, Step
from processors.wakeups import Wakeup, Wakeups, fire_time

NEVER_US = 2**62
FAILURES_NOTED = 3
"""Failures of a rule told one by one, of those since the last time."""


class Cell:
    """The state of one key; `forget_us`: from then on it counts as never heard of."""

    __slots__ = ("forget_us", "queued", "state")

    def __init__(self, state: Any, forget_us: int = NEVER_US) -> None:
        self.state = state
        self.forget_us = forget_us
        self.queued = False


@cache
def _reader(state: Any) -> TypeAdapter[Any]:
    return TypeAdapter(tuple[state, int, int | None, int | None])


class Failure(NamedTuple):
    """A rule broke off: at which entry's position or wake-up's due time, with which error, where. The error's
    text is left out: it may name a person's data."""

    at: int
    error: str
    where: str


class RuleRun:
    """One rule's states. `active` is False while it only warms up: its signals are dropped then."""

    def __init__(self, rule: Rule[Any], wakeups: Wakeups) -> None:
        self.name = rule.name
        self.active = False
        self._bind(rule)
        self._wakeups = wakeups
        self._standing = wakeups.standing(rule.name)
        self._cells: dict[str, Cell] = {}
        self._dirty: dict[str, Cell | None] = {}
        self._forgets: list[tuple[int, str]] = []
        self._failures: list[Failure] = []
        self._failed = 0
        self._prefix = f"rule/{rule.name}/{rule.version}/"

    def configure(self, activated: RuleActivated | None) -> None:
        """Binds the settings that hold from now on; silent without them, or for another version. Raises
        pydantic.ValidationError for settings that the rule does not have; it is silent then."""
        kind = type(self.rule)
        self.active = False
        self._bind(kind())
        if activated is not None and activated.version == kind.version:
            self._bind(kind.configured(activated.settings, activated.zones))
            self.active = True

    def _bind(self, rule: Rule[Any]) -> None:
        """Looks its methods up once: they run for every event."""
        self.rule = rule
        self._keys, self._on_event = rule.keys, rule.on_event
        self._initial = rule.initial()

    def on_event(self, entry: Recorded, estate: Estate) -> tuple[Signal, ...]:
        """Gives an event to each of its keys."""
        try:
            keys = self._keys(entry, estate)
        except Exception as error:
            self._note(entry.position, error)
            return ()
        if not keys:
            return ()
        told: tuple[Signal, ...] = ()
        cells, now_us = self._cells, entry.recorded_us
        on_event = self._on_event
        for key in keys:
            cell = cells.get(key)
            state = self._initial if cell is None or cell.forget_us <= now_us else cell.state
            try:
                step = on_event(key, state, entry, estate)
            except Exception as error:
                self._note(entry.position, error)
                continue
            if step is None:
                continue
            if step.signals:
                told += step.signals
            forget_us = step.forget_us
            if forget_us is not None and (waited_us := now_us - entry.effective_us) > 0:
                forget_us += waited_us
            self._keep(key, cell, step, now_us, forget_us)
        if told and entry.late:
            told = tuple(replace(signal, late=True) for signal in told)
        return told

    def on_time(self, wakeup: Wakeup, estate: Estate) -> tuple[Signal, ...]:
        """Gives a key its wake-up."""
        cell = self._cells.get(wakeup.key)
        if cell is None:
            return ()
        try:
            step = self._woken(wakeup, cell, estate)
        except Exception as error:
            self._note(wakeup.due_us, error)
            self._dirty[wakeup.key] = cell  # its wake-up is gone all the same
            return ()
        forget_us = step.forget_us
        if forget_us is not None:
            forget_us += wakeup.fire_us - wakeup.due_us
        self._keep(wakeup.key, cell, step, wakeup.fire_us, forget_us)
        self._dirty[wakeup.key] = self._cells.get(wakeup.key)  # its wake-up is gone, whatever else
        return step.signals

    def _woken(self, wakeup: Wakeup, cell: Cell, estate: Estate) -> Step[Any]:
        step = self.rule.on_time(wakeup.key, cell.state, wakeup.due_us, estate)
        if step.wake_us is not None and step.wake_us <= wakeup.due_us:
            raise ValueError(f"{self.name} asks at {wakeup.due_us} to be woken at {step.wake_us}, not later")
        return step

    def _note(self, at: int, error: Exception) -> None:
        frame = traceback.extract_tb(error.__traceback__)[-1]
        self._failed += 1
        if len(self._failures) < FAILURES_NOTED:
            where = f"{PurePath(frame.filename).name}:{frame.lineno}"
            self._failures.append(Failure(at, type(error).__name__, where))

    def failures(self) -> tuple[int, list[Failure]]:
        """How often the rule broke off since the last time, and the first of them."""
        count, first = self._failed, self._failures
        if count:
            self._failed, self._failures = 0, []
        return count, first

    def _keep(self, key: str, cell: Cell | None, step: Step[Any], now_us: int, forget_us: int | None) -> None:
        """Keeps what a step made, until `forget_us` by the log's time."""
        state, wake_us = step.state, step.wake_us
        standing = self._standing.get(key)
        if wake_us is None:
            if standing is not None:
                del self._standing[key]
        elif wake_us != KEEP_WAKE and (standing is None or standing[1] != wake_us):
            self._wakeups.set(self.name, key, wake_us, fire_time(wake_us, now_us))
        if state is self._initial and (wake_us is None or wake_us == KEEP_WAKE):
            if cell is not None:
                del self._cells[key]
                self._dirty[key] = None
            return
        if cell is None:
            cell = self._cells[key] = Cell(state)
        else:
            cell.state = state
        self._dirty[key] = cell
        if forget_us is None:
            cell.forget_us = NEVER_US
            return
        cell.forget_us = forget_us
        if not cell.queued:
            self._queue(key, cell)

    def _queue(self, key: str, cell: Cell) -> None:
        cell.queued = True
        heappush(self._forgets, (cell.forget_us, key))

    def load(self, saved: SavedState) -> bool:
        """Takes back a saved state, with its wake-up; False when it isn't one of this rule and version."""
        if not saved.key.startswith(self._prefix):
            return False
        key = saved.key.removeprefix(self._prefix)
        kind: Any = self.rule.State
        state, forget_us, due_us, fire_us = _reader(kind).validate_json(saved.value)
        cell = self._cells[key] = Cell(state, forget_us)
        if forget_us != NEVER_US:
            self._queue(key, cell)
        if due_us is not None and fire_us is not None:
            self._wakeups.set(self.name, key, due_us, fire_us)
        return True

    def changed(self, now_us: int) -> tuple[list[SavedState], list[str]]:
        """What to write and what to delete since the last time; states that time has emptied go too."""
        self._forget(now_us)
        write: list[SavedState] = []
        gone: list[str] = []
        for key, cell in self._dirty.items():
            if cell is None:
                gone.append(self._prefix + key)
                continue
            wakeup = self._standing.get(key)
            due_us, fire_us = (wakeup.due_us, wakeup.fire_us) if wakeup else (None, None)
            value = orjson.dumps((cell.state, cell.forget_us, due_us, fire_us))
            write.append(SavedState(self._prefix + key, value, fire_us))
        self._dirty = {}
        return write, gone

    def _forget(self, now_us: int) -> None:
        while self._forgets and self._forgets[0][0] <= now_us:
            _, key = heappop(self._forgets)
            cell = self._cells.get(key)
            if cell is None:
                continue
            cell.queued = False
            if cell.forget_us <= now_us:
                del self._cells[key]
                self._dirty[key] = None
            elif cell.forget_us != NEVER_US:
                self._queue(key, cell)
