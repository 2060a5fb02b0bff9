"""Shards on a real Mosquitto: each estate read once, new estates followed, strangers put aside once, and the
number of shards changed with messages waiting."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from eventlog import codec
from eventlog.memory import MemoryLog
from eventlog.ports import Claim
from eventlog.vocabulary import DeviceSet, EstateSet, Words
from ingest import reasons
from ingest.client import MqttIngest
from ingest.keeper import ShardKeeper
from ingest.pipeline import Pipeline
from ingest.sessions import Login, in_force, settle
from ingest.shards import Unit, shard_of, units_of
from ingest.strays import EverythingAndMarks, OwnEstates, Strays, handed_over
from tests.ingest.clients import Mqtt
from tests.ingest.support import KEY, NOW, event, message
from tests.support.mosquitto import Mosquitto
from tests.support.waiting import wait_until

pytestmark = pytest.mark.mosquitto

ESTATES = ("xiegou", "liuzhuang", "anyuan", "heping")
SHARDS = 2


def gate(estate: str) -> str:
    return f"estates/{estate}/access/gate-n1"


def found_estate(log: MemoryLog, estate: str) -> None:
    """Registers an estate with a gate."""
    entries = (
        EstateSet(name=Words(zh="谢沟", en="Xiegou")),
        DeviceSet(device="gate-n1", family="access", zone="n"),
    )
    log.append(
        [
            codec.make(one, estate=estate, source=f"estates/{estate}/registry", event_id=f"r{number}", at=NOW)
            for number, one in enumerate(entries)
        ]
    )


@pytest.fixture
def log() -> MemoryLog:
    log = MemoryLog()
    for estate in ESTATES:
        found_estate(log, estate)
    return log


@contextmanager
def running(log: MemoryLog, url: str, shards: int = SHARDS) -> Iterator[ShardKeeper]:
    """One process's share: all of it. Changes the sessions first, where they are others."""
    units = units_of(shards, strays=True)
    stop = threading.Event()

    def reader(unit: Unit, claim: Claim) -> MqttIngest:
        if unit.shard is None and not unit.strays:
            return MqttIngest(pipeline_of(log, claim), url=url)
        known = handed_over(log)
        if unit.strays:
            taker = Strays(pipeline_of(log, claim), known)
            return MqttIngest(taker, url=url, client_id=unit.session, subscriptions=EverythingAndMarks(unit))
        own = Pipeline(log, hmac_key=KEY, under=claim, takes=unit.takes)
        return MqttIngest(own, url=url, client_id=unit.session, subscriptions=OwnEstates(unit, own, known))

    assert settle(log, units, Login(url), lambda claim: pipeline_of(log, claim), stop)
    keeper = ShardKeeper(log, units, reader, look_s=0.02)
    thread = threading.Thread(target=keeper.run, args=(stop,))
    thread.start()
    try:
        wait_until(lambda: len(keeper.sessions) == len(units) and keeper.ready.is_set())
        yield keeper
    finally:
        stop.set()
        thread.join(15)
    assert not thread.is_alive()


def pipeline_of(log: MemoryLog, claim: Claim) -> Pipeline:
    return Pipeline(log, hmac_key=KEY, under=claim)


def send(port: int, estates: tuple[str, ...], numbers: range) -> None:
    """One event each of every estate's gate, answered by the broker."""
    device = Mqtt(port)
    for number in numbers:
        for estate in estates:
            payload = message(event(number, source=gate(estate))).payload
            device.client.publish(f"{gate(estate)}/events", payload, 1)
    device.publish("nobody/listens")
    device.close()


def recorded(log: MemoryLog) -> dict[str, list[str]]:
    """The events of each estate's gate, in the order of the log."""
    found: dict[str, list[str]] = {}
    for entry in log.read(after=0, limit=10_000):
        if entry.source.endswith("gate-n1"):
            found.setdefault(entry.estate, []).append(entry.id)
    return found


def numbers(upto: int) -> list[str]:
    return [str(number) for number in range(upto)]


def test_each_estate_is_recorded_once_and_in_order(mosquitto: Mosquitto, log: MemoryLog) -> None:
    assert len({shard_of(estate, SHARDS) for estate in ESTATES}) == SHARDS
    with running(log, mosquitto.url):
        send(mosquitto.port, ESTATES, range(100))
        wait_until(lambda: log.head() >= 2 * len(ESTATES) + 100 * len(ESTATES), what="all of it")
    assert recorded(log) == {estate: numbers(100) for estate in ESTATES}
    assert not log.quarantined()


def test_an_estate_that_is_new_is_followed(mosquitto: Mosquitto, log: MemoryLog) -> None:
    with running(log, mosquitto.url):
        send(mosquitto.port, ("nanmen",), range(1))
        wait_until(log.quarantine_counts, what="the stranger is put aside")
        assert dict(log.quarantine_counts()) == {reasons.UNKNOWN_DEVICE: 1}
        found_estate(log, "nanmen")
        send(mosquitto.port, ("nanmen",), range(1, 50))  # before its shard reads it
        wait_until(lambda: "nanmen" in handed_over(log), what="its shard has said so")
        send(mosquitto.port, ("nanmen",), range(50, 60))
        wait_until(lambda: len(recorded(log).get("nanmen", ())) == 59, what="all of it")
    assert Counter(recorded(log)["nanmen"]) == Counter(numbers(60)[1:])
    assert recorded(log)["nanmen"][-10:] == numbers(60)[-10:]
    assert dict(log.quarantine_counts()) == {reasons.UNKNOWN_DEVICE: 1}, "put aside once"


def test_the_strays_leave_to_the_shards_what_is_theirs(mosquitto: Mosquitto, log: MemoryLog) -> None:
    with running(log, mosquitto.url):
        send(mosquitto.port, ("xiegou",), range(5))
        device = Mqtt(mosquitto.port)
        device.publish(f"{gate('xiegou')}/events", b"rubbish")
        device.publish("estates/xiegou/access/unknown/events", b"{}")
        device.publish("estates/nowhere/access/gate-n1/events", b"{}")
        device.publish("vendors/acme/nowhere/gate-n1", b"{}")
        device.close()
        wait_until(lambda: sum(log.quarantine_counts().values()) >= 4, what="all that is bad is put aside")
    assert sum(log.quarantine_counts().values()) == 4
    assert recorded(log) == {"xiegou": numbers(5)}


@pytest.mark.parametrize(("before", "after"), [(1, 3), (3, 2), (3, 1)])
def test_the_number_of_shards_changes_with_messages_waiting(
    mosquitto: Mosquitto, log: MemoryLog, before: int, after: int
) -> None:
    with running(log, mosquitto.url, before):
        send(mosquitto.port, ESTATES, range(10))
        wait_until(lambda: sum(map(len, recorded(log).values())) == 10 * len(ESTATES))
    send(mosquitto.port, ESTATES, range(10, 200))  # nobody reads
    with running(log, mosquitto.url, after):
        send(mosquitto.port, ESTATES, range(200, 210))
        wait_until(lambda: sum(map(len, recorded(log).values())) >= 210 * len(ESTATES), what="all of it")
        assert set(in_force(log)) == {unit.session for unit in units_of(after, strays=True)}
    assert recorded(log) == {estate: numbers(210) for estate in ESTATES}
    assert not log.quarantined()
