"""One MQTT connection that publishes and knows what was answered. Knows nothing of alerts.

A link is used for one connection only: when it is lost, a new one is made, and whoever uses it sends
again what was not answered. It has no thread of its own, so that a message is on the wire when `publish`
returns: whoever uses it calls `collect` a few times a second, which also keeps the connection alive.
"""

from __future__ import annotations

import socket
import time
from typing import Any
from urllib.parse import urlsplit

from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode, MQTTProtocolVersion
from paho.mqtt.reasoncodes import ReasonCode

CONNECT_S_MAX = 5.0
KEEPALIVE_S = 30
LOOK_S = 0.1
FLYING_MAX = 200
"""Messages published and not yet answered."""


class LinkError(Exception):
    """The broker can't be reached, refuses us, or the connection is gone."""


class Link:
    """A connection to the broker at `url` (mqtt://host:port or mqtts://…). Raises ValueError for another."""

    def __init__(
        self,
        url: str,
        username: str | None,
        password: str | None,
        client_id: str,
        will: tuple[str, bytes] | None = None,
    ) -> None:
        address = urlsplit(url)
        if address.scheme not in ("mqtt", "mqtts") or not address.hostname:
            raise ValueError(f"broker address {url!r}: expected mqtt://host:port or mqtts://host:port")
        self._host = address.hostname
        self._port = address.port or (8883 if address.scheme == "mqtts" else 1883)
        self._client = Client(
            CallbackAPIVersion.VERSION2,
            client_id=client_id,
            clean_session=True,
            protocol=MQTTProtocolVersion.MQTTv311,
            reconnect_on_failure=False,
        )
        if address.scheme == "mqtts":
            self._client.tls_set()
        if username is not None:
            self._client.username_pw_set(username, password)
        if will:
            self._client.will_set(will[0], will[1], qos=1, retain=True)
        self._client.connect_timeout = CONNECT_S_MAX
        self._client.max_inflight_messages_set(FLYING_MAX)
        self._client.on_socket_open = _at_once
        self._client.on_connect = self._on_connect
        self._client.on_disconnect = self._on_disconnect
        self._client.on_publish = self._on_publish
        self._answered = self._lost = False
        self._refused: str | None = None
        self._flying: dict[int, int | None] = {}

    def connect(self) -> None:
        """Connects and waits for the broker's answer. Raises LinkError."""
        try:
            self._client.connect(self._host, self._port, KEEPALIVE_S)
        except OSError as error:
            raise LinkError(f"no broker at {self._host}:{self._port}: {error}") from error
        deadline_s = time.monotonic() + CONNECT_S_MAX
        while not (self._answered or self._lost) and time.monotonic() < deadline_s:
            self._work(LOOK_S)
        if self._refused:
            self.close()
            raise LinkError(f"the broker at {self._host}:{self._port} refuses: {self._refused}")
        if not self._answered or self._lost:
            self.close()
            raise LinkError(f"the broker at {self._host}:{self._port} does not answer")

    def publish(self, topic: str, payload: bytes, *, retain: bool = False, mark: int | None = None) -> None:
        """Publishes at QoS 1, waiting while too much is under way. `mark` is what `oldest` tells of it.
        Raises LinkError."""
        while len(self._flying) >= FLYING_MAX:
            self.await_progress(1.0)
        if self._lost:
            raise LinkError("the connection is lost")
        info = self._client.publish(topic, payload, qos=1, retain=retain)
        self._flying[info.mid] = mark

    def collect(self) -> None:
        """Notes what has been answered, and whether the connection is still there."""
        if not self._lost:
            self._work(0)

    def await_progress(self, timeout_s: float) -> None:
        """Waits for an answer. Raises LinkError when the connection is lost."""
        before, deadline_s = len(self._flying), time.monotonic() + timeout_s
        while not self._lost and len(self._flying) >= before:
            left_s = deadline_s - time.monotonic()
            if left_s <= 0:
                return
            self._work(left_s)
        if self._lost:
            raise LinkError("the connection is lost")

    def _work(self, wait_s: float) -> None:
        """Reads and writes what there is, waiting a while for it; pings."""
        if self._client.loop(wait_s) != MQTTErrorCode.MQTT_ERR_SUCCESS:
            self._lost = True

    @property
    def flying(self) -> int:
        """How many messages wait for an answer."""
        return len(self._flying)

    def oldest(self) -> int | None:
        """The lowest mark that waits for an answer."""
        return min((mark for mark in self._flying.values() if mark is not None), default=None)

    @property
    def lost(self) -> bool:
        """Whether the connection has ended."""
        return self._lost

    def close(self) -> None:
        """Disconnects properly: no last will."""
        self._client.disconnect()

    def _on_connect(self, _c: Any, _u: Any, _f: Any, reason: ReasonCode, _p: Any) -> None:
        if reason.is_failure:
            self._refused = str(reason)
        self._answered = True

    def _on_disconnect(self, _c: Any, _u: Any, _f: Any, reason: ReasonCode, _p: Any) -> None:
        self._lost = True

    def _on_publish(self, _c: Any, _u: Any, mid: int, _r: Any, _p: Any) -> None:
        self._flying.pop(mid, None)


def _at_once(_client: Client, _userdata: Any, sock: Any) -> None:
    """Small messages are sent as they come, not gathered by the kernel until the broker has answered."""
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
