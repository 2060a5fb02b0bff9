"""What every live page has: its head with clock, health, estate and person; the way to the other pages; that
the session still holds. Pages are drawn by the server and kept up by their board.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from html import escape
from typing import Any, ClassVar

from nicegui import Client, ui

from console.look import asset
from console.pages import pieces
from console.pages.board import Board, Pulse, Snapshot, clock_text
from console.rights import Person, Right
from console.state import ConsoleState
from eventlog.catalogue import Language, catalogue, text

MOUNT = "/console"
FIGURES = "/figures"
"""The page of figures, which is not kept up live."""
STILL_EVERY_TICKS = 5
_DUE = ("left", "over", "minutes", "hours", "days")
"""Words for the time that is left until a limit."""


class Frame:
    """One open page; a subclass says what is in it (`_body`) and draws it (`show`)."""

    name: ClassVar[str]
    """Its word in the catalogue, under `console.page`."""
    paths: ClassVar[dict[Language, str]]
    """Where it is in each language, under `MOUNT`."""
    right: ClassVar[Right]
    """Who may see it."""
    styles: ClassVar[tuple[str, ...]] = ("palette.css", "pages/live.css")

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
        others: Sequence[type[Frame]] = (),
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
            self._header(known, others)
            self._body()
        self.show(snapshot)

    def _body(self) -> None:
        """Makes what is below the head."""
        raise NotImplementedError

    def show(self, snapshot: Snapshot) -> None:
        """Draws what changed."""
        raise NotImplementedError

    def _head_of_page(self) -> None:
        settings = self._state.context.settings
        ages = {name: catalogue()[f"console.ago.{name}"] for name in ("seconds", "minutes", "hours", "days")}
        tongue = "en" if self._language == "en" else "zh"
        stays = not self._person.may(Right.ACT)
        options = (
            f'data-idle-s="{settings.session_idle_s:g}" data-stays="{int(stays)}" '
            f'data-lost="{self._tongue.word("connection.lost")}" '
            + " ".join(f'data-{name}="{words[tongue]}"' for name, words in ages.items())
            + "".join(f' data-due-{name}="{catalogue()[f"console.due.{name}"][tongue]}"' for name in _DUE)
        )
        ui.add_head_html(f"<style>{''.join(map(asset, self.styles))}</style>")
        ui.add_body_html(
            f'<div id="options" hidden {options}></div><script>{asset("pages/live.js")}</script>'
        )

    def _header(self, known: Sequence[dict[str, Any]], others: Sequence[type[Frame]]) -> None:
        word = self._tongue.word
        other = "zh-CN" if self._language == "en" else "en"
        with ui.element("header").classes("top"):
            ui.html(
                '<img src="/icon.svg" alt="" width="28" height="28">'
                f'<span class="brand">{word("head.brand")}</span>'
                f"{self._estate_choice(known)}{self._ways(others)}",
                sanitize=False,
            ).classes("name")
            self._health = ui.html(sanitize=False).classes("health")
            self._clock = ui.html(sanitize=False).classes("clock")
            role = "" if self._person.may(Right.ACT) else f" · {word('head.viewer')}"
            back = f"{MOUNT}{self.paths['zh-CN']}?estate={self.estate}"
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

    def _ways(self, pages: Sequence[type[Frame]]) -> str:
        """The way to the other pages."""
        if len(pages) < 2:
            return ""
        links = "".join(self._way(page) for page in pages if self._person.may(page.right))
        figures = f"{FIGURES}?estate={escape(self.estate)}"
        word = self._tongue.word("figures.title")
        return f'<nav>{links}<a href="{figures}" data-page="figures">{word}</a></nav>'

    def _way(self, page: type[Frame]) -> str:
        here = " aria-current=page" if isinstance(self, page) else ""
        address = f"{MOUNT}{page.paths[self._language]}?estate={escape(self.estate)}"
        word = self._tongue.word(f"page.{page.name}")
        return f'<a href="{address}" data-page="{page.name}"{here}>{word}</a>'

    def beat(self, pulse: Pulse) -> None:
        """The clock and the health, once a second."""
        self._ticks += 1
        word = self._tongue.word
        with self._client:
            clock = clock_text(pulse.now_us, self._snapshot.time_zone)
            day, _, hour = clock.partition(" ")
            draw(
                self._clock,
                f'<small>{word("head.clock")}</small><time id="clock" data-us="{pulse.now_us}">'
                f"<span>{day}</span> <b>{hour}</b></time>",
            )
            failing = ", ".join(self._part(check.name) for check in pulse.failing)
            well = not failing and pulse.behind is not None
            what = word("head.healthy") if well else word("head.unhealthy", what=failing or "-")
            behind = word("head.behind", count=pulse.behind or 0)
            draw(
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


def draw(element: ui.html, content: str) -> None:
    """Changes an element's content where it is another."""
    if element.content != content:
        element.content = content
