"""Pieces of HTML, in one language: severities and levels by word, shape and colour; rows; times. Pure.

Every text from outside is escaped here.
"""

from __future__ import annotations

import re
from datetime import datetime
from html import escape
from typing import Any
from zoneinfo import ZoneInfo

from console.pages.board import Snapshot
from eventlog.catalogue import Language, catalogue, say, text
from eventlog.times import from_us, to_us
from eventlog.vocabulary import Alert, Words
from projections.lines import Line

# One shape a severity and a level, so that nobody depends on colour.
_DIAMOND = '<path d="M8 .8 15.2 8 8 15.2.8 8Z"/><path class="cut" d="M7.1 4h1.8l-.3 5H7.4zM7 10.3h2v1.9H7z"/>'
_SHAPES = {
    "critical": _DIAMOND,
    "high": '<path d="M8 1.2 15.4 14.5H.6Z"/>',
    "medium": '<rect x="2" y="2" width="12" height="12" rx="1.5"/>',
    "low": '<circle cx="8" cy="8" r="5.6" class="ring"/>',
    "safe": '<path class="line" d="M2.5 8.5 6.3 12.3 13.8 4"/>',
    "watch": '<circle cx="8" cy="8" r="5.6" class="ring"/><circle cx="8" cy="8" r="2"/>',
    "alert": '<path d="M8 1.2 15.4 14.5H.6Z"/>',
    "danger": _DIAMOND,
    "unknown": '<path class="line" d="M5 5.6A3 3 0 1 1 8 8.8v1.4"/><circle cx="8" cy="13" r="1.2"/>',
}
VALUE_CHARS_MAX = 80
LEVEL_ORDER = {"danger": 0, "alert": 1, "unknown": 2, "watch": 3, "safe": 4}


def _worst_first(zone: dict[str, Any]) -> tuple[int, list[tuple[int, int | str]]]:
    return LEVEL_ORDER.get(zone["level"], 9), _natural(zone["zone"])


def _natural(name: str) -> list[tuple[int, int | str]]:
    """A key that puts building-2 before building-10."""
    return [(0, int(part)) if part.isdigit() else (1, part) for part in re.split(r"(\d+)", name)]


def shape(name: str) -> str:
    """The shape of a severity or a level."""
    return f'<svg class="shape" viewBox="0 0 16 16" aria-hidden="true">{_SHAPES.get(name, "")}</svg>'


def badge(name: str, word: str) -> str:
    """Shape and word, in the colour of the severity or level."""
    return f'<span class="badge is-{name}">{shape(name)}<b>{escape(word)}</b></span>'


class Tongue:
    """The texts of one language on one estate's clock."""

    def __init__(self, language: Language, snapshot: Snapshot) -> None:
        self.language = language
        self._zones = snapshot.zone_names
        self._squads = snapshot.squad_names
        self._clock: ZoneInfo = snapshot.time_zone
        self.names = (language, self._zones, self._squads, self._clock.key)
        """What a line says besides its alert: when equal, the same alert gives the same line."""

    def word(self, key: str, **given: object) -> str:
        """A text of the console, escaped."""
        return escape(text(f"console.{key}", self.language, **given))

    def known(self, section: str, key: str) -> str:
        """A word for a type, a field or a value where the catalogue has one, else the thing itself."""
        found = f"console.{section}.{key}"
        return escape(text(found, self.language) if found in catalogue() else key)

    def kind(self, type_name: str) -> str:
        """The name of a type of event; the catalogue's keys have no dots."""
        key = type_name.replace(".", "_")
        return self.known("event", key) if f"console.event.{key}" in catalogue() else escape(type_name)

    def common(self, key: str) -> str:
        """A word used everywhere, such as `severity.high`."""
        return text(f"common.{key}", self.language)

    def said(self, both: Words) -> str:
        """One of two languages, escaped."""
        return escape(say(both, self.language))

    def _name(self, known: dict[str, dict[str, str]], key: str) -> str:
        names = known.get(key)
        return escape(names["en" if self.language.startswith("en") else "zh"] if names else key)

    def zone(self, zone: str) -> str:
        """A zone's name."""
        return self._name(self._zones, zone)

    def squad(self, squad: str | None) -> str:
        """A squad's name."""
        return self._name(self._squads, squad) if squad else self.word("queue.no_squad")

    def rule(self, rule: str) -> str:
        """A rule's name, where it is written down."""
        key = f"rules.{rule}.name"
        return escape(text(key, self.language) if key in catalogue() else rule)

    def time(self, moment: datetime) -> str:
        """Hour, minute, second on the estate's clock; the day too when it is asked for by the tooltip."""
        local = moment.astimezone(self._clock)
        whole = local.strftime("%Y-%m-%d %H:%M:%S")
        return f'<time title="{whole}" datetime="{local.isoformat()}">{local:%H:%M:%S}</time>'

    def date_time(self, moment: datetime) -> str:
        """Day and time on the estate's clock."""
        return moment.astimezone(self._clock).strftime("%Y-%m-%d %H:%M:%S")

    def age(self, moment: datetime) -> str:
        """A place that the page fills with how long ago that was."""
        return f'<span class="age" data-us="{to_us(moment)}"></span>'


