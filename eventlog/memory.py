"""The event log in memory, under the same contract as the SQL ones: for tests and evaluation.

Nothing is kept when the process ends; a claim holds within this process only.
"""

from __future__ import annotations

import threading
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from heapq import merge
from itertools import islice

from eventlog.batch import plan
from eventlog.chain import GENESIS, Checker, link
from eventlog.clock import Clock, Stamper, TimeMode
from eventlog.ids import identity_key
from eventlog.ports import (
    Account,
    AccountKind,
    Appended,
    Claim,
    ClaimLostError,
    LogError,
    NewEvent,
    Position,
    Quarantined,
    Recorded,
    Reject,
    SavedState,
    Verified,
)

Identity = tuple[str, str]


class MemoryLog:
    """An `EventLog` in memory. `clock` gives microseconds since 1970 and replaces the machine's."""

    def __init__(self, *, time_mode: TimeMode = "wall", clock: Clock | None = None) -> None:
        self._stamper = Stamper(time_mode, clock)
        self._writing = threading.Lock()
        self._writer: int | None = None
        self._changed = threading.Condition()
        self._entries: list[Recorded] = []
        self._by_identity: dict[Identity, Position] = {}
        self._by_kind: dict[tuple[str, str], list[Position]] = {}
        self._quarantine: list[Quarantined] = []
        self._state: dict[str, dict[str, SavedState]] = {}
        self._positions: dict[str, Position] = {}
        self._claims: Counter[str] = Counter()
        """How many share a claim; -1 where one holds it alone."""

    def append(self, events: Sequence[NewEvent]) -> Appended:
        """One transaction with one append."""
        with self.transaction() as transaction:
            return transaction.append(events)

    @contextmanager
    def transaction(self, *, under: Claim | None = None) -> Iterator[_Transaction]:
        """Commits at the end of the block, drops everything when it raises."""
        if under is not None and not under.held():
            raise ClaimLostError("the claim was released before")
        if self._writer == threading.get_ident():
            raise LogError("this thread has a transaction of the log open already: use that one")
        transaction = _Transaction(self)
        try:
            yield transaction
            if transaction.begun:
                self._commit(transaction)
        finally:
            if transaction.begun:
                self._writer = None
                self._writing.release()

    def _begin(self) -> None:
        self._writing.acquire()
        self._writer = threading.get_ident()

    def _commit(self, done: _Transaction) -> None:
        with self._changed:
            for entry in done.entries:
                self._entries.append(entry)
                self._by_identity[entry.source, entry.id] = entry.position
                self._by_kind.setdefault((entry.estate, entry.type), []).append(entry.position)
            first_id = len(self._quarantine) + 1
            self._quarantine += [Quarantined(first_id + n, reject) for n, reject in enumerate(done.rejects)]
            for owner, key, value in done.saved:
                kept = self._state.setdefault(owner, {})
                if value is None:
                    kept.pop(key, None)
                else:
                    kept[key] = value
            self._positions.update(done.moved)
            self._changed.notify_all()

    def read(
        self,
        *,
        after: Position,
        limit: int,
        estate: str | None = None,
        types: frozenset[str] | None = None,
    ) -> Sequence[Recorded]:
        """Entries after a position, in order."""
        if estate is None and types is None:
            return self._entries[after : after + limit]
        with self._changed:
            lists = [kept[bisect_right(kept, after) :] for kept in self._kinds(estate, types)]
        return [self._entries[position - 1] for position in islice(merge(*lists), limit)]

    def read_back(
        self,
        *,
        before: Position | None = None,
        limit: int,
        estate: str | None = None,
        types: frozenset[str] | None = None,
    ) -> Sequence[Recorded]:
        """Entries before a position (None: the end), the newest first."""
        last = len(self._entries) if before is None else min(before - 1, len(self._entries))
        if estate is None and types is None:
            return self._entries[max(0, last - limit) : max(0, last)][::-1]
        with self._changed:
            lists = [kept[: bisect_right(kept, last)][::-1] for kept in self._kinds(estate, types)]
        return [self._entries[position - 1] for position in islice(merge(*lists, reverse=True), limit)]

    def _kinds(self, estate: str | None, types: frozenset[str] | None) -> list[list[Position]]:
        return [
            kept
            for (of_estate, of_type), kept in self._by_kind.items()
            if (estate is None or of_estate == estate) and (types is None or of_type in types)
        ]

    def at(self, positions: Sequence[Position]) -> Sequence[Recorded]:
        """The entries at these positions, in that order; missing ones are left out."""
        return [self._entries[place - 1] for place in positions if 0 < place <= len(self._entries)]

    def find(self, source: str, event_id: str) -> Recorded | None:
        """The entry with this identity."""
        position = self._by_identity.get((source, event_id))
        return None if position is None else self._entries[position - 1]

    def identified(self, identity: bytes) -> Recorded | None:
        """The entry whose (source, id) has this `identity_key`; looks through them all."""
        found = (entry for entry in self._entries if identity_key(entry.source, entry.id) == identity)
        return next(found, None)

    def head(self) -> Position:
        """The position of the last entry."""
        return len(self._entries)

    def position_at(self, moment_us: int) -> Position:
        """The last position recorded at or before a moment."""
        return bisect_right(self._entries, moment_us, key=lambda entry: entry.recorded_us)

    def now_us(self) -> int:
        """The present time as the log would stamp it."""
        return self._stamper.now(self._last()[0])

    def _last(self) -> tuple[int, bytes]:
        entries = self._entries
        return (entries[-1].recorded_us, entries[-1].hash) if entries else (0, GENESIS)

    def wait(self, after: Position, timeout_s: float) -> bool:
        """Waits until there is an entry after `after`."""
        with self._changed:
            return self._changed.wait_for(lambda: len(self._entries) > after, timeout_s)

    def position(self, reader: str) -> Position:
        """How far a reader has come; 0 when unknown."""
        return self._positions.get(reader, 0)

    def load_state(self, owner: str) -> Sequence[SavedState]:
        """Everything saved under an owner, by key."""
        with self._changed:
            kept = self._state.get(owner, {})
            return [kept[key] for key in sorted(kept)]

    def quarantined(
        self, *, after: int = 0, limit: int = 100, include_released: bool = False
    ) -> Sequence[Quarantined]:
        """What is in quarantine, in order of arrival."""
        with self._changed:
            rest = self._quarantine[after:]
        return list(islice((one for one in rest if include_released or one.released_us is None), limit))

    def quarantined_one(self, quarantine_id: int) -> Quarantined | None:
        """One of them."""
        known = 0 < quarantine_id <= len(self._quarantine)
        return self._quarantine[quarantine_id - 1] if known else None

    def mark_released(self, quarantine_id: int) -> None:
        """Notes that it has been taken in; the first time counts. Raises LogError for an unknown one."""
        with self._changed:
            one = self.quarantined_one(quarantine_id)
            if one is None:
                raise LogError(f"there is no quarantined message {quarantine_id}")
            if one.released_us is None:
                released = replace(one, released_us=self.now_us())
                self._quarantine[quarantine_id - 1] = released

    def quarantine_counts(self) -> Mapping[str, int]:
        """How many wait in quarantine, by reason."""
        with self._changed:
            return Counter(one.reject.reason for one in self._quarantine if one.released_us is None)

    def verify(self, *, after: Position = 0, limit: int | None = None) -> Verified:
        """Checks the chain of hashes."""
        before = self._entries[after - 1] if 0 < after <= len(self._entries) else None
        checker = (
            Checker(before.position, before.recorded_us, before.hash) if before else Checker(0, 0, GENESIS)
        )
        end = None if limit is None else after + limit
        return checker.take((entry, None) for entry in self._entries[after:end]) or checker.good()

    def claim(self, name: str, *, shared: bool = False) -> Claim | None:
        """Takes a lock by name; None when it is taken."""
        with self._changed:
            held = self._claims[name]
            if (held < 0) if shared else held:
                return None
            self._claims[name] = held + 1 if shared else -1
        return _MemoryClaim(self._claims, name)

    def claimed(self, names: Sequence[str]) -> frozenset[str]:
        """Those of these claims that somebody holds."""
        with self._changed:
            return frozenset(name for name in names if self._claims[name])

    def close(self) -> None:
        """Nothing to give back."""


