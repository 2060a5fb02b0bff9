"""The port to what is measured: it takes what devices sent and says what it alerted, in virtual time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from eventlog.vocabulary import Event, Severity, Words
from simulators.day.truth import Sent

What = Literal["raised", "updated", "worse", "cleared", "withdrawn"]


@dataclass(frozen=True, slots=True)
class Told:
    """A change of an alert. Moments are µs since 1970; `at_us` is when it happened by the rule's word,
    `told_us` when it was told.

    `quiet` alerts page nobody: late ones, suppressed ones, exercises. `evidence` are the numbers of what was
    sent, in the order in which it was taken, from 0.
    """

    what: What
    alert: str
    episode: str
    rule: str
    key: str
    zone: str
    devices: tuple[str, ...]
    severity: Severity
    title: Words
    at_us: int
    told_us: int
    quiet: bool
    evidence: tuple[int, ...]


class Judge(Protocol):
    """One estate's rules and alerts. Closes what nobody needs any more, as a desk does."""

    def registers(self, events: Sequence[Event], at_us: int) -> None:
        """Registry events, before what follows."""

    def take(self, sent: Sequence[Sent]) -> list[Told]:
        """What reached the broker, in that order; a repeated message is given again as it came."""

    def reach(self, at_us: int) -> list[Told]:
        """The estate's clock has come so far."""


Judges = Callable[[str], Judge]
"""Makes the judge of an estate."""