def row(line: Line, tongue: Tongue) -> str:
    """One line of the queue: an alert, or several."""
    alert = line.alert
    when = f"{tongue.time(alert.raised_at)}{tongue.age(alert.raised_at)}"
    return _alone(alert, tongue, when) if line.by is None else _several(line, tongue, when)


def late_row(line: Line, tongue: Tongue) -> str:
    """One late alert: when it happened counts, not when it was told."""
    alert = line.alert
    return _alone(alert, tongue, f"<time>{tongue.date_time(alert.at)}</time>{tongue.age(alert.at)}")


def held_row(line: Line, tongue: Tongue) -> str:
    """One alert in the list of what is held back, with why."""
    alert = line.alert
    why = "shelved" if alert.shelved_until else "behind" if alert.suppressed_by else ""
    tag = f'<span class="tag">{tongue.word(f"held.{why}")}</span>' if why else ""
    return _alone(alert, tongue, f"{tongue.time(alert.raised_at)}{tag}")


def line_title(line: Line, tongue: Tongue) -> str:
    """What a line of several alerts stands for."""
    alert = line.alert
    if line.by == "severity":
        return escape(tongue.common(f"severity.{alert.severity}"))
    if line.by == "episode":
        return tongue.said(alert.title)
    where = f" · {tongue.zone(alert.zone)}" if line.by == "place" else ""
    return f"{tongue.rule(alert.rule)}{where}"


def _several(line: Line, tongue: Tongue, when: str) -> str:
    alert = line.alert
    word = tongue.word
    zones = word("flood.zones", count=line.zones) if line.zones > 1 else tongue.zone(alert.zone)
    waiting = word("flood.waiting", count=line.waiting) if line.waiting else ""
    return (
        f"{badge(alert.severity, tongue.common(f'severity.{alert.severity}'))}"
        f'<span class="what"><span class="title"><b class="several">{line.count}×</b>'
        f"{line_title(line, tongue)}</span>"
        f'<span class="where">{word(f"flood.by_{line.by}")}<i>·</i>{zones}<i>·</i>{tongue.said(alert.title)}'
        "</span></span>"
        f'<span class="when">{when}</span>'
        f'<span class="how"><span class="state">{word("flood.count", count=line.count)}</span>'
        f'<span class="condition">{waiting}</span></span>'
        f'<span class="who"><span class="open-list">›</span></span>'
    )


def flood(snapshot: Snapshot, tongue: Tongue) -> str:
    """That the list is drawn together, since when, why, and how much."""
    now = snapshot.queue.flood
    if now is None:
        return ""
    word = tongue.word
    since = from_us(now.since_us).astimezone(snapshot.time_zone).strftime("%H:%M:%S")
    minutes = f"{now.window_us / 60_000_000:g}"
    why = word("flood.why", since=since, minutes=minutes, limit=now.limit, operators=now.operators)
    lines = sum(line.by is not None for line in snapshot.queue.lines)
    drawn = word("flood.drawn", drawn=now.drawn, lines=lines) if now.drawn else ""
    return (
        f"{shape('high' if now.ended_us is None else 'watch')}"
        f"<span><b>{word('flood.on' if now.ended_us is None else 'flood.over')}</b>"
        f"<small>{why}</small><small>{drawn}</small></span>"
        f'<span class="all">{word("flood.all", count=now.alerts)} ›</span>'
    )


