"""Dates and hours of a simulated day as µs, and repeatable randomness by name. Pure.

The simulated estates keep China's time all year, so a local day always has 24 hours.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from hashlib import blake2b
from random import Random

from eventlog.times import from_us, to_us

SECOND_US = 1_000_000
MINUTE_US = 60 * SECOND_US
HOUR_US = 60 * MINUTE_US
DAY_US = 24 * HOUR_US
ZONE_US = 8 * HOUR_US
"""Asia/Shanghai, which has had no summer time since 1991."""


def midnight_us(day: date) -> int:
    """When a local day begins."""
    return to_us(datetime(day.year, day.month, day.day, tzinfo=UTC)) - ZONE_US


def moment_us(day: date, hours: float) -> int:
    """Hours after a local day began; 7.5 is half past seven."""
    return midnight_us(day) + round(hours * HOUR_US)


def local_hours(at_us: int) -> float:
    """The hour of the local day of a moment, 0 to 24."""
    return (at_us + ZONE_US) % DAY_US / HOUR_US


def utc(at_us: int) -> datetime:
    """The moment as vocabulary fields want it."""
    return from_us(at_us)


def chance(*name: object) -> Random:
    """A source of numbers that the same name always gives."""
    return Random("/".join(map(str, name)))


def share(*name: object) -> float:
    """One number from 0 to 1 that the same name always gives; cheaper than `chance`."""
    digest = blake2b("/".join(map(str, name)).encode(), digest_size=6).digest()
    return int.from_bytes(digest, "big") / 0x1_0000_0000_0000
