"""What everything is compared with: a paho subscriber that only counts and acknowledges by hand.

MQTT 3.1.1, QoS 1, a persistent session, manual acknowledgement, paho's own loop, a process of its own.
"""

from __future__ import annotations

import time
from typing import Any, NamedTuple

from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from benchmarks.publishers import finish, pipe, start
from ingest.shards import SUBSCRIPTIONS

CLIENT_ID = "bench-bare"


class Drained(NamedTuple):
    """What a bare run found: messages, seconds from the first to the last, CPU seconds meanwhile."""

    messages: int
    seconds: float
    cpu_s: float

    @property
    def rate(self) -> float:
        """Messages a second."""
        return self.messages / self.seconds


def _client() -> Client:
    client = Client(
        CallbackAPIVersion.VERSION2,
        client_id=CLIENT_ID,
        clean_session=False,
        protocol=MQTTProtocolVersion.MQTTv311,
        manual_ack=True,
    )
    client.on_connect = lambda client, *_: client.subscribe([(topic, 1) for topic in SUBSCRIPTIONS])
    return client


def make_session(port: int) -> None:
    """Leaves a persistent session at the broker, so that it keeps what comes."""
    client = _client()
    subscribed: list[bool] = []
    client.on_subscribe = lambda *_: subscribed.append(True)
    client.connect("127.0.0.1", port)
    deadline = time.monotonic() + 10
    while not subscribed:
        client.loop(0.2)
        if time.monotonic() > deadline:
            raise SystemExit("the broker does not take the bare subscriber's subscriptions")
    client.disconnect()


def _drain(port: int, expected: int, told: Any) -> None:
    """Counts `expected` messages and tells what it took."""
    client = _client()
    count = 0
    began = cpu = 0.0

    def on_message(client: Client, _: Any, message: MQTTMessage) -> None:
        nonlocal count, began, cpu
        if not count:
            began, cpu = time.perf_counter(), time.process_time()
        if message.dup:  # every identity is counted once, and its session has delivered none before
            raise SystemExit("the bare subscriber's connection was lost: measure again")
        count += 1
        client.ack(message.mid, message.qos)
        if count == expected:
            told.send(Drained(count, time.perf_counter() - began, time.process_time() - cpu))
            client.disconnect()

    client.on_message = on_message
    client.connect("127.0.0.1", port)
    told.send(None)
    client.loop_forever()


class Bare:
    """A bare subscriber at work in its own process."""

    def __init__(self, port: int, expected: int) -> None:
        self._told, telling = pipe()
        self._process = start(_drain, port, expected, telling)
        telling.close()
        self._told.recv()

    def result(self, within_s: float = 300.0) -> Drained:
        """Waits for the last message. Raises SystemExit when it does not come."""
        if not self._told.poll(within_s):
            self._process.kill()
            raise SystemExit(f"the bare subscriber was not done in {within_s} s")
        drained: Drained = self._told.recv()
        finish(self._process)
        return drained
