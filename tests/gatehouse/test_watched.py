"""What a part that runs alone answers, and what the health check of a container makes of it."""

from __future__ import annotations

import re
import socket
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from eventlog import codec
from eventlog.metrics import LOG_REACHABLE, QUARANTINE_WAITING, READER_LAG, READER_LAG_SECONDS
from eventlog.ports import LogUnavailableError, Reject
from eventlog.sql import open_log
from gatehouse import alive
from gatehouse.gauges import LOOK_S_MIN, LogGauges
from gatehouse.parts import Part
from gatehouse.settings import Settings
from gatehouse.vitals import Beating
from gatehouse.watched import answering
from projections.generations import make_tables
from projections.store import open_views
from tests.processors.estate import NAME, REGISTERS
from tests.support.net import free_port


@pytest.fixture
def part(tmp_path: Path) -> Iterator[Part]:
    made = Part(Settings(data=tmp_path), Beating(tmp_path / "run", "relay"))
    made.beating.start()
    yield made
    made.beating.stop()


def test_a_part_says_whether_it_lives_and_is_ready(part: Part, capsys: pytest.CaptureFixture[str]) -> None:
    address = f"127.0.0.1:{free_port()}"
    assert alive.main(["alive", address]) == 1, "nobody answers yet"
    with answering(part, address):
        assert alive.main(["alive", address]) == 0
        assert alive.main(["ready", address]) == 1
        part.beating.set_ready()
        assert alive.main(["ready", address]) == 0
    assert capsys.readouterr().out.splitlines()[1:] == ["relay lives", "relay is not ready", "relay is ready"]


def test_a_part_gives_its_metrics_measured_when_asked(part: Part) -> None:
    asked: list[bool] = []
    part.scraped.append(lambda: asked.append(True))
    address = f"127.0.0.1:{free_port()}"
    with answering(part, address), urllib.request.urlopen(f"http://{address}/metrics") as answer:
        said = answer.read().decode()
    assert asked == [True]
    assert re.search(r'^gatehouse_part_ready\{role="relay"\} 0\.0$', said, re.MULTILINE)
    assert "process_open_fds" in said


def test_a_health_check_needs_an_address(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("GATEHOUSE_METRICS", raising=False)
    assert alive.main([]) == 2
    monkeypatch.setenv("GATEHOUSE_METRICS", f"0.0.0.0:{free_port()}")
    assert alive.main([]) == 1
    assert "refused" in capsys.readouterr().out


def test_systemd_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(str(tmp_path / "notify"))
        systemd.settimeout(5)
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
        beating = Beating(tmp_path / "run", "worker")
        beating.start()
        beating.set_ready()
        assert systemd.recv(200) == b"READY=1\nSTATUS=worker is ready"
        assert systemd.recv(200) == b"WATCHDOG=1"
        beating.stop()


def test_the_log_says_how_far_its_readers_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    url = f"sqlite:///{tmp_path / 'gatehouse.db'}"
    now = [1_000_000_000_000_000]
    log, views = open_log(url, clock=lambda: now[0]), open_views(url)
    make_tables(views)
    at = datetime.now(UTC)
    log.append(
        [
            codec.make(event, estate=NAME, source="s", event_id=str(n), at=at)
            for n, event in enumerate(REGISTERS[:4])
        ]
    )
    with log.transaction() as transaction:
        transaction.move("decider", 1)
        transaction.quarantine([Reject("t", "undecodable", "", b"x", 1)])
    now[0] += 30_000_000
    clock = [0.0]
    gauges = LogGauges(log, views, tmp_path, clock=lambda: clock[0])
    gauges()
    assert value(READER_LAG, "decider") == 3
    assert value(READER_LAG_SECONDS, "decider") == pytest.approx(30, abs=1)
    assert value(QUARANTINE_WAITING, "undecodable") == 1
    assert LOG_REACHABLE._value.get() == 1
    log.mark_released(1)
    gauges()
    assert value(QUARANTINE_WAITING, "undecodable") == 1, "asked again within seconds"
    clock[0] += LOOK_S_MIN
    gauges()
    assert value(QUARANTINE_WAITING, "undecodable") == 0

    def away() -> int:
        raise LogUnavailableError("away")

    monkeypatch.setattr(log, "head", away)
    clock[0] += LOOK_S_MIN
    gauges()
    assert LOG_REACHABLE._value.get() == 0
    log.close()
    views.dispose()


def value(gauge, label: str) -> float:  # type: ignore[no-untyped-def]
    found: float = gauge.labels(label)._value.get()
    return found
