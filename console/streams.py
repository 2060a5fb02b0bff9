"""Server-sent events of alerts' changes, resumable: the id of an event is its position in the log."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence

import orjson
from starlette.concurrency import run_in_threadpool

from console.follower import Follower
from console.problems import ProblemError
from eventlog.ports import EventLog, Position, Recorded
from eventlog.vocabulary import AlertEvent
from projections.alerts import ALERT_TYPES

KEEP_ALIVE_S = 15.0
CATCH_UP = 200
"""Entries read from the log at a time by a stream that was away for long."""
RETRY_MS = 2_000


class Streams:
    """All open streams; bounded."""

    def __init__(self, log: EventLog, follower: Follower, most: int) -> None:
        self._log, self._follower, self._most = log, follower, most
        self._open: set[asyncio.Event] = set()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._closing = False
        follower.listen(self._told)

    @property
    def count(self) -> int:
        """How many are open."""
        return len(self._open)

    def _told(self, entries: Sequence[Recorded]) -> None:
        if self._open and self._loop is not None:
            self._loop.call_soon_threadsafe(self._wake)

    def _wake(self) -> None:
        for news in self._open:
            news.set()

    def close(self) -> None:
        """Ends all streams."""
        self._closing = True
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._wake)

    def follow(
        self, after: Position | None, sees: Callable[[Recorded], bool], still: Callable[[], bool]
    ) -> AsyncIterator[bytes]:
        """The stream from a position on (None: from now), of changes that `sees` lets through.

        Ends when `still` no longer says so. Raises ProblemError 503 when too many are open.
        """
        if len(self._open) >= self._most:
            raise ProblemError(
                503, "too-many-streams", f"{self._most} streams are open", headers={"Retry-After": "10"}
            )
        self._loop = asyncio.get_running_loop()
        news = asyncio.Event()
        self._open.add(news)
        return self._run(news, self._follower.position if after is None else after, sees, still)

    async def _run(
        self,
        news: asyncio.Event,
        position: Position,
        sees: Callable[[Recorded], bool],
        still: Callable[[], bool],
    ) -> AsyncIterator[bytes]:
        try:
            yield f"retry: {RETRY_MS}\n: from {position}\n\n".encode()
            while not self._closing:
                news.clear()
                entries = await self._after(position)
                shown = [written(entry) for entry in entries if sees(entry)]
                if shown:
                    yield b"".join(shown)
                if entries:
                    position = entries[-1].position
                elif not await _set_within(news, KEEP_ALIVE_S):
                    if not await run_in_threadpool(still):
                        return
                    yield b": still here\n\n"
        finally:
            self._open.discard(news)

    async def _after(self, position: Position) -> Sequence[Recorded]:
        kept = self._follower.changes_after(position)
        if kept is not None:
            return kept
        return await run_in_threadpool(
            lambda: self._log.read(after=position, limit=CATCH_UP, types=ALERT_TYPES)
        )


async def _set_within(news: asyncio.Event, timeout_s: float) -> bool:
    try:
        await asyncio.wait_for(news.wait(), timeout_s)
    except TimeoutError:
        return False
    return True


def written(entry: Recorded) -> bytes:
    """One change as a server-sent event."""
    event = entry.event
    if not isinstance(event, AlertEvent):
        raise TypeError(f"entry {entry.position} is a {entry.type}, not a change of an alert")
    data = orjson.dumps(
        {
            "position": entry.position,
            "type": entry.type,
            "by": event.by,
            "via": event.via,
            "note": event.note,
            "alert": event.alert.model_dump(mode="json"),
        }
    )
    return b"id: %d\nevent: %s\ndata: %s\n\n" % (entry.position, entry.type.encode(), data)
