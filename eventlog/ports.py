"""The ports of the event log: what it takes, what it gives, what every backend must do.

Backends: `eventlog.memory`, `eventlog.sql` (SQLite, PostgreSQL). One contract suite holds them all.
Times in these types are whole microseconds since 1970 UTC (`…_us`), or aware datetimes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import NamedTuple, Protocol

from eventlog import codec
from eventlog.lazy import lazy
from eventlog.times import from_us
from eventlog.vocabulary.base import Event

Position = int
"""A place in the log: 1 for the first entry, no holes; 0 is before the first."""

LATE_AFTER = timedelta(minutes=10)
_LATE_AFTER_US = LATE_AFTER // timedelta(microseconds=1)


class LogError(Exception):
    """The log could not do what was asked; what was asked has not happened."""


class LogUnavailableError(LogError):
    """The log's store is locked, full or away for now: the same call may succeed later."""


class LogArchivedError(LogError):
    """The entries are in an archive that is not where it should be: bring the file there."""


class ClaimLostError(LogUnavailableError):
    """The claim under which something was to be written is another's by now: nothing was written."""


class LogCorruptError(LogError):
    """The log's store says what it can't say: stop and look."""


class NewEvent(NamedTuple):
    """An event on its way into the log. Build it with `codec.from_envelope` or `codec.make`."""

    estate: str
    type: str
    version: int
    source: str
    id: str
    occurred_us: int
    received_us: int
    body: bytes
    seq: int | None = None
    replay: bool = False


@dataclass(eq=False)
class Recorded:
    """An entry of the log. `event` is decoded (and upcast) when first asked for.

    `body` is the whole CloudEvent as stored, `hash` the chain's value at this entry. Never changed once
    made; not a frozen dataclass only because those take three times as long to build.
    """

    position: Position
    estate: str
    type: str
    version: int
    source: str
    id: str
    occurred_us: int
    received_us: int
    recorded_us: int
    seq: int | None
    replay: bool
    body: bytes
    hash: bytes = b""
    skew_us: int = 0
    """How far the device's clock is ahead, as far as times are corrected by it; known to the step alone."""
    missing: Mapping[str, int] | None = None
    """Devices some of whose messages never came so far, by when that was last shown (µs); of plate reads,
    known to the step alone."""

    event = lazy[Event](codec.event_of)

    @lazy
    def occurred_at(self) -> datetime:
        """The device's clock."""
        return from_us(self.occurred_us)

    @lazy
    def received_at(self) -> datetime:
        """Our clock when the message arrived."""
        return from_us(self.received_us)

    @lazy
    def recorded_at(self) -> datetime:
        """The log's clock, never backwards."""
        return from_us(self.recorded_us)

    @property
    def effective_at(self) -> datetime:
        """The time rules go by: the device's, corrected where its clock is known to be off."""
        return from_us(self.effective_us)

    @property
    def effective_us(self) -> int:
        """`effective_at` in whole microseconds."""
        return self.occurred_us - self.skew_us

    @property
    def late(self) -> bool:
        """History: flagged so by the device, or over 10 min old on arrival. It never pages anybody."""
        return self.replay or self.received_us - self.occurred_us + self.skew_us > _LATE_AFTER_US

    @lazy
    def device(self) -> str:
        """The last part of the source: the device's id."""
        return self.source.rpartition("/")[2]


@dataclass(frozen=True, slots=True)
class Appended:
    """What became of a batch: positions of the new ones in order, indexes into the batch of the others.

    `positions[i]` is the place of event i, also where it was there already; None for a conflict.
    """

    positions: tuple[Position | None, ...]
    new: int
    repeated: tuple[int, ...] = ()
    conflicts: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Reject:
    """A message, or an event of one, that can't be taken. `reason` is one of the words in ingest's docs."""

    topic: str
    reason: str
    detail: str
    payload: bytes
    received_us: int
    estate: str = ""
    index: int | None = None
    """Which event of a message with several."""


@dataclass(frozen=True, slots=True)
class Quarantined:
    """A reject as kept; `released_us` once it has been taken in after a fix."""

    id: int
    reject: Reject
    released_us: int | None = None


@dataclass(frozen=True, slots=True)
class Verified:
    """The outcome of a check of the chain; `first_bad` is the first entry touched, with what is wrong."""

    entries: int
    head_hash: bytes
    first_bad: Position | None = None
    problem: str = ""


@dataclass(frozen=True, slots=True)
class SavedState:
    """One value of a reader's state. `due_us` is when its owner wants to be woken, if at all."""

    key: str
    value: bytes
    due_us: int | None = None


