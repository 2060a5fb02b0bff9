"""The embedded broker: MQTT 3.1.1 in this process, with a user and a password for every device.

A message of QoS 1 is answered when it is in the log, not before. What a device may publish and who may
read what is checked before anything is stored.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from typing import TYPE_CHECKING

import orjson
import structlog

from eventlog.ports import Accounts, LogError
from ingest.arrival import arrival_us
from ingest.decoders import place_of
from ingest.embedded.book import AccountBook
from ingest.embedded.commits import GroupCommit
from ingest.messages import Message
from ingest.pipeline import Pipeline

if TYPE_CHECKING:
    from ingest.embedded.server import GateBroker

_LOOK_S = 0.1
_FOLLOW_S = 1.0
BACK_WITHIN_S = 60.0
"""A device that was online when we stopped and is not back after this long is recorded as offline."""
STOP_S_MAX = 5.0

_logger = structlog.get_logger()


class EmbeddedBroker:
    """Listens for devices, squads and Gatehouse's own service; records through a pipeline."""

    def __init__(
        self,
        pipeline: Pipeline,
        accounts: Accounts,
        host: str = "127.0.0.1",
        port: int = 1883,
        *,
        back_within_s: float = BACK_WITHIN_S,
    ) -> None:
        self._pipeline = pipeline
        self._accounts = accounts
        self._host = host
        self._back_within_s = back_within_s
        self.port = port
        """The port; where 0 was asked for, the one it got, once `ready`."""
        self.ready = threading.Event()
        """Set while it listens."""

    def run(self, stop: threading.Event) -> None:
        """Serves until told to stop. Raises OSError when the port is taken, LogError."""
        asyncio.run(self._serve(stop))

    async def _serve(self, stop: threading.Event) -> None:
        from amqtt.errors import BrokerError

        from ingest.embedded.server import GateBroker

        for noisy in ("amqtt", "transitions"):  # they tell of every connection and state
            logging.getLogger(noisy).setLevel(logging.ERROR)
        book = AccountBook(self._accounts)
        await book.follow()
        commits = GroupCommit(self._pipeline, stop)
        broker = GateBroker(commits, book, self._host, self.port)
        try:
            await broker.start()
        except BrokerError as error:
            raise OSError(f"can't listen on {self._host}:{self.port}: {error}") from error
        committing = asyncio.create_task(commits.run())
        self.port = broker.port
        self.ready.set()
        _logger.info("broker_listens", host=self._host, port=self.port)
        try:
            await self._watch(broker, committing, stop)
        finally:
            self.ready.clear()
            commits.close()
            await asyncio.wait([committing], timeout=STOP_S_MAX)
            await broker.close()
        committing.result()

    async def _watch(self, broker: GateBroker, committing: asyncio.Task[None], stop: threading.Event) -> None:
        """Until the end: follows the accounts, and once looks who has not come back."""
        started = followed = time.monotonic()
        looked = False
        while not stop.is_set() and not committing.done():
            await asyncio.sleep(_LOOK_S)
            now = time.monotonic()
            if now - followed >= _FOLLOW_S:
                followed = now
                await self._follow(broker)
            if not looked and now - started >= self._back_within_s:
                looked = True
                await self._record_absent(broker)

    async def _follow(self, broker: GateBroker) -> None:
        try:
            if await broker.book.follow():
                await broker.renew_rights()
        except LogError as error:
            _logger.warning("accounts_not_read", error=str(error))

    async def _record_absent(self, broker: GateBroker) -> None:
        """Whose last will nobody was there to hear: online when we stopped, and not back since."""
        devices = {(one.estate, one.scope): one.name for one in broker.book.devices()}
        for topic, seen in dict(self._pipeline.presence.last).items():
            place = place_of(topic)
            user = devices.get((place.estate, f"{place.family}/{place.device}"))
            if seen.state == "online" and user and user not in broker.seen_users:
                payload = orjson.dumps({"state": "offline", "session": seen.session})
                message = Message(topic, payload, 0, False, False, arrival_us())
                broker.commits.put(message, 0, _NOBODY)


class _Nobody:
    """Waits for no answer."""

    def recorded(self, message: Message, number: int) -> None: ...

    def flush(self) -> None: ...


_NOBODY = _Nobody()
