"""Carries the log's inputs to Kafka, in order, an estate's always to one partition. One at a time does it.

Decides nothing and changes nothing. A record may come twice, after a crash or from a relay that doesn't know
yet that it was replaced: workers skip what they have by its position, and look up in the log what is missing.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Sequence
from contextlib import suppress

import structlog
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError, UnknownError
from aiokafka.producer.message_accumulator import BatchBuilder
from aiokafka.structs import RecordMetadata

from eventlog import metrics
from eventlog.ports import Claim, EventLog, LogUnavailableError, Position, Recorded
from eventlog.vocabulary import OUTPUT_TYPES
from processors.runners.carried import BEGIN, encode, mark, partition_of
from processors.runners.topics import INPUTS, RECORD_BYTES_MAX, Cluster, TopicsError, ensure

READER = "relay"
BATCH = 5_000
"""Entries read at once."""
BATCH_BYTES = 512 * 1024
"""What is sent to a partition in one request, unless one record is longer."""
MOVE_S = 0.5
"""The position is saved at most this often: what was sent since comes twice after a crash."""
MARK_S = 1.0
"""Partitions with no record of their own are told this often how far the log has been sent."""
LOOK_S = 0.2
STANDBY_S = 0.5
REQUEST_MS = 10_000
STOP_S = 4.0
BACK_OFF_S = (0.2, 0.5, 1.0, 2.0, 5.0)

_log = structlog.get_logger()


class DataLostError(Exception):
    """Kafka gives an offset again: it has lost what it had. Topics have to be made, and all is sent anew."""


PASSING = (LogUnavailableError, KafkaError, TopicsError, DataLostError, OSError, TimeoutError)
"""What another try may get past."""


class Relay:
    """Carries until told to stop; stands by while another process does."""

    def __init__(self, log: EventLog, cluster: Cluster) -> None:
        self._eventlog, self._cluster = log, cluster
        self.ready = threading.Event()
        """Set while records are carried, or while standing by for another that carries."""

    def run(self, stop: threading.Event) -> None:
        """Goes on through every outage. Raises LogCorruptError."""
        claim: Claim | None = None
        failures = 0
        try:
            while not stop.is_set():
                began_s = time.monotonic()
                try:
                    claim = claim or self._eventlog.claim(READER)
                    if claim is None:
                        self.ready.set()
                        stop.wait(STANDBY_S)
                        continue
                    asyncio.run(self._carry(claim, stop))
                except PASSING as error:
                    self.ready.clear()
                    away = "log" if isinstance(error, LogUnavailableError) else "kafka"
                    metrics.OUTAGES.labels("relay", away).inc()
                    if claim and isinstance(error, LogUnavailableError):
                        claim.release()  # its server may have forgotten it, and given it to another
                        claim = None
                    failures = 1 if time.monotonic() - began_s > 60 else failures + 1
                    pause_s = BACK_OFF_S[min(failures, len(BACK_OFF_S)) - 1]
                    _log.warning("nothing is carried to Kafka", error=_said(error), again_in_s=pause_s)
                    stop.wait(pause_s)
        finally:
            if claim:
                claim.release()

    async def _carry(self, claim: Claim, stop: threading.Event) -> None:
        partitions = await ensure(self._cluster)
        producer = await self._connected()
        try:
            await _Carrying(self._eventlog, claim, producer, partitions).run(stop, self.ready)
        finally:
            await _end(producer)

    async def _connected(self) -> AIOKafkaProducer:
        """Idempotent where the broker can; where it can't, a retry may bring a record twice."""
        try:
            return await _started(self._cluster, idempotent=True)
        except UnknownError:
            _log.warning("this broker gives no producer ids: records may come twice, which workers skip")
            return await _started(self._cluster, idempotent=False)


async def _started(cluster: Cluster, *, idempotent: bool) -> AIOKafkaProducer:
    producer = AIOKafkaProducer(
        bootstrap_servers=cluster.bootstrap, enable_idempotence=idempotent, acks="all",
        max_batch_size=BATCH_BYTES, max_request_size=RECORD_BYTES_MAX, request_timeout_ms=REQUEST_MS,
    )  # fmt: skip
    try:
        await asyncio.wait_for(producer.start(), 2 * REQUEST_MS / 1_000)
    except BaseException:
        await _end(producer)
        raise
    return producer


async def _end(producer: AIOKafkaProducer) -> None:
    with suppress(TimeoutError, KafkaError):  # what it still had is sent again by the next one
        await asyncio.wait_for(producer.stop(), STOP_S)


