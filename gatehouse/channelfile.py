"""The file of channels outside: secrets, so only its owner may read it, and nothing here repeats an address.

[channels.guards-wecom]
url = "wecombot://KEY"            # an address of apprise, or "env:NAME" of the environment

[[recipients]]
kind = "squad"                    # squad, person, outside, grid_worker, duress
name = "squad-1"
channels = ["guards-wecom", "guards-sms"]   # tried in this order
"""

from __future__ import annotations

import os
import stat
import tomllib
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from eventlog.catalogue import text
from eventlog.vocabulary import Severity
from processors.delivery.routes import Channel, Entry, Kind, Routes

ENVIRONMENT = "env:"
CHANNELS_MAX = 50
RECIPIENTS_MAX = 2_000


class ChannelFileError(Exception):
    """Channels that can't be used; each line names the place, the value and what was expected."""


class _Channel(BaseModel):
    model_config = ConfigDict(extra="forbid")

    url: str = Field(min_length=1)
    language: Literal["zh-CN", "en", "both"] | None = None
    timeout_s: float = Field(10.0, ge=0.1, le=120)
    exercises: bool = False


class _Recipient(BaseModel):
    model_config = ConfigDict(extra="forbid")

    kind: Kind
    name: str = ""
    estate: str = ""
    channels: list[str] = Field(min_length=1, max_length=10)
    severity_from: Severity = "low"
    with_squad: bool = False
    zones: list[str] = Field(default_factory=list)


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid")

    channels: dict[str, _Channel] = Field(max_length=CHANNELS_MAX)
    recipients: list[_Recipient] = Field(max_length=RECIPIENTS_MAX)


def load_channels(path: Path, language: str) -> Routes:
    """The channels and recipients of a file. Raises ChannelFileError, in the language given."""
    try:
        if path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
            raise ChannelFileError(text("up.channels.readable", language, path=path))
        found = tomllib.loads(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ChannelFileError(text("cli.setting.file", language, path=path, what=error)) from error
    try:
        read = _File.model_validate(found)
    except ValidationError as error:
        lines = [
            _line(path, ".".join(map(str, each["loc"])), each["input"], each["msg"], language)
            for each in error.errors(include_url=False)
        ]
        raise ChannelFileError("\n".join(lines)) from error
    problems = _problems(path, read, language)
    if problems:
        raise ChannelFileError("\n".join(problems))
    channels = {name: _channel(name, each, language) for name, each in read.channels.items()}
    return Routes(channels, tuple(_entry(each) for each in read.recipients))


def _problems(path: Path, read: _File, language: str) -> list[str]:
    from processors.delivery.senders import knows

    found: list[str] = []
    for name, channel in read.channels.items():
        if not knows(_url(channel.url)):
            shown = channel.url if channel.url.startswith(ENVIRONMENT) else _scheme(channel.url)
            expected = text("up.channels.address", language)
            found.append(_line(path, f"channels.{name}.url", shown, expected, language))
    for place, each in enumerate(read.recipients):
        where = f"recipients.{place}"
        for missing in (name for name in each.channels if name not in read.channels):
            known = text("cli.setting.one_of", language, expected=", ".join(read.channels) or "–")
            found.append(_line(path, f"{where}.channels", missing, known, language))
        if each.with_squad and each.kind != "person":
            only = text("up.channels.person", language)
            found.append(_line(path, f"{where}.with_squad", True, only, language))
    return found


def _line(path: Path, place: str, value: Any, what: str, language: str) -> str:
    # A value below `channels` may be a secret, whatever is wrong with it; an address was cut before.
    plain = isinstance(value, str | int | float) and not (
        place.startswith("channels.") and not place.endswith(".url")
    )
    shown = repr(value) if plain else "…"
    return text("up.channels.bad", language, path=path, place=place, value=shown, what=what)


def _scheme(url: str) -> str:
    scheme, found, _ = url.partition("://")
    return f"{scheme}://…" if found else "…"


def _url(said: str) -> str:
    return os.environ.get(said.removeprefix(ENVIRONMENT), "") if said.startswith(ENVIRONMENT) else said


def _channel(name: str, each: _Channel, language: str) -> Channel:
    chosen: Any = each.language or ("en" if language.startswith("en") else "zh-CN")
    return Channel(name, _url(each.url), chosen, each.timeout_s, each.exercises)


def _entry(each: _Recipient) -> Entry:
    return Entry(
        kind=each.kind,
        channels=tuple(each.channels),
        name=each.name,
        estate=each.estate,
        severity_from=each.severity_from,
        with_squad=each.with_squad,
        zones=frozenset(each.zones),
    )
