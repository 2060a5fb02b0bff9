"""MQTT clients for tests: one that publishes and knows what was answered, one that listens.

Both connect again by themselves, as a device or a phone does.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.reasoncodes import ReasonCode

from tests.support.waiting import wait_until

MESSAGES_MAX = 60_000
"""Below the number of message numbers that MQTT has, so that none is used twice by one client."""
RECONNECT_S_MAX = 1
Key = tuple[str, str]
"""An event's identity: source and id."""


class _Client:
    """A connection that comes back."""

    def __init__(
        self, url: str, user: str, password: str, client_id: str = "", *, persistent: bool = False
    ) -> None:
        parts = urlsplit(url)
        self._host, self._port = parts.hostname or "127.0.0.1", parts.port or 1883
        self._client = paho.Client(CallbackAPIVersion.VERSION2, client_id, clean_session=not persistent)
        self._client.username_pw_set(user, password)
        self._client.reconnect_delay_set(1, RECONNECT_S_MAX)
        self._client.on_connect = self._on_connect
        self.connected = threading.Event()
        self.refused = threading.Event()
        self._client.on_disconnect = lambda *_: self.connected.clear()

    def _connected(self) -> None:
        """What a subclass does at every connect."""

    def _on_connect(self, _c: Any, _u: Any, _f: Any, reason: ReasonCode, _p: Any) -> None:
        if reason.is_failure:
            self.refused.set()
            return
        self._connected()
        self.connected.set()

    def start(self) -> None:
        """Connects and waits for it."""
        self._client.connect_async(self._host, self._port, keepalive=30)
        self._client.loop_start()
        wait_until(lambda: self.connected.is_set() or self.refused.is_set(), what="the broker answers")

    def close(self) -> None:
        """Says goodbye."""
        self._client.disconnect()
        self._client.loop_stop()


class Publisher(_Client):
    """Publishes with QoS 1 and records which messages were answered. Sends again what was not."""

    def __init__(self, url: str, user: str, password: str, client_id: str = "") -> None:
        super().__init__(url, user, password, client_id, persistent=bool(client_id))
        self._client.max_inflight_messages_set(100)
        self._client.on_publish = self._on_publish
        self._answered: set[int] = set()
        self._keys: dict[int, Key] = {}
        self.start()

    def _on_publish(self, _c: Any, _u: Any, mid: int, _r: Any, _p: Any) -> None:
        # No lock here: the client holds its own while it calls, and `publish` takes that one.
        self._answered.add(mid)

    def publish(self, topic: str, payload: Any, *, key: Key = ("", ""), retain: bool = False) -> int:
        """Hands over one message; `payload` is JSON unless it is bytes."""
        assert len(self._keys) < MESSAGES_MAX, "one client, at most that many messages"
        body = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
        mid = self._client.publish(topic, body, qos=1, retain=retain).mid
        self._keys[mid] = key
        return mid

    def event(self, event: dict[str, Any], topic: str = "") -> int:
        """One event on its source's own topic."""
        return self.publish(topic or f"{event['source']}/events", event, key=(event["source"], event["id"]))

    @property
    def waiting(self) -> int:
        """How many messages have no answer yet."""
        return len(self._keys) - len(self._answered)

    def sent(self) -> set[Key]:
        """All messages handed over."""
        return set(self._keys.values())

    def answered(self) -> set[Key]:
        """Those that the broker has answered."""
        return {self._keys[mid] for mid in list(self._answered) if mid in self._keys}

    def flush(self, timeout_s: float = 30.0) -> None:
        """Waits until every message has been answered."""
        wait_until(
            lambda: self.waiting == 0, timeout_s=timeout_s, what=f"an answer to {self.waiting} messages"
        )


@dataclass
class Heard:
    """One message heard."""

    topic: str
    payload: bytes
    retained: bool
    json: Any = field(default=None)


class Listener(_Client):
    """Hears topics; with a client id its session outlives its connection."""

    def __init__(
        self,
        url: str,
        user: str,
        password: str,
        filters: Sequence[str],
        client_id: str = "",
        on_message: Callable[[Heard], None] | None = None,
    ) -> None:
        super().__init__(url, user, password, client_id, persistent=bool(client_id))
        self._filters = [(topic, 1) for topic in filters]
        self._hook = on_message
        self.heard: list[Heard] = []
        self.granted: list[bool] = []
        self.subscribed = threading.Event()
        self._client.on_message = self._on_message
        self._client.on_subscribe = self._on_subscribe
        self.start()
        if self.connected.is_set():
            wait_until(self.subscribed.is_set, what="the subscription is answered")

    def _connected(self) -> None:
        self.subscribed.clear()
        self._client.subscribe(self._filters)

    @property
    def listening(self) -> bool:
        """Connected, with its subscription answered on this connection."""
        return self.connected.is_set() and self.subscribed.is_set()

    def _on_subscribe(self, _c: Any, _u: Any, _m: int, reasons: list[ReasonCode], _p: Any) -> None:
        self.granted = [not reason.is_failure for reason in reasons]
        self.subscribed.set()

    def _on_message(self, _c: Any, _u: Any, message: paho.MQTTMessage) -> None:
        heard = Heard(message.topic, message.payload, message.retain)
        if message.payload:
            heard.json = json.loads(message.payload)
        self.heard.append(heard)
        if self._hook:
            self._hook(heard)

    def of(self, topic: str) -> list[Any]:
        """What was heard on a topic, decoded."""
        return [one.json for one in list(self.heard) if one.topic == topic]

    def wait_for(
        self, condition: Callable[[Any], Any], topic: str = "", *, timeout_s: float = 15.0, what: str = ""
    ) -> Any:
        """The first message (decoded) for which `condition` holds."""

        def found() -> Any:
            for one in list(self.heard):
                if one.json is not None and (not topic or one.topic == topic) and condition(one.json):
                    return one.json
            return None

        return wait_until(found, timeout_s=timeout_s, what=what or f"a message on {topic or 'any topic'}")
