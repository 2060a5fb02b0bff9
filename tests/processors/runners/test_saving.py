"""When the decider saves: outputs at once, inputs without any a quarter second at a time, all at a stop."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from eventlog import codec
from eventlog.memory import MemoryLog
from eventlog.vocabulary import AccessDenied, AccessGranted, Event
from processors.bell import Bell
from processors.runners import embedded
from processors.runners.embedded import READER, EmbeddedRunner
from tests.processors.estate import NAME, REGISTERS
from tests.processors.live import ALL_RULES
from tests.processors.story import NOON
from tests.support.waiting import wait_until


class CountingLog(MemoryLog):
    """Counts the transactions that are begun on it, appends included."""

    transactions = 0

    @contextmanager
    def transaction(self, *, under: Any = None) -> Iterator[Any]:
        self.transactions += 1
        with super().transaction(under=under) as transaction:
            yield transaction


def say(log: MemoryLog, event_id: str, event: Event) -> None:
    log.append(
        [codec.make(event, estate=NAME, source=f"estates/{NAME}/access/d", event_id=event_id, at=NOON)]
    )


@pytest.fixture
def log() -> CountingLog:
    """The registers and rules, decided."""
    log = CountingLog()
    for number, event in enumerate((*REGISTERS, *ALL_RULES)):
        say(log, f"r{number}", event)
    runner = EmbeddedRunner(log)
    while runner.run_once():
        pass
    return log


@contextmanager
def running(log: MemoryLog, bell: Bell | None = None) -> Iterator[None]:
    stop = threading.Event()
    thread = threading.Thread(target=EmbeddedRunner(log, bell=bell).run, args=(stop,))
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(10)
        assert not thread.is_alive()


def granted(number: int) -> AccessGranted:
    return AccessGranted(door="building-3", credential=f"c{number}", method="card", direction="in")


def denied(card: str) -> AccessDenied:
    return AccessDenied(door="building-3", credential=card, method="card", direction="in", reason="unknown")


def test_inputs_that_make_no_output_share_a_save(log: CountingLog) -> None:
    with running(log):
        before = log.transactions
        for number in range(40):
            say(log, f"g{number}", granted(number))
        wait_until(lambda: log.position(READER) == log.head(), what="all is saved")
    assert log.transactions - before < 40 + 20  # forty of them are the appends themselves


def test_a_stop_saves_what_is_left(log: CountingLog, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedded, "SAVE_S", 3_600.0)
    taken = embedded.metrics.INPUTS_DECIDED._value.get
    before = taken()
    with running(log):
        say(log, "g", granted(0))
        wait_until(lambda: taken() > before, what="it is taken")
    assert log.position(READER) == log.head()


def test_an_output_is_saved_and_rung_for_at_once(log: CountingLog, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedded, "SAVE_S", 3_600.0)
    bell = Bell()
    with running(log, bell):
        wait_until(lambda: bell.hung, what="the decider works")
        rung = bell.rung
        for card in "abc":
            say(log, card, denied(card))
        assert bell.wait(rung, 10)
        assert "alert.raised" in [entry.type for entry in log.read_back(limit=20)]
        assert log.position(READER) > 0
    assert not bell.hung


def test_a_bell_rung_before_the_wait_is_heard() -> None:
    bell = Bell()
    rung = bell.rung
    bell.ring()
    assert bell.wait(rung, 0)
    assert not bell.wait(bell.rung, 0)