def held_back(snapshot: Snapshot, tongue: Tongue) -> str:
    """How many are hidden behind others, or shelved."""
    queue = snapshot.queue
    if not (queue.suppressed_count or queue.shelved_count):
        return ""
    return tongue.word("held.button", suppressed=queue.suppressed_count, shelved=queue.shelved_count)


def _alone(alert: Alert, tongue: Tongue, when: str) -> str:
    exercise = f'<span class="tag">{tongue.word("queue.exercise")}</span>' if alert.exercise else ""
    condition = tongue.common(f"condition.{alert.condition}")
    return (
        f"{badge(alert.severity, tongue.common(f'severity.{alert.severity}'))}"
        f'<span class="what"><span class="title">{tongue.said(alert.title)}</span>'
        f'<span class="where">{tongue.zone(alert.zone)}<i>·</i>{tongue.rule(alert.rule)}{exercise}</span>'
        "</span>"
        f'<span class="when">{when}</span>'
        f'<span class="how"><span class="state is-{alert.state}">'
        f"{escape(tongue.common(f'state.{alert.state}'))}</span>"
        f'<span class="condition is-{alert.condition}">{escape(condition)}</span></span>'
        f'<span class="who"><span class="squad">{tongue.squad(alert.squad)}</span>'
        f'<span class="evidence">{tongue.word("queue.evidence", count=len(alert.evidence))}</span></span>'
    )


def strip(snapshot: Snapshot, tongue: Tongue, most: int = 24) -> str:
    """The estate's level and its zones', the worst first."""
    level = snapshot.estate["level"]
    count = snapshot.estate["level_zones"]
    at_level = tongue.word("zones.one_at_level") if count == 1 else tongue.word("zones.at_level", count=count)
    parts = [
        f'<div class="overall is-{level}"><span class="label">{tongue.word("zones.overall")}</span>'
        f"{badge(level, tongue.common(f'level.{level}'))}"
        f'<span class="count">{at_level if count else ""}</span></div>'
    ]
    ordered = sorted(
        snapshot.zones, key=lambda zone: (LEVEL_ORDER.get(zone["level"], 9), _natural(zone["zone"]))
    )
    chips = [_chip(zone, tongue) for zone in ordered[:most]]
    rest = ordered[most:]
    if rest:
        worst = tongue.common(f"level.{rest[0]['level']}")
        chips.append(f'<li class="more">{tongue.word("zones.more", count=len(rest), level=worst)}</li>')
    if not chips:
        chips.append(f'<li class="more">{tongue.word("zones.none")}</li>')
    return (
        f'{"".join(parts)}<ul class="zones" aria-label="{tongue.word("zones.title")}">{"".join(chips)}</ul>'
    )


def _chip(zone: dict[str, Any], tongue: Tongue) -> str:
    level = zone["level"]
    word = escape(tongue.common(f"level.{level}"))
    return (
        f'<li class="zone is-{level}">{shape(level)}<span class="name">{tongue.zone(zone["zone"])}</span>'
        f"<b>{word}</b></li>"
    )


def queue_head(snapshot: Snapshot, tongue: Tongue) -> str:
    """The queue's title with its counts by severity."""
    queue = snapshot.queue
    counts = "".join(
        f'<span class="badge is-{severity}">{shape(severity)}<b>{queue.by_severity[severity]}</b>'
        f"<small>{escape(tongue.common(f'severity.{severity}'))}</small></span>"
        for severity in ("critical", "high", "medium", "low")
        if queue.by_severity.get(severity)
    )
    title = tongue.word("queue.title")
    total = f'<span class="total">{queue.open_count}</span>'
    return f'<h2>{title}{total}</h2><div class="counts">{counts}</div>'


