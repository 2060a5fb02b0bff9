"""Pieces of HTML about reports of people, in one language: lines, facts, what was said, what was done. Pure.

Every text from outside is escaped here.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from html import escape
from typing import Any

from console.pages.pieces import Tongue, badge
from eventlog.catalogue import catalogue, text
from eventlog.times import to_us

WORDS_CHARS_MAX = 200
_SHAPES = {"over": "high", "soon": "medium", "calm": "low", "done": "safe"}
"""A line's shape and colour, by how it stands with its limit."""


def said(tongue: Tongue, section: str, key: str | None) -> str:
    """A word of the catalogue's `reports`, else the thing itself."""
    if key is None:
        return "–"
    found = f"reports.{section}.{key}"
    return escape(text(found, tongue.language) if found in catalogue() else key)


def pressing(item: dict[str, Any]) -> str:
    """How a report stands with its limit: over, soon, calm or done."""
    if item["state"] == "closed":
        return "done"
    return "over" if item["escalation"] else "soon" if item["reminded"] or item["urgent"] else "calm"


def due(item: dict[str, Any]) -> str:
    """A place that the page fills with the time left, or how long it is over."""
    moment = None if item["state"] == "closed" else item["due_at"]
    if moment is None:
        return '<span class="due"></span>'
    return f'<span class="due" data-us="{to_us(datetime.fromisoformat(moment))}"></span>'


def line(item: dict[str, Any], tongue: Tongue, selected: str) -> str:
    """One report as a line of the list."""
    how = pressing(item)
    state = said(tongue, "state", item["state"])
    many = tongue.word("report.many", count=item["reporters"]) if item["reporters"] > 1 else ""
    similar = tongue.word("report.similar") if item["similar"] and item["state"] != "merged" else ""
    tags = "".join(f'<span class="tag">{each}</span>' for each in (many, similar) if each)
    words = escape((item["text"] or "")[:WORDS_CHARS_MAX])
    ways = " · ".join(
        said(tongue, section, item[section]) for section in ("handling", "way") if item[section]
    )
    on = " selected" if item["id"] == selected else ""
    opened = tongue.time(datetime.fromisoformat(item["opened_at"]))
    return (
        f'<button type="button" class="alert-row report-row is-{_SHAPES[how]}{on}" '
        f'data-report="{escape(item["id"])}">'
        f"{badge(_SHAPES[how], said_plain(tongue, item['category']))}"
        f'<span class="what"><span class="title">{words or said(tongue, "category", item["category"])}{tags}'
        f'</span><span class="where">{place(item, tongue)}<i>·</i>'
        f"{said(tongue, 'channel', item['channel'])}</span></span>"
        f'<span class="when">{due(item)}{opened}</span>'
        f'<span class="how"><span class="state is-{item["state"]}">{state}</span><span>{ways}</span></span>'
        f'<span class="who"><span class="squad">{whose(item, tongue)}</span></span></button>'
    )


def said_plain(tongue: Tongue, category: str) -> str:
    """A category's name, not escaped: for pieces that escape it themselves."""
    found = f"reports.category.{category}"
    return text(found, tongue.language) if found in catalogue() else category


def place(item: dict[str, Any], tongue: Tongue) -> str:
    """Where it is: what was said, and the zone where that says more."""
    zone, where = item["zone"], item["location"]
    if where == zone or zone == item["estate"]:
        return tongue.zone(where)
    return f"{escape(where)}（{tongue.zone(zone)}）"


def whose(item: dict[str, Any], tongue: Tongue) -> str:
    """Who sees to it: the squad, else those concerned."""
    if item["squad"]:
        return tongue.squad(item["squad"])
    between = ", " if tongue.language == "en" else "、"
    named = between.join(said(tongue, "partner", each) for each in item["partners"])
    return named or tongue.word("report.desk")


def lines(items: Sequence[dict[str, Any]], tongue: Tongue, selected: str) -> str:
    """A list of reports."""
    return "".join(line(each, tongue, selected) for each in items)


