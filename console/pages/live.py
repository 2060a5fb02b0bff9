"""The live page: the estate's level and zones, the queue of open alerts, one alert with its buttons.

Drawn by the server and kept up by its board; a row that doesn't change is not sent again.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from html import escape
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from nicegui import Client, ui
from starlette.concurrency import run_in_threadpool

from console.look import asset
from console.pages import pieces
from console.pages.board import Board, Pulse, Snapshot, clock_text
from console.pages.detail import DetailPane
from console.rights import Person, Right
from console.signin import language_of
from console.state import ConsoleState
from eventlog.catalogue import Language, catalogue, text
from eventlog.vocabulary import Alert
from projections.zones import estates

RECONNECT_S = 30.0
"""A page whose connection is lost for less than this goes on where it was; then it is made anew."""
STILL_EVERY_TICKS = 5
MOUNT = "/console"


def attach(app: FastAPI, state: ConsoleState) -> None:
    """Adds the live page to an app. Once in a process: NiceGUI has one app of its own."""
    board = Board(state)

    async def chinese(request: Request, client: Client) -> Response | None:
        return await _open(state, board, request, client, "zh-CN")

    async def english(request: Request, client: Client) -> Response | None:
        return await _open(state, board, request, client, "en")

    ui.page("/", language="zh-CN", title="守望")(chinese)
    ui.page("/en", language="en-US", title="Gatehouse")(english)
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


async def _open(
    state: ConsoleState, board: Board, request: Request, client: Client, language: Language
) -> Response | None:
    session = await run_in_threadpool(state.sign_in.session, request)
    if session is None:
        return RedirectResponse("/login", status_code=303)
    if (language_of(request) == "en") != (language == "en"):
        query = f"?{request.url.query}" if request.url.query else ""
        return RedirectResponse(f"{MOUNT}/{'' if language == 'en' else 'en'}{query}", status_code=303)
    if board.count >= state.context.settings.pages_max:
        return HTMLResponse(text("console.connection.full", language), status_code=503)
    known = await run_in_threadpool(_estates, state, session.person)
    wanted = request.query_params.get("estate", "")
    chosen = next((row for row in known if row["estate"] == wanted), known[0] if known else None)
    estate = chosen["estate"] if chosen else session.person.estate or "-"
    snapshot = await run_in_threadpool(board.read, estate)
    page = LivePage(state, board, client, session.person, session.started_s, language, snapshot, known)
    client.on_connect(lambda: board.join(page))
    client.on_disconnect(lambda: board.leave(page))
    client.on_delete(lambda: board.leave(page))
    return None


def _estates(state: ConsoleState, person: Person) -> list[dict[str, Any]]:
    with state.context.views.connect() as connection:
        return estates(connection, person.scope(None))


class LivePage:
    """One open page."""

    def __init__(
        self,
        state: ConsoleState,
        board: Board,
        client: Client,
        person: Person,
        started_s: float,
        language: Language,
        snapshot: Snapshot,
        known: Sequence[dict[str, Any]],
    ) -> None:
        self.estate: str = snapshot.estate["estate"]
        self._state, self._board, self._client = state, board, client
        self._person, self._language = person, language
        self._ends_s = started_s + state.context.settings.session_max_s
        self._mark = state.sign_in.mark_of(person.name)
        self._snapshot = snapshot
        self._tongue = pieces.Tongue(language, snapshot)
        self._ticks = 0
        self._head_of_page()
        with ui.element("div").classes("desk") as self._desk:
            self._header(known)
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
                        state, person, self._still_signed_in, self._shut, lambda: self._snapshot, language
                    )
        self.show(snapshot)

    def _head_of_page(self) -> None:
        settings = self._state.context.settings
        ages = {name: catalogue()[f"console.ago.{name}"] for name in ("seconds", "minutes", "hours", "days")}
        tongue = "en" if self._language == "en" else "zh"
        stays = not self._person.may(Right.ACT)
        options = (
            f'data-idle-s="{settings.session_idle_s:g}" data-stays="{int(stays)}" '
            f'data-lost="{self._tongue.word("connection.lost")}" '
            + " ".join(f'data-{name}="{words[tongue]}"' for name, words in ages.items())
        )
        ui.add_head_html(f"<style>{asset('palette.css')}{asset('pages/live.css')}</style>")
        ui.add_body_html(
            f'<div id="options" hidden {options}></div><script>{asset("pages/live.js")}</script>'
        )

    def _header(self, known: Sequence[dict[str, Any]]) -> None:
        word = self._tongue.word
        other = "zh-CN" if self._language == "en" else "en"
        with ui.element("header").classes("top"):
            ui.html(
                '<img src="/icon.svg" alt="" width="28" height="28">'
                f'<span class="brand">{word("head.brand")}</span>'
                f"{self._estate_choice(known)}",
                sanitize=False,
            ).classes("name")
            self._health = ui.html(sanitize=False).classes("health")
            self._clock = ui.html(sanitize=False).classes("clock")
            role = "" if self._person.may(Right.ACT) else f" · {word('head.viewer')}"
            back = f"{MOUNT}/?estate={self.estate}"
            ui.html(
                f'<a href="/language?to={other}&amp;back={back}" hreflang="{other}">'
                f'{word("head.other_language")}</a><span class="me">{escape(self._person.name)}{role}</span>'
                f'<form method="post" action="/logout"><button>{word("head.sign_out")}</button></form>',
                sanitize=False,
            ).classes("person")

    def _estate_choice(self, known: Sequence[dict[str, Any]]) -> str:
        def name(row: dict[str, Any]) -> str:
            return escape(row["name_en" if self._language == "en" else "name_zh"])

        if len(known) < 2:
            return f'<span class="estate">{name(self._snapshot.estate)}</span>'
        options = "".join(
            f'<option value="{escape(row["estate"])}"'
            f"{' selected' if row['estate'] == self.estate else ''}>{name(row)}</option>"
            for row in known
        )
        label = self._tongue.word("head.estate")
        return (
            f'<select class="estate" aria-label="{label}" '
            "onchange=\"location.search='?estate='+encodeURIComponent(this.value)\">"
            f"{options}</select>"
        )

    def show(self, snapshot: Snapshot) -> None:
        """Draws what changed."""
        self._snapshot = snapshot
        tongue = self._tongue = pieces.Tongue(self._language, snapshot)
        queue = snapshot.queue
        with self._client:
            _draw(self._strip, pieces.strip(snapshot, tongue))
            _draw(self._queue_head, pieces.queue_head(snapshot, tongue))
            apart = queue.discreet if self._person.may(Right.DISCREET) else ()
            self._rows.draw((*apart, *queue.alerts), tongue)
            left = queue.open_count - len(queue.alerts)
            _draw(self._more, self._below(left, bool(apart or queue.alerts)))
            late = f"<h2>{tongue.word('queue.late')}<span class=total>{queue.late_count}</span></h2>"
            late += f"<p>{tongue.word('queue.late_hint')}</p>"
            _draw(self._late_head, late if queue.late_count else "")
            self._late.draw(queue.late, tongue)
            self._detail.changed(snapshot)

    def _below(self, left: int, any_shown: bool) -> str:
        word = self._tongue.word
        if left > 0:
            return f'<p class="left">{word("queue.more", count=left)}</p>'
        if any_shown:
            return ""
        return f'<p class="empty"><b>{word("queue.empty")}</b>{word("queue.empty_hint")}</p>'

    def beat(self, pulse: Pulse) -> None:
        """The clock and the health, once a second."""
        self._ticks += 1
        word = self._tongue.word
        with self._client:
            clock = clock_text(pulse.now_us, self._snapshot.time_zone)
            day, _, hour = clock.partition(" ")
            _draw(
                self._clock,
                f'<small>{word("head.clock")}</small><time id="clock" data-us="{pulse.now_us}">'
                f"<span>{day}</span> <b>{hour}</b></time>",
            )
            failing = ", ".join(self._part(check.name) for check in pulse.failing)
            well = not failing and pulse.behind is not None
            what = word("head.healthy") if well else word("head.unhealthy", what=failing or "-")
            behind = word("head.behind", count=pulse.behind or 0)
            _draw(
                self._health,
                f'<span class="lamp is-{"well" if well else "unwell"}">'
                f"{pieces.shape('safe' if well else 'high')}"
                f"<small>{word('head.system')}</small><b>{what}</b></span>"
                f'<span class="numbers">{word("head.log_at", position=f"{pulse.head:,}")} · {behind}</span>',
            )
            if self._ticks % STILL_EVERY_TICKS == 0 and not self._still_signed_in():
                self._shut()

    def _part(self, name: str) -> str:
        key = f"console.part.{name}"
        return text(key, self._language) if key in catalogue() else name

    def _still_signed_in(self) -> bool:
        """Whether the session holds: not over its time, account not disabled, password not changed."""
        still = self._state.sign_in.still(self._person.name, self._mark)
        return still is not None and still.role == self._person.role and time.time() < self._ends_s

    def _shut(self) -> None:
        """Shows no more and sends the person to sign in."""
        self._board.leave(self)
        with self._client:
            ui.run_javascript("location.href='/login?ended=1'")

    async def _select(self, alert_id: str) -> None:
        for rows in (self._rows, self._late):
            rows.select(alert_id)
        await self._detail.open(alert_id)


def _draw(element: ui.html, content: str) -> None:
    if element.content != content:
        element.content = content


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
                _draw(line, self._piece(alert, tongue))
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
