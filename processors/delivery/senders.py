"""Sends a letter over a channel with apprise, and says what stood against it. Blocking: one thread a channel.

What is said of a failure holds no secret of the channel's address. WeCom's and DingTalk's robots answer 200
also when they refuse, with `errcode` in the body, which apprise 2.3 takes for success: here it is none.
"""

from __future__ import annotations

import logging
import re
from typing import Any

import apprise
import requests
from apprise.plugins import dingtalk, wecombot

from processors.delivery.letters import Letter
from processors.delivery.routes import Channel

ERROR_CHARS_MAX = 300
SECRET_CHARS_MIN = 5
REFUSED = 502
_SERIOUS = frozenset({"WARNING", "ERROR", "CRITICAL"})


class _Answers:
    """`requests` for robots: an answer whose body says that it was refused is no success."""

    def __init__(self) -> None:
        self.codes, self.RequestException = requests.codes, requests.RequestException

    def post(self, *args: Any, **how: Any) -> requests.Response:
        """As `requests.post`."""
        answer = requests.post(*args, **how)  # noqa: S113 the plugins give their timeouts
        try:
            said = answer.json()
        except ValueError:
            return answer
        if answer.ok and isinstance(said, dict) and said.get("errcode"):
            logging.getLogger("apprise").warning("refused: errcode %s", said["errcode"])
            answer.status_code = REFUSED
        return answer


for _plugin in (wecombot, dingtalk):
    _plugin.requests = _Answers()  # type: ignore[attr-defined]


class AppriseSender:
    """Sends over one channel. Raises ValueError for an address that apprise doesn't know."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._apprise = apprise.Apprise(asset=apprise.AppriseAsset(app_id="Gatehouse", async_mode=False))
        if not knows(channel.url) or not self._apprise.add(channel.url):
            raise ValueError(f"channel {channel.name}: apprise knows no such address")
        for plugin in self._apprise:
            plugin.socket_connect_timeout = plugin.socket_read_timeout = channel.timeout_s

    def __call__(self, letter: Letter) -> str | None:
        """Sends; None when the channel took it over, else what it said."""
        try:
            result = self._apprise.notify(
                body=letter.body, title=letter.title, body_format=apprise.NotifyFormat.TEXT
            )
        except Exception as error:  # a plugin's own failure must not end the others' messages
            return self._clean(f"{type(error).__name__}: {error}")
        if result:
            return None
        lines = (line for service in result for line in service.logs())
        told = [line.message for line in lines if line.level in _SERIOUS]
        return self._clean("; ".join(told) or "the channel refused, and did not say why")

    def _clean(self, said: str) -> str:
        for part in sorted(secrets_of(self._channel.url), key=len, reverse=True):
            said = said.replace(part, "***")
        return said[:ERROR_CHARS_MAX]


def secrets_of(url: str) -> set[str]:
    """The parts of an address that may be secret: all that is long enough to be one."""
    rest = url.partition("://")[2]
    return {part for part in re.split(r"[/@:?&=,]", rest) if len(part) >= SECRET_CHARS_MIN}


def knows(url: str) -> bool:
    """Whether apprise can make something of an address."""
    return apprise.Apprise.instantiate(url, suppress_exceptions=True) is not None
