"""What the live pages show, read once for all of them: the follower says that something changed, the read
models are asked once an estate, and every open page gets the same immutable snapshot.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol
from zoneinfo import ZoneInfo

import structlog
from starlette.concurrency import run_in_threadpool

from console.context import Check
from console.state import DECIDER, ConsoleState, lag_of
from eventlog.ports import Position, Recorded
from eventlog.times import from_us
from projections.generations import positions
from projections.lines import Queue, open_queue
from projections.zones import estates, squads, zones

QUEUE_SHOWN = 200
LATE_SHOWN = 50
TICK_S = 1.0
SETTLE_S = 0.05
"""Changes within this are drawn together: at most twenty drawings a second."""
BEHIND_MAX_S = 2.0
"""How long a drawing waits for the read models to have the change."""
CHECK_EVERY_TICKS = 5

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One estate at one moment."""

    estate: dict[str, Any]
    zones: tuple[dict[str, Any], ...]
    squads: tuple[dict[str, Any], ...]
    queue: Queue

    @property
    def zone_names(self) -> dict[str, dict[str, str]]:
        """The zones' names in both languages, by id."""
        return {row["zone"]: {"zh": row["name_zh"], "en": row["name_en"]} for row in self.zones}

    @property
    def squad_names(self) -> dict[str, dict[str, str]]:
        """The squads' names in both languages, by id."""
        return {row["squad"]: {"zh": row["name_zh"], "en": row["name_en"]} for row in self.squads}

    @property
    def time_zone(self) -> ZoneInfo:
        """The estate's clock."""
        return ZoneInfo(self.estate["time_zone"])


@dataclass(frozen=True, slots=True)
class Pulse:
    """Gatehouse's own state, once a second."""

    now_us: int
    head: Position
    behind: int | None
    failing: tuple[Check, ...]


class Page(Protocol):
    """An open page, as the board knows it. Its methods are called in the event loop and must not fail."""

    estate: str

    def show(self, snapshot: Snapshot) -> None: ...

    def beat(self, pulse: Pulse) -> None: ...


class Board:
    """Keeps the open pages up to date. Lives in the event loop; reads in threads."""

    def __init__(self, state: ConsoleState) -> None:
        self._state = state
        self._pages: set[Page] = set()
        self._news: Position = 0
        self._drawn: Position = 0
        self._wake = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._task: asyncio.Task[None] | None = None
        self._checks: tuple[Check, ...] = ()
        state.follower.listen(self._told)

    @property
    def count(self) -> int:
        """How many pages are open."""
        return len(self._pages)

    def join(self, page: Page) -> None:
        """Draws a page, which may have been made or away for a while, and whatever comes from now on."""
        self._pages.add(page)
        self._drawn = -1
        self._wake.set()
        if self._task is None or self._task.done():
            self._loop = asyncio.get_running_loop()
            self._task = asyncio.create_task(self._run(), name="console-board")

    def leave(self, page: Page) -> None:
        """Forgets a page."""
        self._pages.discard(page)

    def stop(self) -> None:
        """Ends the drawing."""
        if self._task is not None:
            self._task.cancel()

    def _told(self, entries: Sequence[Recorded]) -> None:
        self._news = entries[-1].position
        if self._pages and self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._wake.set)

    async def _run(self) -> None:
        ticks, next_tick = 0, time.monotonic()
        while self._pages:
            await _wait(self._wake, next_tick - time.monotonic())
            self._wake.clear()
            try:
                if self._news > self._drawn:
                    await asyncio.sleep(SETTLE_S)
                    await self._draw()
                if time.monotonic() >= next_tick:
                    next_tick = time.monotonic() + TICK_S
                    pulse = await run_in_threadpool(self._pulse, ticks % CHECK_EVERY_TICKS == 0)
                    ticks += 1
                    for page in tuple(self._pages):
                        page.beat(pulse)
            except Exception as error:  # the next tick tries again; the page's clock stands still meanwhile
                _log.warning("board_not_drawn", error=str(error))
                await asyncio.sleep(TICK_S)

    async def _draw(self) -> None:
        news = self._news
        for estate in {page.estate for page in self._pages}:
            snapshot = await run_in_threadpool(self.read, estate, news)
            for page in tuple(self._pages):
                if page.estate == estate:
                    page.show(snapshot)
        self._drawn = news

    def read(self, estate: str, news: Position = 0) -> Snapshot:
        """An estate as the read models have it, once they have `news` or `BEHIND_MAX_S` are over."""
        deadline = time.monotonic() + BEHIND_MAX_S
        while time.monotonic() < deadline:
            reached = positions(self._state.context.views)
            if min(reached.get("alerts", 0), reached.get("zones", 0)) >= news:
                break
            time.sleep(0.005)
        with self._state.context.views.connect() as connection:
            found = estates(connection, estate)
            nothing = {
                "estate": estate,
                "name_zh": estate,
                "name_en": estate,
                "time_zone": "Asia/Shanghai",
                "level": "unknown",
                "level_zones": 0,
            }
            return Snapshot(
                estate=found[0] if found else nothing,
                zones=tuple(zones(connection, estate)),
                squads=tuple(squads(connection, estate)),
                queue=open_queue(connection, estate, limit=QUEUE_SHOWN, late_limit=LATE_SHOWN),
            )

    def _pulse(self, look: bool) -> Pulse:
        context = self._state.context
        if look:
            self._checks = tuple(check for check in self._state.checks() if not check.ok)
        head = context.log.head()
        reached = [*positions(context.views).values(), context.log.position(DECIDER)]
        return Pulse(context.log.now_us(), head, lag_of(head, reached), self._checks)


async def _wait(event: asyncio.Event, timeout_s: float) -> None:
    try:
        await asyncio.wait_for(event.wait(), max(timeout_s, 0))
    except TimeoutError:
        return


def clock_text(now_us: int, zone: ZoneInfo) -> str:
    """The estate's clock, to the second."""
    return from_us(now_us).astimezone(zone).strftime("%Y-%m-%d %H:%M:%S")
