"""Tells people outside the house (WeCom, DingTalk, Feishu, SMS, mail): reads the log's outputs with a
position of its own and reports what became of every message as `delivery.*` inputs.

An attempt is in the log before it leaves. One that was under way when this process ended has an unknown
outcome: the message goes out again with the same id and version, and says so. Everything that waits is kept
with the position, so that nothing is forgotten and nothing told twice by a restart.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Mapping
from typing import cast

import structlog

from eventlog import codec
from eventlog.estate import FOLDED_TYPES, Estate
from eventlog.ids import derived_id
from eventlog.ports import (
    Claim,
    ClaimLostError,
    EventLog,
    LogUnavailableError,
    NewEvent,
    Recorded,
    SavedState,
)
from eventlog.registers import Registers
from eventlog.times import from_us
from eventlog.vocabulary import (
    AlertEvent,
    DeliveryAttempted,
    DeliveryFailed,
    DeliveryGivenUp,
    DeliverySent,
    Event,
)
from eventlog.vocabulary.delivery import Reason
from processors.delivery.board import ALERT_TYPES
from processors.delivery.lanes import Lane, Result, Send
from processors.delivery.letters import letter
from processors.delivery.paging import PAGES, Page, Pager, Told
from processors.delivery.pending import Circuit, Pending
from processors.delivery.routes import Channel, Routes
from processors.outbox import source_of

READER = "delivery.outside"
TYPES = ALERT_TYPES | FOLDED_TYPES
BATCH = 200
LOOK_S = 0.2
LOOK_BUSY_S = 0.02
MOVE_S = 10.0
"""The position is saved at most this often where nothing was to be told."""
STALE_US = 15 * 60_000_000
"""What was recorded so long ago when it is read pages nobody: nobody was there to tell it."""
WAITING_MAX = 5_000
"""Messages that wait at once; more are given up and said to be."""
STEPS_MAX = 3
"""Timeouts that one attempt may use up (name, connection, answer) before it counts as failed."""
RETRY_S = 1.0
FLUSH_S = 2.0

_log = structlog.get_logger()
Wall = Callable[[], float]
MakeSend = Callable[[Channel], Send]


class OutsideDelivery:
    """Sends until told to stop; stands by while another process does."""

    def __init__(self, log: EventLog, routes: Routes, make: MakeSend, *, wall: Wall = time.time) -> None:
        self._log, self._routes, self._wall = log, routes, wall
        self._sends = {name: make(channel) for name, channel in routes.channels.items()}
        self.ready = threading.Event()

    def run(self, stop: threading.Event) -> None:
        """Goes on whenever the log was away."""
        claim: Claim | None = None
        try:
            while not stop.is_set():
                try:
                    claim = claim or self._log.claim(READER)
                    if claim is None:
                        stop.wait(RETRY_S)
                        continue
                    session = Session(self._log, claim, self._routes, self._sends, self._wall)
                    session.open()
                    self.ready.set()
                    while not stop.is_set():
                        session.turn()
                    session.finish()
                except (LogUnavailableError, ClaimLostError) as error:
                    _log.warning("messages outside wait for the log", error=str(error))
                    if claim:
                        claim.release()
                        claim = None
                    stop.wait(RETRY_S)
        finally:
            self.ready.clear()
            if claim:
                claim.release()


class Session:
    """One holder's work, from one claim to its end."""

    def __init__(
        self, log: EventLog, claim: Claim, routes: Routes, sends: Mapping[str, Send], wall: Wall
    ) -> None:
        self._log, self._claim, self._routes, self._wall = log, claim, routes, wall
        self._pager = Pager(routes)
        self._registers = Registers(log)
        self._results: queue.SimpleQueue[Result] = queue.SimpleQueue()
        self._circuits = {name: Circuit() for name in routes.channels}
        self._lanes = {
            name: Lane(name, send, STEPS_MAX * routes.channels[name].timeout_s, self._results)
            for name, send in sends.items()
        }
        self._waiting: dict[str, Pending] = {}
        self._told: dict[str, Told] = {}
        self._read = self._moved = 0
        self._moved_s = 0.0
        self._made: list[NewEvent] = []
        self._dirty: set[str] = set()

    def open(self) -> None:
        """Takes what was saved. A system that never told anybody outside begins with the present."""
        self._registers.refresh()
        for saved in self._log.load_state(READER):
            kind, _, name = saved.key.partition("/")
            if kind == "told":
                self._told[name] = Told.load(saved.value)
            else:
                self._waiting[name] = self._known(Pending.load(saved.value))
        self._read = self._moved = self._log.position(READER)
        if not self._read:
            self._read = self._log.position_at(self._log.now_us() - STALE_US)

    def _known(self, message: Pending) -> Pending:
        """A message that was kept, with those of its channels that there still are."""
        message.channels = tuple(each for each in message.channels if each in self._circuits)
        message.place = 0 if message.place >= len(message.channels) else message.place
        return message

    def turn(self) -> None:
        """One round: what is new, what is answered, what is due; then waits a little. Raises
        LogUnavailableError, ClaimLostError."""
        new = self._take()
        self._collect()
        self._begin()
        if not new:
            self._idle()

    def _idle(self) -> None:
        """Waits for an answer while something is under way, else for the log."""
        if all(lane.free for lane in self._lanes.values()):
            self._log.wait(self._read, LOOK_S)
            return
        try:
            self._results.put(self._results.get(timeout=LOOK_BUSY_S))
        except queue.Empty:
            return

    def _take(self) -> bool:
        """Reads outputs and makes messages of them; whether there were any."""
        head = self._log.head()
        entries = self._log.read(after=self._read, limit=BATCH, types=TYPES)
        for entry in entries:
            if entry.type in FOLDED_TYPES:
                self._registers.refresh()
            else:
                self._alert(entry)
        full = len(entries) == BATCH
        self._read = entries[-1].position if full else max(head, entries[-1].position if entries else 0)
        now_s = time.monotonic()
        if self._dirty or self._made or (self._read > self._moved and now_s - self._moved_s >= MOVE_S):
            self._save()
        return bool(entries)

    def _alert(self, entry: Recorded) -> None:
        event = cast(AlertEvent, entry.event)
        alert = event.alert
        estate = self._registers.estates.get(entry.estate) or Estate(entry.estate)
        pages, told = self._pager.pages(self._told.get(alert.id), event, estate, entry.recorded_us)
        if told != self._told.get(alert.id):
            self._dirty.add(f"told/{alert.id}")
        self._told.pop(alert.id, None)
        if told is not None:
            self._told[alert.id] = told
        self._overtaken(event, pages)
        if entry.recorded_us >= self._log.now_us() - STALE_US:
            for page in pages:
                self._message(entry, event, page)

    def _overtaken(self, event: AlertEvent, pages: list[Page]) -> None:
        """Nobody is asked any more to act on what somebody acts on, or on what is another's."""
        alert = event.alert
        settled = alert.state in ("accepted", "arrived", "closed")
        down = {page.recipient for page in pages if page.kind == "stood_down"}
        for message in self._waiting.values():
            asks = message.alert.id == alert.id and message.kind in PAGES
            if asks and (settled or message.recipient in down):
                message.over = True
                message.due_s = 0.0
                self._dirty.add(f"message/{message.id}")

    def _message(self, entry: Recorded, event: AlertEvent, page: Page) -> None:
        now_s = self._wall()
        message_id = derived_id(entry.estate, "delivery", entry.source, entry.id, page.recipient, page.kind)
        message = Pending(
            message_id, event.alert, page.recipient, page.kind, page.channels, made_s=now_s, due_s=now_s
        )
        if len(self._waiting) >= WAITING_MAX:
            self._give_up(message, "too_many")
            return
        self._waiting[message_id] = message
        self._dirty.add(f"message/{message_id}")

    def _collect(self) -> None:
        """What channels have answered."""
        now_s = time.monotonic()
        results = [result for lane in self._lanes.values() if (result := lane.overdue(now_s))]
        while not self._results.empty():
            results.append(self._results.get())
        for result in results:
            if self._lanes[result.channel].ends(result):
                self._answered(result)
        if results:
            self._save()

    def _answered(self, result: Result) -> None:
        message, now_s = self._waiting[result.message], self._wall()
        self._circuits[result.channel].answered(ok=result.error is None, now_s=now_s)
        self._dirty.add(f"message/{message.id}")
        if result.error is None:
            self._report(message, "sent", DeliverySent(**_said(message, result.channel)))
            del self._waiting[message.id]
            return
        failed = DeliveryFailed(**_said(message, result.channel), error=result.error)
        self._report(message, "failed", failed)
        message.failed(now_s)

    def _begin(self) -> None:
        """Begins what is due on every channel that is free, once that is in the log."""
        now_s = self._wall()
        started: list[Pending] = []
        due = (each for each in self._waiting.values() if not each.trying and each.due_s <= now_s)
        taken: set[str] = set()
        for message in sorted(due, key=lambda each: each.urgency):
            reason = message.given_up(now_s)
            if reason:
                self._give_up(message, reason)
                continue
            channel = message.next_channel(self._circuits, now_s)
            if channel is None or channel in taken or not self._lanes[channel].free:
                continue
            taken.add(channel)
            message.begins(channel)
            self._dirty.add(f"message/{message.id}")
            self._report(message, "attempted", DeliveryAttempted(**_said(message, channel)))
            started.append(message)
        if self._dirty or self._made:
            self._save()
        for message in started:
            alert = message.alert
            estate = self._registers.estates.get(alert.estate) or Estate(alert.estate)
            text = letter(message, self._routes.channels[message.trying], estate, resent=message.attempts > 1)
            self._lanes[message.trying].start(message.id, text, time.monotonic())

    def _give_up(self, message: Pending, reason: Reason) -> None:
        said = DeliveryGivenUp(
            alert=message.alert.id,
            version=message.alert.version,
            recipient=message.recipient,
            message=message.id,
            kind=message.kind,
            reason=reason,
            attempts=message.attempts,
        )
        self._report(message, "given_up", said)
        self._waiting.pop(message.id, None)
        self._dirty.add(f"message/{message.id}")

    def _report(self, message: Pending, what: str, said: Event) -> None:
        estate = message.alert.estate
        event_id = derived_id(estate, "delivery", message.id, what, message.attempts)
        at = from_us(self._log.now_us())
        self._made.append(codec.make(said, estate=estate, source=source_of(estate), event_id=event_id, at=at))

    def _save(self) -> None:
        """What was reported, what waits, and the position: all or nothing."""
        write: list[SavedState] = []
        gone: list[str] = []
        for key in sorted(self._dirty):
            kind, _, name = key.partition("/")
            kept = self._told.get(name) if kind == "told" else self._waiting.get(name)
            if kept is None:
                gone.append(key)
            else:
                write.append(SavedState(key, kept.dump()))
        with self._log.transaction(under=self._claim) as transaction:
            if self._made:
                transaction.append(self._made)
            transaction.save_state(READER, write, gone)
            transaction.move(READER, self._read)
        self._made, self._dirty = [], set()
        self._moved, self._moved_s = self._read, time.monotonic()

    def finish(self) -> None:
        """Before a stop: waits a little for answers, so that few outcomes are unknown."""
        until_s = time.monotonic() + FLUSH_S
        while time.monotonic() < until_s and not all(lane.free for lane in self._lanes.values()):
            self._idle()
            self._collect()


def _said(message: Pending, channel: str) -> dict[str, object]:
    return {
        "alert": message.alert.id,
        "version": message.alert.version,
        "channel": channel,
        "recipient": message.recipient,
        "message": message.id,
        "kind": message.kind,
        "attempt": message.attempts,
        "resent": message.attempts > 1,
    }
