"""Runs a scenario against a system and judges what it alerts, as an outsider: over MQTT only.

Real time (speed 1): one connection a device, the wall's clock. Faster: one ordered connection with the
gateway's account, and the estate's time told along the way, so the system must run with `--time events`.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from zoneinfo import ZoneInfo

from eventlog.catalogue import DEFAULT_LANGUAGE
from eventlog.times import from_us, to_us
from eventlog.vocabulary import Alert, Event
from simulators.faults import Faults
from simulators.link import Account, Credentials, DeviceLinks, Link, SharedLink
from simulators.publisher import OrderedPublisher
from simulators.scenarios.model import Scenario, What, WhichReport
from simulators.scenarios.overlay import events_of
from simulators.stage import Clock, PacedClock, Stage, WallClock
from simulators.telling import OnLine, Teller, silence
from simulators.verdict import Verdict, first_fitting, judge, last_fitting
from simulators.watch import AlertWatch

GRACE_S = 15.0
"""How long after the scenario's end a missing alert is waited for."""
QUIET_S = 2.0
"""How long no alert must have come before the verdict."""

ANSWER_S = 15.0
"""How long a phone waits for the alert that it is to answer."""

LayOver = Callable[[str, Sequence[Event]], Callable[[], None]]
"""Brings registry events into an estate's registers; what it gives back puts them as they were. Raises
ValueError where there is no way to."""


def no_way(_estate: str, _events: Sequence[Event]) -> Callable[[], None]:
    """Where only a broker is known."""
    raise ValueError(
        "this scenario changes the registers, which takes the system itself, not only its broker"
    )


def first_moment(scenario: Scenario, earliest_us: int) -> int:
    """When a run faster than real time starts: the scenario's hour of the estate's day, at or after the given
    moment; the next whole second where it names none."""
    local = from_us(earliest_us).astimezone(ZoneInfo(scenario.estate.time_zone))
    whole = local.replace(microsecond=0) + timedelta(seconds=1)
    if scenario.starts is None:
        return to_us(whole)
    hour, minute = map(int, scenario.starts.split(":"))
    start = whole.replace(hour=hour, minute=minute, second=0)
    return to_us(start if start >= local else start + timedelta(days=1))


def simulate(
    scenario: Scenario,
    *,
    broker_url: str,
    speed: float = 1.0,
    seed: int = 0,
    credentials: Credentials | None = None,
    gateway: Account | None = None,
    faults: Faults | None = None,
    on_line: OnLine = silence,
    language: str = DEFAULT_LANGUAGE,
    grace_s: float | None = None,
    quiet_s: float = QUIET_S,
    lay_over: LayOver = no_way,
) -> Verdict:
    """Plays a scenario and judges it. `speed` 1 is real time, 0 as fast as possible. Without accounts it
    connects without user and password. Raises BrokerError, ValueError for a bad address, and where the
    scenario changes the registers and there is no way to."""
    grace_s = GRACE_S if grace_s is None else grace_s
    teller = Teller(scenario, language, on_line)
    start_us = _now_us()
    overlay = _Overlay(scenario, lay_over)
    with (
        AlertWatch(
            broker_url, gateway, scenario.estate.id, lambda alert: teller.alert(alert, start_us)
        ) as watch,
        overlay,
    ):
        _await_retained(watch)
        if speed != 1:
            start_us = first_moment(scenario, max(start_us, watch.system.at_us if watch.system else 0))
        with _way(broker_url, speed, start_us, credentials, gateway) as (link, clock):
            run = _run_id(scenario, seed, start_us)
            finds = _finder(watch), _report_finder(watch)
            stage = Stage(scenario, link, clock, run=run, faults=faults, find=finds)
            began_us = _perform(stage, start_us, teller, speed, overlay)
            if speed == 1:
                start_us = began_us
                stage.close()
        done_us = start_us + scenario.length_us if speed != 1 else None
        verdict = _await_verdict(scenario, start_us, watch, stage, grace_s, quiet_s, done_us)
        if done_us is not None and watch.system and watch.system.at_us < done_us:
            teller.say("clock")
    teller.dropped(stage)
    teller.unanswerable(stage)
    teller.verdict(verdict, start_us)
    return verdict