class LogTransaction(Protocol):
    """All or nothing; holds the append's lock from its first write, so keep it short."""

    def append(self, events: Sequence[NewEvent]) -> Appended:
        """Idempotent by (source, id). Conflicting events are not stored and their indexes are given."""

    def quarantine(self, rejects: Sequence[Reject]) -> None:
        """Keeps what can't be taken, with its raw bytes."""

    def save_state(self, owner: str, entries: Iterable[SavedState], gone: Iterable[str] = ()) -> None:
        """Writes values by key under an owner, and deletes the keys in `gone`."""

    def move(self, reader: str, position: Position) -> None:
        """Keeps how far a reader has come."""

    def position(self, reader: str) -> Position:
        """How far a reader has come, under the append's lock: nobody moves it before the commit."""


class EventLog(Protocol):
    """The append-only log. Safe to use from several threads and processes at once."""

    def append(self, events: Sequence[NewEvent]) -> Appended:
        """One transaction with one append."""

    def transaction(self, *, under: Claim | None = None) -> AbstractContextManager[LogTransaction]:
        """Commits at the end of the block, rolls back when it raises. Raises LogError.

        `under`: only while this claim, not a shared one, has no later holder; else ClaimLostError.
        """

    def read(
        self,
        *,
        after: Position,
        limit: int,
        estate: str | None = None,
        types: frozenset[str] | None = None,
    ) -> Sequence[Recorded]:
        """Entries after a position, in order; an entry that commits late is never skipped."""

    def read_back(
        self,
        *,
        before: Position | None = None,
        limit: int,
        estate: str | None = None,
        types: frozenset[str] | None = None,
    ) -> Sequence[Recorded]:
        """Entries before a position (None: the end), the newest first."""

    def at(self, positions: Sequence[Position]) -> Sequence[Recorded]:
        """The entries at these positions, in that order; missing ones are left out."""

    def find(self, source: str, event_id: str) -> Recorded | None:
        """The entry with this identity."""

    def identified(self, identity: bytes) -> Recorded | None:
        """The entry whose (source, id) has this `identity_key`: the one that a trace begins with."""

    def head(self) -> Position:
        """The position of the last entry."""

    def position_at(self, moment_us: int) -> Position:
        """The last position recorded at or before a moment; 0 when there is none."""

    def now_us(self) -> int:
        """The estate's present time as the log would stamp it: wall clock, or the latest event's."""

    def wait(self, after: Position, timeout_s: float) -> bool:
        """Waits until there may be an entry after `after`; True when there is one."""

    def position(self, reader: str) -> Position:
        """How far a reader has come; 0 when unknown."""

    def load_state(self, owner: str) -> Sequence[SavedState]:
        """Everything saved under an owner."""

    def quarantined(
        self, *, after: int = 0, limit: int = 100, include_released: bool = False
    ) -> Sequence[Quarantined]:
        """What is in quarantine, in order of arrival."""

    def quarantined_one(self, quarantine_id: int) -> Quarantined | None:
        """One of them."""

    def mark_released(self, quarantine_id: int) -> None:
        """Notes that it has been taken in."""

    def quarantine_counts(self) -> Mapping[str, int]:
        """How many wait in quarantine, by reason."""

    def verify(self, *, after: Position = 0, limit: int | None = None) -> Verified:
        """Checks the chain of hashes, from `after` on, `limit` entries at most."""

    def claim(self, name: str, *, shared: bool = False) -> Claim | None:
        """Takes a lock that one process may hold at a time (a decider's); None when another has it.

        A shared one may be held by several at a time, and by none beside one that is not shared.
        """

    def claimed(self, names: Sequence[str]) -> frozenset[str]:
        """Those of these claims that somebody holds just now."""

    def close(self) -> None:
        """Gives back connections and files."""


AccountKind = str
"""device, squad, member, gateway, service (MQTT), user (console), token (API)."""


@dataclass(frozen=True, slots=True)
class Account:
    """Someone who may connect. `name` is the MQTT or console user name; `scope` what it is tied to:
    a device or squad id, `squad/member`, a gateway's name. Secrets are kept only as hashes."""

    name: str
    kind: AccountKind
    estate: str
    scope: str = ""
    role: str = ""
    secret_hash: str = ""
    broker_hash: str = ""
    created_us: int = field(default=0)
    disabled: bool = False


class Accounts(Protocol):
    """Who may connect: MQTT accounts, console users, API tokens."""

    def put(self, account: Account) -> None:
        """Makes or replaces the account of that name and kind."""

    def get(self, name: str, kind: AccountKind | None = None) -> Account | None: ...

    def all(self) -> Sequence[Account]: ...

    def remove(self, name: str, kind: AccountKind) -> bool: ...

    def revision(self) -> int:
        """Changes whenever an account does, so that a reader can keep a copy."""


class Claim(Protocol):
    """A lock by name, held by this process until released, until the process dies, or until its connection
    to the log's server is lost."""

    def held(self) -> bool:
        """Whether it is still ours. A server is asked, which takes seconds where it does not answer; what
        must not be written after a loss is written in a transaction `under` the claim."""

    def release(self) -> None: ...
