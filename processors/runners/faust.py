"""The Faust adapter: brings records from Kafka to a `Share`, and keeps copies of its states in a table.

The only file that imports Faust. Decides nothing itself: the share skips what was decided, looks up in the
log what is missing, records outputs before state is copied. So at-least-once delivery is enough, and an
offset that is committed early, a table that is lost or a record that is damaged changes no outcome. Not used:
windows, joins, `take`, exactly-once, concurrency, offsets that the group has committed: each has a trap.
"""

from __future__ import annotations

import asyncio
import shutil
import threading
import weakref
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeVar

import faust
import structlog
from faust.exceptions import ConsistencyError
from faust.streams import _current_event
from faust.transport.drivers.aiokafka import Consumer, Transport
from faust.types import TP

from eventlog import metrics
from eventlog.collector import spare_the_collector
from eventlog.ports import Claim, EventLog, LogUnavailableError
from processors.runners.carried import BadRecordError, Carried, decode
from processors.runners.common import READER
from processors.runners.share import Share, ShareLostError
from processors.runners.topics import APP, INPUTS, RECORD_BYTES_MAX, STATES, Cluster, ensure

T = TypeVar("T")
Store = Literal["memory", "rocksdb"]

BATCH = 1_000
"""Records decided together: what is waiting, at most so many; nothing waits for a batch to fill."""
SESSION_S = 10.0
"""A worker that is silent for so long is taken for dead. With Faust's default a takeover lasts a minute."""
HEARTBEAT_S = 1.0
"""The answer to it tells a worker that others come or go."""
REBALANCE_S = 30.0
METADATA_S = 5.0
"""How soon a worker that was given nothing, as topics were gone, sees that they are there again. Nothing else
makes it look, and the default is five minutes."""
STILL_S = 5.0
"""A changelog that is being read and brings nothing for so long is read again from where it stood."""
READY_WITHIN_S = 120.0
"""From start, or from losing its partitions, until it decides; else it gives up, to be started again."""
SAVE_S = 3.0
"""How long saving may keep a stop or a rebalance waiting."""
STOP_S = 8.0
LOOK_S = 0.25
BACK_OFF_S = (0.05, 0.2, 0.5, 1.0, 2.0)

_log = structlog.get_logger()


class WorkerError(Exception):
    """The worker can't go on, and has to be started again."""


@dataclass(frozen=True, slots=True)
class Tables:
    """Where a worker's table lies; `folder` is for RocksDB, and for this worker alone."""

    store: Store
    folder: Path

    def drop(self) -> None:
        """Forgets what lies here: it is made anew from the changelog or the log."""
        shutil.rmtree(self.folder, ignore_errors=True)