@contextmanager
def _way(
    broker_url: str, speed: float, start_us: int, credentials: Credentials | None, gateway: Account | None
) -> Iterator[tuple[Link, Clock]]:
    """How the devices reach the broker, and their clock: each by itself in real time, else in one order."""
    if speed == 1:
        yield DeviceLinks(broker_url, credentials), WallClock()
        return
    with OrderedPublisher(broker_url, gateway, client_id=f"simulate-{uuid.uuid4().hex[:12]}") as way:
        yield SharedLink(way.publish, settle=way.flush), PacedClock(start_us, speed, way.pump)


class _Overlay:
    """The scenario's changes of the registers, put back at the end. A context manager."""

    def __init__(self, scenario: Scenario, lay_over: LayOver) -> None:
        self._scenario, self._lay_over = scenario, lay_over
        self._undo: Callable[[], None] = lambda: None

    def __enter__(self) -> _Overlay:
        return self

    def lay(self, start_us: int) -> None:
        """Brings them in. Raises ValueError."""
        events = events_of(self._scenario, start_us)
        if events:
            self._undo = self._lay_over(self._scenario.estate.id, events)

    def __exit__(self, *_: object) -> None:
        self._undo()


def _finder(watch: AlertWatch) -> Callable[[What, int], str | None]:
    """Looks for an alert among those that came, and waits for it, `ANSWER_S` at most."""

    def find(what: What, since_us: int) -> str | None:
        deadline = time.monotonic() + ANSWER_S
        while True:
            found: Alert | None = last_fitting(what, watch.alerts, since_us)
            if found is not None or time.monotonic() > deadline:
                return found.id if found else None
            time.sleep(0.02)

    return find


def _report_finder(watch: AlertWatch) -> Callable[[WhichReport, int], str | None]:
    """Looks for a report among those that were told of, and waits for it, `ANSWER_S` at most."""

    def find(which: WhichReport, since_us: int) -> str | None:
        deadline = time.monotonic() + ANSWER_S
        while True:
            fresh = [each for each in watch.told if to_us(each.report.opened_at) >= since_us]
            found = first_fitting(which, fresh)
            if found or time.monotonic() > deadline:
                return found[0] if found else None
            time.sleep(0.02)

    return find


def _perform(stage: Stage, start_us: int, teller: Teller, speed: float, overlay: _Overlay) -> int:
    """Prepares and plays; the moment the time line started. In real time that is once all are connected."""
    try:
        stage.prepare(start_us)
        start_us = stage.clock.now_us()
        overlay.lay(start_us)
        teller.start(start_us, speed)
        stage.play(start_us)
    except BaseException:
        stage.close()
        raise
    return start_us


def _await_verdict(
    scenario: Scenario,
    start_us: int,
    watch: AlertWatch,
    stage: Stage,
    grace_s: float,
    quiet_s: float,
    done_us: int | None,
) -> Verdict:
    """The verdict once it is good and nothing more has come for a while, or when the grace is over.

    A system that tells its status has worked through everything when its clock has reached `done_us`.
    """
    ended_s = time.monotonic()
    sent = stage.sent.keys()
    while True:
        system = watch.system
        verdict = judge(scenario, start_us, watch.alerts, sent=sent, told=watch.told)
        verdict = replace(verdict, answered=system is not None, unanswerable=len(stage.unanswerable))
        past_s = time.monotonic() - ended_s
        worked = done_us is None or system is None or system.worked_through(done_us, quiet_s)
        settled = past_s >= quiet_s and watch.quiet_s >= quiet_s
        if settled and ((verdict.ok and worked) or past_s >= grace_s):
            return verdict
        if past_s >= grace_s + 60.0:
            return verdict
        time.sleep(0.05)


def _await_retained(watch: AlertWatch) -> None:
    """Gives the broker a moment to hand over the system's retained status."""
    deadline = time.monotonic() + 0.5
    while watch.system is None and time.monotonic() < deadline:
        time.sleep(0.02)


def _run_id(scenario: Scenario, seed: int, start_us: int) -> str:
    return f"{seed}/{scenario.title.en}/{start_us}"


def _now_us() -> int:
    return time.time_ns() // 1_000
