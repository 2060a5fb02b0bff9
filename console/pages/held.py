"""What does not stand in the list by itself, all of it: the alerts of a line, of a flood, shelved, held back.

A part of the pane beside the queue. Read when it is opened and once a second while it is open.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace

from nicegui import ui
from starlette.concurrency import run_in_threadpool

from console.pages import pieces
from console.pages.rows import Rows
from console.state import ConsoleState
from projections.alerts import AlertFilter, count_alerts, find_alerts
from projections.lines import Line

PAGE = 50
SHOWN_MAX = 1_000
"""Alerts drawn at most; the API pages through any number."""


@dataclass(frozen=True, slots=True)
class _Asked:
    """What is listed, under which title."""

    title: str
    wanted: AlertFilter
    limit: int = PAGE


def of_line(estate: str, line: Line) -> AlertFilter:
    """All the alerts that a line stands for."""
    alert = line.alert
    mine = AlertFilter(estate=estate, held=("flood",), discreet=False)
    if line.by == "episode":
        return replace(mine, episodes=(alert.episode,))
    if line.by == "severity":
        return replace(mine, severities=(alert.severity,))
    place = (alert.zone,) if line.by == "place" else ()
    return replace(mine, rules=(alert.rule,), zones=place)


class HeldPane:
    """The list, with its title, its count and a button for more."""

    def __init__(
        self,
        state: ConsoleState,
        tongue: Callable[[], pieces.Tongue],
        on_select: Callable[[str], Awaitable[None]],
    ) -> None:
        self._state, self._tongue = state, tongue
        self._asked: _Asked | None = None
        self._client = ui.context.client
        with ui.element("section").classes("held") as self._box:
            with ui.element("div").classes("held-head"):
                self._title = ui.html(sanitize=False)
                close = ui.html(tongue().word("held.close"), sanitize=False, tag="button").classes(
                    "held-close"
                )
                close.on("click", self.close)
            self.rows = Rows(on_select, pieces.held_row)
            self._more = ui.html(sanitize=False, tag="button").classes("held-more action")
            self._more.on("click", self._further)
        self._box.set_visibility(False)

    async def open(self, title: str, wanted: AlertFilter) -> None:
        """Lists alerts under a title, which is HTML."""
        self._asked = _Asked(title, wanted)
        await self.renew()
        self._box.set_visibility(True)
        ui.run_javascript("document.body.classList.add('showing-detail');window.scrollTo(0,0)")

    def close(self) -> None:
        """Lists nothing."""
        self._asked = None
        self._box.set_visibility(False)
        ui.run_javascript("document.body.classList.remove('showing-detail')")

    async def _further(self) -> None:
        if self._asked:
            self._asked = replace(self._asked, limit=min(SHOWN_MAX, self._asked.limit + 4 * PAGE))
            await self.renew()

    async def renew(self) -> None:
        """Reads the list again, where it is open."""
        asked = self._asked
        if asked is None:
            return
        count, alerts = await run_in_threadpool(self._read, asked)
        if self._asked is not asked:
            return
        tongue = self._tongue()
        with self._client:
            shown = tongue.word("held.of", shown=len(alerts), count=count)
            self._title.content = f"<h2>{asked.title}<span class=total>{shown}</span></h2>"
            self.rows.draw([Line(alert) for alert in alerts], tongue)
            left = min(4 * PAGE, count - len(alerts), SHOWN_MAX - len(alerts))
            self._more.content = tongue.word("held.more", count=left) if left > 0 else ""
            self._more.set_visibility(left > 0)

    def _read(self, asked: _Asked):  # type: ignore[no-untyped-def]
        with self._state.context.views.connect() as connection:
            found = find_alerts(connection, asked.wanted, before=None, limit=asked.limit)
            return count_alerts(connection, asked.wanted), [alert for _, alert in found]
