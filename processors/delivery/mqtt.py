"""Publishes the outputs of the log over MQTT: alerts, squads' open lists, safety levels, our own status.

Reads the log with a position of its own, on a connection of its own, so that nothing waits behind what
devices send. The position moves only when the broker has answered for everything up to it; what was sent
before and not answered goes out again and says so (`resent`). What was answered for is reported to the log in
the transaction that moves the position (`delivery.published`), as is what phones answered.
"""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from collections.abc import Set

import orjson
import structlog

from eventlog import metrics, topics
from eventlog.estate import FOLDED_TYPES
from eventlog.ports import (
    Claim,
    ClaimLostError,
    EventLog,
    LogUnavailableError,
    Position,
    Recorded,
    SavedState,
)
from eventlog.registers import Registers
from eventlog.times import from_us, iso
from eventlog.trace import Traces
from eventlog.vocabulary import AlertRaised, PatrolResponse, ReportEvent, ReportSubmitted, SafetyChanged
from processors.bell import Bell
from processors.delivery.board import ALERT_TYPES, REPORT_TYPES, Board, Message
from processors.delivery.link import Link, LinkError
from processors.delivery.outage import Outage
from processors.delivery.records import Records
from processors.runners.embedded import READER as DECIDER
from processors.runners.embedded import owner_of

READER = "delivery.mqtt"
TYPES = ALERT_TYPES | REPORT_TYPES | {SafetyChanged.TYPE, PatrolResponse.TYPE} | FOLDED_TYPES
BATCH = 200
HEARTBEAT_S = 10.0
MOVE_S = 0.25
"""The position is saved at most this often."""
CLAIM_S = 1.0
"""Whether the claim is still held is asked this often."""
BEAT_S_MIN = 1.0
"""Our status is told at most this often."""
WAIT_MAX_S = 0.2
RENEW_WITHIN_S = 0.05
"""Retained lists and levels follow the alerts themselves, which go out first."""
LOOK_S = 0.1
"""Connections are looked after this often, and whenever something is under way on them."""
PAUSE_S = 0.001
"""Between looks while devices keep the log busy: most of what they send is not for us."""
BACK_OFF_S = (0.1, 0.3, 1.0, 2.0, 5.0)
DELAY_S_MAX = 3_600.0
FLUSH_S = 2.0
"""How long a stop waits for the last answers."""

_log = structlog.get_logger()


class MqttDelivery:
    """Publishes until told to stop; stands by while another process does. `url` as mqtt://host:port."""

    def __init__(
        self,
        log: EventLog,
        *,
        url: str,
        username: str | None = None,
        password: str | None = None,
        client_id: str = "gatehouse-delivery",
        heartbeat_s: float = HEARTBEAT_S,
        bell: Bell | None = None,
    ) -> None:
        self._eventlog = log
        self._bell = bell or Bell()
        self._login = (url, username, password)
        self._client_id = client_id
        self._heartbeat_s = heartbeat_s
        self._resent_upto: Position | None = None
        self._session: _Session | None = None
        self._outage = Outage()
        self._failures = 0
        self.ready = threading.Event()
        """Set while connected, with the retained topics renewed."""

    def run(self, stop: threading.Event) -> None:
        """Connects again, with growing pauses, whenever the broker or the log goes away."""
        claim: Claim | None = None
        try:
            while not stop.is_set():
                try:
                    claim = claim or self._eventlog.claim(READER)
                    if claim is None:
                        stop.wait(WAIT_MAX_S)
                        continue
                    self._session = _Session(
                        self._eventlog, claim, self._login, self._client_id, self._heartbeat_s, self._bell
                    )
                    self._serve(self._session, stop)
                except (LinkError, LogUnavailableError) as error:
                    away = "log" if isinstance(error, LogUnavailableError) else "broker"
                    metrics.OUTAGES.labels("delivery", away).inc()
                    if claim and isinstance(error, LogUnavailableError):
                        claim.release()  # its server may have forgotten it, and given it to another
                        claim = None
                    self._outage.lasts(error)
                    stop.wait(self._pause_s())
        finally:
            if claim:
                claim.release()

    def _pause_s(self) -> float:
        """Before the next try: longer each time."""
        pause_s = BACK_OFF_S[min(self._failures, len(BACK_OFF_S) - 1)] * random.uniform(0.8, 1.2)
        self._failures += 1
        return pause_s

    def _serve(self, session: _Session, stop: threading.Event) -> None:
        if self._resent_upto is None:
            self._resent_upto = self._eventlog.head()
        try:
            session.open(self._resent_upto)
            self._failures = 0
            self._outage.ends()
            self.ready.set()
            metrics.BROKER_CONNECTED.labels("delivery").set(1)
            while not stop.is_set():
                session.turn()
            session.finish()
        except LinkError:
            session.keep_position()
            raise
        finally:
            self.ready.clear()
            metrics.BROKER_CONNECTED.labels("delivery").set(0)
            self._resent_upto = max(self._resent_upto, session.sent_upto)
            session.close()


