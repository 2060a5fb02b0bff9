"""Scenarios over a real Mosquitto against the real ingest, decider and delivery: met, missed, run again."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Literal

import pytest

from ingest.client import MqttIngest
from processors.delivery.mqtt import MqttDelivery
from simulators.broker import BrokerError
from simulators.faults import Faults
from simulators.run import simulate
from simulators.scenarios import packaged, parse
from tests.simulators.virtual import VirtualSystem
from tests.support.mosquitto import Mosquitto
from tests.support.net import free_port

pytestmark = pytest.mark.mosquitto
PILOT = "examples/pilot/estate.yaml"

QUICK = """\
title: {zh: 三次被拒, en: Three denials, in real time}
story: {zh: 三张卡先后被拒, en: Three cards are refused, one after the other}
rule: repeated_denials
estate: {id: xiegou, file: examples/pilot/estate.yaml}
lasts: "00:03"
devices:
  building-9: {kind: gate}
timeline:
  - {at: "00:00.200", device: building-9, does: denied, credential: card-1}
  - {at: "00:00.400", device: building-9, does: denied, credential: card-2}
  - {at: "00:00.600", device: building-9, does: denied, credential: card-3}
expect:
  - {rule: repeated_denials, zone: building-9, severity: medium, within: ["00:00.500", "00:03"]}
"""


@contextmanager
def running(mosquitto: Mosquitto, time_mode: Literal["wall", "events"]) -> Iterator[VirtualSystem]:
    """The parts of a running system, each in a thread of its own."""
    system = VirtualSystem(PILOT, time_mode=time_mode)
    stop = threading.Event()
    ingest = MqttIngest(system.pipeline, url=mosquitto.url)
    delivery = MqttDelivery(system.log, url=mosquitto.url)
    parts: list[Callable[[threading.Event], object]] = [ingest.run, system.runner.run, delivery.run]
    threads = [threading.Thread(target=part, args=(stop,)) for part in parts]
    for thread in threads:
        thread.start()
    assert ingest.ready.wait(10)
    try:
        yield system
    finally:
        stop.set()
        for thread in threads:
            thread.join(10)


def test_scenarios_faster_than_real_time_one_after_the_other(mosquitto: Mosquitto) -> None:
    lines: list[str] = []
    with running(mosquitto, "events") as system:
        for name in ("door-wedged-open", "door-closed-in-time", "a-camera-goes-dark", "door-wedged-open"):
            verdict = simulate(
                packaged(name),
                broker_url=mosquitto.url,
                speed=0,
                on_line=lines.append,
                language="en",
                quiet_s=0.5,
            )
            assert verdict.ok, lines
        assert system.log.quarantine_counts() == {}
    assert sum(line.startswith("met ") for line in lines) == 6
    assert sum(line.startswith("passed: ") for line in lines) == 4


def test_in_real_time_every_device_has_its_own_connection(mosquitto: Mosquitto) -> None:
    with running(mosquitto, "wall"):
        verdict = simulate(parse(QUICK), broker_url=mosquitto.url, speed=1, quiet_s=0.5)
    assert verdict.ok


def test_what_is_missed_and_what_is_unexpected_is_told_and_counts(mosquitto: Mosquitto) -> None:
    lines: list[str] = []
    wrong = parse(QUICK.replace("zone: building-9, severity", "zone: building-8, severity"))
    with running(mosquitto, "events"):
        verdict = simulate(
            wrong,
            broker_url=mosquitto.url,
            speed=0,
            on_line=lines.append,
            language="en",
            grace_s=2.0,
            quiet_s=0.5,
        )
    assert verdict.exit_code == 1
    assert any(line.startswith("missed      repeated_denials building-8 (medium)") for line in lines)
    assert any(line.startswith("unexpected  repeated_denials door:building-9 (medium)") for line in lines)
    assert lines[-1] == "failed: 0 of 1 expected alerts, 1 unexpected"


def test_faults_are_laid_over_a_scenario(mosquitto: Mosquitto) -> None:
    with running(mosquitto, "events") as system:
        verdict = simulate(
            parse(QUICK), broker_url=mosquitto.url, speed=0, faults=Faults.of(["corrupt=1"]), grace_s=1.0,
            quiet_s=0.5,
        )  # fmt: skip
        assert system.log.quarantine_counts() == {"undecodable": 3}
    assert not verdict.ok


def test_a_system_whose_clock_is_the_walls_is_told_apart(mosquitto: Mosquitto) -> None:
    lines: list[str] = []
    with running(mosquitto, "wall"):
        simulate(
            packaged("door-wedged-open"), broker_url=mosquitto.url, speed=0, on_line=lines.append,
            language="en", grace_s=1.0, quiet_s=0.5,
        )  # fmt: skip
    assert any("--time events" in line for line in lines)


def test_a_broker_that_is_not_there_is_told() -> None:
    with pytest.raises(BrokerError, match="no broker at"):
        simulate(parse(QUICK), broker_url=f"mqtt://127.0.0.1:{free_port()}", speed=0)
