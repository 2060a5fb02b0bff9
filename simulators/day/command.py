"""`gatehouse simulate day:PRESET[/ESTATE]`: a day of a simulated estate against a system or any broker."""

from __future__ import annotations

import sys
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from eventlog.catalogue import text
from eventlog.times import from_us
from simulators.day.making import make_one
from simulators.day.moments import ZONE_US, midnight_us
from simulators.day.playing import Course, Progress, play, prepare
from simulators.day.truth import Label
from simulators.link import Account
from simulators.publisher import OrderedPublisher
from simulators.watch import AlertWatch

if TYPE_CHECKING:
    from simulators.cli import Environment

PREFIX = "day:"
STATUS_S = 0.5
"""How long a system's retained status is waited for."""
QUIET_S = 2.0
DONE_S_MAX = 120.0
"""How long a system may take to work through what it was sent."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which day is wanted: `on` None is today in real time, else the first date the system's clock has not
    reached."""

    preset: str
    estate: str | None
    on: date | None
    seed: int
    speed: float
    error_scale: float
    incidents: bool = True


def parse(
    name: str, on: str | None, seed: int, speed: float, error_scale: float, incidents: bool = True
) -> Wanted:
    """From the command line. Raises LookupError, ValueError saying what was expected."""
    preset, _, estate = name.removeprefix(PREFIX).partition("/")
    try:
        wanted = date.fromisoformat(on) if on else None
    except ValueError:
        raise ValueError(f"{on!r}: expected a date such as 2026-11-02") from None
    return Wanted(preset, estate or None, wanted, seed, speed, error_scale, incidents)


def run(
    wanted: Wanted, environment: Environment, say: Callable[[str], None], language: str
) -> dict[str, Any]:
    """Plays the day and tells what was alerted: the figures, as `--json` gives them.

    Raises LookupError for an unknown preset or estate, BrokerError, ValueError.
    """
    world = make_one(wanted.preset, wanted.estate, wanted.seed)
    estate = world.estates[0]
    account = environment.gateway_account(estate.id)
    began_s = time.monotonic()
    with AlertWatch(environment.broker_url, account, estate.id, lambda _alert: None) as watch:
        time.sleep(STATUS_S)
        now_us = time.time_ns() // 1_000
        on = wanted.on or _first_day(max(now_us, watch.system.at_us if watch.system else 0), wanted.speed)
        course = prepare(
            world, estate, on, wanted.seed, scale=wanted.error_scale, clocks_off=wanted.speed == 1,
            incidents=wanted.incidents,
        )  # fmt: skip
        registered = environment.register(estate.id, course.registers)
        if not registered:
            say(text("simulate.day.no_registers", language))
        say(text("simulate.day.start", language, estate=estate.id, date=on, count=len(course.sent)))
        done = _play(course, environment.broker_url, account, wanted.speed, say, language)
        _settle(watch, 0 if wanted.speed == 1 else midnight_us(on + timedelta(days=1)))
        raised = Counter(alert.rule for alert in {alert.id: alert for alert in watch.alerts}.values())
        answered = watch.system is not None
    for rule, count in raised.most_common():
        say(text("simulate.day.raised", language, rule=rule, count=count))
    seconds = time.monotonic() - began_s
    say(text("simulate.day.done", language, count=done.sent, seconds=f"{seconds:.1f}"))
    return {
        "estate": estate.id, "date": str(on), "seed": wanted.seed, "sent": done.sent, "seconds": seconds,
        "registered": registered, "answered": answered, "alerts": dict(raised),
        "incidents": sum(not label.harmless for label in course.labels),
        "doubles": sum(label.harmless for label in course.labels),
    }  # fmt: skip


def _play(
    course: Course, url: str, account: Account | None, speed: float, say: Callable[[str], None], language: str
) -> Progress:
    """Through one ordered connection, with a progress bar on a terminal."""
    with (
        OrderedPublisher(url, account, client_id=f"day-{uuid.uuid4().hex[:12]}") as publisher,
        _bar(len(course.sent), language) as on_progress,
    ):
        return play(
            course,
            publisher,
            speed=speed,
            from_us=time.time_ns() // 1_000 if speed == 1 else None,
            on_progress=on_progress,
            on_label=lambda label: say(_line(label, language)),
        )


def _line(label: Label, language: str) -> str:
    """What happens, as it does."""
    key = "simulate.day.harmless" if label.harmless else "simulate.day.incident"
    clock = f"{from_us(label.at_us + ZONE_US):%H:%M:%S}"
    return text(key, language, clock=clock, kind=label.kind, place=label.place, story=label.story)


def _first_day(clock_us: int, speed: float) -> date:
    """Today in real time; else the first date that begins after the clock."""
    today = from_us(clock_us + ZONE_US).date()
    return today if speed == 1 else today + timedelta(days=1)


def _settle(watch: AlertWatch, upto_us: int) -> None:
    """Waits until the system, where there is one, has worked through what it was sent."""
    deadline = time.monotonic() + (DONE_S_MAX if watch.system else QUIET_S)
    while time.monotonic() < deadline:
        system = watch.system
        if system and system.worked_through(upto_us, QUIET_S) and watch.quiet_s >= QUIET_S:
            return
        time.sleep(0.1)


@contextmanager
def _bar(total: int, language: str) -> Iterator[Callable[[Progress], None]]:
    """A progress bar on a terminal, with the estate's clock; nothing elsewhere."""
    if not sys.stderr.isatty():
        yield lambda _progress: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Bar(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task("", total=total)

        def show(progress: Progress) -> None:
            clock = f"{from_us(progress.at_us + ZONE_US):%H:%M}"
            words = text("simulate.day.progress", language, clock=clock)
            bar.update(task, total=progress.total, completed=progress.sent, description=words)

        yield show
