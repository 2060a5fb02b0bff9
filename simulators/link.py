"""How simulated devices reach a broker: each by a connection of its own, or all through one, in one order.

`DeviceLinks` is for real time (1×): every device is an MQTT client with its last will. `SharedLink` is for
anything faster: one ordered way for all devices, with a gateway's account, where nothing can overtake; it
is given a function that publishes, so that a test can stand in for the broker.
"""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable
from typing import Protocol

import orjson
import paho.mqtt.client as mqtt
import structlog
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode
from paho.mqtt.reasoncodes import ReasonCode

from eventlog import topics
from eventlog.times import from_us, iso
from simulators.broker import KEEPALIVE_S, Broker, BrokerError
from simulators.devices import Connection
from simulators.message import Identity, status

IN_FLIGHT_MAX = 100
"""Messages of one device that may wait for their acknowledgement."""

FAREWELL_S = 2.0
_RETRY_S = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0)
_TURN_S = 0.2

Account = tuple[str, str]
Credentials = Callable[[str, str], Account | None]
"""From family and device to user and password; None: anonymously."""
Publish = Callable[[str, bytes, bool], None]
"""Topic, payload, retained."""

_log = structlog.get_logger()


class Link(Protocol):
    """Gives devices their connections."""

    def open(self, who: Identity) -> Connection:
        """The connection of a device, not yet connected."""

    def tell_time(self, estate: str, at_us: int) -> None:
        """Tells the estate's time, where time is told."""

    def settle(self, timeout_s: float) -> None:
        """Waits until every device that wants to be is connected. Raises BrokerError."""

    def close(self) -> None:
        """Ends every connection."""


class DeviceConnection:
    """One device's own MQTT connection, with a thread of its own. Reconnects by itself unless cut.

    Every connection is a new session: its id stands in the last will and in the retained status.
    """

    def __init__(self, who: Identity, broker: Broker, account: Account | None) -> None:
        self._who = who
        self._broker = broker
        self._session: Callable[[], str] = str
        self._ready: Callable[[], None] = lambda: None
        self._now = ""
        self._wanted = threading.Event()
        self._ended = threading.Event()
        self._changed = threading.Event()
        self.connected = threading.Event()
        self.refused: str | None = None
        self._under_way = 0
        self._count = threading.Lock()
        self._thread: threading.Thread | None = None
        # Of the device, not of the account: several devices may share a gateway's.
        client_id = f"{who.estate}.{who.family}.{who.device}"
        self._client = mqtt.Client(
            CallbackAPIVersion.VERSION2, client_id=client_id, clean_session=False, protocol=mqtt.MQTTv311
        )
        broker.prepare(self._client, account)
        self._client.max_inflight_messages_set(0)
        self._client.on_connect = self._on_connect
        self._client.on_publish = self._on_publish
        # Only our own thread writes to the socket; others only queue and wake it.
        self._client.on_socket_register_write = lambda *_: None

    def connect(self, session: Callable[[], str], ready: Callable[[], None]) -> None:
        """See `Connection`; returns at once."""
        self._session, self._ready = session, ready
        self._wanted.set()
        self._changed.set()
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name=f"device-{self._who.device}", daemon=True)
            self._thread.start()

    def cut(self) -> None:
        """See `Connection`: the socket is shut without a DISCONNECT."""
        self._wanted.clear()
        self._shut()

    def close(self) -> None:
        """See `Connection`; what is under way is waited for, `FAREWELL_S` at most."""
        self.begin_close()
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join(FAREWELL_S + 3.0)

    def begin_close(self) -> None:
        """Starts to close and returns at once."""
        self._ended.set()
        self._wanted.clear()
        self._changed.set()

    def send(self, payload: bytes) -> bool:
        """See `Connection`."""
        with self._count:
            if not self.connected.is_set() or self._under_way >= IN_FLIGHT_MAX:
                return False
            self._under_way += 1
        self._client.publish(self._who.events_topic, payload, 1)
        return True

    def say_offline(self) -> None:
        """See `Connection`."""
        if self.connected.is_set() and self._who.status_topic:
            with self._count:
                self._under_way += 1
            self._client.publish(self._who.status_topic, status("offline", self._now), 1, True)

    @property
    def wanted(self) -> bool:
        """Whether the device wants to be connected just now."""
        return self._wanted.is_set()

    # The connection's own thread.

    def _run(self) -> None:
        failures = 0
        while not self._ended.is_set():
            if not self._wanted.is_set():
                self._changed.wait()
                self._changed.clear()
                continue
            failures = 0 if self._one_session() else failures + 1
            if self._wanted.is_set():
                self._ended.wait(_RETRY_S[min(failures, len(_RETRY_S) - 1)])

    def _one_session(self) -> bool:
        """Connects, stays until the line breaks or is cut; whether it was connected at all."""
        self._now = self._session()
        if self._who.status_topic:
            self._client.will_set(self._who.status_topic, status("offline", self._now), 1, True)
        try:
            self._client.connect(self._broker.host, self._broker.port, KEEPALIVE_S)
        except OSError as error:
            _log.debug("no broker for a device", device=self._who.device, error=str(error))
            return False
        while self._wanted.is_set() and self._client.loop(_TURN_S) == MQTTErrorCode.MQTT_ERR_SUCCESS:
            pass
        was_connected = self.connected.is_set()
        if self._ended.is_set():
            self._finish()
        self.connected.clear()
        if was_connected and self._ended.is_set() and self._client.is_connected():
            self._client.disconnect()
            self._client.loop_write()
        self._shut()
        return was_connected

    def _finish(self) -> None:
        """Stays for the acknowledgements of what is under way."""
        deadline = time.monotonic() + FAREWELL_S
        while self._under_way and self.connected.is_set() and time.monotonic() < deadline:
            if self._client.loop(_TURN_S) != MQTTErrorCode.MQTT_ERR_SUCCESS:
                return

    def _shut(self) -> None:
        sock = self._client.socket()
        if isinstance(sock, socket.socket):
            try:
                sock.shutdown(socket.SHUT_RDWR)
            except OSError as error:
                _log.debug("a device's socket was gone", device=self._who.device, error=str(error))

    def _on_connect(
        self,
        _client: mqtt.Client,
        _data: object,
        _flags: object,
        reason: ReasonCode,
        _properties: object,
    ) -> None:
        if reason.is_failure:
            self.refused = str(reason)
            return
        # What the last session left unanswered goes first, and in its order: paho would send it after
        # whatever is published from here.
        unanswered = self._client.drop_out_messages()
        with self._count:
            self._under_way = 0
            self.refused = None
        if self._who.status_topic:
            self._publish(self._who.status_topic, status("online", self._now), retain=True)
        for message in unanswered:
            if message.topic == self._who.events_topic:
                self._publish(message.topic, bytes(message.payload))
        self.connected.set()
        self._ready()

    def _publish(self, topic: str, payload: bytes, retain: bool = False) -> None:
        with self._count:
            self._under_way += 1
        self._client.publish(topic, payload, 1, retain)

    def _on_publish(self, *_: object) -> None:
        with self._count:
            self._under_way -= 1
            room = self._under_way == IN_FLIGHT_MAX // 2
        if room:
            self._ready()


