"""Weather and festivals of a simulated estate, by seed and date. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from simulators.day.moments import chance, moment_us, share

RAINY_DAYS = 0.25
STORMY_NIGHTS = 0.08
FESTIVE_SATURDAYS = 0.15
STORM_FROM_H, STORM_UNTIL_H = 21.0, 5.0

HOLIDAYS = frozenset(
    {
        date(2026, 9, 25),
        date(2026, 10, 1),
        date(2027, 2, 5),
        date(2027, 2, 20),
        date(2027, 6, 9),
        date(2027, 9, 15),
        date(2027, 10, 1),
    }
)
"""Mid-autumn, the national day, the eve of the new year, the lanterns, the dragon boats."""

Span = tuple[int, int]
"""From a moment until before another, in µs."""


@dataclass(frozen=True, slots=True)
class Weather:
    """When it rains and when it storms on one date; nothing of either on a fine day."""

    rain: tuple[Span, ...] = ()
    storm: tuple[Span, ...] = ()

    def wet(self, at_us: int) -> bool:
        """Whether it rains or storms at a moment."""
        return any(start <= at_us < end for spans in (self.rain, self.storm) for start, end in spans)


def weather(estate: str, on: date, seed: int) -> Weather:
    """The weather of a date. A stormy night belongs to the evening it begins in."""
    numbers = chance(seed, estate, on, "weather")
    rain: tuple[Span, ...] = ()
    if numbers.random() < RAINY_DAYS:
        start_h = numbers.uniform(5.0, 18.0)
        rain = ((moment_us(on, start_h), moment_us(on, min(24.0, start_h + numbers.uniform(1.0, 6.0)))),)
    storm: list[Span] = []
    if _stormy(estate, on - timedelta(days=1), seed):
        storm.append((moment_us(on, 0.0), moment_us(on, STORM_UNTIL_H)))
    if _stormy(estate, on, seed):
        storm.append((moment_us(on, STORM_FROM_H), moment_us(on, 24.0)))
    return Weather(rain, tuple(storm))


def _stormy(estate: str, evening: date, seed: int) -> bool:
    return share(seed, estate, evening, "storm") < STORMY_NIGHTS


def festive(estate: str, on: date, seed: int) -> bool:
    """Whether a festival is held in the yard on that evening, announced beforehand."""
    return on in HOLIDAYS or (on.weekday() == 5 and share(seed, estate, on, "festival") < FESTIVE_SATURDAYS)


def free_day(on: date) -> bool:
    """Whether offices and schools are closed."""
    return on.weekday() >= 5 or on in HOLIDAYS
