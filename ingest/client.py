"""Ingest from a broker: one connection, one thread, a batch at a time.

What waits on the connection is read, recorded in one transaction, and only then acknowledged, on the
connection that delivered it. While a batch is held nothing is read, so memory stays bounded and the
broker keeps the rest. No timer waits for a batch to fill: a single message goes through at once.
"""

from __future__ import annotations

import random
import selectors
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, Protocol
from urllib.parse import urlsplit

import structlog
from paho.mqtt.client import Client, ConnectFlags, DisconnectFlags
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from eventlog import metrics
from ingest.arrival import arrival_us
from ingest.messages import Message
from ingest.paho_batches import BatchClient
from ingest.pipeline import IngestStoppedError
from ingest.shards import ALONE, SUBSCRIPTIONS

MESSAGES_MAX = 500
BYTES_MAX = 4 * 1024 * 1024
"""Bounds of one batch, in messages and in bytes of payload."""
KEEPALIVE_S = 60
RECONNECT_S_MIN, RECONNECT_S_MAX = 0.2, 15.0
CONNECT_S_MAX = 5.0
FOLLOW_S = 1.0
"""What there is to subscribe to is asked this often."""
FILTERS_MAX = 500
"""Topic filters of one SUBSCRIBE."""
_LOOK_S = 0.2  # how long a quiet connection is waited on before looking whether to stop

_logger = structlog.get_logger()


class Address(NamedTuple):
    """Where a broker listens."""

    host: str
    port: int
    secure: bool


def address_of(url: str) -> Address:
    """The address in a broker's URL. Raises ValueError."""
    parts = urlsplit(url)
    if parts.scheme not in ("mqtt", "mqtts") or not parts.hostname:
        raise ValueError(f"broker address {url!r}: expected mqtt://host:port or mqtts://host:port")
    secure = parts.scheme == "mqtts"
    return Address(parts.hostname, parts.port or (8883 if secure else 1883), secure)


class Taker(Protocol):
    """What takes batches of messages: a pipeline, or what stands before one."""

    def take(self, messages: Sequence[Message], stop: threading.Event | None = None) -> None:
        """Returns when they are durable. Raises IngestStoppedError, LogError."""


class Subscriptions:
    """What a session reads: everything. Others follow the registers."""

    def wanted(self) -> Sequence[str]:
        """The topic filters, as of now."""
        return SUBSCRIPTIONS

    def granted(self, filters: Sequence[str]) -> Sequence[str]:
        """The broker has these from here on; the topics to say so on."""
        return ()


