"""Drives every estate's step from the log in this process: reads inputs, saves outputs, state and position.

Outputs are recorded at once; while there is more to take than one batch, beside the next batch, since a
commit waits for the log's other writers and the disk. Changed state and the reader's position are saved now
and then, in one transaction with the outputs of the moment. After a crash the inputs since then are taken
again and make the same outputs under the same ids, which the log takes as repeats. Time comes from the log:
when a wake-up is due and the log is quiet, `time.reached` is appended.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import Any, Literal

import structlog

from eventlog import metrics
from eventlog.collector import spare_the_collector
from eventlog.estate import Estate
from eventlog.ports import (
    Appended,
    Claim,
    EventLog,
    LogTransaction,
    LogUnavailableError,
    NewEvent,
    Position,
    Recorded,
    SavedState,
)
from eventlog.registers import Registers
from eventlog.vocabulary import OUTPUT_TYPES
from processors.bell import Bell
from processors.rules import RULES
from processors.rules.base import Rule
from processors.runners import share
from processors.runners.common import READER as READER
from processors.runners.common import count_outputs, tell_failures, time_reached
from processors.runners.common import owner_of as owner_of
from processors.step import EstateStep

BATCH = 2_000
"""Entries read at once."""
WAIT_MAX_S = 0.5
"""Longest wait before looking for a stop."""
BACK_OFF_S = (0.05, 0.2, 0.5, 1.0, 2.0, 5.0)
"""Waits between tries while the log's store is away; the last one again and again."""
SAVE_S, SAVE_ENTRIES = 0.25, 40_000
"""State and position are saved this often. Between two saves a key's state is written once, however often it
changed."""
BUSY_SAVE_S = 2.0
"""So often while there is more to take than one batch: what is saved then is out of date at once. And at
least so often where a save takes long."""
SAVE_SHARE = 0.1
"""Of the time that saving may take, as the last save took."""
CALM_S = 0.02
"""After a backlog of more than a batch, what is unsaved is saved when nothing has come for so long."""

_log = structlog.get_logger()


class Steps:
    """The steps of all estates, made when an estate is first heard of."""

    def __init__(
        self,
        registers: Registers,
        load: Callable[[str], Sequence[SavedState]],
        rules: Mapping[str, type[Rule[Any]]] = RULES,
    ) -> None:
        self._registers = registers
        self._load = load
        self._rules = rules
        self.by_estate: dict[str, EstateStep] = {}

    def take(self, entries: Sequence[Recorded]) -> int:
        """Gives inputs to their estates' steps; returns how many there were."""
        taken = 0
        steps = self.by_estate
        for entry in entries:
            if entry.type in OUTPUT_TYPES:
                continue
            step = steps.get(entry.estate) or self._new(entry.estate)
            step.take(entry)
            taken += 1
        return taken

    def _new(self, name: str) -> EstateStep:
        estate = self._registers.estates.get(name) or Estate(name)
        step = self.by_estate[name] = EstateStep(estate, self._load(name), self._rules)
        return step

    def outputs(self) -> list[NewEvent]:
        """Hands over the outputs since the last time."""
        return [output for step in self.by_estate.values() for output in step.outputs()]

    def load_all(self) -> None:
        """Makes the steps of every registered estate, so that their wake-ups are known."""
        for name in self._registers.estates:
            self._new(name)


