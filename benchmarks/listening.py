"""Who waits for alerts in the benches: a subscriber of `estates/+/alerts`, and where that is asked for of the
squads' topics, that notes when each came."""

from __future__ import annotations

import threading
import time

import orjson
from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion

from benchmarks.publishers import Login
from eventlog import topics


class AlertListener:
    """Notes when the first alert that names an event as evidence came, in seconds since 1970."""

    def __init__(self, login: Login, within_s: float = 10.0, *, squads: bool = False) -> None:
        self.came: dict[str, float] = {}
        self.came_to_squad: dict[str, float] = {}
        self.messages = 0
        self._ready = threading.Event()
        self._client = Client(CallbackAPIVersion.VERSION2, client_id=login.client_id)
        if login.user:
            self._client.username_pw_set(login.user, login.password)
        asked = [topics.alerts("+"), *([topics.squad_alerts("+", "+")] if squads else ())]
        self._client.on_connect = lambda client, *_: client.subscribe([(one, 1) for one in asked])
        self._client.on_subscribe = lambda *_: self._ready.set()
        self._client.on_message = self._on_message
        self._client.connect("127.0.0.1", login.port)
        self._client.loop_start()
        if not self._ready.wait(within_s):
            raise SystemExit("the broker does not take the alert listener's subscription")

    def _on_message(self, client: Client, userdata: object, message: MQTTMessage) -> None:
        now = time.time()
        self.messages += 1
        came = self.came_to_squad if "/patrol/" in message.topic else self.came
        for event_id in orjson.loads(message.payload).get("evidence", ()):
            came.setdefault(event_id, now)

    def has(self, ids: frozenset[str]) -> bool:
        """Whether all of these have come."""
        return len(self.came) >= len(ids) and ids <= self.came.keys()

    def close(self) -> None:
        """Leaves."""
        self._client.disconnect()
        self._client.loop_stop()
