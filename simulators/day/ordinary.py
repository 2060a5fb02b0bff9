"""An ordinary day of a simulated estate: what perfect sensors report when nothing is wrong. Pure.

Each date is made by itself, from the world, the estate, the date and the seed; put side by side they fit.
Nothing in it should alert: what does is a false alarm.
"""

from __future__ import annotations

from datetime import date

from eventlog.vocabulary import Event
from simulators.day import guests, patrols, residents, surroundings
from simulators.day.scene import Scene
from simulators.day.truth import Emission
from simulators.day.weather import Weather
from simulators.day.weather import weather as _weather
from simulators.day.world import World


def day(world: World, estate: str, on: date, seed: int) -> list[Emission]:
    """All that perfect sensors report on a local date, in order of time. Raises LookupError for an unknown
    estate."""
    scene = Scene(world.estate(estate), on, seed)
    residents.live(scene)
    guests.come_and_go(scene)
    patrols.walk(scene)
    surroundings.surround(scene)
    return scene.emissions()


def registers(world: World, estate: str, on: date, seed: int) -> list[tuple[int, Event]]:
    """What is registered for that date alone (duty, permits, gatherings, planned work) or no longer holds,
    each with the moment (µs) it is entered, in order. The first ones are entered the evening before."""
    place = world.estate(estate)
    found = [
        *patrols.duties(place, on),
        *guests.permits(place, on, seed),
        *surroundings.planned(place, on, seed),
    ]
    found.sort(key=lambda each: each[0])
    return found


def weather(world: World, estate: str, on: date, seed: int) -> Weather:
    """The weather of a date, which sensors err by."""
    return _weather(world.estate(estate).id, on, seed)
