"""What a rule is: pure, one file each, no clock, no randomness, no input or output.

A rule keeps one immutable state per key (a door, a plate, a controller), made from events by `on_event`
and from wake-ups by `on_time`. It emits signals; what becomes of a signal is not its business.

Times inside rules are whole microseconds since 1970 (`…_us`): a rule runs for every event, and comparing
datetimes would cost more than the rule itself. Settings are in seconds (`…_s`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Annotated, Any, ClassVar, Generic, TypeVar, dataclass_transform

from pydantic import BaseModel, ConfigDict, Field

from eventlog.estate import Estate
from eventlog.ports import Recorded
from eventlog.vocabulary import Event, Severity, Words

S = TypeVar("S")
T = TypeVar("T")

KEEP_WAKE = -1
"""As `Step.wake_us`: the wake-up of the key stays as it is."""

Seconds = Annotated[float, Field(gt=0, le=604_800)]
"""A setting in seconds, at most a week."""


def us(seconds: float) -> int:
    """Seconds as whole microseconds."""
    return round(seconds * 1_000_000)


class RuleSettings(BaseModel):
    """A rule's numbers, with units last in the name. A subclass documents each."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def limits_of(settings: RuleSettings) -> SimpleNamespace:
    """Settings as plain attributes, seconds as microseconds: reading them costs next to nothing."""
    values = dict(settings)
    micro = {f"{name[:-2]}_us": us(value) for name, value in values.items() if name.endswith("_s")}
    return SimpleNamespace(**values, **micro)


@dataclass_transform(frozen_default=True)
def value(cls: type[T]) -> type[T]:
    """A dataclass for states: the type checker holds it frozen. At run time it is not, because a frozen one
    takes three times as long to make, and rules make several for every event."""
    return dataclass(slots=True)(cls)


@value
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
    `late` is set by the step for signals of late events; a rule sets it where a wake-up follows one.
    `says` is an output that readers of the log get beside the signal, where the vocabulary has one.
    """

    key: str
    zone: str
    severity: Severity
    title: Words
    at_us: int
    devices: tuple[str, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    late: bool = False
    says: Event | None = None


@dataclass(frozen=True, slots=True)
class Clear:
    """The rule's condition is over; `withdrawn` when it turned out never to have held."""

    key: str
    zone: str
    at_us: int
    evidence: tuple[Evidence, ...] = ()
    withdrawn: bool = False
    late: bool = False


Signal = Raise | Clear


@value
class Step(Generic[S]):
    """What an event or a wake-up does to one key: the new state, signals, and when to wake it next.

    `wake_us` replaces any earlier wake-up of the key, None cancels it, `KEEP_WAKE` leaves it. A wake-up
    that asks for another must ask for a later one. The rule's own `initial()` as state, with no wake-up,
    drops the key. From `forget_us` on the key counts as never heard of: by the times of what it keeps. What
    has waited on its way keeps it for so much longer, since the rest of the story has waited, too.
    """

    state: S
    signals: tuple[Signal, ...] = ()
    wake_us: int | None = None
    forget_us: int | None = None


class Rule(Generic[S]):
    """The base of all rules. Subclasses set the class fields and write the methods.

    `settings` are the estate's, `zones` those of zones that differ. Its texts are in the catalogue under
    `rules.{name}`: name, title, watches, fires, silent, severity.
    """

    name: ClassVar[str]
    version: ClassVar[int]
    listens_to: ClassVar[frozenset[type[Event]]]
    Settings: ClassVar[type[RuleSettings]] = RuleSettings
    State: ClassVar[type[Any]]
    """The frozen dataclass of the state, of plain values; the runner saves it as JSON."""

    def __init__(
        self, settings: RuleSettings | None = None, zones: Mapping[str, RuleSettings] | None = None
    ) -> None:
        self.settings = settings or self.Settings()
        self._zones = dict(zones or {})
        self._limits = limits_of(self.settings)
        self._zone_limits = {zone: limits_of(own) for zone, own in self._zones.items()}
        self._initial: S = self.State()

    @classmethod
    def configured(
        cls, settings: Mapping[str, Any], zones: Mapping[str, Mapping[str, Any]] | None = None
    ) -> Rule[S]:
        """The rule with settings as plain values; a zone's differ in what it names. Raises
        pydantic.ValidationError for settings that the rule does not have."""
        by_zone = {
            zone: cls.Settings.model_validate({**settings, **own}) for zone, own in (zones or {}).items()
        }
        return cls(cls.Settings.model_validate(settings), by_zone)

    def for_zone(self, zone: str) -> Any:
        """The settings that hold in a zone."""
        return self._zones.get(zone, self.settings)

    def limits(self, zone: str) -> Any:
        """The settings that hold in a zone, with every `…_s` as whole microseconds in `…_us`."""
        return self._zone_limits.get(zone, self._limits)

    def door_limits(self, door: str, estate: Estate) -> Any:
        """`limits` of a door's zone; the zone is looked up only where the settings of some zone differ."""
        if not self._zone_limits:
            return self._limits
        return self._zone_limits.get(estate.door_zone(door), self._limits)

    def device_limits(self, device: str, estate: Estate) -> Any:
        """`limits` of a device's zone; the zone is looked up only where the settings of some zone differ."""
        if not self._zone_limits:
            return self._limits
        return self._zone_limits.get(estate.device_zone(device), self._limits)

    def keys(self, event: Recorded, estate: Estate) -> Sequence[str]:
        """The keys an event concerns; none when it is of no interest."""
        raise NotImplementedError

    def initial(self) -> S:
        """The state of a key that nothing is known of."""
        return self._initial

    def on_event(self, key: str, state: S, event: Recorded, estate: Estate) -> Step[S] | None:
        """An event about this key; None when it changes nothing at all."""
        raise NotImplementedError

    def on_time(self, key: str, state: S, due_us: int, estate: Estate) -> Step[S]:
        """The wake-up of this key that was due at `due_us`; it may come later than that."""
        return Step(state)