class _MemoryClaim:
    def __init__(self, claims: Counter[str], name: str) -> None:
        self._claims, self._name, self._held = claims, name, True

    def held(self) -> bool:
        """Until it is released."""
        return self._held

    def release(self) -> None:
        """Gives the lock back."""
        if self._held:
            self._held = False
            self._claims[self._name] = max(self._claims[self._name] - 1, 0)


class _Transaction:
    """What one transaction would change; applied by the log at its end."""

    def __init__(self, log: MemoryLog) -> None:
        self._log = log
        self.begun = False
        self.entries: list[Recorded] = []
        self.rejects: list[Reject] = []
        self.saved: list[tuple[str, str, SavedState | None]] = []
        self.moved: dict[str, Position] = {}
        self._own: dict[Identity, Recorded] = {}

    def _write(self) -> None:
        if not self.begun:
            self._log._begin()
            self.begun = True

    def append(self, events: Sequence[NewEvent]) -> Appended:
        """Idempotent by (source, id)."""
        self._write()
        log = self._log
        keys = [(event.source, event.id) for event in events]
        known = {key: log._by_identity[key] for key in keys if key in log._by_identity}
        known |= {key: self._own[key].position for key in keys if key in self._own}
        head = len(log._entries) + len(self.entries)
        planned = plan(events, keys, known, self._bodies, head)
        last = self.entries[-1] if self.entries else None
        last_us, previous = (last.recorded_us, last.hash) if last else log._last()
        stamps = log._stamper.stamps(planned.new, last_us)
        for position, (event, recorded_us) in enumerate(zip(planned.new, stamps, strict=True), head + 1):
            previous = link(previous, position, event, recorded_us)
            entry = Recorded(
                position, event.estate, event.type, event.version, event.source, event.id, event.occurred_us,
                event.received_us, recorded_us, event.seq, event.replay, event.body, previous,
            )  # fmt: skip
            self.entries.append(entry)
            self._own[event.source, event.id] = entry
        return planned.appended

    def _bodies(self, positions: Sequence[Position]) -> Mapping[Position, bytes]:
        kept, own = self._log._entries, self.entries
        return {
            place: (kept[place - 1] if place <= len(kept) else own[place - 1 - len(kept)]).body
            for place in positions
        }

    def quarantine(self, rejects: Sequence[Reject]) -> None:
        """Keeps what can't be taken."""
        self._write()
        self.rejects += rejects

    def save_state(self, owner: str, entries: Iterable[SavedState], gone: Iterable[str] = ()) -> None:
        """Writes values by key, and deletes the keys in `gone`."""
        self._write()
        self.saved += [(owner, entry.key, entry) for entry in entries]
        self.saved += [(owner, key, None) for key in gone]

    def move(self, reader: str, position: Position) -> None:
        """Keeps how far a reader has come."""
        self._write()
        self.moved[reader] = position

    def position(self, reader: str) -> Position:
        """How far a reader has come, with the log locked."""
        self._write()
        return self.moved.get(reader, self._log.position(reader))


class MemoryAccounts:
    """`Accounts` in memory."""

    def __init__(self) -> None:
        self._accounts: dict[tuple[str, AccountKind], Account] = {}
        self._revision = 0

    def put(self, account: Account) -> None:
        """Makes or replaces the account of that name and kind."""
        self._accounts[account.name, account.kind] = account
        self._revision += 1

    def get(self, name: str, kind: AccountKind | None = None) -> Account | None:
        """The account of a name, of any kind when none is given."""
        if kind is not None:
            return self._accounts.get((name, kind))
        return next((one for one in self.all() if one.name == name), None)

    def all(self) -> Sequence[Account]:
        """Every account, by name and kind."""
        return [self._accounts[key] for key in sorted(self._accounts)]

    def remove(self, name: str, kind: AccountKind) -> bool:
        """Takes an account away; False when there was none."""
        found = self._accounts.pop((name, kind), None) is not None
        self._revision += found
        return found

    def revision(self) -> int:
        """Changes whenever an account does."""
        return self._revision
