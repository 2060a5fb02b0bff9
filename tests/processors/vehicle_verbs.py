"""The verbs of stories for barriers, help buttons and visitors' vehicles. `tests.processors.story` has the
rest. Ends of permits (`until=`) are counted from noon."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from eventlog.vocabulary import (
    BarrierClosed,
    BarrierOpened,
    Event,
    HelpPressed,
    VehicleRemoved,
    VehicleSet,
    VisitorSet,
)

_NOON = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)


def vehicle_verbs(subject: str, rest: list[str], options: dict[str, str]) -> dict[str, Callable[[], Event]]:
    """The event that each verb makes: `subject verb rest… name=value…`. A permit of a visitor `brings` a
    plate; a plate is `registered` in groups, or `unregistered`."""
    first = rest[0] if rest else None
    return {
        "rises": lambda: BarrierOpened(lane=subject, by=options.get("by")),  # type: ignore[arg-type]
        "lowers": lambda: BarrierClosed(lane=subject),
        "pressed": lambda: HelpPressed(location=first or subject),
        "brings": lambda: VisitorSet(visitor=subject, plate=first, valid_until=_until(options)),
        "registered": lambda: VehicleSet(plate=subject, groups=tuple(rest), valid_until=_until(options)),
        "unregistered": lambda: VehicleRemoved(plate=subject),
    }


def _until(options: dict[str, str]) -> datetime | None:
    if "until" not in options:
        return None
    hours, minutes, seconds = (float(part) for part in f"0:{options['until']}".split(":")[-3:])
    return _NOON + timedelta(hours=hours, minutes=minutes, seconds=seconds)
