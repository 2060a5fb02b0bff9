"""Group commit: what all connections have sent meanwhile is recorded in one transaction, then answered.

Recording runs in a thread of its own, so that the loop goes on reading and answering pings; while one
batch is being recorded the next one gathers. No timer is involved. When the log is away nothing is
answered, and past the bounds nothing more is read.
"""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple, Protocol

from eventlog import metrics
from ingest.messages import Message
from ingest.pipeline import IngestStoppedError, Pipeline

BATCH_MESSAGES_MAX = 500
PENDING_MESSAGES_MAX = 5_000
PENDING_BYTES_MAX = 16 * 1024 * 1024
"""What may wait to be recorded, in messages and bytes of payload: beyond, connections are not read."""


class Sender(Protocol):
    """A connection that waits for the answer to what it sent."""

    def recorded(self, message: Message, number: int) -> None:
        """The message is durable; `number` is 0 where no answer is wanted."""

    def flush(self) -> None:
        """Sends the answers gathered."""


class Waiting(NamedTuple):
    """A message not recorded yet."""

    message: Message
    number: int
    sender: Sender


class GroupCommit:
    """Gathers messages and records them a batch at a time."""

    def __init__(self, pipeline: Pipeline, stop: threading.Event) -> None:
        self._pipeline = pipeline
        self._stop = stop
        self._waiting: deque[Waiting] = deque()
        self._bytes = 0
        self._wake = asyncio.Event()
        self._room = asyncio.Event()
        self._room.set()
        self._closing = False
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="ingest-commit")

    async def room(self) -> None:
        """Waits until there is room for another message."""
        if not self._room.is_set():
            await self._room.wait()

    def put(self, message: Message, number: int, sender: Sender) -> None:
        """Adds a message to the next batch."""
        self._waiting.append(Waiting(message, number, sender))
        self._bytes += len(message.payload)
        self._wake.set()
        if len(self._waiting) >= PENDING_MESSAGES_MAX or self._bytes >= PENDING_BYTES_MAX:
            self._room.clear()

    def close(self) -> None:
        """Lets `run` end when what waits is recorded, or when the log is away."""
        self._closing = True
        self._wake.set()

    async def run(self) -> None:
        """Records until closed. Raises LogError when the log can't go on."""
        loop = asyncio.get_running_loop()
        try:
            while True:
                await self._wake.wait()
                self._wake.clear()
                while self._waiting:
                    batch = self._next()
                    messages = [one.message for one in batch]
                    metrics.INGEST_BATCH.observe(len(batch))
                    await loop.run_in_executor(self._thread, self._pipeline.take, messages, self._stop)
                    _answer(batch)
                if self._closing:
                    return
        except IngestStoppedError:
            return  # unanswered, so their senders keep them
        finally:
            self._thread.shutdown(wait=False)

    def _next(self) -> list[Waiting]:
        count = min(len(self._waiting), BATCH_MESSAGES_MAX)
        batch = [self._waiting.popleft() for _ in range(count)]
        self._bytes -= sum(len(one.message.payload) for one in batch)
        if len(self._waiting) < PENDING_MESSAGES_MAX // 2 and self._bytes < PENDING_BYTES_MAX // 2:
            self._room.set()
        return batch


def _answer(batch: list[Waiting]) -> None:
    senders = {}
    for one in batch:
        one.sender.recorded(one.message, one.number)
        senders[id(one.sender)] = one.sender
    for sender in senders.values():
        sender.flush()
