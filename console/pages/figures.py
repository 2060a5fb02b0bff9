"""The page of figures: the score of the desk, its squads, which key zones had eyes on them. Plain HTML.

Rights and figures are those of the API (`console.api.figures`); every text from outside is escaped here.
"""

from __future__ import annotations

from datetime import datetime
from html import escape
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from sqlalchemy import Connection
from starlette.concurrency import run_in_threadpool

from console.api.common import PAGE_MAX
from console.api.figures import DAY_US, coverages, scores
from console.api.patrols import listed, shown
from console.look import asset
from console.pages.frame import FIGURES as PATH
from console.pages.pieces import badge
from console.pages.squads import section
from console.problems import NO_STORE
from console.rights import Right
from console.signin import language_of
from console.state import ConsoleState
from eventlog.catalogue import Language, catalogue, text
from projections.squads import Wanted
from projections.zones import estates, zones

DAYS = (1, 7, 31)
"""The periods that can be chosen; the coverage is shown for the last day of each."""


def install(app: FastAPI) -> None:
    """Adds the page to an app."""
    app.add_api_route(PATH, figures, methods=["GET"], include_in_schema=False)


async def figures(request: Request, estate: str = "", days: int = 1) -> Response:
    """The page, for whoever is signed in."""
    state: ConsoleState = request.app.state.console
    session = await run_in_threadpool(state.sign_in.session, request)
    if session is None:
        return RedirectResponse("/login", status_code=303, headers=NO_STORE)
    if not (session.person.may(Right.ALERTS) and session.person.may(Right.PLACES)):
        return HTMLResponse("", status_code=403, headers=NO_STORE)
    language = language_of(request)
    period = days if days in DAYS else DAYS[0]

    def read() -> str:
        with state.context.views.connect() as connection:
            known = estates(connection, session.person.scope(None))
        row = next((each for each in known if each["estate"] == estate), known[0] if known else None)
        if row is None:
            return _page(language, "", period, _word(language, "none"), "")
        now_us = state.context.log.now_us()
        (found,) = scores(state, session.person, row["estate"], now_us - period * DAY_US, now_us)
        seen = coverages(state, row["estate"], now_us - DAY_US, now_us)
        zone = ZoneInfo(row["time_zone"])
        name = row["name_en" if language == "en" else "name_zh"]
        wanted = Wanted(row["estate"], (), now_us - DAY_US, now_us)
        squads = [shown(each) for each in listed(state, session.person, wanted, PAGE_MAX)]
        with state.context.views.connect() as connection:
            names = _zone_names(connection, row["estate"], language)
        body = (
            _score(found, language) + section(squads, names, language, zone) + _coverage(seen, language, zone)
        )
        return _page(language, row["estate"], period, escape(name), body)

    return HTMLResponse(await run_in_threadpool(read), headers=NO_STORE)


def _zone_names(connection: Connection, estate: str, language: Language) -> dict[str, str]:
    name = "name_en" if language == "en" else "name_zh"
    return {each["zone"]: each[name] for each in zones(connection, estate)}


def _word(language: Language, key: str, **given: object) -> str:
    return escape(text(f"console.figures.{key}", language, **given))


def _page(language: Language, estate: str, period: int, name: str, body: str) -> str:
    def link(days: int) -> str:
        here = ' class="on" aria-current="true"' if days == period else ""
        address = escape(f"{PATH}?{urlencode({'estate': estate, 'days': days})}")
        return f'<a href="{address}"{here}>{_word(language, f"days_{days}")}</a>'

    back = escape(f"/console/{'en' if language == 'en' else ''}?{urlencode({'estate': estate})}")
    title = _word(language, "title")
    return (
        f'<!doctype html><html lang="{language}"><meta charset="utf-8"><title>{title}</title>'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<style>{asset('palette.css')}{asset('pages/figures.css')}</style>"
        f'<header><a href="{back}">‹ {_word(language, "back")}</a><h1>{title}</h1><span>{name}</span>'
        f"<nav>{''.join(map(link, DAYS))}</nav></header><main>{body}</main></html>"
    )


def _score(found: dict[str, Any], language: Language) -> str:
    def word(key: str, **given: object) -> str:
        return _word(language, key, **given)

    each = found["per_operator"]
    floods, stale, reports = found["floods"], found["stale"], found["reports"]
    tiles = [
        (word("mean"), f"{each['mean']:.2f}", word("mean_hint", count=found["operators"])),
        (word("worst"), f"{each['worst']:g}", word("over_ten", share=_share(each["over_ten_share"]))),
        (word("floods"), str(floods["count"]), word("floods_hint", minutes=f"{floods['seconds'] / 60:.0f}")),
        (word("stale"), str(stale["count"]), word("stale_hint")),
        (word("alerts"), str(found["alerts"]), word("held_back", count=found["held_back"])),
        (
            word("reports"),
            f"{reports['closed']} / {reports['opened']}",
            word(
                "reports_hint",
                in_time=_share(reports["in_time_share"]),
                satisfied=_share(reports["satisfied_share"]),
                overdue=reports["overdue"],
            ),
        ),
    ]
    shown = "".join(
        f'<div class="tile"><small>{label}</small><b>{value}</b><small>{hint}</small></div>'
        for label, value, hint in tiles
    )
    return (
        f'<section><h2>{word("score")}</h2><div class="tiles">{shown}</div>{_mix(found, language)}'
        f'<div class="tables">{_times(found, language)}{_rules(found, language)}{_sources(found, language)}'
        "</div></section>"
    )