def facts(alert: Alert, tongue: Tongue) -> str:
    """What is known of an alert, as a table."""
    pairs = [
        ("zone", tongue.zone(alert.zone)),
        ("state", escape(tongue.common(f"state.{alert.state}"))),
        ("condition", escape(tongue.common(f"condition.{alert.condition}"))),
        ("raised_at", f"{tongue.date_time(alert.raised_at)} {tongue.age(alert.raised_at)}"),
        ("at", tongue.date_time(alert.at)),
        ("squad", tongue.squad(alert.squad)),
        ("assignee", escape(alert.assignee) if alert.assignee else ""),
        ("devices", "<br>".join(map(escape, alert.devices[:8]))),
        ("rule", tongue.rule(alert.rule)),
        (
            "disposition",
            escape(tongue.common(f"disposition.{alert.disposition}")) if alert.disposition else "",
        ),
        ("shelved_until", tongue.date_time(alert.shelved_until) if alert.shelved_until else ""),
        ("version", str(alert.version)),
    ]
    rows = "".join(
        f"<div><dt>{tongue.word(f'detail.{name}')}</dt><dd>{value}</dd></div>"
        for name, value in pairs
        if value
    )
    return f'<dl class="facts">{rows}</dl>'


def evidence(detail: dict[str, Any], tongue: Tongue) -> str:
    """The events that an alert rests on."""
    events = detail["evidence_events"]
    if not events:
        nothing = f'<p class="none">{tongue.word("detail.no_evidence")}</p>'
        return f"<h3>{tongue.word('detail.evidence')}</h3>{nothing}"
    count, shown = len(detail["evidence"]), len(events)
    more = (
        f"<small>{tongue.word('detail.more_evidence', count=count, shown=shown)}</small>"
        if count > shown
        else ""
    )
    items = "".join(_event(event, tongue) for event in events)
    return f"<h3>{tongue.word('detail.evidence')}{more}</h3><ol class=events>{items}</ol>"


def _event(event: dict[str, Any], tongue: Tongue) -> str:
    device = str(event["source"]).rpartition("/")[2]
    data = event.get("data")
    if data is None:
        said = f"<span>{tongue.word('detail.hidden')}</span>"
    else:
        said = "".join(
            f"<span><i>{tongue.known('field', name)}</i> {tongue.known('value', _shown(value))}</span>"
            for name, value in list(data.items())[:8]
            if value is not None
        )
    at = tongue.time(datetime.fromisoformat(event["time"]))
    return (
        f'<li><span class="at">{at}</span><span class="type">{tongue.kind(event["type"])}</span>'
        f'<span class="device">{escape(device)}</span><span class="data">{said}</span></li>'
    )


def history(detail: dict[str, Any], tongue: Tongue) -> str:
    """What was done about an alert, the latest first."""
    items = "".join(_change(change, tongue) for change in reversed(detail["history"]))
    return f"<h3>{tongue.word('detail.history')}</h3><ol class=changes>{items}</ol>"


def _shown(value: object) -> str:
    return str(value)[:VALUE_CHARS_MAX]


def _change(change: dict[str, Any], tongue: Tongue) -> str:
    what = tongue.word(f"change.{change['type'].rpartition('.')[2]}")
    who = escape(change["by"]) if change["by"] else tongue.word("detail.system")
    via = f" · {tongue.word('via.' + change['via'])}" if change["by"] else ""
    more = ""
    if change["type"].endswith("closed") and change["disposition"]:
        more = f" <em>{escape(tongue.common('disposition.' + change['disposition']))}</em>"
    if change["type"].endswith(("assigned", "raised")) and change["squad"]:
        more = f" <em>{tongue.squad(change['squad'])}</em>"
    note = f'<p class="note">{escape(change["note"])}</p>' if change["note"] else ""
    at = tongue.time(datetime.fromisoformat(change["at"]))
    return (
        f'<li><span class="at">{at}</span><span class="did"><b>{what}</b>{more}</span>'
        f'<span class="by">{who}{via}</span>{note}</li>'
    )
