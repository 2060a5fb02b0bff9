"""A message that waits for its next attempt, and a channel that is left alone for a while. Pure: times are
seconds given by who asks; `…_s` are of the wall, since they outlive the process.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import orjson

from eventlog.vocabulary import SEVERITIES, Alert
from eventlog.vocabulary.delivery import Reason

ATTEMPTS_MAX = 8
"""Attempts of one message over all channels."""
BACK_OFF_S = (2.0, 10.0, 30.0, 60.0, 120.0, 300.0)
"""Before another attempt once every channel of the recipient has been tried, one round after the other."""
AGE_S_MAX = 3_600.0
"""A message that could not be sent for so long is of no use."""
FAILURES_MAX = 3
"""Failures in a row after which a channel is left alone, so that messages go round it."""
REST_S = 60.0
"""For how long; then one message tries it again."""


@dataclass(slots=True)
class Circuit:
    """How a channel fares."""

    failures: int = 0
    rests_until_s: float = 0.0

    def allows(self, now_s: float) -> bool:
        """Whether it may be tried."""
        return now_s >= self.rests_until_s

    def answered(self, *, ok: bool, now_s: float) -> None:
        """What became of an attempt."""
        self.failures = 0 if ok else self.failures + 1
        self.rests_until_s = now_s + REST_S if self.failures >= FAILURES_MAX else 0.0


@dataclass(slots=True)
class Pending:
    """One text about one version of an alert for one recipient. `trying` is the channel on which it is under
    way: where that is found at a start, its outcome is unknown."""

    id: str
    alert: Alert
    recipient: str
    kind: str
    channels: tuple[str, ...]
    made_s: float
    due_s: float
    attempts: int = 0
    place: int = 0
    rounds: int = 0
    trying: str = ""
    over: bool = field(default=False)

    @property
    def urgency(self) -> tuple[int, float]:
        """The most severe first, then the oldest."""
        return -SEVERITIES.index(self.alert.severity), self.made_s

    def dump(self) -> bytes:
        """As saved."""
        said = {name: value for name, value in asdict(self).items() if name != "alert"}
        return orjson.dumps({**said, "alert": self.alert.model_dump(mode="json")})

    @classmethod
    def load(cls, saved: bytes) -> Pending:
        """As it was saved; what was under way is due at once."""
        found: dict[str, Any] = orjson.loads(saved)
        alert = Alert.model_validate(found.pop("alert"))
        made = cls(**{**found, "alert": alert, "channels": tuple(found["channels"])})
        if made.trying:
            made.trying, made.due_s = "", 0.0
        return made

    def given_up(self, now_s: float) -> Reason | None:
        """Why nothing more is tried, if so."""
        if self.over:
            return "over"
        if not self.channels:
            return "no_channel"
        if self.attempts >= ATTEMPTS_MAX:
            return "limit"
        return "too_old" if now_s - self.made_s > AGE_S_MAX else None

    def next_channel(self, circuits: Mapping[str, Circuit], now_s: float) -> str | None:
        """The next channel that may be tried. None while all rest; it is then due when the first may."""
        for step in range(len(self.channels)):
            name = self.channels[(self.place + step) % len(self.channels)]
            if circuits[name].allows(now_s):
                return name
        self.due_s = min(circuits[name].rests_until_s for name in self.channels)
        return None

    def begins(self, channel: str) -> None:
        """An attempt begins."""
        self.attempts += 1
        self.trying = channel

    def failed(self, now_s: float) -> None:
        """The attempt failed: the next channel at once; after a round of all of them, a while later."""
        self.place = self.channels.index(self.trying) + 1
        self.trying = ""
        self.due_s = now_s
        if self.place >= len(self.channels):
            self.place = 0
            self.due_s = now_s + BACK_OFF_S[min(self.rounds, len(BACK_OFF_S) - 1)]
            self.rounds += 1
