"""Gatehouse tells of itself: when something changed, else now and then; and the rule raises the alarm."""

from __future__ import annotations

import json
import threading
from pathlib import Path

import pytest

from eventlog.memory import MemoryLog
from eventlog.ports import Reject
from eventlog.times import to_us
from eventlog.vocabulary import SignalRaised, SystemVitals
from gatehouse import selfwatch
from gatehouse.selfwatch import SAY_EVERY_S, SelfWatch
from tests.processors.estate import NAME
from tests.processors.live import Live
from tests.support.waiting import wait_until


class Watched:
    """An estate with all rules, watched with a clock and a disk in the test's hand."""

    def __init__(self, folder: Path) -> None:
        self.live = Live()
        self.now_s = 1_000.0
        self.share = 0.5
        self.watch = SelfWatch(
            self.live.log,
            data=folder,
            run=folder,
            roles=("ingest",),
            clock=lambda: self.now_s,
            disk_share=lambda _: self.share,
        )

    def look(self, after_s: float = 15) -> int:
        self.now_s += after_s
        self.live.after(seconds=after_s)
        said = self.watch.look()
        self.live.run()
        return said

    def vitals(self) -> SystemVitals:
        (*_, last) = [e for e in self.live.log.read(after=0, limit=10_000) if e.type == SystemVitals.TYPE]
        assert isinstance(last.event, SystemVitals)
        return last.event

    def raised(self) -> list[str]:
        return [e.event.key for e in self.live.outputs() if isinstance(e.event, SignalRaised)]

    def put_aside(self, count: int, estate: str = NAME) -> None:
        at_us = to_us(self.live.now)
        with self.live.log.transaction() as transaction:
            transaction.quarantine(
                [Reject("topic", "not_json", "", b"x", at_us, estate) for _ in range(count)]
            )


def test_one_of_several_processes_watches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(selfwatch, "LOOK_EVERY_S", 0.001)
    watched = Watched(tmp_path)
    log, stop = watched.live.log, threading.Event()
    another = log.claim("selfwatch")
    assert another
    asked: list[str] = []
    claim = log.claim
    monkeypatch.setattr(log, "claim", lambda name: (asked.append(name), claim(name))[1])
    before = log.head()
    thread = threading.Thread(target=watched.watch.run, args=(stop,))
    thread.start()
    try:
        wait_until(lambda: len(asked) > 3, what="it looks whether it is its turn")
        assert log.head() == before
        another.release()
        wait_until(lambda: log.head() > before, what="it takes over")
    finally:
        stop.set()
        thread.join()
    assert log.claim("selfwatch"), "given back at the end"


def keep_up(log: MemoryLog) -> None:
    with log.transaction() as transaction:
        transaction.move("delivery.mqtt", log.head())


def test_it_is_said_once_and_then_only_when_something_changed(tmp_path: Path) -> None:
    watched = Watched(tmp_path)
    said = []
    for _ in range(10):
        keep_up(watched.live.log)
        said.append(watched.look())
    assert said == [1] + [0] * 9
    keep_up(watched.live.log)
    assert watched.look(SAY_EVERY_S) == 1
    watched.share = 0.56
    keep_up(watched.live.log)
    assert watched.look() == 1
    assert watched.vitals().disk_used_share == 0.56


def test_quarantine_that_grows_raises_the_alarm(tmp_path: Path) -> None:
    watched = Watched(tmp_path)
    watched.look()
    watched.put_aside(15)
    watched.put_aside(4, estate="")
    watched.put_aside(100, estate="elsewhere")
    watched.look()
    assert watched.vitals().quarantine_count == 19
    assert "quarantine" not in watched.raised()
    watched.put_aside(6)
    watched.look()
    assert watched.raised() == ["quarantine"]


def test_a_full_disk_raises_the_alarm(tmp_path: Path) -> None:
    watched = Watched(tmp_path)
    watched.share = 0.95
    watched.look()
    assert watched.raised() == ["disk"]


def test_delivery_that_stands_still_raises_the_alarm(tmp_path: Path) -> None:
    watched = Watched(tmp_path)
    for _ in range(5):
        watched.look()
        assert watched.raised() == []
    for _ in range(3):
        watched.look()
    assert watched.raised() == ["part:delivery"]
    keep_up(watched.live.log)
    watched.look()
    assert watched.vitals().parts["delivery"].still_s == 0


def test_a_role_beside_that_says_nothing_is_still(tmp_path: Path) -> None:
    watched = Watched(tmp_path)
    (tmp_path / "ingest.json").write_text(json.dumps({"pid": 1, "ready": True, "monotonic_s": -100.0}))
    keep_up(watched.live.log)
    watched.look()
    assert watched.vitals().parts["ingest"].behind == 1
    assert watched.raised() == ["part:ingest"]
