"""The small forms that an action on a report needs, and the one for a new report. They only collect."""

from __future__ import annotations

from html import escape
from typing import Any, get_args

from console.pages.asking import Form
from console.pages.board import Snapshot
from console.pages.pieces import Tongue
from console.pages.report_pieces import said_plain
from eventlog.catalogue import Language, catalogue, text
from eventlog.vocabulary import Channel, Handling, Way

WORDS_CHARS_MAX = 40
NEEDS_WORDS = frozenset({"close", "note", "reopen"})


def _options(section: str, names: tuple[str, ...], language: Language) -> dict[Any, str]:
    return {name: text(f"reports.{section}.{name}", language) for name in names}


async def ask(
    action: str, detail: dict[str, Any], snapshot: Snapshot, others: list[dict[str, Any]], language: Language
) -> dict[str, Any] | None:
    """What an action needs besides the report; None when the person thinks better of it. `others` are the
    reports that it could be merged into."""
    tongue = Tongue(language, snapshot)
    about = f"{said_plain(tongue, detail['category'])} · {detail['text'] or ''}"[: 2 * WORDS_CHARS_MAX]
    heading = text(f"reports.action.{action}", language)
    heading = heading[:1].upper() + heading[1:]
    form = Form(heading, escape(about), language)
    if action == "triage":
        handling, way = (
            _options(s, get_args(k), language) for s, k in (("handling", Handling), ("way", Way))
        )
        form.choice("handling", form.word("report.handling"), handling, chosen=detail["handling"] or "squad")
        form.choice("way", form.word("report.way"), way, chosen=detail["way"] or "at_once")
    elif action == "assign":
        names = {key: both["en" if language == "en" else "zh"] for key, both in snapshot.squad_names.items()}
        form.choice("squad", form.word("dialog.squad"), names, chosen=detail["squad"])
    elif action == "follow_up":
        answers = {True: form.word("report.satisfied_yes"), False: form.word("report.satisfied_no")}
        form.choice("satisfied", form.word("report.satisfied"), answers)
    elif action == "merge":
        form.choice(
            "into", form.word("report.into"), _leads(others, detail, tongue), chosen=detail["similar"]
        )
    needed = action in NEEDS_WORDS
    label = "report.done" if action == "close" else f"dialog.{'reason' if needed else 'note_optional'}"
    form.note(form.word(label), needed=needed)
    return await form.answer(heading)


def _leads(others: list[dict[str, Any]], detail: dict[str, Any], tongue: Tongue) -> dict[Any, str]:
    """The reports that one could be merged into, those of its kind first."""
    known = [each for each in others if each["id"] != detail["id"]]
    known.sort(key=lambda each: each["category"] != detail["category"])
    return {
        each["id"]: f"{said_plain(tongue, each['category'])} {(each['text'] or '')[:WORDS_CHARS_MAX]}"
        for each in known[:8]
    }


async def ask_new(snapshot: Snapshot, language: Language) -> dict[str, Any] | None:
    """A new report, as somebody tells it."""
    form = Form(text("console.report.new", language), "", language)
    form.choice("channel", form.word("report.channel"), _options("channel", get_args(Channel), language))
    begin = "reports.category."
    kinds = {key.removeprefix(begin): text(key, language) for key in catalogue() if key.startswith(begin)}
    form.pick("category", form.word("report.category"), kinds)
    names = {key: both["en" if language == "en" else "zh"] for key, both in snapshot.zone_names.items()}
    form.pick("location", form.word("report.place"), names)
    form.line("reporter", form.word("report.reporter"))
    form.note(form.word("report.words"), needed=True)
    return await form.answer(form.word("report.enter"))