class EmbeddedRunner:
    """The one decider of a log's estates, in one thread. `time_mode` as the log's.

    Raises LogCorruptError; from `run_once` also LogUnavailableError, after which the next call begins again
    from what is saved. A rule that raises is logged and counted, and breaks off at that input only.
    """

    def __init__(
        self,
        log: EventLog,
        *,
        time_mode: Literal["wall", "events"] = "wall",
        batch: int = BATCH,
        bell: Bell | None = None,
        rules: Mapping[str, type[Rule[Any]]] = RULES,
    ) -> None:
        self._eventlog = log
        self._rules = rules
        self._bell = bell or Bell()
        self._time_mode = time_mode
        self._batch = batch
        self._steps: Steps | None = None
        self._claim: Claim | None = None
        self._position: Position = 0
        self._saved: Position = 0
        self._unsaved_since_s = 0.0
        self._save_every_s = SAVE_S
        self._teller = ThreadPoolExecutor(1, "outputs")
        self._telling: Future[None] | None = None

    def run_once(self) -> int:
        """Takes one bounded batch and saves; returns how many entries it moved on by, or 1 when it told the
        time."""
        return self._take_batch(save_now=True)

    def run_through(self) -> None:
        """Takes what the log holds the way `run` does: saves now and then, and at the end."""
        while self._take_batch(save_now=False):
            pass
        self._save_rest()

    def _take_batch(self, *, save_now: bool) -> int:
        steps = self._steps or self._start()
        try:
            entries = self._eventlog.read(after=self._position, limit=self._batch)
            if entries:
                metrics.INPUTS_DECIDED.inc(steps.take(entries))
                tell_failures(steps.by_estate)
                if self._position == self._saved:
                    self._unsaved_since_s = time.monotonic()
                self._position = entries[-1].position
            busy = len(entries) == self._batch
            caught_up = not entries and self._unsaved >= self._batch
            due = caught_up or self._save_due(BUSY_SAVE_S if busy else self._save_every_s)
            if self._unsaved and (save_now or due):
                self._await_told()
                self._save(steps, steps.outputs())
            elif outputs := steps.outputs():
                self._await_told()
                if busy:
                    self._telling = self._teller.submit(self._tell, outputs)
                else:
                    self._tell(outputs)
            elif not busy:
                self._await_told()
            return len(entries) or self._tell_time(steps)
        except BaseException:
            self._steps = None  # it may be ahead of what is saved
            if self._telling:
                wait((self._telling,))
                self._telling = None
            raise

    def _await_told(self) -> None:
        """Waits for the outputs that are being recorded. Raises what that raised."""
        telling, self._telling = self._telling, None
        if telling:
            telling.result()

    @property
    def _unsaved(self) -> int:
        return self._position - self._saved

    def _save_due(self, after_s: float) -> bool:
        return self._unsaved >= SAVE_ENTRIES or time.monotonic() >= self._unsaved_since_s + after_s

    def _start(self) -> Steps:
        share.bring_together(self._eventlog, self._rules)
        self._position = self._saved = self._eventlog.position(READER)
        registers = Registers(self._eventlog)
        registers.refresh(upto=self._position)
        steps = Steps(registers, lambda name: self._eventlog.load_state(owner_of(name)), self._rules)
        steps.load_all()
        self._steps = steps
        return steps

    def _tell(self, outputs: Sequence[NewEvent]) -> None:
        """Records outputs at once, and no more: a small commit. State and position follow; after a crash in
        between the same inputs are taken again and make the same outputs, which changes nothing."""
        with self._eventlog.transaction(under=self._claim) as transaction:
            self._append(transaction, outputs)
        self._told(outputs)

    def _append(self, transaction: LogTransaction, outputs: Sequence[NewEvent]) -> Appended:
        appended = transaction.append(outputs)
        if appended.conflicts:
            _log.error("an output differs from what is recorded under its id", at=self._position)
        return appended

    def _told(self, outputs: Sequence[NewEvent]) -> None:
        self._bell.ring()
        count_outputs(outputs)

    def _save(self, steps: Steps, outputs: Sequence[NewEvent]) -> None:
        upto, began_s = self._position, time.monotonic()
        with self._eventlog.transaction(under=self._claim) as transaction:
            for name, step in steps.by_estate.items():
                write, gone = step.changed()
                if write or gone:
                    transaction.save_state(owner_of(name), write, gone)
            moved = upto
            if outputs:
                appended = self._append(transaction, outputs)
                places = [place for place in appended.positions if place is not None]
                if places == list(range(upto + 1, upto + 1 + len(outputs))):
                    moved = places[-1]  # they follow at once: no need to read them again
            transaction.move(READER, moved)
        self._position = self._saved = moved
        took_s = time.monotonic() - began_s
        self._save_every_s = min(BUSY_SAVE_S, max(SAVE_S, took_s / SAVE_SHARE))
        if outputs:
            self._told(outputs)
        metrics.READER_POSITION.labels(READER).set(moved)

    def _tell_time(self, steps: Steps) -> int:
        """Appends `time.reached` for the estates whose wake-ups are due; 0 when there are none."""
        if self._time_mode != "wall":
            return 0
        now_us = self._eventlog.now_us()
        due = [
            time_reached(name, fire_us)
            for name, step in steps.by_estate.items()
            if (fire_us := step.next_us()) is not None and fire_us <= now_us
        ]
        if due:
            self._eventlog.append(due)
        return min(1, len(due))

    def due_in_s(self) -> float:
        """Seconds until the next wake-up is due, at most `WAIT_MAX_S`."""
        if self._time_mode != "wall" or self._steps is None:
            return WAIT_MAX_S
        nexts = [
            fire_us for step in self._steps.by_estate.values() if (fire_us := step.next_us()) is not None
        ]
        if not nexts:
            return WAIT_MAX_S
        return min(WAIT_MAX_S, max(0.0, (min(nexts) - self._eventlog.now_us()) / 1_000_000))

    def _wait(self) -> None:
        """Waits for an entry, the next wake-up, or until what is unsaved has to be saved."""
        left_s = self.due_in_s()
        if self._unsaved:
            left_s = min(left_s, max(0.0, self._unsaved_since_s + self._save_every_s - time.monotonic()))
        if self._unsaved >= self._batch:
            left_s = min(left_s, CALM_S)
        self._eventlog.wait(self._position, left_s)

    def run(self, stop: threading.Event) -> None:
        """Decides until told to stop; stands by while another process holds the decider's claim."""
        failures = 0
        spare_the_collector()
        try:
            while not stop.is_set():
                try:
                    self._claim = self._claim or self._eventlog.claim(READER)
                    self._bell.hung = self._claim is not None
                    if self._claim is None:
                        stop.wait(WAIT_MAX_S)
                    elif self._take_batch(save_now=False) < self._batch:
                        self._wait()  # that was all there is: no need to look for more first
                    failures = 0
                except LogUnavailableError as error:
                    if self._claim:  # its server may have forgotten it, and given it to another
                        self._claim.release()
                        self._claim, self._steps = None, None
                    pause_s = BACK_OFF_S[min(failures, len(BACK_OFF_S) - 1)]
                    failures += 1
                    metrics.OUTAGES.labels("process", "log").inc()
                    _log.warning("the log is away", error=str(error), again_in_s=pause_s)
                    stop.wait(pause_s)
            self._save_rest()
        finally:
            self._teller.shutdown()
            self._bell.hung = False
            if self._claim:
                self._claim.release()
                self._claim = None

    def _save_rest(self) -> None:
        """Before a clean stop, so that the next start has nothing to take again."""
        if self._steps is None or not self._unsaved:
            return
        try:
            self._await_told()
            self._save(self._steps, self._steps.outputs())
        except LogUnavailableError as error:
            _log.warning("the log is away at the stop", error=str(error), again=self._unsaved)


def replay(log: EventLog, into: Callable[[Sequence[NewEvent]], object], upto: Position | None = None) -> int:
    """Runs a log's inputs through fresh steps and hands over the outputs, batch by batch; saves nothing.

    The outputs are those of the live run, ids included. Returns how many inputs there were.
    """
    steps = Steps(Registers(log), lambda _: ())
    position, inputs = 0, 0
    end = log.head() if upto is None else upto
    while position < end:
        entries = log.read(after=position, limit=min(BATCH, end - position))
        if not entries:
            break
        inputs += steps.take(entries)
        position = entries[-1].position
        for step in steps.by_estate.values():
            into(step.outputs())
    return inputs