class _Session:
    """One connection's work."""

    def __init__(
        self,
        log: EventLog,
        claim: Claim,
        login: tuple[str, str | None, str | None],
        client_id: str,
        heartbeat_s: float,
        bell: Bell,
    ) -> None:
        self._eventlog = log
        self._claim, self._asked_s = claim, 0.0
        self._bell = bell
        self._login = login
        self._client_id = client_id
        self._heartbeat_s = heartbeat_s
        self._link = Link(*login, client_id)
        self._status: dict[str, Link] = {}
        self._registers = Registers(log)
        self._board = Board(Traces(log).parent)
        self._squads: dict[str, set[str]] = {}
        self._changed: set[str] = set()
        """Estates whose registers have changed since their retained topics were renewed."""
        self._read: Position = 0
        self._moved: Position = 0
        self._moved_s = 0.0
        self._renew_by_s: float | None = None
        self._beat_s = float("-inf")
        self._beat_us = 0
        self._looked_s = 0.0
        self._resent_upto: Position = 0
        self._sent = Counter[str]()
        self._records = Records()
        self._reports: tuple[Position, Position] = (0, 0)
        self.sent_upto: Position = 0

    def open(self, resent_upto: Position) -> None:
        """Connects, takes the decider's state, renews every retained topic. Raises LinkError."""
        self._resent_upto = resent_upto
        self._link.connect()
        self._read = self._moved = self._eventlog.position(READER)
        self._registers.refresh()
        for saved in self._eventlog.load_state(READER):
            self._squads[saved.key] = set(orjson.loads(saved.value))
        for estate in self._registers.estates:
            self._board.load(estate, self._eventlog.load_state(owner_of(estate)))
        self._catch_up()
        self._drop_squads()
        self._renew(all_of=True)
        self._beat()

    def _catch_up(self) -> None:
        """Takes the outputs that the decider's saved state doesn't know yet and that have been sent."""
        after = self._eventlog.position(DECIDER)
        while after < self._read:
            entries = self._eventlog.read(after=after, limit=BATCH, types=TYPES)
            for entry in entries:
                if entry.position <= self._read:
                    self._board.take(entry, resent=False)
            after = entries[-1].position if len(entries) == BATCH else self._read

    def turn(self) -> None:
        """Publishes what is new, or waits a little for it. Raises LinkError, LogUnavailableError."""
        self._keep_claim()
        rung = self._bell.rung
        head = self._eventlog.head()
        entries = self._eventlog.read(after=self._read, limit=BATCH, types=TYPES)
        for entry in entries:
            self._publish(entry)
        caught_up = len(entries) < BATCH
        self._read = max(head, entries[-1].position if entries else 0) if caught_up else entries[-1].position
        now_s = time.monotonic()
        self._changed |= {entry.estate for entry in entries if entry.type in FOLDED_TYPES}
        if entries:
            self._renew_by_s = self._renew_by_s or now_s + RENEW_WITHIN_S
        elif self._renew_by_s and not self._link.flying:
            self._renew(all_of=False)
        if self._changed and caught_up:  # once for many registers: an import, or a first start behind them
            self._registers.refresh()
            self._drop_squads()
            self._renew(all_of=True, of=self._changed)
            self._changed = set()
        if self._renew_by_s and now_s >= self._renew_by_s:
            self._renew(all_of=False)
        if self._beat_due(now_s):
            self._beat()
        self._move(now_s)
        if caught_up and not entries:
            self._idle(now_s, rung)

    def _keep_claim(self) -> None:
        """What is published can't be taken back: who lost the claim stops soon. Raises ClaimLostError."""
        now_s = time.monotonic()
        if now_s - self._asked_s >= CLAIM_S:
            if not self._claim.held():
                raise ClaimLostError("delivery's claim was lost with its connection")
            self._asked_s = now_s

    def _idle(self, now_s: float, rung: int) -> None:
        if self._link.flying:
            self._link.await_progress(RENEW_WITHIN_S if self._renew_by_s else MOVE_S)
            return
        self._move(now_s, at_once=self._moved < self._read and self._sent_any())
        left_s = max(0.0, self._heartbeat_s - (now_s - self._beat_s))
        left_s = min(WAIT_MAX_S, left_s)
        if self._bell.hung:
            self._bell.wait(rung, left_s)
        elif self._eventlog.wait(self._read, left_s):
            time.sleep(PAUSE_S)
        if now_s - self._looked_s >= LOOK_S:
            self._looked_s = now_s
            for link in (self._link, *self._status.values()):
                link.collect()
        if self._link.lost:
            raise LinkError("the connection is lost")

    def _publish(self, entry: Recorded) -> None:
        resent = entry.position <= self._resent_upto
        if isinstance(entry.event, PatrolResponse):
            alert = self._board.known(entry.estate, entry.event.alert)
            estate = self._registers.estates.get(entry.estate)
            self._records.answered(entry, alert, estate, self._eventlog.now_us())
        for message in self._board.take(entry, resent=resent, words=self._words(entry)):
            self._send(message, entry.position)
            if message.alert:
                self._records.sent(entry.position, message.alert, message.recipient, resent=resent)
        self.sent_upto = entry.position
        if entry.type == AlertRaised.TYPE and not resent:
            _time_alert(entry)

    def _words(self, entry: Recorded) -> str | None:
        """What was reported, for the squad that sees to it: it is in the log only, where it was said."""
        event = entry.event
        if not isinstance(event, ReportEvent) or not event.report.evidence_positions:
            return None
        said = self._eventlog.at(event.report.evidence_positions[:1])
        submitted = said[0].event if said else None
        return submitted.text if isinstance(submitted, ReportSubmitted) else None

    def _send(self, message: Message, mark: Position | None = None) -> None:
        self._link.publish(message.topic, message.payload, retain=message.retain, mark=mark)
        self._sent[message.kind] += 1

    def _renew(self, *, all_of: bool, of: Set[str] | None = None) -> None:
        """What has changed of these estates' retained topics, or all of them; of every estate by default."""
        estates = [each for name, each in self._registers.estates.items() if of is None or name in of]
        now_us = self._eventlog.now_us()
        for message in self._board.renewed(estates, self._read, now_us, all_of=all_of):
            self._send(message)
        if of is None:
            self._renew_by_s = None

    def _drop_squads(self) -> None:
        """Clears the retained lists of squads that are no more, and notes those that are."""
        changed = []
        for name, estate in self._registers.estates.items():
            present, before = set(estate.squads), self._squads.get(name, set())
            for squad in sorted(before - present):
                self._send(Message(topics.squad_open(name, squad), b"", "open", retain=True))
            if present != before:
                self._squads[name] = present
                changed.append(SavedState(name, orjson.dumps(sorted(present))))
        if changed:
            while self._link.flying:  # forgotten only when the broker has answered
                self._link.await_progress(1.0)
            with self._eventlog.transaction(under=self._claim) as transaction:
                transaction.save_state(READER, changed)

    def _sent_any(self) -> bool:
        return self.sent_upto > self._moved

    def _move(self, now_s: float, *, at_once: bool = False) -> None:
        """Saves how far everything has been answered for, now and then."""
        self._link.collect()
        oldest = self._link.oldest()
        upto = self._read if oldest is None else oldest - 1
        if upto <= self._moved or not (at_once or now_s - self._moved_s >= MOVE_S):
            return
        if not at_once and not self._sent_any() and now_s - self._moved_s < self._heartbeat_s:
            return  # nothing of ours: no commit for every event of a device
        made = self._records.upto(upto, self._eventlog.now_us())
        with self._eventlog.transaction(under=self._claim) as transaction:
            if made:
                places = transaction.append(made).positions
                self._reports = places[0] or 0, places[-1] or 0
            if self._reports[0] == upto + 1:  # nothing in between: our own reports need no reading
                upto = self._reports[1]
            transaction.move(READER, upto)
        self._read = max(self._read, upto)
        self._moved, self._moved_s = upto, now_s
        metrics.READER_POSITION.labels(READER).set(upto)
        for kind, count in self._sent.items():
            metrics.MESSAGES_PUBLISHED.labels(kind).inc(count)
        self._sent.clear()

    def _beat_due(self, now_s: float) -> bool:
        """Every heartbeat by the wall, and by the estate's clock where that runs faster (it follows the
        events): who sends events on that clock can tell where it stands. Once a second at most."""
        since_s = now_s - self._beat_s
        if since_s >= self._heartbeat_s:
            return True
        return since_s >= BEAT_S_MIN and self._eventlog.now_us() - self._beat_us >= self._heartbeat_s * 1e6

    def _beat(self) -> None:
        """Tells every estate's system topic that we live, how far we are."""
        head = self._eventlog.head()
        self._beat_us = self._eventlog.now_us()
        document = {
            "state": "online",
            "at": iso(from_us(self._beat_us)),
            "head": head,
            "positions": {reader: self._eventlog.position(reader) for reader in (DECIDER, READER)},
        }
        for estate in self._registers.estates:
            self._status_link(estate).publish(topics.system(estate), orjson.dumps(document), retain=True)
        metrics.LOG_HEAD.set(head)
        self._beat_s = time.monotonic()

    def _status_link(self, estate: str) -> Link:
        """An estate's status has a connection of its own: a connection has one last will."""
        link = self._status.get(estate)
        if link is None or link.lost:
            will = (topics.system(estate), _OFFLINE)
            link = Link(*self._login, f"{self._client_id}-status-{estate}", will)
            link.connect()
            self._status[estate] = link
        return link

    def keep_position(self) -> None:
        """After the connection was lost: saves how far it was answered for."""
        self._move(time.monotonic(), at_once=True)

    def finish(self) -> None:
        """Before a stop: waits a little for the last answers, saves the position, says that we go."""
        until_s = time.monotonic() + FLUSH_S
        if self._renew_by_s:
            self._renew(all_of=False)
        while self._link.flying and time.monotonic() < until_s:
            self._link.await_progress(0.1)
        self._move(time.monotonic(), at_once=True)
        for estate, link in self._status.items():
            link.publish(topics.system(estate), _OFFLINE, retain=True)
        for link in self._status.values():
            while link.flying and time.monotonic() < until_s:
                link.await_progress(0.1)

    def close(self) -> None:
        """Ends the connections, whatever state they are in."""
        for link in (self._link, *self._status.values()):
            link.close()


_OFFLINE = orjson.dumps({"state": "offline"})


def _time_alert(entry: Recorded) -> None:
    """How long after its cause was recorded an alert goes out. Where the estate's clock follows recorded
    events it says nothing: such times lie years apart."""
    delay_s = time.time() - entry.occurred_us / 1e6
    if 0 <= delay_s < DELAY_S_MAX:
        metrics.ALERT_DELAY_SECONDS.observe(delay_s)
