"""The small forms that an action needs: what it was, which squad, how long, why. They only collect."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from html import escape
from typing import Any, get_args

from nicegui import ui

from console.pages.board import Snapshot
from eventlog.catalogue import Language, text
from eventlog.vocabulary import Alert, Disposition
from eventlog.vocabulary.base import TEXT_CHARS_MAX

NAME_CHARS_MAX = 128
SHELVE_MINUTES = (30, 60, 120, 240, 480)


@dataclass(frozen=True, slots=True)
class Asked:
    """What the person filled in, as fields of the command."""

    fields: dict[str, Any]


class Form:
    """One dialog; `answer` gives None when it is left."""

    def __init__(self, heading: str, title: str, language: Language) -> None:
        self._language = language
        with ui.context.client:  # not within the button pressed, which may be drawn anew meanwhile
            self._dialog = ui.dialog().classes("asking")
        self._chosen: dict[str, Any] = {}
        self._choices: dict[str, list[ui.html]] = {}
        self._lines: dict[str, tuple[ui.input | ui.select, bool]] = {}
        self._note: ui.textarea | None = None
        self._needs_note = False
        with self._dialog, ui.element("div").classes("form") as self._box:
            ui.html(f"<h2>{heading}</h2><p>{title}</p>", sanitize=False)

    def word(self, key: str, **given: object) -> str:
        return text(f"console.{key}", self._language, **given)

    def choice(self, field: str, label: str, options: dict[Any, str], chosen: Any = None) -> None:
        """One of some; large enough for a thumb."""
        with self._box:
            ui.html(label, sanitize=False).classes("label")
            with ui.element("div").classes("choices").props('role="radiogroup"'):
                self._choices[field] = [self._option(field, value, word) for value, word in options.items()]
        if chosen is not None:
            self._choose(field, chosen)

    def _option(self, field: str, value: Any, word: str) -> ui.html:
        option = ui.html(escape(word), sanitize=False, tag="button").classes("choice")
        option.props(f'type="button" role="radio" aria-checked="false" data-value="{escape(str(value))}"')
        option.on("click", lambda: self._choose(field, value))
        return option

    def _choose(self, field: str, value: Any) -> None:
        self._chosen[field] = value
        for option in self._choices[field]:
            on = option.props["data-value"] == str(value)
            option.classes(replace="choice on" if on else "choice")
            option.props(f'aria-checked="{"true" if on else "false"}"')

    def note(self, label: str, *, needed: bool) -> None:
        """Some words."""
        self._needs_note = needed
        with self._box:
            self._note = ui.textarea(label=label).props(
                f"outlined autogrow dense maxlength={TEXT_CHARS_MAX} data-field=note"
            )

    def line(self, field: str, label: str, *, needed: bool = False) -> None:
        """One line of text."""
        with self._box:
            made = ui.input(label=label).props(
                f"outlined dense maxlength={NAME_CHARS_MAX} data-field={field}"
            )
        self._lines[field] = (made, needed)

    def pick(self, field: str, label: str, options: dict[str, str], chosen: str | None = None) -> None:
        """One of many, found by typing."""
        with self._box:
            made = ui.select(options, label=label, value=chosen, with_input=True)
            made.props(f"outlined dense data-field={field}")
        self._lines[field] = (made, True)

    async def answer(self, confirm: str) -> dict[str, Any] | None:
        """Waits for the person."""
        with self._box, ui.element("div").classes("end"):
            leave = ui.html(self.word("dialog.cancel"), sanitize=False, tag="button").classes("action")
            leave.on("click", lambda: self._dialog.submit(None))
            go = ui.html(confirm, sanitize=False, tag="button").classes("action first")
            go.props('data-action="confirm"').on("click", self._confirm)
        self._dialog.open()
        found = await self._dialog
        self._dialog.delete()
        return found if isinstance(found, dict) else None

    def _confirm(self) -> None:
        note = str(self._note.value or "").strip() if self._note else ""
        if self._note is not None and self._needs_note and not note:
            self._note.props("error").props(f'error-message="{self.word("answer.needed")}"')
            return
        if any(field not in self._chosen for field in self._choices):
            return
        said = {field: str(made.value or "").strip() for field, (made, _) in self._lines.items()}
        missing = [made for field, (made, needed) in self._lines.items() if needed and not said[field]]
        for made in missing:
            made.props("error").props(f'error-message="{self.word("answer.needed")}"')
        if missing:
            return
        filled = {field: value for field, value in said.items() if value}
        self._dialog.submit({**self._chosen, **filled, **({"note": note[:TEXT_CHARS_MAX]} if note else {})})


async def ask(
    action: str, alert: Alert, snapshot: Snapshot, language: Language, now: datetime
) -> Asked | None:
    """What an action needs besides the alert; None when the person thinks better of it.

    `now` is the estate's time.
    """
    title = escape(alert.title.en if language == "en" else alert.title.zh)
    form = Form(text(f"console.action.{action}", language), title, language)
    if action == "close":
        options = {one: text(f"common.disposition.{one}", language) for one in get_args(Disposition)}
        form.choice("disposition", form.word("dialog.disposition"), options)
    elif action == "assign":
        names = {key: both["en" if language == "en" else "zh"] for key, both in snapshot.squad_names.items()}
        label = form.word("dialog.squad") if names else form.word("dialog.no_squads")
        form.choice("squad", label, names, chosen=alert.squad if alert.squad in names else None)
    elif action == "shelve":
        form.choice("minutes", form.word("dialog.shelve_for"), _durations(form), chosen=SHELVE_MINUTES[0])
    needed = action in ("note", "shelve", "reopen")
    label = "note" if action == "note" else "reason" if needed else "note_optional"
    form.note(form.word(f"dialog.{label}"), needed=needed)
    fields = await form.answer(form.word(f"dialog.confirm_{action}"))
    if fields is None:
        return None
    if "minutes" in fields:
        fields["until"] = now + timedelta(minutes=fields.pop("minutes"))
    return Asked(fields)


def _durations(form: Form) -> dict[Any, str]:
    return {
        minutes: form.word("dialog.hours", n=minutes // 60)
        if minutes >= 60
        else form.word("dialog.minutes", n=minutes)
        for minutes in SHELVE_MINUTES
    }
