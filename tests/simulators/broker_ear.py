"""Hears everything that a broker passes on, in order: what a device really sent."""

from __future__ import annotations

import threading
from typing import Any

import orjson
import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

from tests.support.waiting import wait_until


class Ear:
    """A subscriber with a persistent session; a context manager."""

    def __init__(self, port: int, topics: str = "#", client_id: str = "ear") -> None:
        self._port, self._topics = port, topics
        self._lock = threading.Lock()
        self._heard: list[tuple[str, bytes, bool]] = []
        self._ready = threading.Event()
        self._client = mqtt.Client(
            CallbackAPIVersion.VERSION2, client_id=client_id, clean_session=False, protocol=mqtt.MQTTv311
        )
        self._client.reconnect_delay_set(0.1, 0.2)
        self._client.on_connect = lambda client, *_: client.subscribe(self._topics, 1)
        self._client.on_subscribe = lambda *_: self._ready.set()
        self._client.on_message = self._on_message

    def __enter__(self) -> Ear:
        self._client.connect("127.0.0.1", self._port)
        self._client.loop_start()
        assert self._ready.wait(10)
        return self

    def __exit__(self, *_: object) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def renewed(self) -> Any:
        """Forgets the last subscription's answer; wait for `subscribed` after a restart of the broker."""
        self._ready.clear()

    def subscribed(self) -> None:
        """Waits for an answered subscription."""
        assert self._ready.wait(10)

    def _on_message(self, _client: object, _data: object, message: mqtt.MQTTMessage) -> None:
        with self._lock:
            self._heard.append((message.topic, bytes(message.payload), message.retain))

    def heard(self, ending: str = "") -> list[tuple[str, bytes, bool]]:
        """What was heard on topics with this ending."""
        with self._lock:
            return [each for each in self._heard if each[0].endswith(ending)]

    def documents(self, ending: str) -> list[dict[str, Any]]:
        """The same, decoded."""
        return [orjson.loads(payload) for _, payload, _ in self.heard(ending)]

    def wait_for(self, count: int, ending: str = "") -> list[dict[str, Any]]:
        """The first `count` messages on topics with this ending."""
        wait_until(lambda: len(self.heard(ending)) >= count, what=f"{count} messages on {ending}")
        return self.documents(ending)
