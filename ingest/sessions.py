"""Brings the sessions at the broker to those that the settings ask for, when the number of shards changes.

Nothing is lost and no device's order is broken: the new sessions are made first and keep what comes; then
each old one is told to read nothing more, and what lies in it is recorded up to a mark behind which nothing
can follow; only then are the new ones read. What came in between lies in both and is recorded once.
"""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from typing import Any, NamedTuple

import orjson
import structlog
from paho.mqtt.client import Client, ConnectFlags
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from eventlog.ports import Claim, EventLog, LogUnavailableError, SavedState
from ingest.client import CONNECT_S_MAX, FILTERS_MAX, MqttIngest, address_of
from ingest.keeper import claim_name
from ingest.messages import Message
from ingest.pipeline import Pipeline
from ingest.shards import Unit, drained_mark, units_of
from ingest.strays import HANDED_OVER

LOOK_S = 0.5
ANSWER_S = 10.0
"""How long the broker may take to answer for one session."""

_OWNER, _KEY = "ingest.sessions", "sessions"
_CHANGING = "ingest/sessions"
_logger = structlog.get_logger()


class Login(NamedTuple):
    """How to reach the broker."""

    url: str
    username: str | None = None
    password: str | None = None


class SessionError(Exception):
    """The broker did not answer, or refused; nothing has been lost, try again."""


def in_force(log: EventLog) -> list[str]:
    """The sessions that exist at the broker. Raises LogError."""
    for entry in log.load_state(_OWNER):
        found: list[str] = orjson.loads(entry.value)
        return found
    return [unit.session for unit in units_of(1, strays=False)]


def settle(
    log: EventLog,
    units: Sequence[Unit],
    login: Login,
    pipeline: Callable[[Claim], Pipeline],
    stop: threading.Event,
) -> bool:
    """Returns True once the sessions are those of `units`, False when told to stop before.

    Waits while processes with other settings run. Raises LogError.
    """
    told = False
    while not stop.is_set():
        try:
            if set(in_force(log)) == {unit.session for unit in units}:
                return True
            with ExitStack() as stack:
                claim = _all_claims(log, stack)
                if claim is not None:
                    _change(log, units, login, pipeline(claim), claim, stop)
                    continue
            if not told:
                _logger.warning("ingest_waits", why="processes with another number of shards run")
            told = True
        except (SessionError, LogUnavailableError) as error:
            _logger.warning("ingest_sessions_not_changed", error=str(error))
        stop.wait(LOOK_S)
    return False


def _all_claims(log: EventLog, stack: ExitStack) -> Claim | None:
    """The claim of the change, with those of every session that there is; None where one is taken."""
    held: Claim | None = None
    for name in (_CHANGING, *(claim_name(Unit.of(session)) for session in in_force(log))):
        claim = log.claim(name)
        if claim is None:
            return None
        stack.callback(claim.release)
        held = held or claim
    return held


def _change(
    log: EventLog,
    units: Sequence[Unit],
    login: Login,
    pipeline: Pipeline,
    claim: Claim,
    stop: threading.Event,
) -> None:
    before = [Unit.of(session) for session in in_force(log)]
    estates = sorted(pipeline.estates)
    for unit in units:
        if unit not in before:
            _make(login, unit.session, unit.filters(estates))
    for unit in before:
        if unit in units:
            continue
        _drain(login, unit, unit.filters(estates), pipeline, stop)
        if stop.is_set():
            return
        _drop(login, unit.session)
    now = [unit.session for unit in units]
    with log.transaction(under=claim) as transaction:
        transaction.save_state(_OWNER, [SavedState(_KEY, orjson.dumps(now))])
        transaction.save_state(HANDED_OVER, [SavedState(estate, b"") for estate in estates])
    _logger.info("ingest_sessions_changed", sessions=now)


def _make(login: Login, session: str, filters: Sequence[str]) -> None:
    """A session that keeps what comes on these topics. Reads nothing. Raises SessionError."""
    parts = [filters[start : start + FILTERS_MAX] for start in range(0, len(filters), FILTERS_MAX)]
    answers = threading.Semaphore(0)

    def connected(client: Client) -> None:
        for part in parts:
            client.subscribe([(name, 1) for name in part])

    with _Short(login, session, clean=False, connected=connected, subscribed=answers.release):
        for _ in parts:
            if not answers.acquire(timeout=ANSWER_S):
                raise SessionError(f"the broker does not answer for {session}")


