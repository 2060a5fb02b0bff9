"""A worker's share of the estates: those of some partitions, decided from records that Kafka brings.

The log stays the truth. A record that was decided is skipped by its position; where one is missing, it is
looked up in the log. Outputs are recorded in the log first, then state: a copy for the worker's table, often,
and now and then in the log itself, with the position that it stands at. So whatever Kafka loses, the same
inputs are taken in the same order and make the same outputs. Knows neither Kafka nor Faust.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import orjson
import structlog

from eventlog import metrics
from eventlog.estate import FOLDED_TYPES, Estate
from eventlog.ports import EventLog, LogTransaction, NewEvent, Position, Recorded, SavedState
from eventlog.vocabulary import OUTPUT_TYPES, EstateSet
from processors.rules import RULES
from processors.rules.base import Rule
from processors.runners import copies
from processors.runners.carried import BEGIN, Carried, partition_of
from processors.runners.common import READER, count_outputs, owner_of, tell_failures, time_reached
from processors.step import EstateStep

LOOK_UP = 2_000
"""Entries read at once."""
COPY_S = 20.0
"""An estate's whole state is copied to the table at most this often: what the log has is fresher, and
hundreds of whole states every few seconds would keep the disks busier than all inputs."""
COPIES_MAX = 8
"""States copied at once, of one partition: the inputs behind them wait no longer than that."""
CHECKPOINT_S = 2.0
"""State is saved in the log at most this often."""
ASK_AGAIN_S = 2.0
"""After this long without an answer, the time is told again."""
WAIT_MAX_S = 0.25

_WORKERS = "decider.workers"
_PARTITIONS = "partitions"

_log = structlog.get_logger()


class SharesError(Exception):
    """The shares in the log don't fit; the message says what to do."""


class ShareLostError(Exception):
    """Somebody else has decided these estates beyond where this worker is: begin again."""


def reader_of(partition: int) -> str:
    """The reader whose position says how far a partition's estates are saved."""
    return f"{READER}#{partition}"


@dataclass
class _Held:
    """One estate that this worker decides."""

    step: EstateStep
    position: Position
    """Of the last input that the step has taken; the log and the table may be behind."""
    kept: dict[str, SavedState]
    """The state as last collected."""
    write: set[str] = field(default_factory=set)
    gone: set[str] = field(default_factory=set)
    """What has changed since the state was last saved in the log."""
    taken: bool = False
    """Inputs were taken since the last copy for the table."""
    unsaved: bool = False
    copied_s: float = 0.0
    asked: tuple[int, float] = (0, 0.0)
    """The wake-up that the log was told of, and when."""

    def collect(self) -> None:
        """Takes what has changed from the step."""
        write, gone = self.step.changed()
        for each in write:
            self.kept[each.key] = each
            self.write.add(each.key)
            self.gone.discard(each.key)
        for key in gone:
            self.kept.pop(key, None)
            self.write.discard(key)
            self.gone.add(key)


@dataclass
class _Partition:
    through: Position
    """Every input of its estates up to here has been taken."""
    saved: Position
    """What its reader in the log says, as far as we know."""
    held: dict[str, _Held] = field(default_factory=dict)


