"""One ordered QoS 1 connection that publishes fast, with a bounded window of unanswered messages.

paho, with two of its inner steps replaced, because as it stands a message costs about 100 µs of processor
time here and with them about 30: acknowledgements are read from the socket in bulk instead of byte by byte,
and noted without building MQTT 5 property objects for each. Held by tests to the paho that is pinned.
"""

from __future__ import annotations

import select
import time
from typing import Literal

import paho.mqtt.client as mqtt
import structlog
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode
from paho.mqtt.reasoncodes import ReasonCode

from simulators.broker import KEEPALIVE_S, Broker, BrokerError

WINDOW_MESSAGES = 1_000
CONNECT_S_MAX = 10.0
AWAY_S_MAX = 60.0
"""How long the broker may be away before publishing fails."""

_READ_BYTES = 65_536
_WRITE_EVERY = 32

_log = structlog.get_logger()


class _BulkClient(mqtt.Client):
    """Reads acknowledgements in bulk and counts the messages that wait for theirs."""

    unread = b""

    def _sock_recv(self, bufsize: int) -> bytes:
        have = self.unread or super()._sock_recv(_READ_BYTES)
        self.unread = have[bufsize:]
        return have[:bufsize]

    def _handle_pubackcomp(self, cmd: Literal["PUBACK", "PUBCOMP"]) -> MQTTErrorCode:
        message = self._out_messages.pop(int.from_bytes(self._in_packet["packet"][:2], "big"), None)
        if message is not None:
            message.info._set_as_published()
            self._inflight_messages -= 1
        return MQTTErrorCode.MQTT_ERR_SUCCESS

    def reconnect(self) -> MQTTErrorCode:
        self.unread = b""
        return super().reconnect()

    @property
    def unanswered(self) -> int:
        """How many messages wait for their acknowledgement."""
        return len(self._out_messages)


class OrderedPublisher:
    """Publishes in order; not safe across threads. A context manager."""

    def __init__(
        self,
        url: str,
        account: tuple[str, str] | None,
        *,
        client_id: str,
        window: int = WINDOW_MESSAGES,
        away_s_max: float = AWAY_S_MAX,
    ) -> None:
        self._broker = Broker.of(url)
        self._window = window
        self._away_s_max = away_s_max
        self._since_write = 0
        self._refused: str | None = None
        self._connected = False
        self._client = _BulkClient(
            CallbackAPIVersion.VERSION2, client_id=client_id, clean_session=False, protocol=mqtt.MQTTv311
        )
        self._broker.prepare(self._client, account)
        # The window is kept here: paho's own looks through all waiting messages at every acknowledgement.
        self._client.max_inflight_messages_set(0)
        self._client.on_connect = self._on_connect
        # Packets are written when this object says so, not one by one as they are made.
        self._client.on_socket_register_write = lambda *_: None
        self._connect_first()

    def __enter__(self) -> OrderedPublisher:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def publish(self, topic: str, payload: bytes, retain: bool = False) -> None:
        """Hands a message over; waits while the window is full. Raises BrokerError."""
        self._client.publish(topic, payload, 1, retain)
        self._since_write += 1
        if self._since_write >= _WRITE_EVERY:
            self._since_write = 0
            self._client.loop_write()
        if self._client.unanswered >= self._window:
            self._drain(self._window // 2)

    @property
    def unanswered(self) -> int:
        """How many messages wait for their acknowledgement."""
        return self._client.unanswered

    def pump(self) -> None:
        """Writes what waits and reads what is there, without waiting for more."""
        self._turn(0.0)

    def flush(self) -> None:
        """Waits until every message is answered. Raises BrokerError."""
        self._drain(0)

    def close(self) -> None:
        """Says goodbye; what is unanswered then is not waited for."""
        if self._connected:
            self._client.disconnect()
            self._client.loop_write()
        self._connected = False

    def _drain(self, down_to: int) -> None:
        heard = time.monotonic()
        before = self._client.unanswered
        while self._client.unanswered > down_to:
            self._turn(0.5)
            if self._client.unanswered != before:
                before, heard = self._client.unanswered, time.monotonic()
            elif time.monotonic() - heard > self._away_s_max:
                raise BrokerError(
                    f"the broker at {self._broker.host}:{self._broker.port} has answered none of the "
                    f"{before} messages under way for {self._away_s_max:.0f} s"
                )

    def _turn(self, wait_s: float) -> None:
        self._since_write = 0
        if self._once(wait_s) != MQTTErrorCode.MQTT_ERR_SUCCESS:
            self._connected = False
            self._connect_again()

    def _once(self, wait_s: float) -> MQTTErrorCode:
        """Writes, waits for something to read, reads it; without paho's `loop`, whose wake-up pipe would
        cost a system call a message."""
        client = self._client
        rc = client.loop_write()
        sock = client.socket()
        if rc != MQTTErrorCode.MQTT_ERR_SUCCESS or sock is None:
            return MQTTErrorCode.MQTT_ERR_CONN_LOST
        readable, _, _ = select.select([sock], [sock] if client.want_write() else [], [], wait_s)
        if readable:
            rc = client.loop_read()
            while rc == MQTTErrorCode.MQTT_ERR_SUCCESS and client.unread:
                rc = client.loop_read()
        return rc if rc != MQTTErrorCode.MQTT_ERR_SUCCESS else client.loop_misc()

    def _on_connect(
        self,
        _client: mqtt.Client,
        _data: object,
        _flags: object,
        reason: ReasonCode,
        _properties: object,
    ) -> None:
        self._connected = not reason.is_failure
        self._refused = str(reason) if reason.is_failure else None

    def _connect_first(self) -> None:
        try:
            self._client.connect(self._broker.host, self._broker.port, KEEPALIVE_S)
        except OSError as error:
            raise BrokerError(f"no broker at {self._broker.host}:{self._broker.port}: {error}") from error
        self._await_answer()

    def _connect_again(self) -> None:
        deadline = time.monotonic() + self._away_s_max
        wait_s = 0.1
        while True:
            _log.warning("the broker is away, trying again", host=self._broker.host, port=self._broker.port)
            try:
                self._client.reconnect()
                self._await_answer()
                return
            except OSError as error:
                if time.monotonic() > deadline:
                    raise BrokerError(
                        f"the broker at {self._broker.host}:{self._broker.port} stayed away for "
                        f"{self._away_s_max:.0f} s: {error}"
                    ) from error
            time.sleep(wait_s)
            wait_s = min(wait_s * 2, 5.0)

    def _await_answer(self) -> None:
        """Waits for the broker to let us in. Raises BrokerError when it doesn't, OSError when it goes."""
        deadline = time.monotonic() + CONNECT_S_MAX
        while not self._connected:
            rc = self._once(0.2)
            if self._refused:
                where = f"{self._broker.host}:{self._broker.port}"
                raise BrokerError(f"the broker at {where} refuses the account: {self._refused}")
            if rc != MQTTErrorCode.MQTT_ERR_SUCCESS:
                raise ConnectionError(f"the broker closed the connection ({rc.name})")
            if time.monotonic() > deadline:
                raise ConnectionError(f"the broker has not answered for {CONNECT_S_MAX:.0f} s")
