"""Asks the decider: appends an input (a `command.*`, a report) and waits in the log for its outcome. Decides
nothing itself."""

from __future__ import annotations

import asyncio
import threading
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from starlette.concurrency import run_in_threadpool

from console.follower import Follower
from eventlog import codec
from eventlog.ports import EventLog, Position, Recorded
from eventlog.times import from_us
from eventlog.vocabulary import AlertEvent, CommandRefused, Event, ReportEvent

Change = TypeVar("Change", AlertEvent, ReportEvent)

WAITING_MAX = 1_000
"""Commands whose outcome is awaited at once."""


class TooManyError(Exception):
    """More commands wait for an outcome than the console is willing to hold."""


@dataclass(frozen=True, slots=True)
class Outcome(Generic[Change]):
    """What became of a command: the last change it made, or why it was refused; neither when undecided.

    `position` is that of the outcome, or of the command itself while it is undecided.
    """

    command: str
    position: Position
    change: Change | None = None
    refused: CommandRefused | None = None


@dataclass(slots=True)
class _Waiting:
    of: type[AlertEvent] | type[ReportEvent]
    loop: asyncio.AbstractEventLoop
    future: asyncio.Future[Recorded]


class CommandDesk:
    """Sends commands to the estates' decider by way of the log."""

    def __init__(self, log: EventLog, follower: Follower) -> None:
        self._log = log
        self._waiting: dict[str, _Waiting] = {}
        self._lock = threading.Lock()
        follower.listen(self._told)

    async def ask(
        self, estate: str, command: Event, timeout_s: float, *, of: type[Change]
    ) -> Outcome[Change]:
        """Appends a command and waits for its outcome, a change `of` that kind. Raises LogError,
        TooManyError."""
        command_id = str(uuid.uuid4())
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Recorded] = loop.create_future()
        with self._lock:
            if len(self._waiting) >= WAITING_MAX:
                raise TooManyError(f"{WAITING_MAX} commands wait for the decider already")
            self._waiting[command_id] = _Waiting(of, loop, future)
        try:
            position = await run_in_threadpool(self._append, estate, command_id, command)
            try:
                entry = await asyncio.wait_for(future, timeout_s)
            except TimeoutError:
                return Outcome(command_id, position)
        finally:
            with self._lock:
                self._waiting.pop(command_id, None)
        event = entry.event
        if isinstance(event, CommandRefused):
            return Outcome(command_id, entry.position, refused=event)
        return Outcome(command_id, entry.position, change=event if isinstance(event, of) else None)

    def _append(self, estate: str, command_id: str, command: Event) -> Position:
        now_us = self._log.now_us()
        entry = codec.make(
            command,
            estate=estate,
            source=f"estates/{estate}/console",
            event_id=command_id,
            at=from_us(now_us),
        )
        return self._log.append([entry]).positions[0] or 0

    def _told(self, entries: Sequence[Recorded]) -> None:
        """In the follower's thread: a command's outcomes are in one transaction, the last of them counts."""
        if not self._waiting:
            return
        outcomes: dict[str, Recorded] = {}
        with self._lock:
            for entry in entries:
                event = entry.event
                if isinstance(event, CommandRefused):
                    outcomes[event.command] = entry
                elif isinstance(event, AlertEvent | ReportEvent) and event.cause:
                    asked = self._waiting.get(event.cause)
                    if asked and isinstance(event, asked.of):
                        outcomes[event.cause] = entry
            ready = [(self._waiting[key], entry) for key, entry in outcomes.items() if key in self._waiting]
        for waiting, entry in ready:
            waiting.loop.call_soon_threadsafe(_settle, waiting.future, entry)


def _settle(future: asyncio.Future[Recorded], entry: Recorded) -> None:
    if not future.done():
        future.set_result(entry)
