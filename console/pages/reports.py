"""The page of reports of people: what there is to do, the most pressing first; one report with its buttons.

Asks, never decides: every button carries the version that was shown when it was pressed.
"""

from __future__ import annotations

from html import escape
from typing import Any, ClassVar

from nicegui import background_tasks, ui
from nicegui.events import GenericEventArguments
from starlette.concurrency import run_in_threadpool

from console.api.deciding import catch_up, decided
from console.api.reports import MODELS, act_on_report, load_report, with_words
from console.pages import report_forms, report_pieces
from console.pages.board import Snapshot
from console.pages.frame import Frame, draw
from console.pages.pieces import Tongue
from console.problems import ProblemError
from console.rights import Right
from eventlog.catalogue import Language, text
from eventlog.vocabulary import (
    CommandReportAssign,
    CommandReportClose,
    CommandReportFollowUp,
    CommandReportMerge,
    CommandReportNote,
    CommandReportReopen,
    CommandReportSplit,
    CommandReportTriage,
    ReportCommand,
    ReportEvent,
    ReportSubmitted,
)
from projections.reports import office

SHOWN_MAX = 100
COMMANDS: dict[str, type[ReportCommand]] = {
    "triage": CommandReportTriage,
    "assign": CommandReportAssign,
    "note": CommandReportNote,
    "close": CommandReportClose,
    "follow_up": CommandReportFollowUp,
    "reopen": CommandReportReopen,
    "merge": CommandReportMerge,
    "split": CommandReportSplit,
}
_ALLOWED = {
    "opened": ("triage", "merge", "close", "note"),
    "triaged": ("close", "assign", "triage", "merge", "note"),
    "assigned": ("close", "assign", "triage", "merge", "note"),
    "accepted": ("close", "assign", "triage", "merge", "note"),
    "closed": ("follow_up", "reopen", "note"),
    "merged": ("split", "note"),
}
"""Buttons by state, the likeliest first; the decider has the last word."""
_FIND = "(e) => { const row = e.target.closest('[data-report]'); if (row) emit(row.dataset.report); }"
"""In the browser: which report a click is on."""


