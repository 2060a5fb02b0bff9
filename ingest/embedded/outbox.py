"""What is on its way to one subscriber: bounded, in order, sent again after a reconnect.

amqtt gives up on a message whose answer takes over five seconds, and queues without bound. Here a message
of QoS 1 stays until it is answered or pushed out by newer ones.
"""

from __future__ import annotations

import struct
from collections import deque
from typing import NamedTuple, Protocol

QUEUE_MESSAGES_MAX = 1_000
QUEUE_BYTES_MAX = 8 * 1024 * 1024
"""What may wait for one subscriber; the oldest are dropped beyond, and counted."""
WINDOW = 32
"""Messages sent and not answered yet, at most."""
UNSENT_BYTES_MAX = 1024 * 1024
"""A subscriber that has this much unread in its connection gets no more messages of QoS 0."""


class Line(Protocol):
    """The connection to a subscriber."""

    def write(self, data: bytes) -> None: ...

    def unsent(self) -> int:
        """Bytes written that the network has not taken yet."""


class Outgoing(NamedTuple):
    """A message to a subscriber."""

    topic: str
    payload: bytes
    qos: int
    retain: bool


class Outbox:
    """Messages for one session. `line` is None while its client is away."""

    def __init__(self) -> None:
        self.line: Line | None = None
        self.dropped = 0
        self._queue: deque[Outgoing] = deque()
        self._bytes = 0
        self._sent: dict[int, Outgoing] = {}
        self._number = 0

    def offer(self, message: Outgoing) -> bool:
        """Sends a message, or keeps it for later; False when one had to be dropped for it."""
        if message.qos == 0:
            if self.line is None or self.line.unsent() > UNSENT_BYTES_MAX:
                self.dropped += self.line is not None
                return self.line is None
            self.line.write(publish_packet(message, 0))
            return True
        self._queue.append(message)
        self._bytes += len(message.payload)
        self.pump()
        return self._trim()

    def _trim(self) -> bool:
        fits = True
        while len(self._queue) > QUEUE_MESSAGES_MAX or (self._bytes > QUEUE_BYTES_MAX and self._queue):
            self._bytes -= len(self._queue.popleft().payload)
            self.dropped += 1
            fits = False
        return fits

    def pump(self) -> None:
        """Sends what waits, as far as the window allows."""
        while self.line and self._queue and len(self._sent) < WINDOW:
            message = self._queue.popleft()
            self._bytes -= len(message.payload)
            self._number = self._number % 65_535 + 1
            while self._number in self._sent:
                self._number = self._number % 65_535 + 1
            self._sent[self._number] = message
            self.line.write(publish_packet(message, self._number))

    def answered(self, number: int) -> None:
        """The subscriber has this one."""
        if self._sent.pop(number, None):
            self.pump()

    def connect(self, line: Line) -> None:
        """The client is (back) here: what was not answered goes out again, marked as a repetition."""
        self.line = line
        for number, message in self._sent.items():
            line.write(publish_packet(message, number, repeated=True))
        self.pump()

    def disconnect(self, line: Line) -> None:
        """This connection is gone; a newer one stays."""
        if self.line is line:
            self.line = None


def publish_packet(message: Outgoing, number: int, *, repeated: bool = False) -> bytes:
    """A PUBLISH packet (MQTT 3.1.1, 3.3)."""
    topic = message.topic.encode()
    size = 2 + len(topic) + (2 if message.qos else 0) + len(message.payload)
    head = bytearray([0x30 | (0x08 if repeated else 0) | message.qos << 1 | message.retain])
    while True:
        size, byte = divmod(size, 128)
        head.append(byte | (0x80 if size else 0))
        if not size:
            break
    body = struct.pack("!H", len(topic)) + topic
    if message.qos:
        body += struct.pack("!H", number)
    return bytes(head) + body + message.payload