def head(detail: dict[str, Any], tongue: Tongue) -> str:
    """What it is, and how it stands."""
    how = pressing(detail)
    words = detail["text"]
    said_words = escape(words) if words is not None else tongue.word("detail.hidden")
    state = said(tongue, "state", detail["state"])
    return (
        f'<div class="line">{badge(_SHAPES[how], said_plain(tongue, detail["category"]))}'
        f'<span class="state is-{detail["state"]}">{state}</span>{due(detail)}</div>'
        f'<h2 class="words">{said_words}</h2>'
    )


def facts(detail: dict[str, Any], tongue: Tongue) -> str:
    """What is known of a report, as a table."""

    def moment(name: str) -> str:
        return tongue.date_time(datetime.fromisoformat(detail[name])) if detail[name] else ""

    satisfied = detail["satisfied"]
    answer = "" if satisfied is None else tongue.word(f"report.satisfied_{'yes' if satisfied else 'no'}")
    pairs = [
        ("place", place(detail, tongue)),
        ("reporter", escape(detail["reporter"] or "")),
        ("channel", said(tongue, "channel", detail["channel"])),
        ("handling", said(tongue, "handling", detail["handling"])),
        ("way", said(tongue, "way", detail["way"])),
        ("whose", whose(detail, tongue)),
        ("assignee", escape(detail["assignee"] or "")),
        ("opened_at", moment("opened_at")),
        ("due_at", moment("due_at")),
        ("closed_at", moment("closed_at")),
        ("satisfied", answer),
        ("reopened", str(detail["reopened"] or "")),
        ("version", str(detail["version"])),
    ]
    rows = "".join(
        f"<div><dt>{tongue.word(f'report.{name}')}</dt><dd>{value}</dd></div>"
        for name, value in pairs
        if value
    )
    return f'<dl class="facts">{rows}</dl>'


def others(detail: dict[str, Any], tongue: Tongue) -> str:
    """Reports of the same thing, each with what whoever made it says."""
    if not detail["merged"]:
        return ""
    items = "".join(
        f'<li data-report="{escape(each["id"])}"><span class="at">'
        f"{tongue.time(datetime.fromisoformat(each['opened_at']))}</span>"
        f'<span class="did">{escape(each["text"] or "–")}</span>'
        f'<span class="by">{escape(each["reporter"] or "")} {_answer(each, tongue)}</span></li>'
        for each in detail["merged"]
    )
    return f'<h3>{tongue.word("report.merged")}</h3><ol class="changes merged">{items}</ol>'


def _answer(item: dict[str, Any], tongue: Tongue) -> str:
    if item["satisfied"] is None:
        return said(tongue, "state", item["state"])
    return tongue.word(f"report.satisfied_{'yes' if item['satisfied'] else 'no'}")


def history(detail: dict[str, Any], tongue: Tongue) -> str:
    """What was done about a report, the latest first."""
    items = "".join(_change(each, tongue) for each in reversed(detail["history"]))
    return f'<h3>{tongue.word("detail.history")}</h3><ol class="changes">{items}</ol>'


def _change(change: dict[str, Any], tongue: Tongue) -> str:
    what = said(tongue, "change", change["type"].rpartition(".")[2])
    who = escape(change["by"]) if change["by"] else tongue.word("detail.system")
    via = f" · {tongue.word('via.' + change['via'])}" if change["by"] else ""
    squad = change["type"].endswith("assigned") and change["squad"]
    more = f" <em>{tongue.squad(change['squad'])}</em>" if squad else ""
    note = f'<p class="note">{escape(change["note"])}</p>' if change["note"] else ""
    at = tongue.time(datetime.fromisoformat(change["at"]))
    return (
        f'<li><span class="at">{at}</span><span class="did"><b>{what}</b>{more}</span>'
        f'<span class="by">{who}{via}</span>{note}</li>'
    )
