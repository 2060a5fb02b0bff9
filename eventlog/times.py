"""Time in one form: aware UTC datetimes in the code, whole microseconds since 1970 in the log.

No clock is read here; clocks are passed in.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def to_us(moment: datetime) -> int:
    """Whole microseconds since 1970-01-01 UTC of an aware datetime."""
    since = moment - EPOCH
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds


def from_us(us: int) -> datetime:
    """The aware UTC datetime of whole microseconds since 1970-01-01."""
    return EPOCH + timedelta(microseconds=us)


def iso(moment: datetime) -> str:
    """RFC 3339 in UTC with microseconds and a Z, as our own events are written."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds").removesuffix("+00:00") + "Z"
