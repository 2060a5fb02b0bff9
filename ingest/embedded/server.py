"""amqtt's broker with its own storing, handing on and session rules replaced.

Kept of amqtt: listening, CONNECT, the life of a connection, subscriptions and their filters. Replaced,
each for a reason:
- sign-in comes before anything else: amqtt looks up (and deletes) a session by client id first;
- a client id counts within its user only, so that nobody takes over another's session;
- a take-over ends the old connection; in amqtt it marks the new one as gone;
- messages go to the log first (`GroupCommit`), then to subscribers through bounded `Outbox`es;
- retained messages go to those who subscribe to them; amqtt gives a returning session those of others;
- a last will goes the way of every message.
"""

# amqtt says nothing of its types: for mypy its classes are Any, and may not be subclassed.
# mypy: disable-error-code="misc"
from __future__ import annotations

import asyncio
import time
from asyncio import Future, StreamReader, StreamWriter
from typing import Any

import structlog
from amqtt.adapters import ReaderAdapter, WriterAdapter
from amqtt.broker import Broker, Server
from amqtt.contexts import Action, BrokerConfig, ListenerConfig
from amqtt.errors import AMQTTError, MQTTError, NoDataError
from amqtt.mqtt.connack import NOT_AUTHORIZED, ConnackPacket
from amqtt.mqtt.disconnect import DisconnectPacket
from amqtt.session import Session

from eventlog import metrics, topics
from eventlog.ports import Account
from ingest.arrival import arrival_us
from ingest.embedded.book import AccountBook
from ingest.embedded.commits import GroupCommit
from ingest.embedded.handler import BurstReader, GateHandler, LineWriter
from ingest.embedded.outbox import Outbox, Outgoing
from ingest.messages import Message
from ingest.rights import grants, may_publish, may_subscribe

CONNECTIONS_MAX = 4_000
CONNECT_S_MAX = 10.0
SESSIONS_PER_USER_MAX = 200
SESSION_KEPT_S = 7 * 24 * 3_600
RETAINED_MAX = 10_000
"""Topics with a retained message."""
ROUTES_MAX = 10_000
_TELL_AGAIN_S = 60.0
_OUTBOX = "gatehouse.outbox"

_logger = structlog.get_logger()