def _mix(found: dict[str, Any], language: Language) -> str:
    total = sum(found["severities"].values())
    parts = [
        f"{badge(severity, text(f'common.severity.{severity}', language))} "
        f"<b>{count}</b> <small>{_share(count / total if total else None)}</small>"
        for severity, count in reversed(found["severities"].items())
    ]
    return f'<p class="mix">{"".join(f"<span>{part}</span>" for part in parts)}</p>'


def _table(title: str, heads: list[str], rows: list[list[str]], nothing: str) -> str:
    if not rows:
        return f'<div class="table"><h3>{title}</h3><p class="none">{nothing}</p></div>'
    head = "".join(f"<th>{each}</th>" for each in heads)
    body = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>" for row in rows)
    return f'<div class="table"><h3>{title}</h3><table><tr>{head}</tr>{body}</table></div>'


def _times(found: dict[str, Any], language: Language) -> str:
    rows = [
        [_word(language, name), str(each["count"]), _seconds(each["median_s"]), _seconds(each["p90_s"])]
        for name, each in found["times"].items()
    ]
    heads = ["", *(_word(language, name) for name in ("count", "median", "p90"))]
    return _table(_word(language, "times"), heads, rows, "")


def _rules(found: dict[str, Any], language: Language) -> str:
    rows = [
        [
            _rule(each["rule"], language),
            str(each["alerts"]),
            str(each["closed"]),
            str(each["false_alarms"]),
            _share(each["false_share"]),
        ]
        for each in found["rules"]
    ]
    rows += [
        [escape(each["device"]), str(each["alerts"]), str(each["closed"]), str(each["false_alarms"]),
         _share(each["false_share"])]
        for each in found["devices"]
    ]  # fmt: skip
    heads = ["", *(_word(language, name) for name in ("alerts", "closed", "false", "share"))]
    return _table(_word(language, "false_title"), heads, rows, _word(language, "nothing"))


def _sources(found: dict[str, Any], language: Language) -> str:
    rows = [
        [escape(each["source"]), _rule(each["rule"], language), str(each["alerts"]), _share(each["share"])]
        for each in found["top_sources"]
    ]
    heads = ["", "", _word(language, "alerts"), _word(language, "share")]
    nothing = _word(language, "nothing")
    chatter = [[escape(each["device"]), str(each["times"])] for each in found["chatterers"]]
    return _table(_word(language, "sources"), heads, rows, nothing) + _table(
        _word(language, "chatterers"), ["", _word(language, "count")], chatter, nothing
    )


def _rule(rule: str, language: Language) -> str:
    key = f"rules.{rule}.name"
    return escape(text(key, language) if key in catalogue() else rule)


def _share(value: float | None) -> str:
    return "–" if value is None else f"{100 * value:.0f} %"


def _seconds(value: float | None) -> str:
    if value is None:
        return "–"
    if value < 100:
        return f"{value:.0f} s"
    return f"{value / 60:.0f} min" if value < 6_000 else f"{value / 3_600:.0f} h"


def _coverage(zones: list[dict[str, Any]], language: Language, clock: ZoneInfo) -> str:
    title = f"<h2>{_word(language, 'coverage')}</h2><p class=hint>{_word(language, 'coverage_hint')}</p>"
    if not zones or not zones[0]["hours"]:
        return f'<section>{title}<p class="none">{_word(language, "no_key_zones")}</p></section>'
    heads = "".join(f"<th>{_local(hour['hour'], clock)}</th>" for hour in zones[0]["hours"])
    rows = "".join(_zone(zone, language, clock) for zone in zones)
    head = f"<tr><th></th><th>{_word(language, 'unseen')}</th>{heads}</tr>"
    return f'<section>{title}<div class="wide"><table class="hours">{head}{rows}</table></div></section>'


def _zone(zone: dict[str, Any], language: Language, clock: ZoneInfo) -> str:
    name = zone["name"]["en" if language == "en" else "zh"]
    kind = f" <small>{_word(language, 'key_' + zone['key'])}</small>" if zone["key"] else ""
    cells = "".join(_hour(hour, language, clock) for hour in zone["hours"])
    unseen = len(zone["unseen"])
    count = f'<td class="{"bad" if unseen else ""}">{unseen}</td>'
    return f"<tr><th>{escape(name)}{kind}</th>{count}{cells}</tr>"


def _hour(hour: dict[str, Any], language: Language, clock: ZoneInfo) -> str:
    """A mark and a word: ● somebody was there or looked, ○ cameras alone, ✕ nobody and nothing."""
    people = hour["visits"] + hour["positions"] + hour["confirmations"]
    mark, kind = ("●", "people") if people else ("○", "cameras") if hour["eyes"] else ("✕", "nobody")
    said = _word(
        language,
        f"hour_{kind}",
        hour=_local(hour["hour"], clock),
        people=people,
        minutes=f"{hour['camera_s'] / 60:.0f}",
    )
    return f'<td class="{kind}" title="{said}" aria-label="{said}">{mark}</td>'


def _local(moment: str, clock: ZoneInfo) -> str:
    return datetime.fromisoformat(moment).astimezone(clock).strftime("%H")
