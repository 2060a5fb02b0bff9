"""Ingest from a real Mosquitto: acknowledged after the commit, on the connection that delivered."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from paho.mqtt.client import Client

from eventlog.memory import MemoryLog
from ingest import reasons
from ingest.client import MqttIngest
from ingest.pipeline import PAYLOAD_BYTES_MAX, Pipeline
from tests.ingest.clients import Mqtt, everybody
from tests.ingest.support import GATE, BreakableLog, estate_log, event, message, pipeline_of
from tests.ingest.test_rights import mosquitto_broker
from tests.support.mosquitto import Mosquitto
from tests.support.waiting import wait_until

pytestmark = pytest.mark.mosquitto

_PERSISTENT = "allow_anonymous true\nmax_queued_messages 0\nmax_inflight_messages 100\npersistence true\n"


@contextmanager
def ingesting(pipeline: Pipeline, url: str, **settings: Any) -> Iterator[MqttIngest]:
    """Ingest in a thread, until the end of the block."""
    ingest = MqttIngest(pipeline, url=url, **settings)
    stop = threading.Event()
    thread = threading.Thread(target=ingest.run, args=(stop,))
    thread.start()
    try:
        yield ingest
    finally:
        stop.set()
        thread.join(15)
    assert not thread.is_alive(), "ingest does not stop"


def send(port: int, numbers: range) -> None:
    """One event each, answered by the broker."""
    device = Mqtt(port)
    for number in numbers:
        device.client.publish(f"{GATE}/events", message(event(number)).payload, 1)
    device.publish("nobody/listens")
    device.close()


def ids(log: MemoryLog) -> list[str]:
    """The events of the gate, in the order of the log."""
    return [entry.id for entry in log.read(after=0, limit=10_000) if entry.source == GATE]


def numbers(upto: int) -> list[str]:
    return [str(number) for number in range(upto)]


@pytest.fixture
def persistent(tmp_path: Path) -> Iterator[Mosquitto]:
    """A Mosquitto that keeps sessions over a restart."""
    broker = Mosquitto(tmp_path, f"{_PERSISTENT}persistence_location {tmp_path}/\n")
    yield broker
    broker.stop()


def test_events_status_and_rubbish_arrive(mosquitto: Mosquitto) -> None:
    log = estate_log()
    with ingesting(pipeline_of(log), mosquitto.url) as ingest:
        assert ingest.ready.wait(10)
        device = Mqtt(mosquitto.port, will=(f"{GATE}/status", b'{"state":"offline","session":"s"}'))
        device.publish(f"{GATE}/status", b'{"state":"online","session":"s"}', retain=True)
        device.publish(f"{GATE}/events", message(event(1)).payload, qos=2)
        device.publish(f"{GATE}/events", b"y" * (PAYLOAD_BYTES_MAX + 1))
        device.publish("vendors/acme/xiegou/gate-n1", b"\x00")
        device.break_off()
        wait_until(lambda: log.head() == 8, what="three entries more than the registers")
    types = [entry.type for entry in log.read(after=5, limit=9)]
    assert types == ["device.online", "access.denied", "device.offline"]
    assert dict(log.quarantine_counts()) == {reasons.OVERSIZED: 1, reasons.UNKNOWN_MAKER: 1}


def test_nothing_is_acknowledged_before_it_is_durable(mosquitto: Mosquitto) -> None:
    real = estate_log()
    away = BreakableLog(real)
    with ingesting(pipeline_of(away), mosquitto.url) as ingest:
        assert ingest.ready.wait(10)
        away.away.set()
        send(mosquitto.port, range(50))
        wait_until(lambda: away.refused >= 2, what="the batch is tried again")
    assert ids(real) == []  # stopped with its batch held: the broker must have all of it still
    with ingesting(pipeline_of(real), mosquitto.url):
        wait_until(lambda: len(ids(real)) == 50, what="all of it, from the broker")
    assert ids(real) == numbers(50)
    assert not real.quarantined()


def test_a_log_that_is_away_for_a_while_loses_and_doubles_nothing(mosquitto: Mosquitto) -> None:
    real = estate_log()
    away = BreakableLog(real)
    with ingesting(pipeline_of(away), mosquitto.url) as ingest:
        assert ingest.ready.wait(10)
        away.away.set()
        send(mosquitto.port, range(300))
        wait_until(lambda: away.refused >= 2, what="the batch is tried again")
        away.away.clear()
        wait_until(lambda: len(ids(real)) == 300, what="all of it")
    assert ids(real) == numbers(300)


def test_the_broker_restarts_while_a_batch_is_held(persistent: Mosquitto) -> None:
    real = estate_log()
    away = BreakableLog(real)
    with ingesting(pipeline_of(away), persistent.url) as ingest:
        assert ingest.ready.wait(10)
        away.away.set()
        send(persistent.port, range(250))
        wait_until(lambda: away.refused >= 2, what="the batch is tried again")
        persistent.restart()
        away.away.clear()
        wait_until(lambda: len(ids(real)) >= 250, what="all of it", timeout_s=20)
        send(persistent.port, range(250, 260))
        wait_until(lambda: len(ids(real)) >= 260, what="what came after the restart", timeout_s=20)
    assert sorted(ids(real), key=int) == numbers(260)
    assert not real.quarantined()
    with ingesting(pipeline_of(real), persistent.url) as ingest:
        assert ingest.ready.wait(10)  # nothing was left unacknowledged
    assert len(ids(real)) == 260


def test_it_comes_back_when_the_broker_does(persistent: Mosquitto) -> None:
    log = estate_log()
    with ingesting(pipeline_of(log), persistent.url) as ingest:
        assert ingest.ready.wait(10)
        persistent.stop()
        wait_until(lambda: not ingest.ready.is_set(), what="it notices")
        persistent.start()
        assert ingest.ready.wait(20)
        send(persistent.port, range(3))
        wait_until(lambda: len(ids(log)) == 3, what="events after the restart")


def test_a_commit_that_outlasts_the_keepalive_loses_nothing(mosquitto: Mosquitto) -> None:
    log = estate_log()
    pipeline = pipeline_of(log)
    take, slow = pipeline.take, threading.Event()

    def slowly(batch: Any, stop: threading.Event | None = None) -> None:
        take(batch, stop)
        if not slow.is_set():
            slow.set()
            threading.Event().wait(2.5)  # the broker gives a silent client one and a half times its keepalive

    pipeline.take = slowly  # type: ignore[method-assign]
    with ingesting(pipeline, mosquitto.url, keepalive_s=1) as ingest:
        assert ingest.ready.wait(10)
        send(mosquitto.port, range(30))
        assert slow.wait(10)
        send(mosquitto.port, range(30, 40))
        wait_until(lambda: len(ids(log)) >= 40, what="all of it", timeout_s=20)
    assert sorted(ids(log), key=int) == numbers(40)


def test_it_signs_in_under_the_configuration_written_for_mosquitto(tmp_path: Path) -> None:
    people, log = everybody(), estate_log()
    signed = {"username": "gatehouse", "password": people.passwords["gatehouse"]}
    with mosquitto_broker(people, tmp_path) as port:
        with ingesting(pipeline_of(log), f"mqtt://127.0.0.1:{port}", **signed) as ingest:
            assert ingest.ready.wait(10)
            device = Mqtt(port, "xiegou.gate-n1", people.passwords["xiegou.gate-n1"])
            device.publish(f"{GATE}/events", message(event(1)).payload)
            wait_until(lambda: ids(log) == ["1"], what="the event")
            device.close()


@pytest.mark.parametrize("url", ["http://127.0.0.1", "127.0.0.1:1883", "mqtt://"])
def test_a_bad_address_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="mqtt://"):
        MqttIngest(pipeline_of(estate_log()), url=url)


def test_paho_still_has_what_is_replaced() -> None:
    for name in ("_sock_recv", "_packet_read", "_packet_queue", "_loop_rc_handle", "loop_misc"):
        assert callable(getattr(Client, name)), f"paho's Client.{name} is gone: see ingest/paho_batches.py"
