"""The squads on the page of figures: who is on duty, where each was last seen, the round under way. Plain
HTML; every text from outside is escaped here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from html import escape
from typing import Any
from zoneinfo import ZoneInfo

from eventlog.catalogue import Language, text


def section(
    squads: Sequence[dict[str, Any]], zones: Mapping[str, str], language: Language, clock: ZoneInfo
) -> str:
    """A table of squads as `GET patrols` gives them; `zones` has the names of zones."""
    title = f"<h2>{_word(language, 'squads')}</h2>"
    if not squads:
        return f'<section>{title}<p class="none">{_word(language, "nothing")}</p></section>'
    heads = "".join(
        f"<th>{_word(language, each)}</th>"
        for each in ("squad", "on_duty", "last_seen", "in_hand", "round", "rounds_over")
    )
    rows = "".join(f"<tr>{_cells(each, zones, language, clock)}</tr>" for each in squads)
    return f'<section>{title}<div class="wide"><table><tr>{heads}</tr>{rows}</table></div></section>'


def _word(language: Language, key: str, **given: object) -> str:
    return escape(text(f"console.figures.{key}", language, **given))


def _cells(squad: dict[str, Any], zones: Mapping[str, str], language: Language, clock: ZoneInfo) -> str:
    name = squad["name"]["en" if language == "en" else "zh"]
    on_duty = [
        each["member"] for each in squad["members"] if each["on_duty"] and each["member"] != squad["leader"]
    ]
    led = [f"{escape(squad['leader'])} ({_word(language, 'leader')})"] if squad["leader"] else []
    people = ", ".join([*led, *map(escape, on_duty)]) or _word(language, "nobody")
    missed = sum(point["outcome"] == "absent" for each in squad["rounds"] for point in each["points"])
    over = _word(language, "rounds_missed", count=squad["rounds_count"], missed=missed)
    alerts = "–" if squad["alerts_count"] is None else str(squad["alerts_count"])
    under_way = "<br>".join(_round(each, language, clock) for each in squad["under_way"]) or "–"
    cells = (escape(name), people, _seen(squad["last_seen"], zones, clock), alerts, under_way, over)
    return "".join(f"<td>{each}</td>" for each in cells)


def _seen(sight: dict[str, Any] | None, zones: Mapping[str, str], clock: ZoneInfo) -> str:
    if sight is None:
        return "–"
    place = zones.get(sight["zone"], sight["zone"]) or sight["checkpoint"]
    return f"{escape(place)} <small>{_local(sight['seen'], clock)}</small>"


def _round(each: dict[str, Any], language: Language, clock: ZoneInfo) -> str:
    done = sum(point["outcome"] is not None for point in each["points"])
    state = _word(language, f"round_{each['state']}")
    due = f" → {_local(each['due'], clock)}" if each["due"] else ""
    return f"{escape(each['plan'])}: {state} {done}/{len(each['points'])}<small>{due}</small>"


def _local(moment: str, clock: ZoneInfo) -> str:
    return datetime.fromisoformat(moment).astimezone(clock).strftime("%m-%d %H:%M")
