"""The texts of messages to people outside, in the language of their channel, from the catalogue. Pure."""

from __future__ import annotations

from typing import NamedTuple

from eventlog.catalogue import Language, say, text
from eventlog.estate import Estate
from eventlog.vocabulary import Words
from processors.delivery.pending import Pending
from processors.delivery.routes import Channel

ID_CHARS = 8
"""Of an alert's id, enough to find it at the desk."""


class Letter(NamedTuple):
    """What is sent."""

    title: str
    body: str


def letter(message: Pending, channel: Channel, estate: Estate, *, resent: bool) -> Letter:
    """A message in a channel's language, or in both. `resent`: it may have come before."""
    languages: tuple[Language, ...] = ("zh-CN", "en") if channel.language == "both" else (channel.language,)
    parts = [_in(message, estate, language, resent=resent) for language in languages]
    return Letter(" / ".join(each.title for each in parts), "\n\n".join(each.body for each in parts))


def _in(message: Pending, estate: Estate, language: Language, *, resent: bool) -> Letter:
    alert = message.alert
    severity = text(f"common.severity.{alert.severity}", language)
    marks = text("delivery.resent", language) if resent else ""
    title = text("delivery.title", language, marks=marks, severity=severity, title=say(alert.title, language))
    zone = estate.zones.get(alert.zone)
    squads = [estate.squads.get(each) for each in (alert.squad, *alert.support) if each]
    names = [say(each.name, language) for each in squads if each]
    lines = [text(f"delivery.kind.{message.kind}", language)]
    lines.append(_line("where", say(zone.name, language) if zone else alert.zone, language))
    lines.append(_line("when", f"{estate.local(alert.at):%m-%d %H:%M:%S}", language))
    if names and message.recipient not in ("grid_worker",):
        lines.append(_line("squad", text("delivery.and", language).join(names), language))
    lines.append(_line("estate", _estate(estate, language), language))
    if alert.exercise:
        lines.append(text("delivery.exercise_line", language))
    lines.append(text("delivery.mark", language, id=alert.id[:ID_CHARS], version=alert.version))
    return Letter(title, "\n".join(lines))


def _estate(estate: Estate, language: Language) -> str:
    name: Words | None = estate.settings.name if estate.settings else None
    return say(name, language) if name else estate.id


def _line(key: str, value: str, language: Language) -> str:
    return text(f"delivery.{key}", language, value=value)