def _drop(login: Login, session: str) -> None:
    """Takes an empty session from the broker. Raises SessionError."""
    with _Short(login, session, clean=True):
        pass


class _Short:
    """A connection for a moment, which acknowledges nothing."""

    def __init__(
        self,
        login: Login,
        session: str,
        *,
        clean: bool,
        connected: Callable[[Client], None] = lambda _: None,
        subscribed: Callable[[], None] = lambda: None,
    ) -> None:
        self._session = session
        self._client = Client(
            CallbackAPIVersion.VERSION2, client_id=session, clean_session=clean,
            protocol=MQTTProtocolVersion.MQTTv311, reconnect_on_failure=False, manual_ack=True,
        )  # fmt: skip
        self._address = address_of(login.url)
        if self._address.secure:
            self._client.tls_set()
        if login.username is not None:
            self._client.username_pw_set(login.username, login.password)
        self._client.connect_timeout = CONNECT_S_MAX
        self._answer = threading.Event()
        self._refused: str | None = None
        self._connected, self._subscribed = connected, subscribed
        self._client.on_connect = self._on_connect
        self._client.on_subscribe = lambda *_: self._subscribed()

    def _on_connect(self, client: Client, _u: Any, _f: ConnectFlags, reason: ReasonCode, _p: Any) -> None:
        if reason.is_failure:
            self._refused = str(reason)
        else:
            self._connected(client)
        self._answer.set()

    def __enter__(self) -> None:
        try:
            self._client.connect(self._address.host, self._address.port)
        except OSError as error:
            raise SessionError(f"the broker is away: {error}") from error
        self._client.loop_start()
        if not self._answer.wait(ANSWER_S) or self._refused:
            self._end()
            raise SessionError(f"the broker refuses {self._session}: {self._refused or 'no answer'}")

    def __exit__(self, *_: object) -> None:
        self._end()

    def _end(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()


class _Ended(threading.Event):
    """Set when the mark has come, or when the whole part is told to stop."""

    def __init__(self, stop: threading.Event) -> None:
        super().__init__()
        self._stop = stop

    def is_set(self) -> bool:
        return super().is_set() or self._stop.is_set()

    def wait(self, timeout: float | None = None) -> bool:
        return self._stop.wait(timeout) or self.is_set()


class _UntilMark:
    """Takes what lies before the mark."""

    def __init__(self, pipeline: Pipeline, mark: str, ended: threading.Event) -> None:
        self._pipeline, self._mark, self._ended = pipeline, mark, ended

    def take(self, messages: Sequence[Message], stop: threading.Event | None = None) -> None:
        """Returns when they are durable."""
        ours = [message for message in messages if message.topic != self._mark]
        if ours:
            self._pipeline.take(ours, stop)
        if len(ours) < len(messages):
            self._ended.set()


class _Draining(MqttIngest):
    """Reads what a session has, and makes sure that nothing more comes into it."""

    def __init__(
        self, taker: _UntilMark, unit: Unit, filters: Sequence[str], mark: str, login: Login
    ) -> None:
        super().__init__(
            taker, url=login.url, username=login.username, password=login.password, client_id=unit.session
        )
        self._filters, self._mark = filters, mark

    def _on_connect(
        self,
        client: Client,
        userdata: Any,
        flags: ConnectFlags,
        reason: ReasonCode,
        properties: Properties | None,
    ) -> None:
        if reason.is_failure:
            super()._on_connect(client, userdata, flags, reason, properties)
            return
        client.subscribe(self._mark, 1)
        for start in range(0, len(self._filters), FILTERS_MAX):
            client.unsubscribe(list(self._filters[start : start + FILTERS_MAX]))
        client.publish(self._mark, b"", qos=1)  # a broker takes the packets of a connection in order


def _drain(
    login: Login, unit: Unit, filters: Sequence[str], pipeline: Pipeline, stop: threading.Event
) -> None:
    """Records everything that a session has. Returns when it is empty, or when told to stop."""
    mark, ended = drained_mark(uuid.uuid4().hex), _Ended(stop)
    _Draining(_UntilMark(pipeline, mark, ended), unit, filters, mark, login).run(ended)
    if not ended.is_set():
        raise SessionError(f"the claim was lost while {unit.session} was read")
