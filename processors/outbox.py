"""Where a step's outputs are gathered: each gets its derived id, so that a repeat is a no-op. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field

from eventlog import codec
from eventlog.ids import derived_id
from eventlog.ports import NewEvent, Recorded
from eventlog.times import from_us
from eventlog.vocabulary import Event
from processors.wakeups import Wakeup


def source_of(estate: str) -> str:
    """The source of what Gatehouse itself says of an estate."""
    return f"estates/{estate}/gatehouse"


@dataclass
class Outbox:
    """The outputs of an estate's step."""

    estate: str
    events: list[NewEvent] = field(default_factory=list)
    _by: Recorded | Wakeup | None = None
    _ordinal: int = 0

    def begin(self, by: Recorded | Wakeup) -> None:
        """What follows is caused by this input or wake-up."""
        self._by, self._ordinal = by, 0

    @property
    def now_us(self) -> int:
        """The time of what is being handled."""
        by = self._by
        if by is None:
            return 0
        return by.fire_us if isinstance(by, Wakeup) else by.recorded_us

    @property
    def input_id(self) -> str | None:
        """The id of the input being handled; None where time itself is the cause."""
        return None if self._by is None or isinstance(self._by, Wakeup) else self._by.id

    @property
    def _cause(self) -> str:
        if isinstance(self._by, Wakeup):
            # The owner and key are part of it: two wake-ups due at once may change one zone's level.
            return f"{self._by.owner} {self._by.key} {self._by.due_us} {self._by.fire_us}"
        return f"{self._by.source} {self._by.id}" if self._by else ""

    def id_of(self, part: str, key: str) -> str:
        """An id for something that the present cause makes, told apart by part and key."""
        return derived_id(self.estate, part, key, self._cause, self._ordinal)

    def add(self, part: str, key: str, event: Event) -> None:
        """One output more. `part` is the rule or the part of the step that makes it."""
        event_id = derived_id(self.estate, part, key, self._cause, self._ordinal)
        self._ordinal += 1
        self.events.append(
            codec.make(
                event,
                estate=self.estate,
                source=source_of(self.estate),
                event_id=event_id,
                at=from_us(self.now_us),
            )
        )

    def take(self) -> list[NewEvent]:
        """Hands over what has gathered."""
        events, self.events = self.events, []
        return events
