"""Who was told of an alert, when and over what, as the detail pane shows it."""

from __future__ import annotations

from datetime import datetime
from html import escape
from typing import Any

from console.pages.pieces import Tongue

SAID_CHARS_MAX = 300


def deliveries(detail: dict[str, Any], tongue: Tongue) -> str:
    """What became of every message about an alert, the latest first."""
    rows = detail["deliveries"]
    if not rows:
        return ""
    items = "".join(_record(row, tongue) for row in reversed(rows))
    return f'<h3>{tongue.word("detail.deliveries")}</h3><ol class="changes told">{items}</ol>'


def _record(row: dict[str, Any], tongue: Tongue) -> str:
    what = tongue.word(f"delivery.{row['what']}")
    again = f" <em>{tongue.word('delivery.resent')}</em>" if row["resent"] else ""
    who = _recipient(row["recipient"], tongue)
    hand = f" · {escape(row['by'])}" if row["by"] else ""
    over = f"{escape(row['channel'])} · " if row["channel"] else ""
    version = tongue.word("delivery.version", version=row["version"])
    attempt = f" · {tongue.word('delivery.attempt', attempt=row['attempt'])}" if row["attempt"] > 1 else ""
    note = f'<p class="note">{_said(row, tongue)}</p>' if row["said"] else ""
    at = tongue.time(datetime.fromisoformat(row["at"]))
    return (
        f'<li><span class="at">{at}</span><span class="did"><b>{what}</b> {who}{hand}{again}</span>'
        f'<span class="by">{over}{version}{attempt}</span>{note}</li>'
    )


def _recipient(recipient: str, tongue: Tongue) -> str:
    kind, _, name = recipient.partition(":")
    if kind == "squad":
        return tongue.squad(name)
    word = tongue.word(f"recipient.{kind}")
    return f"{word} {escape(name)}" if name else word


def _said(row: dict[str, Any], tongue: Tongue) -> str:
    said = str(row["said"])[:SAID_CHARS_MAX]
    section = {"given_up": "reason", "confirmed": "response"}.get(row["what"])
    return tongue.known(section, said) if section else escape(said)
