"""The bench itself, small: it runs on real parts and its figures fit each other. No speed is asserted."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from benchmarks.events import ESTATE, backlog, estate_text, run_id
from benchmarks.latency import percentile
from benchmarks.publishers import must_alert
from eventlog import codec
from eventlog.memory import MemoryLog
from eventlog.ports import NewEvent
from eventlog.times import from_us, to_us
from eventlog.vocabulary import SignalRaised
from gatehouse.estatefile import load
from gatehouse.estateimport import import_estate
from processors.runners.embedded import replay
from tests.support.parts import ROOT, program

END = from_us(1_795_000_000_000_000)


def bench(*names: str) -> tuple[dict[str, float], dict[str, Any]]:
    """A quick run; values by name, and everything."""
    command = [sys.executable, "-m", "benchmarks", "--quick", "--json", "--only", ",".join(names)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    return {one["name"]: one["value"] for one in said["figures"]}, said


@pytest.mark.mosquitto
def test_a_backlog_goes_through_everything_and_its_alerts_come_out() -> None:
    program("mosquitto", "apt-get install mosquitto")
    values, said = bench("mosquitto")
    assert values["Mosquitto, bare paho subscriber"] > 0
    durable, bare = values["Mosquitto, to durable"], values["Mosquitto, bare paho subscriber"]
    assert 0.05 < durable / bare < 20
    assert values["Mosquitto, to alert out / bare"] > 0
    on, of = re.findall(r"(\d+) of (\d+) on", said["conditions"]["rules"])[0]
    assert on == of, "all rules are on"
    assert {one["name"]: one["target"] for one in said["figures"]}["Mosquitto, to durable / bare"] == 0.6


@pytest.mark.soak
@pytest.mark.mosquitto
def test_latency_is_measured_on_both_brokers() -> None:
    program("mosquitto", "apt-get install mosquitto")
    values, _ = bench("latency")
    for broker in ("Mosquitto", "embedded broker"):
        p50, p99, worst = (
            values[f"{broker}, publish to alert, {which}"] for which in ("p50", "p99", "worst")
        )
        assert 0 < p50 <= p99 <= worst


def test_every_event_of_the_mix_is_of_the_vocabulary_and_told_apart() -> None:
    made = list(backlog(run_id(7), 3_000, END))
    assert len({one.id for one in made}) == 3_000
    for one in made:
        envelope = codec.parse_wire(one.payload)
        assert one.topic == f"{envelope.source}/events"
        assert envelope.time <= END
    assert must_alert(run_id(7), 3_000) == {one.id for one in made if one.alerts}


def test_nothing_of_the_mix_raises_but_what_must_whichever_rules_are_on(tmp_path: Path) -> None:
    """A backlog of more than one day of every door, as it is taken in at once."""
    file = tmp_path / "estate.yaml"
    file.write_text(estate_text(), "utf-8")
    log = MemoryLog(clock=lambda: to_us(END))
    import_estate(log, load(file))
    made = list(backlog(run_id(7), 5_000, END))
    for one in made:
        event = codec.from_envelope(ESTATE, codec.parse_wire(one.payload), to_us(END), one.payload)
        log.append([event])
    told: list[NewEvent] = []
    replay(log, told.extend)
    raised = [codec.decode_body(e.type, e.version, e.body) for e in told if e.type == SignalRaised.TYPE]
    assert {event.rule for event in raised} == {"watchlist_plate", "repeated_denials"}
    assert {event.evidence[-1] for event in raised} == {one.id for one in made if one.alerts}


@pytest.mark.parametrize(("share", "expected"), [(0.5, 50.0), (0.99, 99.0), (1.0, 100.0)])
def test_percentiles_are_values_that_occurred(share: float, expected: float) -> None:
    assert percentile([float(n) for n in range(1, 101)], share) == expected


@pytest.mark.soak
@pytest.mark.kafka
@pytest.mark.postgresql
@pytest.mark.timeout(300)
def test_the_relay_is_measured_beyond_one_machine() -> None:
    """What the other measurements there rest on, too: parts as processes, their counts seen from outside."""
    program("mosquitto", "apt-get install mosquitto")
    command = [sys.executable, "-m", "benchmarks.scale", "--quick", "--json", "--only", "relay"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    values = {one["name"]: one["value"] for one in json.loads(done.stdout)["figures"]}
    assert values["relay"] > 100
    assert values["relay, CPU"] > 0
