"""A message of a simulated device before it is bytes: so that faults can touch it and a buffer can keep it.

No network, no clock, no randomness.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from eventlog import topics
from eventlog.ids import derived_id
from eventlog.times import from_us, iso


@dataclass(frozen=True, slots=True)
class Identity:
    """Whose device it is, of which family, and its id in the estate file; of a member's phone the squad,
    and the member as the device."""

    estate: str
    family: str
    device: str
    squad: str = ""

    @property
    def source(self) -> str:
        """The CloudEvents source of its events."""
        return topics.device_source(self.estate, self.family, self.device)

    @property
    def events_topic(self) -> str:
        """Where its events go."""
        if self.squad:
            return topics.member_events(self.estate, self.squad, self.device)
        return topics.device_events(self.estate, self.family, self.device)

    @property
    def status_topic(self) -> str:
        """Where its status and its last will go; empty for a member's phone, which has none."""
        if self.squad:
            return ""
        return topics.device_status(self.estate, self.family, self.device)


@dataclass(frozen=True, slots=True)
class Message:
    """One event of a device. `occurred_us` is what the device's clock said; `broken` messages are sent as
    bytes that can't be decoded."""

    who: Identity
    id: str
    seq: int
    type: str
    occurred_us: int
    data: Mapping[str, Any]
    replay: bool = False
    broken: bool = False

    def payload(self) -> bytes:
        """The CloudEvent in JSON; cut off in the middle where the message is broken."""
        document: dict[str, Any] = {
            "specversion": "1.0",
            "id": self.id,
            "source": self.who.source,
            "type": self.type,
            "time": iso(from_us(self.occurred_us)),
            "seq": self.seq,
        }
        if self.replay:
            document["replay"] = True
        body = orjson.dumps({**document, "data": dict(self.data)})
        return body[: len(body) * 2 // 3] if self.broken else body


def event_id(run: str, who: Identity, seq: int) -> str:
    """The id of a device's event: the same run, device and counter give the same id for ever."""
    return derived_id("simulated", run, who.source, seq)


def session_id(run: str, who: Identity, connection: int) -> str:
    """The id of a device's n-th session in a run."""
    return derived_id("session", run, who.source, connection)


def status(state: str, session: str) -> bytes:
    """The payload of a status topic."""
    return orjson.dumps({"state": state, "session": session})