class Share:
    """Not safe across threads: whoever drives it calls one method at a time. Raises LogError."""

    def __init__(
        self,
        log: EventLog,
        partitions: int,
        *,
        time_mode: Literal["wall", "events"] = "wall",
        rules: Mapping[str, type[Rule[Any]]] = RULES,
    ) -> None:
        self._eventlog, self.count = log, partitions
        self._time_mode, self._rules = time_mode, rules
        self._owned: dict[int, _Partition] = {}
        self._outputs: list[NewEvent] = []
        self._checkpoint_s = time.monotonic()
        self._mine = False
        _agree(log, partitions)

    @property
    def partitions(self) -> frozenset[int]:
        """Which partitions it has."""
        return frozenset(self._owned)

    @property
    def through(self) -> Mapping[int, Position]:
        """How far each partition has been decided."""
        return {number: part.through for number, part in self._owned.items()}

    def own(self, partitions: Iterable[int], copy_of: Callable[[str], bytes | None]) -> None:
        """Has these partitions from now on, decided up to the log's present end. `copy_of` gives an estate's
        state as the table has it, if it has."""
        wanted = set(partitions)
        self._owned = {number: part for number, part in self._owned.items() if number in wanted}
        fresh = wanted - self._owned.keys()
        decided = self._eventlog.position(READER)
        for number in fresh:
            saved = self._eventlog.position(reader_of(number))
            self._owned[number] = _Partition(max(saved, decided), saved)
        for estate in self._estates():
            number = partition_of(estate, self.count)
            if number in fresh:
                self._hold(self._owned[number], estate, copy_of(estate))
        metrics.WORKER_PARTITIONS.set(len(self._owned))
        if self._owned:
            self._look_up(wanted, self._eventlog.head())
        self.record()
        self._mine = True

    def disown(self) -> None:
        """Has nothing any more, until `own` says what. What is in memory is kept: it may stay ours, and is
        brought up to the log's end then."""
        self._mine = False
        metrics.WORKER_PARTITIONS.set(0)

    def _estates(self) -> list[str]:
        names: dict[str, None] = {}
        after = 0
        while batch := self._eventlog.read(after=after, limit=LOOK_UP, types=frozenset({EstateSet.TYPE})):
            names |= dict.fromkeys(entry.estate for entry in batch)
            after = batch[-1].position
        return list(names)

    def _hold(self, part: _Partition, name: str, copied: bytes | None) -> _Held:
        in_log = self._eventlog.load_state(owner_of(name))
        position, saved = part.through, in_log
        copy = copies.read(copied) if copied else None
        newer = copy is not None and copy.position > part.through
        if copy and newer:
            position, saved = copy.position, copy.states
        step = EstateStep(self._registers(name, position), saved, self._rules)
        held = part.held[name] = _Held(step, position, {each.key: each for each in saved}, unsaved=newer)
        if newer:
            held.write = set(held.kept)
            held.gone = {each.key for each in in_log} - held.write
        return held

    def _registers(self, name: str, upto: Position) -> Estate:
        """An estate's registers as they were at a position."""
        events, after = [], 0
        while batch := self._eventlog.read(after=after, limit=LOOK_UP, estate=name, types=FOLDED_TYPES):
            events += [entry.event for entry in batch if entry.position <= upto]
            after = batch[-1].position
        return Estate(name).with_events(events)

    def take(self, partition: int, records: Sequence[Carried]) -> None:
        """Decides what comes with these records, in their order. The same call again is harmless."""
        part = self._owned.get(partition)
        if part is None:
            return
        skipped = taken = 0
        for record in records:
            if record.position <= part.through:
                skipped += 1
                continue
            if record.previous == BEGIN or record.previous > part.through:
                self._look_up({partition}, record.position if record.entry is None else record.previous)
            if record.entry is not None:
                taken += self._decide(part, record.entry)
            part.through = record.position
        metrics.WORKER_SKIPPED.inc(skipped)
        metrics.INPUTS_DECIDED.inc(taken)
        self._failures()

    def doubt(self, partition: int) -> None:
        """What Kafka brings for a partition is not to be trusted: takes what the log has."""
        if partition in self._owned:
            self._look_up({partition}, self._eventlog.head())

    def _decide(self, part: _Partition, entry: Recorded) -> bool:
        """False where the state of its estate was further already."""
        held = part.held.get(entry.estate) or self._hold(part, entry.estate, None)
        if entry.position <= held.position:
            return False
        held.step.take(entry)
        held.position = entry.position
        held.taken = held.unsaved = True
        return True

    def _look_up(self, partitions: set[int], upto: Position) -> None:
        """Takes the inputs of partitions from the log, up to a position."""
        parts = {number: self._owned[number] for number in partitions if number in self._owned}
        after = min((part.through for part in parts.values()), default=upto)
        found = 0
        while after < upto:
            entries = self._eventlog.read(after=after, limit=min(LOOK_UP, upto - after))
            if not entries:
                break
            for entry in entries:
                part = parts.get(partition_of(entry.estate, self.count))
                if part and entry.position > part.through and entry.type not in OUTPUT_TYPES:
                    found += self._decide(part, entry)
            after = entries[-1].position
            for part in parts.values():
                part.through = max(part.through, after)
            self._gather()
            self.record()
        metrics.WORKER_LOOKED_UP.inc(found)
        self._failures()

    def _failures(self) -> None:
        tell_failures({name: held.step for part in self._owned.values() for name, held in part.held.items()})

    def _gather(self) -> None:
        for part in self._owned.values():
            for held in part.held.values():
                self._outputs += held.step.outputs()

    def record(self) -> None:
        """Appends the outputs; kept for the next call when the log is away. Before any state is saved."""
        self._gather()
        outputs = self._outputs
        if not outputs:
            return
        appended = self._eventlog.append(outputs)
        if appended.conflicts:
            _log.error("an output differs from what is recorded under its id", which=appended.conflicts)
        self._outputs = []
        count_outputs(outputs)

    def copied(self, partition: int) -> list[tuple[str, bytes]]:
        """States to write to the table, as far as it is time for them. Call `record` before."""
        part, now_s = self._owned.get(partition), time.monotonic()
        if part is None or self._outputs:
            return []
        found = []
        for name, held in part.held.items():
            if held.taken and now_s - held.copied_s >= COPY_S:
                held.collect()
                held.taken, held.copied_s = False, now_s
                found.append((name, copies.write(held.position, held.kept.values())))
                if len(found) == COPIES_MAX:
                    break
        return found

    def checkpoint(self, *, at_once: bool = False) -> None:
        """Saves in the log what has changed, when it is time. Raises ShareLostError."""
        if not self._mine or not (at_once or time.monotonic() - self._checkpoint_s >= CHECKPOINT_S):
            return
        self.record()
        moving = {n: part for n, part in self._owned.items() if part.through > part.saved}
        if moving:
            with self._eventlog.transaction() as transaction:
                saved = [part for n, part in moving.items() if self._save(transaction, n, part)]
            for part in saved:
                _saved(part)
            self._tell_progress()
        self._checkpoint_s = time.monotonic()

    def _save(self, transaction: LogTransaction, number: int, part: _Partition) -> bool:
        """False where another worker is further: it has the partition now, and we are about to be told. Where
        one has saved less than we have, what we add to it is right: the same inputs leave the same state."""
        present = transaction.position(reader_of(number))
        if present > part.through:
            return False
        if transaction.position(READER) > part.through:
            raise ShareLostError("somebody else has decided all estates: begin again from what they saved")
        for name, held in part.held.items():
            if not held.unsaved:
                continue
            held.collect()
            transaction.save_state(owner_of(name), [held.kept[key] for key in sorted(held.write)], held.gone)
        transaction.move(reader_of(number), part.through)
        return True

    def _tell_progress(self) -> None:
        """Moves the decider's own position, which is that of the slowest partition."""
        slowest = min(self._eventlog.position(reader_of(number)) for number in range(self.count))
        with self._eventlog.transaction() as transaction:
            if slowest > transaction.position(READER):
                transaction.move(READER, slowest)
        metrics.READER_POSITION.labels(READER).set(slowest)

    def tell_time(self) -> None:
        """Appends `time.reached` for estates whose wake-ups are due; Kafka brings it back as an input."""
        wakes = list(self._wakes())
        if not wakes or min(wakes)[0] > time.time_ns() // 1_000:
            return
        now_us, now_s = self._eventlog.now_us(), time.monotonic()
        due = []
        for fire_us, name, held in wakes:
            asked_us, asked_s = held.asked
            if fire_us <= now_us and (fire_us != asked_us or now_s - asked_s >= ASK_AGAIN_S):
                due.append(time_reached(name, fire_us))
                held.asked = (fire_us, now_s)
        if due:
            self._eventlog.append(due)

    def _wakes(self) -> Iterable[tuple[int, str, _Held]]:
        if self._time_mode != "wall" or not self._mine:
            return
        for part in self._owned.values():
            for name, held in part.held.items():
                fire_us = held.step.next_us()
                if fire_us is not None:
                    yield fire_us, name, held

    def due_in_s(self) -> float:
        """Seconds until the next wake-up is due, at most `WAIT_MAX_S`; not 0, since it may be on its way."""
        next_us = min((fire_us for fire_us, _, _ in self._wakes()), default=None)
        if next_us is None:
            return WAIT_MAX_S
        return min(WAIT_MAX_S, max(0.02, next_us / 1e6 - time.time()))


