"""The live page: the estate's level and zones, the queue of open alerts, one alert with its buttons.

Drawn by the server and kept up by its board; a row that doesn't change is not sent again.
"""

from __future__ import annotations

from typing import Any, ClassVar

from fastapi import FastAPI, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from nicegui import Client, background_tasks, ui
from starlette.concurrency import run_in_threadpool

from console.look import asset
from console.pages import pieces
from console.pages.board import Board, Pulse, Snapshot
from console.pages.detail import DetailPane
from console.pages.frame import MOUNT, Frame, draw
from console.pages.held import HeldPane, of_line
from console.pages.reports import ReportsPage
from console.pages.rows import Rows
from console.rights import Person, Right
from console.signin import language_of
from console.state import ConsoleState
from eventlog.catalogue import Language, text
from projections.alerts import AlertFilter
from projections.lines import Line
from projections.zones import estates

RECONNECT_S = 30.0
"""A page whose connection is lost for less than this goes on where it was; then it is made anew."""


def attach(app: FastAPI, state: ConsoleState) -> None:
    """Adds the live pages to an app. Once in a process: NiceGUI has one app of its own."""
    board = Board(state)
    for page in PAGES:
        for language, path in page.paths.items():
            _add(state, board, page, language, path)
    ui.run_with(
        app,
        mount_path=MOUNT,
        dark=True,
        tailwind=False,
        favicon=asset("icon.svg"),
        reconnect_timeout=RECONNECT_S,
        message_history_length=200,
        binding_refresh_interval=None,
        show_welcome_message=False,
    )


def _add(state: ConsoleState, board: Board, page: type[Frame], language: Language, path: str) -> None:
    async def opened(request: Request, client: Client) -> Response | None:
        return await _open(state, board, page, request, client, language)

    if language == "en":
        ui.page(path, language="en-US", title="Gatehouse")(opened)
    else:
        ui.page(path, language="zh-CN", title="守望")(opened)


async def _open(
    state: ConsoleState,
    board: Board,
    page: type[Frame],
    request: Request,
    client: Client,
    language: Language,
) -> Response | None:
    session = await run_in_threadpool(state.sign_in.session, request)
    if session is None:
        return RedirectResponse("/login", status_code=303)
    if (language_of(request) == "en") != (language == "en"):
        query = f"?{request.url.query}" if request.url.query else ""
        other: Language = "zh-CN" if language == "en" else "en"
        return RedirectResponse(f"{MOUNT}{page.paths[other]}{query}", status_code=303)
    if not session.person.may(page.right):
        another = next((each for each in PAGES if session.person.may(each.right)), None)
        if another is None:
            return HTMLResponse(text("console.page.none", language), status_code=403)
        return RedirectResponse(f"{MOUNT}{another.paths[language]}", status_code=303)
    if board.count >= state.context.settings.pages_max:
        return HTMLResponse(text("console.connection.full", language), status_code=503)
    known = await run_in_threadpool(_estates, state, session.person)
    wanted = request.query_params.get("estate", "")
    chosen = next((row for row in known if row["estate"] == wanted), known[0] if known else None)
    estate = chosen["estate"] if chosen else session.person.estate or "-"
    snapshot = await run_in_threadpool(board.read, estate)
    made = page(state, board, client, session.person, session.started_s, language, snapshot, known, PAGES)
    client.on_connect(lambda: board.join(made))
    client.on_disconnect(lambda: board.leave(made))
    client.on_delete(lambda: board.leave(made))
    return None


def _estates(state: ConsoleState, person: Person) -> list[dict[str, Any]]:
    with state.context.views.connect() as connection:
        return estates(connection, person.scope(None))


class LivePage(Frame):
    """The queue of open alerts."""

    name = "alerts"
    right = Right.ALERTS
    paths: ClassVar[dict[Language, str]] = {"zh-CN": "/", "en": "/en"}

    def _body(self) -> None:
        self._strip = ui.html(sanitize=False, tag="section").classes("strip")
        with ui.element("main").classes("columns"):
            with ui.element("section").classes("queue"):
                self._flood = ui.html(sanitize=False, tag="button").classes("flood")
                self._flood.on("click", self._show_flood)
                with ui.element("div").classes("queue-head"):
                    self._queue_head = ui.html(sanitize=False).classes("queue-counts")
                    self._held_back = ui.html(sanitize=False, tag="button").classes("held-back")
                    self._held_back.on("click", self._show_held)
                self._rows = Rows(self._select, pieces.row)
                self._more = ui.html(sanitize=False).classes("more-rows")
                self._late_head = ui.html(sanitize=False).classes("late-head")
                self._late = Rows(self._select, pieces.late_row)
            with ui.element("aside").classes("detail"):
                self._held = HeldPane(self._state, lambda: self._tongue, self._select)
                self._detail = DetailPane(
                    self._state,
                    self._person,
                    self._still_signed_in,
                    self._shut,
                    lambda: self._snapshot,
                    self._language,
                )

    def show(self, snapshot: Snapshot) -> None:
        """Draws what changed."""
        self._snapshot = snapshot
        tongue = self._tongue = pieces.Tongue(self._language, snapshot)
        queue = snapshot.queue
        with self._client:
            draw(self._strip, pieces.strip(snapshot, tongue))
            draw(self._queue_head, pieces.queue_head(snapshot, tongue))
            draw(self._flood, pieces.flood(snapshot, tongue))
            self._flood.set_visibility(queue.flood is not None)
            draw(self._held_back, pieces.held_back(snapshot, tongue))
            apart = queue.discreet if self._person.may(Right.DISCREET) else ()
            self._rows.draw((*map(Line, apart), *queue.lines), tongue)
            left = queue.open_count - queue.shown
            draw(self._more, self._below(left, bool(apart or queue.lines)))
            late = f"<h2>{tongue.word('queue.late')}<span class=total>{queue.late_count}</span></h2>"
            late += f"<p>{tongue.word('queue.late_hint')}</p>"
            draw(self._late_head, late if queue.late_count else "")
            self._late.draw([Line(alert) for alert in queue.late], tongue)
            self._detail.changed(snapshot)

    def _below(self, left: int, any_shown: bool) -> str:
        word = self._tongue.word
        if left > 0:
            return f'<p class="left">{word("queue.more", count=left)}</p>'
        if any_shown:
            return ""
        return f'<p class="empty"><b>{word("queue.empty")}</b>{word("queue.empty_hint")}</p>'

    def beat(self, pulse: Pulse) -> None:
        """Once a second what is listed apart is read again, too."""
        super().beat(pulse)
        background_tasks.create(self._held.renew(), name="held")

    async def _select(self, line_id: str) -> None:
        for rows in (self._rows, self._late, self._held.rows):
            rows.select(line_id)
        line = next((each for each in self._snapshot.queue.lines if each.id == line_id), None)
        if line is None or line.by is None:
            await self._detail.open(line_id)
        else:
            await self._held.open(pieces.line_title(line, self._tongue), of_line(self.estate, line))

    async def _show_flood(self) -> None:
        wanted = AlertFilter(estate=self.estate, held=("flood",), discreet=False)
        await self._held.open(self._tongue.word("flood.on"), wanted)

    async def _show_held(self) -> None:
        wanted = AlertFilter(estate=self.estate, held=("suppressed", "shelved"), discreet=False)
        await self._held.open(self._tongue.word("held.title"), wanted)


PAGES: tuple[type[Frame], ...] = (LivePage, ReportsPage)
"""Every page, in the order in which the head leads to them."""