class _FromTheEnd(Consumer):
    """Reads inputs from where Kafka's end was before the log was looked up, not from where the group was.

    A commit that is under way when Kafka loses its data is tried until topics are there again, and then holds
    an offset of those that are gone. Faust drops, without a word, all that comes before that offset.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.begin: Mapping[TP, int] = {}
        """Where each input partition is read from."""

    async def seek_to_committed(self) -> Mapping[TP, int]:
        committed = await super().seek_to_committed()
        begin = {tp: offset for tp, offset in self.begin.items() if tp in committed}
        await self.seek_wait(begin)
        return {**committed, **begin}


class _Transport(Transport):
    Consumer = _FromTheEnd


class FaustWorker:
    """One worker of the group. Stands by while a decider without Kafka (`process`) works on this log."""

    def __init__(
        self,
        log: EventLog,
        cluster: Cluster,
        tables: Tables,
        *,
        time_mode: Literal["wall", "events"] = "wall",
        ready_within_s: float = READY_WITHIN_S,
    ) -> None:
        self._eventlog, self._cluster, self._tables = log, cluster, tables
        self._time_mode, self._ready_within_s = time_mode, ready_within_s
        self._claim: Claim | None = None
        self._fatal: BaseException | None = None
        self._waiting_s = 0.0
        self._left: tuple[int, float] = (0, 0.0)
        self._stopping = self._useless = False
        self.ready = threading.Event()
        """Set while it decides the partitions it was given, be it none."""

    def run(self, stop: threading.Event) -> None:
        """Decides until told to stop. Raises WorkerError, ShareLostError, SharesError, TopicsError, LogError,
        KafkaError, OSError: start it again."""
        try:
            while self._claim is None and not stop.is_set():
                self._claim = self._eventlog.claim(READER, shared=True)
                if self._claim is None:
                    self.ready.set()  # there is nothing for it to do
                    stop.wait(LOOK_S)
            self.ready.clear()
            if not stop.is_set():
                asyncio.run(self._run(stop))
        finally:
            if self._claim:
                self._claim.release()

    async def _run(self, stop: threading.Event) -> None:
        self._thread = ThreadPoolExecutor(1, "share")  # the share is used one call at a time
        partitions = await ensure(self._cluster)
        self._share = await self._patiently(
            lambda: Share(self._eventlog, partitions, time_mode=self._time_mode)
        )
        app = self._app = self._make()
        starting = asyncio.ensure_future(app.start())  # which may wait for the group and the table for ever
        try:
            await self._watch(stop, starting)
        except ConsistencyError as error:
            self._useless = True
            raise WorkerError("the table is ahead of its changelog: it is dropped") from error
        finally:
            starting.cancel()
            stop.set()  # whatever ends this ends the process, in bounded time
            self._stopping = True
            if self._useless:
                self._tables.drop()  # now, should the stop hang; and again, as closing it may write
            await self._stop(app)
            if self._useless:
                self._tables.drop()

    def _make(self) -> Any:
        app = faust.App(
            APP,
            broker=";".join(f"kafka://{server}" for server in self._cluster.bootstrap),
            loop=asyncio.get_running_loop(),
            autodiscover=False,
            datadir=str(self._tables.folder),
            store="rocksdb://" if self._tables.store == "rocksdb" else "memory://",
            key_serializer="raw",
            value_serializer="raw",
            web_enabled=False,
            topic_allow_declare=False,
            topic_disable_leader=True,
            broker_session_timeout=SESSION_S,
            broker_heartbeat_interval=HEARTBEAT_S,
            broker_rebalance_timeout=REBALANCE_S,
            broker_commit_interval=1.0,
            consumer_metadata_max_age_ms=int(METADATA_S * 1_000),
            stream_wait_empty=False,
            consumer_max_fetch_size=RECORD_BYTES_MAX,
            producer_max_request_size=RECORD_BYTES_MAX,
            table_standby_replicas=0,
        )
        app.transport = _Transport(app.conf.broker_consumer, app, loop=app.loop)
        options = {"driver": "rocksdict"} if self._tables.store == "rocksdb" else None
        self._table = app.Table(
            STATES, key_type=bytes, value_type=bytes, partitions=self._share.count, options=options,
            on_recover=self._own,
        )  # fmt: skip
        app.agent(app.topic(INPUTS, key_type=bytes, value_type=bytes), name="decide", concurrency=1)(
            self._decide
        )
        app.on_partitions_revoked.connect(self._disown, weak=False)
        self._waiting_s = asyncio.get_running_loop().time()
        return app

    async def _watch(self, stop: threading.Event, starting: asyncio.Future[Any]) -> None:
        """Tells the time and saves; notices what can't go on."""
        loop = asyncio.get_running_loop()
        while not stop.is_set():
            if self._fatal:
                raise self._fatal
            if starting.done():
                starting.result()
            if self._app.should_stop or self._app.crash_reason:
                if isinstance(self._app.crash_reason, ConsistencyError):
                    raise self._app.crash_reason
                raise WorkerError(f"Faust has stopped: {self._app.crash_reason!r}")
            if not self.ready.is_set() and loop.time() - self._waiting_s > self._ready_within_s:
                self._useless = True
                raise WorkerError(f"not ready within {self._ready_within_s:g} s")
            self._read_on(loop.time())
            await asyncio.sleep(await self._patiently(self._tick))

    def _read_on(self, now_s: float) -> None:
        """Begins the recovery of the table again where it stands still.

        A fetch that is under way when recovery seeks can end after it: its records are thrown away, the place
        is behind them, and Faust waits for them for ever.
        """
        recovery = self._app.tables.recovery
        left = recovery.active_remaining_total() if recovery.in_recovery else 0
        if not left or left != self._left[0]:
            self._left = left, now_s
        elif now_s - self._left[1] > STILL_S:
            self._left = left, now_s
            metrics.WORKER_RECOVERIES_AGAIN.inc()
            _log.warning("the changelog stands still: it is read again", records_left=left)
            recovery.signal_recovery_start.set()

    def _tick(self) -> float:
        self._share.tell_time()
        self._share.checkpoint()
        return self._share.due_in_s()

    async def _patiently(self, call: Callable[[], T]) -> T:
        """Calls in the share's thread, again and again while the log is away. Raises LogError."""
        failures = 0
        while True:
            try:
                done = await asyncio.get_running_loop().run_in_executor(self._thread, call)
            except LogUnavailableError as error:
                if self._stopping:
                    raise
                pause_s = BACK_OFF_S[min(failures, len(BACK_OFF_S) - 1)]
                failures += 1
                metrics.OUTAGES.labels("worker", "log").inc()
                _log.warning("the log is away", error=str(error), again_in_s=pause_s)
                await asyncio.sleep(pause_s)
                continue
            if failures:
                await asyncio.get_running_loop().run_in_executor(self._thread, self._claim_again)
            return done

    def _claim_again(self) -> None:
        """The log's server may have forgotten our claim, and given it to a decider that works alone."""
        if self._claim:
            self._claim.release()
        self._claim = self._eventlog.claim(READER, shared=True)
        if self._claim is None:
            raise ShareLostError("another decider has taken over while the log was away")

    async def _own(self) -> None:
        """After a rebalance, with the table recovered."""
        try:
            consumer = self._app.consumer
            inputs = [tp for tp in consumer.assignment() if tp.topic == INPUTS]
            assigned = {tp.partition for tp in inputs}
            # Before the log is looked up: what comes after it is read, what was before is in the log.
            consumer.begin = await consumer.highwaters(*inputs) if inputs else {}
            copies = dict(self._table.items())
            await self._patiently(lambda: self._share.own(assigned, lambda name: copies.get(name.encode())))
            spare_the_collector()  # looking through hundreds of estates' states would take it a second
            _log.info("partitions to decide", partitions=sorted(assigned))
            self.ready.set()
        except Exception as error:  # Faust would swallow it
            self._fatal = error

    async def _disown(self, *_: object, **__: object) -> None:
        """Before a rebalance: the next owner should have little to take again."""
        self.ready.clear()
        self._waiting_s = asyncio.get_running_loop().time()
        await self._save()
        self._share.disown()

    async def _save(self) -> None:
        """Saves state in the log, or not: whoever comes next takes the same inputs again."""
        saving = asyncio.get_running_loop().run_in_executor(
            self._thread, lambda: self._share.checkpoint(at_once=True)
        )
        with suppress(TimeoutError, LogUnavailableError, ShareLostError):
            await asyncio.wait_for(saving, SAVE_S)

    async def _decide(self, stream: Any) -> None:
        """The agent. An exception here would count as done, so none leaves it."""
        try:
            events: list[Any] = []
            async for event in stream.events():
                events.append(event)
                if len(events) >= BATCH or stream.channel.queue.empty():
                    await self._take(events)
                    events = []
        except Exception as error:
            self._fatal = error

    async def _take(self, events: Sequence[Any]) -> None:
        last: dict[int, Any] = {}
        records: dict[int, list[Carried] | None] = {}
        for event in events:
            partition = event.message.partition
            last[partition] = event
            known = records.setdefault(partition, [])
            try:
                record = decode(event.message.key, event.message.value)
            except BadRecordError as error:
                metrics.WORKER_BAD_RECORDS.inc()
                _log.error("a record that is not ours", error=str(error), offset=event.message.offset)
                records[partition] = None
                continue
            if known is not None:
                known.append(record)
        copies = await self._patiently(lambda: self._in_share(records))
        for partition, copied in copies.items():
            self._keep(last[partition], copied)

    def _in_share(
        self, records: Mapping[int, Sequence[Carried] | None]
    ) -> dict[int, list[tuple[str, bytes]]]:
        share = self._share
        for partition, carried in records.items():
            if carried is None:
                share.doubt(partition)
            else:
                share.take(partition, carried)
        share.record()
        return {partition: share.copied(partition) for partition in records}

    def _keep(self, event: Any, copies: Sequence[tuple[str, bytes]]) -> None:
        """Writes states to the table, in the partition of this event."""
        before = _current_event.set(weakref.ref(event))
        try:
            for name, copy in copies:
                if len(copy) > RECORD_BYTES_MAX // 2:
                    metrics.WORKER_STATES_TOO_LONG.inc()  # the log has it
                else:
                    self._table[name.encode()] = copy
        finally:
            _current_event.reset(before)

    async def _stop(self, app: Any) -> None:
        await self._save()
        # Not `wait_for`: it waits on where Faust keeps its stop from being cancelled.
        await asyncio.wait([asyncio.ensure_future(app.stop())], timeout=STOP_S)
        self._thread.shutdown(wait=False, cancel_futures=True)