class MqttIngest:
    """Reads devices' messages from a broker into a pipeline. `url` is mqtt://host:port or mqtts://…"""

    def __init__(
        self,
        pipeline: Taker,
        *,
        url: str,
        username: str | None = None,
        password: str | None = None,
        client_id: str = ALONE,
        subscriptions: Subscriptions | None = None,
        keepalive_s: int = KEEPALIVE_S,
        clock_us: Callable[[], int] = arrival_us,
    ) -> None:
        address = address_of(url)
        self._pipeline = pipeline
        self._host, self._port = address.host, address.port
        self._client = BatchClient(client_id, clock_us)
        self._name = "ingest" if client_id == ALONE else client_id
        if address.secure:
            self._client.tls_set()
        if username is not None:
            self._client.username_pw_set(username, password)
        self._client.connect_timeout = CONNECT_S_MAX
        self._client.on_connect = self._on_connect
        self._client.on_subscribe = self._on_subscribe
        self._client.on_disconnect = self._on_disconnect
        self._subscriptions = subscriptions or Subscriptions()
        self._asked: dict[int, list[str]] = {}
        """Filters asked for and not answered, by the number of the packet."""
        self._subscribed: set[str] = set()
        self._follow_at = 0.0
        self._online = False
        self._keepalive_s = keepalive_s
        self._failures = 0
        self._told = False
        self.ready = threading.Event()
        """Set while connected and subscribed."""

    def run(self, stop: threading.Event) -> None:
        """Reads until told to stop, reconnecting for ever. Raises LogError when the log can't go on."""
        try:
            while not stop.is_set():
                if self._connect():
                    self._serve(stop)
                    self._down()
                if not stop.is_set():
                    stop.wait(self._pause_s())
        except IngestStoppedError as stopped:
            _logger.info("ingest_stopped_with_batch_held", error=str(stopped))
        finally:
            self._down()
            self._client.disconnect()
            self._client.loop_write()

    def _connect(self) -> bool:
        try:
            self._client.connect(self._host, self._port, self._keepalive_s)
        except OSError as error:
            self._tell_down(str(error))
            return False
        return True

    def _pause_s(self) -> float:
        """Before the next try: doubled each time up to a limit, and at random below it, so that many
        clients of one broker don't come back at once."""
        self._failures += 1
        longest = min(RECONNECT_S_MIN * 2 ** min(self._failures, 10), RECONNECT_S_MAX)
        return random.uniform(RECONNECT_S_MIN, longest)

    def _serve(self, stop: threading.Event) -> None:
        """One connection, until it is lost or `stop` is set."""
        client = self._client
        sock = client.socket()
        if sock is None:
            return
        more = False
        with selectors.DefaultSelector() as selector:
            selector.register(sock, selectors.EVENT_READ)
            while not stop.is_set():
                wanted = selectors.EVENT_READ | (selectors.EVENT_WRITE if client.want_write() else 0)
                if selector.get_key(sock).events != wanted:
                    selector.modify(sock, wanted)
                ready = selector.select(0 if more else _LOOK_S)
                if more or any(events & selectors.EVENT_READ for _, events in ready):
                    more = self._take_batch(stop)
                if client.want_write():
                    client.loop_write()
                self._follow()
                client.loop_misc()
                if client.socket() is not sock:
                    return

    def _take_batch(self, stop: threading.Event) -> bool:
        """Reads, records, acknowledges; True when there may be more to read."""
        batch, more = self._client.read_batch(MESSAGES_MAX, BYTES_MAX)
        if batch:
            metrics.INGEST_BATCH.observe(len(batch))
            self._pipeline.take([message for message, _ in batch], stop)
            self._client.ack_batch([number for _, number in batch if number])
        return more

    def _on_connect(
        self,
        client: Client,
        userdata: Any,
        flags: ConnectFlags,
        reason: ReasonCode,
        properties: Properties | None,
    ) -> None:
        if reason.is_failure:
            self._tell_down(str(reason))
            return
        self._asked.clear()
        self._subscribed.clear()
        self._online, self._follow_at = True, 0.0
        self._follow()
        if not self._asked:  # a shard that has no estate yet
            self._is_ready()

    def _follow(self) -> None:
        """Subscribes to what is new."""
        now_s = time.monotonic()
        if not self._online or now_s < self._follow_at:
            return
        self._follow_at = now_s + FOLLOW_S
        new = [name for name in self._subscriptions.wanted() if name not in self._subscribed]
        self._subscribed.update(new)
        for start in range(0, len(new), FILTERS_MAX):
            part = new[start : start + FILTERS_MAX]
            _, number = self._client.subscribe([(topic, 1) for topic in part])
            self._asked[number or 0] = part

    def _on_subscribe(
        self, client: Client, userdata: Any, mid: int, reasons: list[ReasonCode], properties: Properties
    ) -> None:
        asked = self._asked.pop(mid, [])
        refused = [topic for topic, code in zip(asked, reasons, strict=False) if code.is_failure]
        if refused:
            _logger.error("broker_refuses_subscriptions", topics=refused)
        for topic in self._subscriptions.granted([name for name in asked if name not in refused]):
            client.publish(topic, b"", qos=1)
        if not self._asked:
            self._is_ready()

    def _is_ready(self) -> None:
        self._failures = 0
        self._told = False
        self.ready.set()
        metrics.BROKER_CONNECTED.labels(self._name).set(1)
        _logger.info("broker_connected", host=self._host, port=self._port)

    def _on_disconnect(
        self,
        client: Client,
        userdata: Any,
        flags: DisconnectFlags,
        reason: ReasonCode,
        properties: Properties | None,
    ) -> None:
        if reason.is_failure:
            self._tell_down(str(reason))

    def _tell_down(self, why: str) -> None:
        self._down()
        metrics.OUTAGES.labels("ingest", "broker").inc()
        if not self._told:
            _logger.warning("broker_away", host=self._host, port=self._port, error=why)
            self._told = True

    def _down(self) -> None:
        self._online = False
        self.ready.clear()
        metrics.BROKER_CONNECTED.labels(self._name).set(0)
