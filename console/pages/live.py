"""The live page: the estate's level and zones, the queue of open alerts, one alert with its buttons.

Drawn by the server and kept up by its board; a row that doesn't change is not sent again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, ClassVar

from fastapi import FastAPI, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from nicegui import Client, ui
from starlette.concurrency import run_in_threadpool

from console.look import asset
from console.pages import pieces
from console.pages.board import Board, Snapshot
from console.pages.detail import DetailPane
from console.pages.frame import MOUNT, Frame, draw
from console.pages.reports import ReportsPage
from console.rights import Person, Right
from console.signin import language_of
from console.state import ConsoleState
from eventlog.catalogue import Language, text
from eventlog.vocabulary import Alert
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
                self._queue_head = ui.html(sanitize=False).classes("queue-head")
                self._rows = Rows(self._select, pieces.row)
                self._more = ui.html(sanitize=False).classes("more-rows")
                self._late_head = ui.html(sanitize=False).classes("late-head")
                self._late = Rows(self._select, pieces.late_row)
            with ui.element("aside").classes("detail"):
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
            apart = queue.discreet if self._person.may(Right.DISCREET) else ()
            self._rows.draw((*apart, *queue.alerts), tongue)
            left = queue.open_count - len(queue.alerts)
            draw(self._more, self._below(left, bool(apart or queue.alerts)))
            late = f"<h2>{tongue.word('queue.late')}<span class=total>{queue.late_count}</span></h2>"
            late += f"<p>{tongue.word('queue.late_hint')}</p>"
            draw(self._late_head, late if queue.late_count else "")
            self._late.draw(queue.late, tongue)
            self._detail.changed(snapshot)

    def _below(self, left: int, any_shown: bool) -> str:
        word = self._tongue.word
        if left > 0:
            return f'<p class="left">{word("queue.more", count=left)}</p>'
        if any_shown:
            return ""
        return f'<p class="empty"><b>{word("queue.empty")}</b>{word("queue.empty_hint")}</p>'

    async def _select(self, alert_id: str) -> None:
        for rows in (self._rows, self._late):
            rows.select(alert_id)
        await self._detail.open(alert_id)


class Rows:
    """The lines of a list of alerts; each is an element of its own, made, changed and moved alone."""

    def __init__(self, on_select: Callable[[str], Any], piece: Callable[[Alert, pieces.Tongue], str]) -> None:
        self._on_select, self._piece = on_select, piece
        self._selected = ""
        self._lines: dict[str, ui.html] = {}
        self._order: list[str] = []
        self._drawn: dict[str, int] = {}
        self._names: object = None
        self._first = True
        self._box = ui.element("div").classes("rows")

    def draw(self, alerts: Sequence[Alert], tongue: pieces.Tongue) -> None:
        """Brings the lines to these alerts, in this order."""
        wanted = [alert.id for alert in alerts]
        for gone in self._lines.keys() - set(wanted):
            self._lines.pop(gone).delete()
            self._drawn.pop(gone, None)
            self._order.remove(gone)
        for place, alert in enumerate(alerts):
            line = self._lines.get(alert.id) or self._make(alert.id)
            if self._drawn.get(alert.id) != alert.version or tongue.names != self._names:
                draw(line, self._piece(alert, tongue))
                line.classes(replace=self._classes(alert.id, alert.severity))
                self._drawn[alert.id] = alert.version
            if self._order.index(alert.id) != place:
                line.move(target_index=place)
                self._order.remove(alert.id)
                self._order.insert(place, alert.id)
        self._first = False
        self._names = tongue.names

    def _make(self, alert_id: str) -> ui.html:
        with self._box:
            line = ui.html(sanitize=False, tag="button")
        line.props(f'data-alert="{alert_id}" type="button"')
        line.on("click", lambda: self._on_select(alert_id))
        self._lines[alert_id] = line
        self._order.append(alert_id)
        return line

    def _classes(self, alert_id: str, severity: str) -> str:
        fresh = "" if self._first else " fresh"
        known = self._lines[alert_id].classes
        kept = " fresh" if "fresh" in known else ""
        new = fresh if not known else kept
        return f"alert-row is-{severity}{new}{' selected' if alert_id == self._selected else ''}"

    def select(self, alert_id: str) -> None:
        """Marks the line of an alert."""
        before = self._lines.get(self._selected)
        if before:
            before.classes(remove="selected")
        self._selected = alert_id
        line = self._lines.get(alert_id)
        if line:
            line.classes(add="selected")


PAGES: tuple[type[Frame], ...] = (LivePage, ReportsPage)
"""Every page, in the order in which the head leads to them."""
