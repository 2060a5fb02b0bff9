"""Moments as people write them in files: with an offset or on the estate's clock, or only a date. Pure.

`2026-11-22T08:00`, `2026-11-22 08:00:00+08:00`, `2026/11/22`, `20261122`, `2026年11月22日`.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from functools import cache
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from pydantic import BeforeValidator
from pydantic_core import PydanticCustomError

_DATE = re.compile(r"(\d{4})(?:-|/|\.|年)(\d{1,2})(?:-|/|\.|月)(\d{1,2})日?|(\d{4})(\d{2})(\d{2})")
_YEARS = range(1900, 2200)


def _read(value: Any, *, whole_day: bool) -> Any:
    if value is None or isinstance(value, datetime):
        return value
    try:
        moment, has_clock = _parse(str(value).strip())
    except ValueError as error:
        raise PydanticCustomError("moment", "expected a date or a moment") from error
    return moment + timedelta(days=1) if whole_day and not has_clock else moment


def _parse(text: str) -> tuple[datetime, bool]:
    """The moment, and whether it names a time of day. Raises ValueError."""
    date = _DATE.match(text)
    if date is None:
        raise ValueError(text)
    year, month, day = (int(part) for part in date.groups() if part)
    if year not in _YEARS:
        raise ValueError(text)
    rest = text[date.end() :].strip().removeprefix("T")
    clock = f"T{_clock(rest)}" if rest else ""
    return datetime.fromisoformat(f"{year:04}-{month:02}-{day:02}{clock}"), bool(rest)


def _clock(text: str) -> str:
    """`8:05` as `08:05`."""
    return text if text[1:2].isdigit() else f"0{text}"


From = Annotated[datetime, BeforeValidator(lambda value: _read(value, whole_day=False))]
"""A moment from which something holds; a date alone is its beginning."""
Until = Annotated[datetime, BeforeValidator(lambda value: _read(value, whole_day=True))]
"""A moment until which something holds; a date alone counts to its end."""


@cache
def zone_info(name: str) -> ZoneInfo:
    """The time zone of a name; UTC where there is no such one, which the checks tell."""
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return ZoneInfo("UTC")


def on_clock(value: datetime | None, zone: ZoneInfo) -> datetime | None:
    """Without an offset, a time on the estate's clock."""
    return value if value is None or value.tzinfo else value.replace(tzinfo=zone)
