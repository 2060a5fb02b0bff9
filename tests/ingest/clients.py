"""MQTT clients for tests, an embedded broker in a thread, and accounts with their passwords."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion

from eventlog.memory import MemoryAccounts
from eventlog.ports import Account, Accounts
from ingest import secrets
from ingest.broker import EmbeddedBroker
from ingest.pipeline import Pipeline
from tests.support.waiting import wait_until

ESTATE = "xiegou"


class People:
    """Accounts by user name, with the passwords that only their owners know."""

    def __init__(self) -> None:
        self.accounts: Accounts = MemoryAccounts()
        self.passwords: dict[str, str] = {}

    def add(self, name: str, kind: str, scope: str = "", estate: str = ESTATE) -> str:
        secret = secrets.new_secret()
        self.passwords[name] = secret.token
        self.accounts.put(
            Account(name, kind, estate, scope, secret_hash=secret.secret_hash, broker_hash=secret.broker_hash)
        )
        return name


def everybody() -> People:
    """One account of each kind, and a second device."""
    people = People()
    people.add("xiegou.gate-n1", "device", "access/gate-n1")
    people.add("xiegou.probe-1", "device", "probe/probe-1")
    people.add("xiegou.squad.squad-1", "squad", "squad-1")
    people.add("xiegou.member.squad-1.zhang", "member", "squad-1/zhang")
    people.add("xiegou.gateway.player", "gateway", "player")
    people.add("gatehouse", "service", estate="")
    return people


class Mqtt:
    """A connected client in a thread of paho's. `got` has (topic, payload, retain) in order."""

    def __init__(
        self,
        port: int,
        user: str | None = None,
        password: str | None = None,
        *,
        client_id: str = "",
        clean: bool = True,
        will: tuple[str, bytes] | None = None,
        manual_ack: bool = False,
        wait: bool = True,
    ) -> None:
        self.client = Client(
            CallbackAPIVersion.VERSION2,
            client_id=client_id,
            clean_session=clean,
            manual_ack=manual_ack,
            reconnect_on_failure=False,
        )
        if user is not None:
            self.client.username_pw_set(user, password)
        if will:
            self.client.will_set(*will, qos=1, retain=True)
        self.got: list[tuple[str, bytes, bool]] = []
        self.unanswered: list[MQTTMessage] = []
        self.codes: dict[int | None, list[Any]] = {}
        self.connected = threading.Event()
        self.refused = threading.Event()
        self.lost = threading.Event()
        self.client.on_message = self._on_message
        self.client.on_subscribe = lambda c, u, mid, codes, p: self.codes.update({mid: codes})
        self.client.on_connect = self._on_connect
        self.client.on_disconnect = lambda *_: self.lost.set()
        self.client.connect("127.0.0.1", port)
        self.client.loop_start()
        if wait:
            assert self.connected.wait(10), "the broker does not let this client in"

    def _on_connect(self, client: Client, userdata: Any, flags: Any, reason: Any, properties: Any) -> None:
        (self.refused if reason.is_failure else self.connected).set()

    def _on_message(self, client: Client, userdata: Any, message: MQTTMessage) -> None:
        self.unanswered.append(message)
        self.got.append((message.topic, message.payload, message.retain))

    def subscribe(self, topic: str) -> bool:
        """Whether the broker grants it."""
        _, mid = self.client.subscribe(topic, 1)
        codes = wait_until(lambda: self.codes.get(mid), what="SUBACK")
        return not codes[0].is_failure

    def round_trip(self) -> None:
        """The broker has read all that was sent before, or has closed the connection over it."""
        _, mid = self.client.subscribe("nothing/at/all")
        wait_until(lambda: mid in self.codes or self.lost.is_set(), what="SUBACK")

    def publish(self, topic: str, payload: bytes = b"{}", *, qos: int = 1, retain: bool = False) -> None:
        """Publishes and waits for the answer."""
        info = self.client.publish(topic, payload, qos, retain)
        info.wait_for_publish(10)
        assert info.is_published(), f"no answer for {topic}"

    def break_off(self) -> None:
        """Ends the connection without a goodbye."""
        self.client.loop_stop()
        sock = self.client.socket()
        assert sock
        sock.close()

    def close(self) -> None:
        self.client.disconnect()
        self.client.loop_stop()


@contextmanager
def embedded(pipeline: Pipeline, accounts: Accounts, **settings: Any) -> Iterator[EmbeddedBroker]:
    """An embedded broker on a free port."""
    broker = EmbeddedBroker(pipeline, accounts, "127.0.0.1", 0, **settings)
    stop = threading.Event()
    failed: list[BaseException] = []

    def run() -> None:
        try:
            broker.run(stop)
        except BaseException as error:
            failed.append(error)
            raise

    thread = threading.Thread(target=run)
    thread.start()
    try:
        assert broker.ready.wait(10)
        yield broker
    finally:
        stop.set()
        thread.join(15)
    assert not thread.is_alive(), "the broker does not stop"
    assert not failed