class DeviceLinks:
    """One connection a device."""

    def __init__(self, broker_url: str, credentials: Credentials | None) -> None:
        self._broker = Broker.of(broker_url)
        self._credentials = credentials
        self._connections: list[DeviceConnection] = []

    def open(self, who: Identity) -> DeviceConnection:
        """A device's own connection, with its own account."""
        account = self._credentials(who.family, who.device) if self._credentials else None
        connection = DeviceConnection(who, self._broker, account)
        self._connections.append(connection)
        return connection

    def tell_time(self, estate: str, at_us: int) -> None:
        """In real time nobody needs to be told."""

    def settle(self, timeout_s: float) -> None:
        """Waits for all connections that are wanted. Raises BrokerError naming what is wrong."""
        deadline = time.monotonic() + timeout_s
        for connection in self._connections:
            if not connection.wanted:
                continue
            if not connection.connected.wait(max(0.0, deadline - time.monotonic())):
                why = (
                    f"refuses the account: {connection.refused}" if connection.refused else "does not answer"
                )
                raise BrokerError(f"the broker at {self._broker.host}:{self._broker.port} {why}")

    def close(self) -> None:
        """Ends all connections, all at the same time."""
        for connection in self._connections:
            connection.begin_close()
        for connection in self._connections:
            connection.close()


class _Share:
    """A device's share of one connection."""

    def __init__(self, who: Identity, publish: Publish) -> None:
        self._who = who
        self._publish = publish
        self._session: str | None = None

    def connect(self, session: Callable[[], str], ready: Callable[[], None]) -> None:
        """Says online for the device."""
        self._session = session()
        if self._who.status_topic:
            self._publish(self._who.status_topic, status("online", self._session), True)
        ready()

    def cut(self) -> None:
        """What the broker would send as the device's last will."""
        self.say_offline()
        self._session = None

    def close(self) -> None:
        """Nothing is left to end."""
        self._session = None

    def send(self, payload: bytes) -> bool:
        """Publishes while the device counts as connected."""
        if self._session is None:
            return False
        self._publish(self._who.events_topic, payload, False)
        return True

    def say_offline(self) -> None:
        """Says offline for the device."""
        if self._session is not None and self._who.status_topic:
            self._publish(self._who.status_topic, status("offline", self._session), True)


class SharedLink:
    """All devices in one order, through whatever `publish` leads to; it tells the time too."""

    def __init__(self, publish: Publish, *, settle: Callable[[], None] = lambda: None) -> None:
        self._publish = publish
        self._settle = settle

    def open(self, who: Identity) -> _Share:
        """A device's share of the one connection."""
        return _Share(who, self._publish)

    def tell_time(self, estate: str, at_us: int) -> None:
        """The clock of a system that runs with `--time events`."""
        self._publish(topics.time(estate), orjson.dumps({"at": iso(from_us(at_us))}), False)

    def settle(self, timeout_s: float) -> None:
        """Waits until what was published is answered."""
        self._settle()

    def close(self) -> None:
        """The connection belongs to whoever made it."""
        self._settle()
