"""What every simulated device has: a connection, a counter, a bounded buffer while offline, its own clock.

A device knows no broker: it is given a `Connection` (see `simulators.link`), and a clock that says whole
microseconds since 1970 UTC. Safe to use from its connection's thread.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar, Protocol

import structlog

from eventlog.vocabulary import TYPES
from simulators.message import Identity, Message, event_id, session_id

BUFFER_EVENTS_MAX = 1_000
REPLAY_AFTER_S = 60.0
"""What waited longer than this is sent as history (`replay: true`)."""

_log = structlog.get_logger()


class Connection(Protocol):
    """A device's way to the broker: one of its own, or a share of a gateway's."""

    def connect(self, session: Callable[[], str], ready: Callable[[], None]) -> None:
        """Connects, and again whenever the line breaks; `session` is asked before each attempt, `ready`
        called when messages can go out."""

    def cut(self) -> None:
        """Pulls the cable: no goodbye, so the broker sends the last will."""

    def close(self) -> None:
        """Ends the connection properly: no last will, and the retained status stays as it is."""

    def send(self, payload: bytes) -> bool:
        """Hands a message over; False when there is no connection or no room in its window."""

    def say_offline(self) -> None:
        """Tells the status topic that the device goes, as one does that is switched off properly."""


@dataclass(frozen=True, slots=True)
class Action:
    """What a word of a scenario makes the device send: an event type, with data it need not be told.

    `place` is the field of the data that says where (door, lane, zone); the device's own place fills it.
    """

    type: str
    place: str | None = None
    data: Mapping[str, Any] = field(default_factory=dict)


HEARTBEAT = Action("device.heartbeat")

SEND = "send"
"""The word by which any device sends any type of event: `type` names it, the rest is its data."""


class Device:
    """The base of all devices; a subclass names its family and its words."""

    kind: ClassVar[str]
    family: ClassVar[str]
    actions: ClassVar[Mapping[str, Action]]
    of_member: ClassVar[bool] = False
    """Whether it is a member's own: it speaks on the member's topic, and needs the squad."""

    def __init__(
        self,
        who: Identity,
        connection: Connection,
        *,
        run: str,
        now_us: Callable[[], int],
        place: str | None = None,
        buffer_events_max: int = BUFFER_EVENTS_MAX,
        replay_after_s: float = REPLAY_AFTER_S,
        clock_off_us: int = 0,
    ) -> None:
        self.who = who
        self.seq = 0
        self.dropped: list[int] = []
        """The counters of the events that a full buffer had to drop."""
        self._connection = connection
        self._run = run
        self._place = place or who.device
        self._buffer: deque[Message] = deque()
        self._buffer_max = buffer_events_max
        self._replay_after_us = int(replay_after_s * 1_000_000)
        self._clock_off_us = clock_off_us
        self._sessions = 0
        self._began_us: int | None = None
        self._now_us = now_us
        self._asked = False
        self._lock = threading.RLock()

    # What it says.

    def make(self, word: str, at_us: int, data: Mapping[str, Any] | None = None) -> Message:
        """The next message of the device, counted, stamped by its own clock. Raises KeyError for a word it
        doesn't know, pydantic.ValidationError for data that doesn't fit."""
        data = data or {}
        checked = event_data(
            type(self), word, data, place=self._place, squad=self.who.squad, uptime_s=self._uptime_s(at_us)
        )
        type_name = action_of(type(self), word, data).type
        with self._lock:
            self.seq += 1
            number = self.seq
        return Message(
            self.who,
            event_id(self._run, self.who, number),
            number,
            type_name,
            at_us + self._clock_off_us,
            checked,
        )

    def _uptime_s(self, at_us: int) -> float:
        return max(0.0, (at_us - (self._began_us or at_us)) / 1_000_000)

    def deliver(self, message: Message) -> None:
        """Sends a message, behind those that wait; keeps it while there is no connection."""
        with self._lock:
            if len(self._buffer) >= self._buffer_max:
                self._drop_oldest()
            self._buffer.append(message)
            self._asked = True
        self._flush_if_asked()

    def say(self, word: str, at_us: int, **data: Any) -> Message:
        """Makes a message and sends it at once."""
        message = self.make(word, at_us, data)
        self.deliver(message)
        return message

    # Its connection.

    def online(self) -> None:
        """Connects; what waited follows, flagged as history where it is older than the threshold."""
        if self._began_us is None:
            self._began_us = self._now_us()
        self._connection.connect(self._next_session, self.flush)

    def offline(self) -> None:
        """The line breaks: the last will goes out, the device keeps what it has to say."""
        self._connection.cut()

    def goodbye(self) -> None:
        """Is switched off properly: says offline, then ends the connection."""
        self._connection.say_offline()
        self._connection.close()

    def close(self) -> None:
        """Ends the simulation of this device; its status stays as it is."""
        self._connection.close()

    @property
    def waiting(self) -> int:
        """How many messages wait for a connection."""
        return len(self._buffer)

    def flush(self) -> None:
        """Sends what waits, as far as the connection takes it; called when the connection is ready."""
        self._asked = True
        self._flush_if_asked()

    def _flush_if_asked(self) -> None:
        # Never waits for the lock: the MQTT library calls us while it holds a lock of its own. Whoever has
        # ours looks at `_asked` again after giving it back.
        while self._asked and self._lock.acquire(blocking=False):
            try:
                self._asked = False
                self._flush()
            finally:
                self._lock.release()

    def _flush(self) -> None:
        now_us = self._now_us() + self._clock_off_us  # by its own clock: it knows no other
        while self._buffer:
            message = self._buffer[0]
            if not message.replay and now_us - message.occurred_us > self._replay_after_us:
                message = replace(message, replay=True)
            if not self._connection.send(message.payload()):
                return
            self._buffer.popleft()

    def _drop_oldest(self) -> None:
        gone = self._buffer.popleft()
        self.dropped.append(gone.seq)
        _log.warning(
            "a device's buffer is full: its oldest event is lost",
            device=self.who.device, seq=gone.seq, dropped=len(self.dropped), buffer_max=self._buffer_max,
        )  # fmt: skip

    def _next_session(self) -> str:
        self._sessions += 1
        return session_id(self._run, self.who, self._sessions)


def action_of(kind: type[Device], word: str, data: Mapping[str, Any] | None = None) -> Action:
    """What a word means for a kind of device; `send` means what its `type` says. Raises KeyError."""
    if word == SEND:
        return Action(str((data or {})["type"]))
    return HEARTBEAT if word == "heartbeat" else kind.actions[word]


def event_data(
    kind: type[Device],
    word: str,
    data: Mapping[str, Any],
    *,
    place: str,
    squad: str = "",
    uptime_s: float = 0.0,
) -> dict[str, Any]:
    """The data of the event that a word makes, checked against the vocabulary.

    What is of a member (`squad` is given then, and the place is the member) names both by itself. Raises
    KeyError for an unknown word or type, pydantic.ValidationError.
    """
    action = action_of(kind, word, data)
    event = TYPES[action.type]
    full: dict[str, Any] = {**action.data, **data}
    if word == SEND:
        full.pop("type")
    if action.place is not None:
        full.setdefault(action.place, place)
    if squad:
        own = {"member": place, "squad": squad}
        full = {**{name: value for name, value in own.items() if name in event.model_fields}, **full}
    if action is HEARTBEAT:
        full.setdefault("uptime_s", uptime_s)
    return event.model_validate(full).model_dump(mode="json", exclude_none=True)