class GateBroker(Broker):
    """The broker. `commits` takes what devices send; `book` says who may connect."""

    def __init__(self, commits: GroupCommit, book: AccountBook, host: str, port: int) -> None:
        listener = ListenerConfig(bind=f"{host}:{port}", max_connections=CONNECTIONS_MAX)
        super().__init__(
            BrokerConfig(listeners={"default": listener}, plugins={}, session_expiry_interval=SESSION_KEPT_S)
        )
        self.commits = commits
        self.book = book
        self.seen_users: set[str] = set()
        self._routes: dict[str, list[tuple[Outbox, int]]] = {}
        self._told: dict[tuple[str, str], float] = {}
        self._leaving = False

    @property
    def port(self) -> int:
        """The port it listens on."""
        port: int = self._servers["default"].instance.sockets[0].getsockname()[1]
        return port

    async def close(self) -> None:
        """Stops listening and closes every connection; last wills are not for this."""
        self._leaving = True
        for server in self._servers.values():
            server.instance.close()
        for _, handler in list(self._sessions.values()):
            await self._stop_handler(handler)
        await self.shutdown()

    # Connecting

    async def stream_connected(self, reader: StreamReader, writer: StreamWriter, listener_name: str) -> None:
        """A connection; closed whatever becomes of it."""
        line = LineWriter(writer)
        try:
            await self._client_connected(listener_name, BurstReader(reader), line)
        finally:
            await line.close()

    async def _initialize_client_session(
        self, reader: ReaderAdapter, writer: WriterAdapter, remote_address: str, remote_port: int
    ) -> tuple[GateHandler, Session]:
        """amqtt's own: reads CONNECT and finds the session. Here the account is checked in between."""
        handler, session = await self._read_connect(reader, writer)
        account = await self.book.authenticate(session.username, session.password)
        session.password = None
        if account is None:
            metrics.BROKER_REFUSED.labels("connect").inc()
            _logger.warning("mqtt_sign_in_refused", user=session.username, address=remote_address)
            await ConnackPacket.build(0, NOT_AUTHORIZED).to_stream(writer)
            raise MQTTError("wrong user name or password")
        self.seen_users.add(account.name)
        handler.gate, handler.account, handler.client = self, account, f"{account.name}/{session.client_id}"
        handler.will = _will_of(session)
        session.client_id = handler.client
        if not grants(account).subscribe:
            session.clean_session = True  # it can't subscribe, so there is nothing to keep for it
        await self._end_connection(handler.client)
        return handler, await self._session_for(session)

    async def _read_connect(
        self, reader: ReaderAdapter, writer: WriterAdapter
    ) -> tuple[GateHandler, Session]:
        try:
            async with asyncio.timeout(CONNECT_S_MAX):
                handler, session = await GateHandler.init_from_connect(reader, writer, self.plugins_manager)
        except (AMQTTError, MQTTError, NoDataError):
            raise
        except (TimeoutError, OSError, EOFError, ValueError, TypeError, IndexError, AttributeError) as error:
            raise MQTTError(f"no CONNECT: {error}") from error
        return handler, session

    async def _session_for(self, fresh: Session) -> Session:
        """The session kept under this client's id, or the fresh one."""
        client = str(fresh.client_id)
        kept = self._sessions.get(client, (None, None))[0]
        if fresh.clean_session or kept is None or kept.clean_session:
            if kept is not None:
                await self._delete_session(client)
            self._limit_sessions(client.partition("/")[0])
            fresh.attributes[_OUTBOX] = Outbox()
            fresh.parent = 0
            self._routes.clear()
            return fresh
        kept.keep_alive = fresh.keep_alive
        kept.parent = 1
        return kept

    def _limit_sessions(self, user: str) -> None:
        own = [one for one in self._sessions if one.startswith(f"{user}/")]
        if len(own) >= SESSIONS_PER_USER_MAX:
            raise MQTTError(f"{user} has {len(own)} sessions already")

    async def _end_connection(self, client: str) -> None:
        """The same client has connected anew: its old connection ends first (MQTT 3.1.1, 3.1.4-2)."""
        _, old = self._sessions.get(client, (None, None))
        if isinstance(old, GateHandler) and not old.closed:
            await old.handle_connection_closed()
            await old.stop()

    async def _handle_client_session(
        self,
        reader: ReaderAdapter,
        writer: WriterAdapter,
        client_session: Session,
        handler: Any,
        server: Server,
        listener_name: str,
    ) -> None:
        """amqtt's own: the life of a connection that may be here."""
        await self._end_connection(handler.client)  # one that came in the meantime
        if client_session.transitions.state != "connected":
            client_session.transitions.connect()
        handler.outbox = client_session.attributes[_OUTBOX]
        handler.line, handler.bursts = writer, reader
        handler.attach(client_session, reader, writer)
        self._sessions[handler.client] = (client_session, handler)
        await handler.mqtt_connack_authorize(True)
        await handler.start()
        await self._client_message_loop(client_session, handler)

    async def _handle_disconnect(
        self, client_session: Session, handler: Any, disconnect_waiter: Future[Any]
    ) -> None:
        """amqtt's own: the end of a connection. A newer one of the same session stays connected."""
        goodbye = isinstance(disconnect_waiter.result(), DisconnectPacket)
        await self._stop_handler(handler)
        if self._sessions.get(handler.client, (None, None))[1] is handler:
            client_session.transitions.disconnect()
        if handler.will and not goodbye and not self._leaving:
            await self._speak(handler, handler.will)

    async def _speak(self, handler: GateHandler, will: Message) -> None:
        """A last will goes the way of every message, under the rights of who left it."""
        message = will._replace(received_us=arrival_us())
        account = self.book.get(handler.account.name)
        if account is None or not may_publish(account, message.topic):
            metrics.BROKER_REFUSED.labels("publish").inc()
            self.say_refused(handler.account.name, message.topic)
        elif account.kind == "service":
            self.forward(message)
        else:
            await self.commits.room()
            self.commits.put(message, 0, handler)

    async def renew_rights(self) -> None:
        """Accounts have changed: whoever is not what he was is put out, his session with him."""
        for client, (_, handler) in list(self._sessions.items()):
            if isinstance(handler, GateHandler) and self.book.get(handler.account.name) != handler.account:
                _logger.info("mqtt_account_changed", client=client)
                await self._end_connection(client)
                await self._delete_session(client)
                self._routes.clear()

    # Subscribing

    async def _topic_filtering(self, session: Session, topic: str, action: Action) -> bool:
        """amqtt's own: asked before a subscription is made."""
        account = self._account_of(session)
        allowed = account is not None and may_subscribe(account, topic)
        if not allowed:
            metrics.BROKER_REFUSED.labels("subscribe").inc()
            _logger.warning("mqtt_subscription_refused", client=session.client_id, filter=topic)
        return allowed

    def _account_of(self, session: Session) -> Account | None:
        handler = self._sessions.get(str(session.client_id), (None, None))[1]
        return handler.account if isinstance(handler, GateHandler) else None

    async def add_subscription(self, subscription: tuple[str, int], session: Session) -> int:
        """amqtt's, with QoS 1 at most; a second one to the same filter replaces the first."""
        topic_filter, qos = subscription
        self._del_subscription(topic_filter, session)
        self._routes.clear()
        granted: int = await super().add_subscription((topic_filter, min(qos, 1)), session)
        return granted

    def _del_subscription(self, a_filter: str, session: Session) -> int:
        self._routes.clear()
        deleted: int = super()._del_subscription(a_filter, session)
        return deleted

    async def _publish_retained_messages_for_subscription(
        self, subscription: tuple[str, int], session: Session
    ) -> None:
        """amqtt's own: what is retained goes to a new subscription."""
        topic_filter, qos = subscription
        outbox: Outbox = session.attributes[_OUTBOX]
        for topic, kept in self._retained_messages.items():
            if self._matches(topic, topic_filter):
                outbox.offer(Outgoing(topic, bytes(kept.data), min(qos, kept.qos or 0, 1), True))

    # Handing on

    def forward(self, message: Message) -> None:
        """Hands a message on to its subscribers, and keeps it where it is retained."""
        if message.retain:
            self._retain(message)
        for outbox, qos in self._route(message.topic):
            level = min(qos, message.qos)
            if not outbox.offer(Outgoing(message.topic, message.payload, level, False)):
                metrics.BROKER_DROPPED.inc()
                self.say_refused("a slow or absent subscriber", message.topic, event="mqtt_message_dropped")

    def _retain(self, message: Message) -> None:
        """Keeps the last message of a topic; of devices' only their status."""
        if not message.payload:
            self._retained_messages.pop(message.topic, None)
            return
        place = topics.parse(message.topic)
        if place.kind in ("events", "member", "vendor", "time"):
            return
        if len(self._retained_messages) >= RETAINED_MAX and message.topic not in self._retained_messages:
            self.say_refused("the broker", message.topic, event="mqtt_too_many_retained")
            return
        self._retained_messages[message.topic] = _retained(message)

    def _route(self, topic: str) -> list[tuple[Outbox, int]]:
        """Who gets the messages of a topic, and with which QoS; remembered until a subscription changes."""
        route = self._routes.get(topic)
        if route is None:
            best: dict[str, tuple[Outbox, int]] = {}
            for topic_filter, subscriptions in self._subscriptions.items():
                if self._matches(topic, topic_filter):
                    for session, qos in subscriptions:
                        known = best.get(str(session.client_id))
                        if known is None or known[1] < qos:
                            best[str(session.client_id)] = (session.attributes[_OUTBOX], qos)
            route = list(best.values())
            if len(self._routes) >= ROUTES_MAX:
                self._routes.clear()
            self._routes[topic] = route
        return route

    def say_refused(self, who: str, topic: str, *, event: str = "mqtt_publish_refused") -> None:
        """Logs a refusal, at most once a minute for one account and topic."""
        now = time.monotonic()
        if now - self._told.get((who, topic), -_TELL_AGAIN_S) >= _TELL_AGAIN_S:
            if len(self._told) > 1_000:
                self._told.clear()
            self._told[who, topic] = now
            _logger.warning(event, user=who, topic=topic)


def _will_of(session: Session) -> Message | None:
    if not session.will_flag or not session.will_topic:
        return None
    payload = bytes(session.will_message or b"")
    return Message(session.will_topic, payload, session.will_qos or 0, bool(session.will_retain), False, 0)


def _retained(message: Message) -> Any:
    from amqtt.broker import RetainedApplicationMessage

    return RetainedApplicationMessage(None, message.topic, message.payload, min(message.qos, 1))
