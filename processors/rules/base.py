"""What a rule is: pure, one file each, no clock, no randomness, no input or output.

A rule keeps one immutable state per key (a door, a plate, a device), made from events by `on_event` and
from wake-ups by `on_time`. It emits signals; what becomes of a signal is not its business.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar, Generic, TypeVar

from pydantic import BaseModel, ConfigDict

from eventlog.estate import Estate
from eventlog.ports import Recorded
from eventlog.vocabulary import Event, Severity, Words


class RuleSettings(BaseModel):
    """A rule's numbers, with units last in the name. A subclass documents each."""

    model_config = ConfigDict(frozen=True, extra="forbid")


@dataclass(frozen=True, slots=True)
class Evidence:
    """An event that a signal rests on."""

    id: str
    position: int


def evidence_of(event: Recorded) -> Evidence:
    """The evidence that an entry of the log is."""
    return Evidence(event.id, event.position)


@dataclass(frozen=True, slots=True)
class Raise:
    """The rule's condition holds, or holds still (then it updates the same alert).

    `key` is the place the alert belongs to: alerts with the same rule and key are one while open.
    """

    key: str
    zone: str
    severity: Severity
    title: Words
    at: datetime
    devices: tuple[str, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    late: bool = False


@dataclass(frozen=True, slots=True)
class Clear:
    """The rule's condition is over; `withdrawn` when it turned out never to have held."""

    key: str
    zone: str
    at: datetime
    evidence: tuple[Evidence, ...] = ()
    withdrawn: bool = False


Signal = Raise | Clear
S = TypeVar("S")


@dataclass(frozen=True, slots=True)
class Step(Generic[S]):
    """What an event or a wake-up does to one key: the new state, signals, and when to wake it next.

    `wake_at` replaces any earlier wake-up of the key; None cancels it. A state equal to the rule's
    initial one is not kept. `forget_at` lets a state that no longer matters be dropped from then on:
    such a state must mean the same as the initial one.
    """

    state: S
    signals: tuple[Signal, ...] = ()
    wake_at: datetime | None = None
    forget_at: datetime | None = None


class Rule(Generic[S]):
    """The base of all rules. Subclasses set the class fields and write the five methods.

    `settings` are the estate's, `zones` those of zones that differ.
    """

    name: ClassVar[str]
    version: ClassVar[int]
    listens_to: ClassVar[frozenset[type[Event]]]
    Settings: ClassVar[type[RuleSettings]] = RuleSettings
    State: ClassVar[type[Any]]
    """The dataclass of the state; the runner saves it as JSON."""

    def __init__(
        self, settings: RuleSettings | None = None, zones: Mapping[str, RuleSettings] | None = None
    ) -> None:
        self.settings = settings or self.Settings()
        self._zones = dict(zones or {})

    def for_zone(self, zone: str) -> Any:
        """The settings that hold in a zone."""
        return self._zones.get(zone, self.settings)

    def keys(self, event: Recorded, estate: Estate) -> Sequence[str]:
        """The keys an event concerns; none when it is of no interest."""
        raise NotImplementedError

    def initial(self) -> S:
        """The state of a key that nothing is known of."""
        raise NotImplementedError

    def on_event(self, key: str, state: S, event: Recorded, estate: Estate) -> Step[S]:
        """An event about this key."""
        raise NotImplementedError

    def on_time(self, key: str, state: S, due: datetime, estate: Estate) -> Step[S]:
        """The wake-up of this key that was due at `due`."""
        return Step(state)


@dataclass(frozen=True, slots=True)
class RuleDoc:
    """What the docs say of a rule, in both languages; kept beside the rule."""

    watches: Words
    fires: Words
    silent: Words
    severity: str
    extra: dict[str, Any] = field(default_factory=dict)
