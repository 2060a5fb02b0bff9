"""One alert in detail: facts, evidence, history, and the buttons that fit its state. Asks, never decides.

Every button carries the version that was shown when it was pressed; whoever was faster is named.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from html import escape
from typing import Any

from nicegui import background_tasks, ui
from starlette.concurrency import run_in_threadpool

from console.api.alerts import act, load_detail
from console.pages import pieces, told
from console.pages.asking import Asked, ask
from console.pages.board import Snapshot
from console.problems import ProblemError
from console.rights import Person, Right
from console.state import ConsoleState
from eventlog.catalogue import Language, text
from eventlog.times import from_us
from eventlog.vocabulary import (
    Alert,
    Command,
    CommandAcknowledge,
    CommandAssign,
    CommandClose,
    CommandNote,
    CommandReopen,
    CommandShelve,
    CommandStepDone,
    CommandUnshelve,
)

COMMANDS: dict[str, type[Command]] = {
    "acknowledge": CommandAcknowledge,
    "assign": CommandAssign,
    "note": CommandNote,
    "shelve": CommandShelve,
    "unshelve": CommandUnshelve,
    "close": CommandClose,
    "reopen": CommandReopen,
    "step_done": CommandStepDone,
}
_ALLOWED = {
    "raised": ("acknowledge", "assign", "close", "shelve", "note"),
    "acknowledged": ("assign", "close", "shelve", "note"),
    "assigned": ("assign", "close", "note"),
    "accepted": ("assign", "close", "note"),
    "arrived": ("close", "assign", "note"),
    "closed": ("reopen", "note"),
}
"""Buttons by state, the likeliest first; the decider has the last word."""
_ANY_VERSION = frozenset({"note", "step_done"})
_AT_ONCE = frozenset({"acknowledge", "unshelve"})


def buttons_of(alert: Alert) -> tuple[str, ...]:
    """The actions offered for an alert."""
    names = _ALLOWED[alert.state]
    if alert.shelved_until is None:
        return names
    return tuple("unshelve" if name == "shelve" else name for name in names)


class DetailPane:
    """The pane beside the queue; on a phone it covers the queue."""

    def __init__(
        self,
        state: ConsoleState,
        person: Person,
        still: Callable[[], bool],
        shut: Callable[[], None],
        snapshot: Callable[[], Snapshot],
        language: Language,
    ) -> None:
        self._state, self._person, self._language = state, person, language
        self._still, self._shut, self._snapshot = still, shut, snapshot
        self._alert: Alert | None = None
        self._busy = False
        self._client = ui.context.client
        self._nothing = ui.html(f"<p>{self._text('detail.none')}</p>", sanitize=False).classes("nothing")
        with ui.element("div").classes("open") as self._open:
            back = ui.html(f"‹ {self._text('detail.back')}", sanitize=False, tag="button").classes("back")
            back.on("click", self.close)
            self._head = ui.html(sanitize=False).classes("detail-head")
            self._answer = ui.html(sanitize=False).classes("answer")
            self._answer.props('role="status" aria-live="polite"')
            self._buttons = ui.element("div").classes("buttons")
            self._steps = ui.element("div").classes("steps")
            self._body = ui.html(sanitize=False).classes("detail-body")
        self._open.set_visibility(False)

    def _text(self, key: str, **given: object) -> str:
        return text(f"console.{key}", self._language, **given)

    async def open(self, alert_id: str) -> None:
        """Shows an alert."""
        if not await run_in_threadpool(self._still):
            self._shut()
            return
        self._say("", "")
        await self._load(alert_id)
        ui.run_javascript(
            "document.body.classList.add('showing-detail');window.scrollTo(0,0);"
            "if(innerWidth<=860)document.querySelector('.detail .open').scrollIntoView()"
        )

    def close(self) -> None:
        """Back to the queue."""
        ui.run_javascript("document.body.classList.remove('showing-detail')")

    def changed(self, snapshot: Snapshot) -> None:
        """Loads the alert shown again when it changed."""
        if self._alert is None or self._busy:
            return
        shown = self._alert
        now = snapshot.queue.find(shown.id)
        if now is None or now.version != shown.version:
            background_tasks.create(self._load(shown.id), name="detail")

    async def _load(self, alert_id: str) -> None:
        detail = await run_in_threadpool(load_detail, self._state, self._person, alert_id)
        with self._client:
            if detail is None:
                self._say("refused", self._text("detail.gone"))
                return
            same = self._alert is not None and self._alert.id == alert_id
            if same and self._alert is not None and detail["version"] < self._alert.version:
                return
            self._draw(detail)

    def _draw(self, detail: dict[str, Any]) -> None:
        fields = {name: detail[name] for name in Alert.model_fields if name in detail}
        alert = Alert.model_validate(fields)
        self._alert = alert
        tongue = pieces.Tongue(self._language, self._snapshot())
        severity = tongue.common(f"severity.{alert.severity}")
        state = escape(tongue.common(f"state.{alert.state}"))
        self._head.content = (
            f'<div class="line">{pieces.badge(alert.severity, severity)}'
            f'<span class="state is-{alert.state}">{state}</span></div><h2>{tongue.said(alert.title)}</h2>'
        )
        self._body.content = (
            pieces.facts(alert, tongue)
            + pieces.evidence(detail, tongue)
            + pieces.history(detail, tongue)
            + told.deliveries(detail, tongue)
        )
        self._draw_buttons(alert)
        self._draw_steps(alert, detail["checklist"])
        self._nothing.set_visibility(False)
        self._open.set_visibility(True)

    def _draw_buttons(self, alert: Alert) -> None:
        self._buttons.clear()
        if not self._person.may(Right.ACT):
            return
        with self._buttons:
            for place, name in enumerate(buttons_of(alert)):
                button = ui.html(escape(self._text(f"action.{name}")), sanitize=False, tag="button")
                button.classes("action first" if place == 0 else "action").props(f'data-action="{name}"')
                button.on("click", lambda name=name: self._press(name, alert))

    def _draw_steps(self, alert: Alert, checklist: list[dict[str, Any]]) -> None:
        """The checklist: what is done, and a button for what is not."""
        self._steps.clear()
        may = self._person.may(Right.ACT)
        with self._steps:
            ui.html(f"<h3>{self._text('detail.checklist')}</h3>", sanitize=False)
            for each in checklist:
                said = each["text"]["en" if self._language == "en" else "zh"]
                must = f" <em>{self._text('detail.required')}</em>" if each["required"] else ""
                mark = "☑" if each["done"] else "☐"
                tag = "p" if each["done"] or not may else "button"
                line = ui.html(f"{mark} {escape(said)}{must}", sanitize=False, tag=tag)
                line.classes("step done" if each["done"] else "step").props(f'data-step="{each["step"]}"')
                if tag == "button":
                    line.on("click", lambda step=each["step"]: self._tick(step, alert))

    async def _tick(self, step: str, alert: Alert) -> None:
        if self._busy:
            return
        if not await run_in_threadpool(self._still):
            self._shut()
            return
        self._busy = True
        try:
            await self._do("step_done", alert, Asked({"step": step}))
        finally:
            self._busy = False
        await self._load(alert.id)

    async def _press(self, name: str, alert: Alert) -> None:
        if self._busy:
            return
        asked = Asked({})
        if name not in _AT_ONCE:
            answered = await ask(name, alert, self._snapshot(), self._language, await self._now())
            if answered is None:
                return
            asked = answered
        if not await run_in_threadpool(self._still):
            self._shut()
            return
        self._busy = True
        try:
            await self._do(name, alert, asked)
        finally:
            self._busy = False
        await self._load(alert.id)

    async def _do(self, name: str, alert: Alert, asked: Asked) -> None:
        action = self._text(f"action.{name}")
        try:
            await act(
                self._state,
                self._person,
                alert.id,
                COMMANDS[name],
                self._language,
                version=None if name in _ANY_VERSION else alert.version,
                **asked.fields,
            )
        except ProblemError as problem:
            kind = "undecided" if problem.status == 504 else "refused"
            who = await run_in_threadpool(self._last_hand) if problem.name == "conflict" else None
            self._say(kind, self._why_not(action, problem, who))
            return
        self._say("done", self._text("answer.done", action=action))

    def _why_not(self, action: str, problem: ProblemError, who: str | None) -> str:
        if problem.status == 504:
            return self._text("answer.undecided", action=action)
        state = problem.more.get("state")
        state = text(f"common.state.{state}", self._language) if state else "-"
        if problem.name == "conflict":
            given = {"who": who or self._text("answer.somebody"), "version": problem.more.get("version")}
            return self._text("answer.conflict", action=action, state=state, **given)
        if problem.name == "not-allowed":
            return self._text("answer.not_allowed", action=action, state=state, detail=problem.detail)
        return self._text("answer.refused", action=action, detail=problem.detail)

    async def _now(self) -> datetime:
        return from_us(await run_in_threadpool(self._state.context.log.now_us))

    def _last_hand(self) -> str | None:
        """Who changed the alert last."""
        if self._alert is None:
            return None
        detail = load_detail(self._state, self._person, self._alert.id)
        hands = [change["by"] for change in detail["history"] if change["by"]] if detail else []
        return hands[-1] if hands else None

    def _say(self, kind: str, words: str) -> None:
        self._answer.classes(replace=f"answer {kind}")
        self._answer.content = f"<p>{escape(words)}</p>" if words else ""