class _Carrying:
    """One producer's work."""

    def __init__(self, log: EventLog, claim: Claim, producer: AIOKafkaProducer, partitions: int) -> None:
        self._eventlog, self._claim, self._producer, self._partitions = log, claim, producer, partitions
        self._last: list[Position] = [BEGIN] * partitions
        """The position of the last record of each partition."""
        self._offsets = [-1] * partitions
        self._places: dict[str, int] = {}
        self._position = self._saved = log.position(READER)
        self._moved_s = self._marked_s = 0.0

    async def run(self, stop: threading.Event, ready: threading.Event) -> None:
        """Carries until told to stop. Raises KafkaError, LogError."""
        if not self._position:  # the first relay of this log: workers look up what was before
            self._position = await asyncio.to_thread(self._eventlog.head)
        await self._mark()
        ready.set()
        ahead = asyncio.create_task(asyncio.to_thread(self._read, self._position))
        try:
            while not stop.is_set():
                entries = await ahead
                after = entries[-1].position if entries else self._position
                ahead = asyncio.create_task(asyncio.to_thread(self._read, after))
                if entries:
                    await self._send(entries)
                    self._position = after
                await self._keep_up(idle=not entries)
        finally:
            ahead.cancel()
        await self._move()

    def _read(self, after: Position) -> Sequence[Recorded]:
        """What comes next, waiting a little for it."""
        found = self._eventlog.read(after=after, limit=BATCH)
        if not found and self._eventlog.wait(after, LOOK_S):
            found = self._eventlog.read(after=after, limit=BATCH)
        return found

    async def _send(self, entries: Sequence[Recorded]) -> None:
        """Returns when Kafka has answered for all of them."""
        parted: dict[int, list[Recorded]] = {}
        places = self._places
        for entry in entries:
            if entry.type in OUTPUT_TYPES:
                continue
            place = places.get(entry.estate)
            if place is None:
                place = places[entry.estate] = partition_of(entry.estate, self._partitions)
            parted.setdefault(place, []).append(entry)
        await asyncio.gather(*(self._send_to(place, part) for place, part in parted.items()))
        metrics.RELAYED.inc(sum(map(len, parted.values())))

    async def _send_to(self, place: int, entries: Sequence[Recorded]) -> None:
        answers: list[asyncio.Future[RecordMetadata]] = []
        batch: BatchBuilder = self._producer.create_batch()
        previous = self._last[place]
        for entry in entries:
            key, value, at_ms = entry.estate.encode(), encode(entry, previous), entry.recorded_us // 1_000
            if batch.append(key=key, value=value, timestamp=at_ms) is None:
                answers.append(await self._producer.send_batch(batch, INPUTS, partition=place))
                batch = self._producer.create_batch()
                batch.append(key=key, value=value, timestamp=at_ms)
            previous = entry.position
        answers.append(await self._producer.send_batch(batch, INPUTS, partition=place))
        self._heard(place, await asyncio.gather(*answers))
        self._last[place] = previous

    def _heard(self, place: int, answers: Sequence[RecordMetadata]) -> None:
        """Checks what Kafka says it has. Raises DataLostError: some brokers take records of a topic that is
        gone without a word."""
        for answer in answers:
            if 0 <= answer.offset <= self._offsets[place]:
                raise DataLostError(f"{INPUTS}[{place}] was at {self._offsets[place]}, is at {answer.offset}")
            self._offsets[place] = max(self._offsets[place], answer.offset)

    async def _keep_up(self, *, idle: bool) -> None:
        now_s = time.monotonic()
        if now_s - self._marked_s >= MARK_S and any(last < self._position for last in self._last):
            await self._mark()
        if self._position != self._saved and (idle or now_s - self._moved_s >= MOVE_S):
            await self._move()

    async def _mark(self) -> None:
        """Tells every partition that everything up to here has been sent."""
        self._marked_s = time.monotonic()
        behind = [place for place, last in enumerate(self._last) if last < self._position or last == BEGIN]
        await asyncio.gather(*(self._mark_one(place) for place in behind))

    async def _mark_one(self, place: int) -> None:
        batch: BatchBuilder = self._producer.create_batch()
        batch.append(key=b"", value=mark(self._position, self._last[place]), timestamp=None)
        self._heard(place, [await (await self._producer.send_batch(batch, INPUTS, partition=place))])
        self._last[place] = self._position

    async def _move(self) -> None:
        """Saves how far Kafka has answered."""
        upto = self._position
        if upto == self._saved:
            return
        await asyncio.to_thread(self._move_now, upto)
        self._saved, self._moved_s = upto, time.monotonic()
        metrics.READER_POSITION.labels(READER).set(upto)

    def _move_now(self, upto: Position) -> None:
        with self._eventlog.transaction(under=self._claim) as transaction:
            transaction.move(READER, upto)


def _said(error: BaseException) -> str:
    return str(error) or type(error).__name__
