"""The decider on a log: crashes between any two steps, time that it tells itself, standby."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from eventlog import codec
from eventlog.memory import MemoryLog
from eventlog.ports import LogUnavailableError, NewEvent
from eventlog.sql import open_log
from eventlog.times import to_us
from eventlog.vocabulary import OUTPUT_TYPES, AccessDenied, DoorClosed, DoorOpened, TimeReached
from processors.runners.embedded import READER, EmbeddedRunner, owner_of, replay
from tests.processors.estate import NAME, REGISTERS
from tests.processors.live import ALL_RULES, Live
from tests.processors.story import NOON
from tests.support.waiting import wait_until


class CrashError(Exception):
    """What a test throws into a runner."""


class BrittleLog(MemoryLog):
    """Fails at a chosen call of the transaction: before it, inside it, or at its commit."""

    fail_at = ""

    @contextmanager
    def transaction(self, *, under: Any = None) -> Iterator[Any]:
        if self.fail_at == "begin":
            raise CrashError
        with super().transaction(under=under) as inner:
            yield _Brittle(inner, self)
            if self.fail_at == "commit":
                raise CrashError


class _Brittle:
    def __init__(self, inner: Any, log: BrittleLog) -> None:
        self._inner, self._log = inner, log

    def __getattr__(self, name: str) -> Any:
        if self._log.fail_at == name:
            raise CrashError
        return getattr(self._inner, name)


POINTS = ("begin", "save_state", "append", "move", "commit")


@pytest.mark.parametrize("point", POINTS)
def test_a_crash_at_any_point_changes_nothing_and_the_repeat_is_the_same(point: str) -> None:
    calm = Live()
    calm.burst()
    live = Live()
    log = live.log
    brittle = BrittleLog(clock=lambda: to_us(live.now))
    for entry in log.read(after=0, limit=1_000):
        if entry.type not in ("safety.changed", "threat_level.changed"):
            brittle.append([_again(entry)])
    live.log, live.runner = brittle, EmbeddedRunner(brittle)
    live.run()
    for card in "abc":
        live.say(
            AccessDenied(door="building-3", credential=card, method="card", direction="in", reason="unknown")
        )
    before = (brittle.head(), brittle.position(READER), brittle.load_state(owner_of(NAME)))
    brittle.fail_at = point
    with pytest.raises(CrashError):
        live.run()
    assert (brittle.head(), brittle.position(READER), brittle.load_state(owner_of(NAME))) == before
    brittle.fail_at = ""
    live.run()
    types = [entry.type for entry in live.outputs()]
    assert types.count("alert.raised") == 1
    assert live.replayed() == live.told()
    assert brittle.position(READER) == brittle.head()


def _again(entry: Any) -> Any:
    return codec.make(entry.event, estate=NAME, source=entry.source, event_id=entry.id, at=entry.occurred_at)


@pytest.mark.parametrize("batch", [1, 2, 3, 7, 2_000])
def test_the_size_of_a_batch_changes_nothing(batch: int) -> None:
    live, whole = Live(batch=batch), Live()
    for each in (live, whole):
        each.open()
        each.after(seconds=40)
        each.burst()
        each.after(minutes=20)
    assert live.told() == whole.told()


def test_outputs_are_never_read_back() -> None:
    live = Live()
    live.burst()
    made = live.outputs()
    live.log.append(
        [codec.make(e.event, estate=NAME, source="again", event_id=e.id, at=e.occurred_at) for e in made]
    )
    head = live.log.head()
    live.run()
    assert live.log.head() == head
    assert len(live.outputs()) == 2 * len(made)


def test_when_a_wake_up_is_due_and_all_is_quiet_the_time_is_told_once() -> None:
    live = Live()
    live.open()
    live.after(seconds=31)
    assert not [e for e in live.log.read(after=0, limit=1_000) if e.type == TimeReached.TYPE]
    live.after(seconds=1)
    told = [e for e in live.log.read(after=0, limit=1_000) if e.type == TimeReached.TYPE]
    assert [(e.event.at, e.source) for e in told] == [
        (NOON + timedelta(seconds=32), f"estates/{NAME}/gatehouse")
    ]  # type: ignore[attr-defined]
    assert live.alert().raised_at == NOON + timedelta(seconds=32)


def test_on_a_clock_that_follows_the_events_no_time_is_told() -> None:
    log = MemoryLog(time_mode="events")
    runner = EmbeddedRunner(log, time_mode="events")
    for number, event in enumerate((*REGISTERS, *ALL_RULES, DoorOpened(door="building-3"))):
        log.append(
            [codec.make(event, estate=NAME, source="estates/x/access/d", event_id=str(number), at=NOON)]
        )
    while runner.run_once():
        pass
    assert log.read_back(limit=1)[0].type != "alert.raised"
    at = NOON + timedelta(minutes=5)
    log.append([codec.make(TimeReached(at=at), estate=NAME, source="player", event_id="t", at=at)])
    while runner.run_once():
        pass
    raised: Any = [e for e in log.read(after=0, limit=1_000) if e.type == "alert.raised"]
    assert [e.event.alert.rule for e in raised] == ["door_forced", "door_held_open"]
    assert raised[0].event.alert.raised_at == NOON + timedelta(seconds=2)


def test_a_restart_goes_on_where_it_was() -> None:
    live, steady = Live(), Live()
    for each in (live, steady):
        each.open()
        if each is live:
            each.runner = EmbeddedRunner(each.log)
        each.after(seconds=40)
        each.burst()
        if each is live:
            each.runner = EmbeddedRunner(each.log)
        each.after(minutes=30)
        each.say(DoorClosed(door="building-3"))
        each.run()
    assert live.told() == steady.told()


def test_replay_up_to_a_position() -> None:
    live = Live()
    live.burst()
    raised = next(e for e in live.outputs() if e.type == "signal.raised")
    made: list[Any] = []
    replay(live.log, made.extend, upto=raised.position - 2)
    assert "alert.raised" not in {each.type for each in made}


def test_several_estates_keep_to_themselves() -> None:
    live = Live()
    live.burst()
    other = AccessDenied(door="building-3", credential="q", method="card", direction="in", reason="unknown")
    for number in range(3):
        live.log.append(
            [
                codec.make(
                    other,
                    estate="elsewhere",
                    source="estates/elsewhere/access/d",
                    event_id=str(number),
                    at=live.now,
                )
            ]
        )
    live.run()
    assert {entry.estate for entry in live.outputs()} == {NAME}


class AwayLog(MemoryLog):
    """A log whose store is away for a while."""

    away = 0

    def read(self, **how: Any) -> Any:
        if self.away:
            self.away -= 1
            raise LogUnavailableError("the database is locked")
        return super().read(**how)


def test_it_runs_by_itself_through_a_log_that_is_away_and_stops(tmp_path: Path) -> None:
    log = AwayLog()
    log.append(
        [
            codec.make(e, estate=NAME, source="f", event_id=f"r{n}", at=NOON)
            for n, e in enumerate((*REGISTERS, *ALL_RULES))
        ]
    )
    log.away = 2
    stop = threading.Event()
    thread = threading.Thread(target=EmbeddedRunner(log).run, args=(stop,))
    thread.start()
    try:
        for card in "abc":
            denied = AccessDenied(
                door="building-3", credential=card, method="card", direction="in", reason="unknown"
            )
            log.append([codec.make(denied, estate=NAME, source="estates/x/access/d", event_id=card, at=NOON)])
        wait_until(lambda: any(e.type == "alert.raised" for e in log.read_back(limit=20)), what="an alert")
    finally:
        stop.set()
        thread.join(10)
    assert not thread.is_alive()


class LosesWrites(MemoryLog):
    """A log where some transactions of the decider fail at their end, as where the disk is full; `most`: how
    many of them were under way at once."""

    inside = begun = most = 0

    @contextmanager
    def transaction(self, *, under: Any = None) -> Iterator[Any]:
        if under is None:
            with super().transaction() as transaction:
                yield transaction
            return
        self.inside += 1
        self.begun += 1
        self.most = max(self.most, self.inside)
        lost = self.begun in {2, 3, 7}
        try:
            with super().transaction(under=under) as transaction:
                yield transaction
                if lost:
                    raise LogUnavailableError("the disk is full")
        finally:
            self.inside -= 1


def test_outputs_that_are_lost_while_it_is_behind_are_made_again_and_in_order() -> None:
    log = LosesWrites()
    for number, event in enumerate((*REGISTERS, *ALL_RULES)):
        log.append([codec.make(event, estate=NAME, source="f", event_id=f"r{number}", at=NOON)])
    for number in range(120):
        denied = AccessDenied(
            door=f"building-{3 + number // 3 % 2}", credential=f"c{number}", method="card", direction="in",
            reason="unknown",
        )  # fmt: skip
        at = NOON + timedelta(seconds=20 * number // 3)
        log.append(
            [codec.make(denied, estate=NAME, source="estates/x/access/d", event_id=f"d{number}", at=at)]
        )
    inputs = log.head()
    stop = threading.Event()
    thread = threading.Thread(target=EmbeddedRunner(log, batch=5).run, args=(stop,))
    thread.start()
    try:
        wait_until(lambda: log.position(READER) >= inputs, timeout_s=60, what="all is decided")
    finally:
        stop.set()
        thread.join(10)
    calm: list[NewEvent] = []
    replay(log, calm.extend, inputs)
    told = [e for e in log.read(after=0, limit=10_000) if e.type in OUTPUT_TYPES]
    assert [(e.id, e.body) for e in told][: len(calm)] == [(e.id, e.body) for e in calm]
    assert sum(e.type == "alert.raised" for e in told) > 1
    assert log.begun > 6
    assert log.most == 1


def test_a_second_decider_stands_by_and_takes_over(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/gatehouse.db"
    stops = [threading.Event(), threading.Event()]
    logs = [open_log(url), open_log(url)]
    logs[0].append(
        [
            codec.make(e, estate=NAME, source="f", event_id=f"r{n}", at=NOON)
            for n, e in enumerate((*REGISTERS, *ALL_RULES))
        ]
    )
    threads = [
        threading.Thread(target=EmbeddedRunner(log).run, args=(stop,))
        for log, stop in zip(logs, stops, strict=True)
    ]
    threads[0].start()
    wait_until(lambda: logs[0].position(READER) == logs[0].head() > 30, what="the first decides")
    threads[1].start()
    try:
        stops[0].set()
        threads[0].join(10)
        for card in "abc":
            denied = AccessDenied(
                door="building-3", credential=card, method="card", direction="in", reason="unknown"
            )
            logs[0].append(
                [codec.make(denied, estate=NAME, source="estates/x/access/d", event_id=card, at=NOON)]
            )
        wait_until(
            lambda: [e.type for e in logs[0].read_back(limit=50)].count("alert.raised") == 1,
            what="the second decides",
        )
    finally:
        for stop in stops:
            stop.set()
        for thread in threads:
            thread.join(10)
        for log in logs:
            log.close()