class ReportsPage(Frame):
    """Lists of open reports and of those whose reporters are to be asked, and one report beside them."""

    name = "reports"
    paths: ClassVar[dict[Language, str]] = {"zh-CN": "/reports", "en": "/en/reports"}
    right = Right.REPORTS

    def _body(self) -> None:
        self._selected = ""
        self._items: list[dict[str, Any]] = []
        self._detail: dict[str, Any] | None = None
        self._busy = self._loading = self._again = False
        with ui.element("main").classes("columns"):
            with ui.element("section").classes("queue"):
                with ui.element("div").classes("queue-head"):
                    self._head = ui.html(sanitize=False)
                    if self._person.may(Right.REPORT):
                        new = ui.html(self._tongue.word("report.new"), sanitize=False, tag="button")
                        new.classes("action first").props('data-action="new"').on("click", self._new)
                self._open = self._list("rows open-reports")
                self._ask_head = ui.html(sanitize=False).classes("late-head")
                self._to_ask = self._list("rows to-ask")
            with ui.element("aside").classes("detail"):
                self._pane()

    def _list(self, classes: str) -> ui.html:
        made = ui.html(sanitize=False).classes(classes)
        made.on("click", self._clicked, js_handler=_FIND)
        return made

    def _pane(self) -> None:
        word = self._tongue.word
        self._nothing = ui.html(f"<p>{word('report.none_chosen')}</p>", sanitize=False).classes("nothing")
        with ui.element("div").classes("open") as self._shown:
            back = ui.html(f"‹ {word('report.back')}", sanitize=False, tag="button").classes("back")
            back.on("click", lambda: ui.run_javascript("document.body.classList.remove('showing-detail')"))
            self._title = ui.html(sanitize=False).classes("detail-head")
            self._answer = ui.html(sanitize=False).classes("answer")
            self._answer.props('role="status" aria-live="polite"')
            self._buttons = ui.element("div").classes("buttons")
            self._facts = self._list("detail-body")
        self._shown.set_visibility(False)

    def show(self, snapshot: Snapshot) -> None:
        """Loads the lists anew; what comes meanwhile is loaded once more after that."""
        self._snapshot = snapshot
        self._tongue = Tongue(self._language, snapshot)
        if self._loading:
            self._again = True
            return
        self._loading = True
        background_tasks.create(self._load_all(), name="reports")

    async def _load_all(self) -> None:
        try:
            self._again = True
            while self._again:
                self._again = False
                found = await run_in_threadpool(self._read)
                self._draw_lists(*found)
                if self._selected and not self._busy:
                    await self._load(self._selected)
        finally:
            self._loading = False

    def _read(self) -> tuple[list[dict[str, Any]], list[dict[str, Any]], int, int]:
        catch_up(self._state, MODELS)
        with self._state.context.views.connect() as connection:
            found = office(connection, self.estate, limit=SHOWN_MAX)
        items = with_words(self._state, self._person, (*found.open, *found.to_ask))
        cut = len(found.open)
        return items[:cut], items[cut:], found.open_count, found.to_ask_count

    def _draw_lists(
        self, items: list[dict[str, Any]], asked: list[dict[str, Any]], count: int, asked_count: int
    ) -> None:
        tongue, self._items = self._tongue, items
        with self._client:
            title = tongue.word("report.open")
            draw(self._head, f'<h2>{title}<span class="total">{count}</span></h2>')
            nothing = f'<p class="empty"><b>{tongue.word("report.empty")}</b></p>'
            draw(self._open, report_pieces.lines(items, tongue, self._selected) or nothing)
            title = tongue.word("report.to_ask")
            head = f'<h2>{title}<span class="total">{asked_count}</span></h2>'
            draw(self._ask_head, head if asked_count else "")
            draw(self._to_ask, report_pieces.lines(asked, tongue, self._selected))
            self._lists = items, asked, count, asked_count

    async def _clicked(self, event: GenericEventArguments) -> None:
        if not await run_in_threadpool(self._still_signed_in):
            self._shut()
            return
        self._selected = str(event.args)
        self._say("", "")
        self._draw_lists(*self._lists)
        await self._load(self._selected)
        ui.run_javascript("document.body.classList.add('showing-detail');window.scrollTo(0,0)")

    async def _load(self, report_id: str) -> None:
        detail = await run_in_threadpool(load_report, self._state, self._person, report_id)
        with self._client:
            if detail is None or report_id != self._selected:
                return
            before = self._detail
            if before and before["id"] == report_id and before["version"] > detail["version"]:
                return
            self._draw_detail(detail)

    def _draw_detail(self, detail: dict[str, Any]) -> None:
        self._detail, tongue = detail, self._tongue
        draw(self._title, report_pieces.head(detail, tongue))
        parts = (report_pieces.facts, report_pieces.others, report_pieces.history)
        draw(self._facts, "".join(part(detail, tongue) for part in parts))
        self._buttons.clear()
        if self._person.may(Right.ACT):
            with self._buttons:
                for place, name in enumerate(self._buttons_of(detail)):
                    button = ui.html(self._word(f"action.{name}"), sanitize=False, tag="button")
                    button.classes("action first" if place == 0 else "action").props(f'data-action="{name}"')
                    button.on("click", lambda name=name: self._press(name, detail))
        self._nothing.set_visibility(False)
        self._shown.set_visibility(True)

    @staticmethod
    def _buttons_of(detail: dict[str, Any]) -> tuple[str, ...]:
        names = _ALLOWED[detail["state"]]
        asked = detail["followed_up_at"] is not None
        return tuple(name for name in names if not (asked and name == "follow_up"))

    def _word(self, key: str) -> str:
        said = text(f"reports.{key}", self._language)
        return escape(said[:1].upper() + said[1:])

    async def _press(self, name: str, detail: dict[str, Any]) -> None:
        if self._busy:
            return
        fields: dict[str, Any] | None = {}
        if name != "split":
            fields = await report_forms.ask(name, detail, self._snapshot, self._items, self._language)
        if fields is None:
            return
        version = None if name == "note" else detail["version"]
        await self._do(
            self._word(f"action.{name}"),
            lambda: act_on_report(
                self._state,
                self._person,
                detail["id"],
                COMMANDS[name],
                self._language,
                version=version,
                **fields,
            ),
        )

    async def _new(self) -> None:
        fields = await report_forms.ask_new(self._snapshot, self._language)
        if fields is None:
            return
        said = ReportSubmitted(text=fields.pop("note"), entered_by=self._person.name, **fields)

        async def enter() -> Any:
            change = await decided(self._state, self.estate, said, ReportEvent, MODELS, self._language)
            self._selected = change.report.id
            return change.report

        await self._do(self._tongue.word("report.new"), enter)

    async def _do(self, action: str, asked: Any) -> None:
        """Asks, and says what became of it."""
        if not await run_in_threadpool(self._still_signed_in):
            self._shut()
            return
        self._busy = True
        try:
            await asked()
        except ProblemError as problem:
            with self._client:
                key = "answer.undecided" if problem.status == 504 else "answer.refused"
                self._say("refused", self._tongue.word(key, action=action, detail=problem.detail))
        else:
            with self._client:
                self._say("done", self._tongue.word("answer.done", action=action))
        finally:
            self._busy = False
        if self._selected:
            await self._load(self._selected)

    def _say(self, kind: str, words: str) -> None:
        self._answer.classes(replace=f"answer {kind}")
        self._answer.content = f"<p>{words}</p>" if words else ""