def _saved(part: _Partition) -> None:
    part.saved = part.through
    for held in part.held.values():
        if held.unsaved:
            held.unsaved = False
            held.write.clear()
            held.gone.clear()


def _agree(log: EventLog, partitions: int) -> None:
    """All workers must know the same number of partitions: an estate has one place. Raises SharesError."""
    before = {each.key: orjson.loads(each.value) for each in log.load_state(_WORKERS)}.get(_PARTITIONS)
    if before == partitions:
        return
    if before is not None:
        ahead = max(log.position(reader_of(number)) for number in range(before))
        if ahead > log.position(READER):
            raise SharesError(
                f"the topic has {partitions} partitions, the estates are decided in {before}: stop the "
                "workers and let `gatehouse process` run once, then start them again"
            )
    with log.transaction() as transaction:
        transaction.save_state(_WORKERS, [SavedState(_PARTITIONS, orjson.dumps(partitions))])


def bring_together(log: EventLog, rules: Mapping[str, type[Rule[Any]]] = RULES) -> None:
    """After workers: brings all estates to one position, from which one decider can go on. For whoever holds
    the decider's claim alone."""
    saved = {each.key: orjson.loads(each.value) for each in log.load_state(_WORKERS)}
    count = saved.get(_PARTITIONS)
    decided = log.position(READER)
    if count is None or all(log.position(reader_of(number)) <= decided for number in range(count)):
        return
    share = Share(log, count, rules=rules)
    share.own(range(count), lambda _: None)
    share.checkpoint(at_once=True)
