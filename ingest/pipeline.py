"""From messages to the log: judged one by one, recorded a batch at a time, all or nothing.

What `take` returns from is durable: the good events in the log, the bad ones in quarantine. Brokers and
clients acknowledge after it. Nothing here knows MQTT connections; nothing here throws a message away.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import NamedTuple

import structlog
from pydantic import ValidationError

from eventlog import codec, metrics
from eventlog.clock import TimeMode
from eventlog.estate import Estate
from eventlog.ids import derived_id
from eventlog.ports import (
    Appended,
    Claim,
    ClaimLostError,
    EventLog,
    LogCorruptError,
    LogError,
    LogUnavailableError,
    NewEvent,
    Reject,
    SavedState,
)
from eventlog.registers import Registers
from eventlog.times import from_us, to_us
from eventlog.vocabulary import TimeReached
from ingest import privacy, reasons
from ingest.decoders import Decoder, Place, decoder_for, place_of
from ingest.decoders.gatehouse import decode_status, decode_time, invalid
from ingest.messages import Message
from ingest.presence import Presence, Seen

PAYLOAD_BYTES_MAX = 256 * 1024
KEPT_BYTES_MAX = 1024 * 1024
"""Of an oversized payload quarantine keeps at most this much."""
AHEAD_US_MAX = 24 * 3_600 * 1_000_000
REFRESH_S = 0.5
"""The registers are followed at most this often, and once more before a device is called unknown."""
TOPICS_MAX = 50_000
"""Topics remembered with what they resolve to."""
RETRY_S_MIN, RETRY_S_MAX = 0.1, 5.0

_logger = structlog.get_logger()


# Messages that came in one read share their arrival time.
_moment = lru_cache(maxsize=8)(from_us)


class IngestStoppedError(Exception):
    """Ingest was told to stop while the log was away: the batch is not recorded and not acknowledged."""


class Known(NamedTuple):
    """What a topic resolves to under the present registers; no decoder for status and time topics."""

    place: Place
    estate: Estate
    decoder: Decoder | None


@dataclass
class Batch:
    """Messages judged: what goes to the log and what goes to quarantine."""

    clock_us: int = 0
    refreshed: bool = False
    events: list[NewEvent] = field(default_factory=list)
    origins: list[tuple[Message, int | None]] = field(default_factory=list)
    rejects: list[Reject] = field(default_factory=list)
    presence: dict[str, Seen] = field(default_factory=dict)

    def reject(
        self, message: Message, reason: str, detail: str, *, estate: str = "", payload: bytes | None = None
    ) -> None:
        """Puts a whole message aside."""
        kept = message.payload if payload is None else payload
        self.rejects.append(Reject(message.topic, reason, detail, kept, message.received_us, estate))


class Pipeline:
    """Judges and records. One thread at a time; `hmac_key` turns radio addresses into keyed hashes.

    `under`: writes only while this claim is held. `takes` says which estates' registers to follow: all,
    unless it is given.
    """

    def __init__(
        self,
        log: EventLog,
        *,
        time_mode: TimeMode = "wall",
        hmac_key: bytes,
        under: Claim | None = None,
        takes: Callable[[str], bool] | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        if len(hmac_key) < 16:
            raise ValueError("the key for radio addresses must have at least 16 bytes")
        self._log = log
        self._events_time = time_mode == "events"
        self._key = hmac_key
        self._monotonic = monotonic
        self._under = under
        self._registers = Registers(log, takes)
        self._known: dict[str, Known] = {}
        self._refresh_at = 0.0
        self._presence: Presence | None = None
        self._away = False

    @property
    def estates(self) -> Mapping[str, Estate]:
        """The estates that it knows, as of half a second ago. Raises LogError."""
        self._follow()
        return self._registers.estates

    @property
    def presence(self) -> Presence:
        """What was recorded last of every device. Raises LogError when first asked for."""
        if self._presence is None:
            self._presence = Presence(self._log)
        return self._presence

    def take(self, messages: Sequence[Message], stop: threading.Event | None = None) -> None:
        """Records a batch; returns when it is durable.

        While the log is away it is held and tried again, for ever. Raises IngestStoppedError when `stop`
        is set meanwhile or the claim is lost, LogError when the log can't go on.
        """
        self._until_done(lambda: self._record(messages), len(messages), stop)

    def keep(self, owner: str, entries: Sequence[SavedState], stop: threading.Event | None = None) -> None:
        """Saves state beside the log, as patiently as `take`."""

        def save() -> None:
            with self._log.transaction(under=self._under) as transaction:
                transaction.save_state(owner, entries)

        self._until_done(save, len(entries), stop)

    def _until_done(self, work: Callable[[], None], held: int, stop: threading.Event | None) -> None:
        delay_s = RETRY_S_MIN
        while True:
            try:
                work()
            except ClaimLostError as error:
                raise IngestStoppedError(f"{error}: {held} messages are left to the broker") from error
            except LogUnavailableError as error:
                self._say_away(error)
                if (stop or _NEVER).wait(delay_s):
                    raise IngestStoppedError(f"{held} messages are left to the broker") from error
                delay_s = min(delay_s * 2, RETRY_S_MAX)
            else:
                if self._away:
                    _logger.info("log_back", held=held)
                    self._away = False
                return

    def _say_away(self, error: LogError) -> None:
        if not self._away:
            _logger.warning("log_away", error=str(error), effect="the batch is held, reading stops")
            self._away = True

    def _record(self, messages: Sequence[Message]) -> None:
        """One batch; where the log refuses it as such, its halves, down to the message at fault."""
        batch = self.judge(messages)
        try:
            self.commit(batch)
        except (LogUnavailableError, LogCorruptError):
            raise
        except LogError as error:
            if len(messages) > 1:
                middle = len(messages) // 2
                self._record(messages[:middle])
                self._record(messages[middle:])
                return
            refused = Batch()
            refused.reject(messages[0], reasons.REFUSED_BY_LOG, str(error))
            self._mask(refused)
            self.commit(refused)

    def judge(self, messages: Sequence[Message], *, now_us: int | None = None, masked: bool = False) -> Batch:
        """What is to become of each message. Writes nothing. Raises LogError.

        `now_us` replaces the arrival time where the event's time is compared with ours; `masked` says
        that radio addresses have been replaced before.
        """
        self._follow()
        batch = Batch(clock_us=self._log.now_us() if self._events_time else 0)
        for message in messages:
            if len(message.payload) > PAYLOAD_BYTES_MAX:
                size = f"{len(message.payload)} bytes, {PAYLOAD_BYTES_MAX} are taken"
                batch.reject(message, reasons.OVERSIZED, size, payload=message.payload[:KEPT_BYTES_MAX])
                continue
            known = self._known.get(message.topic) or self._look_up(message, batch)
            if known is None:
                continue
            if known.decoder is None:
                self._judge_own(message, known, batch)
            else:
                self._judge_events(message, known, known.decoder, batch, now_us, masked)
        if not masked:
            self._mask(batch)
        return batch

    def _judge_events(
        self,
        message: Message,
        known: Known,
        decoder: Decoder,
        batch: Batch,
        now_us: int | None,
        masked: bool,
    ) -> None:
        received_us = message.received_us
        decoded = decoder(message.topic, message.payload, _moment(received_us), known.estate)
        batch.rejects += decoded.rejects
        latest_us = (now_us or received_us) + AHEAD_US_MAX
        for number, event in enumerate(decoded.events):
            index = decoded.indexes[number] if decoded.indexes else None
            if self._events_time:
                # The estate's clock is its latest event: an event is late against that, not against today.
                batch.clock_us = max(batch.clock_us, event.occurred_us)
                event = event._replace(received_us=batch.clock_us)
            elif event.occurred_us > latest_us:
                ahead = f"{from_us(event.occurred_us).isoformat()} is over 24 h ahead"
                batch.rejects.append(
                    Reject(message.topic, reasons.FUTURE_DATED, ahead, event.body, received_us,
                           event.estate, index)
                )  # fmt: skip
                continue
            if event.type == "probe.sighting" and not masked:
                event = event._replace(body=privacy.mask_sighting(event.body, self._key))
            batch.events.append(event)
            batch.origins.append((message, index))

    def _judge_own(self, message: Message, known: Known, batch: Batch) -> None:
        """A status or a time topic."""
        place, estate = known.place, known.place.estate
        try:
            if place.kind == "status":
                status = decode_status(message.payload)
                at_us = batch.clock_us if self._events_time else message.received_us
                event = self.presence.event(place, status, message, at_us, batch.presence)
            elif not self._events_time:
                batch.reject(message, reasons.TIME_NOT_TAKEN, "the clock is the wall's", estate=estate)
                return
            else:
                event = _time_reached(message.topic, estate, message.payload)
                batch.clock_us = max(batch.clock_us, event.occurred_us)
        except ValidationError as error:
            batch.reject(message, *invalid(error), estate=estate)
            return
        if event:
            batch.events.append(event)
            batch.origins.append((message, None))

    def _follow(self) -> None:
        now = self._monotonic()
        if now >= self._refresh_at:
            self._refresh()
            self._refresh_at = now + REFRESH_S

    def _refresh(self) -> None:
        if self._registers.refresh() or len(self._known) > TOPICS_MAX:
            self._known.clear()

    def _look_up(self, message: Message, batch: Batch) -> Known | None:
        """What a topic resolves to; else the message is put aside."""
        found = self._resolve(message.topic)
        if isinstance(found, str) and found and not batch.refreshed:
            batch.refreshed = True
            self._refresh()
            found = self._resolve(message.topic)
        if isinstance(found, Known):
            self._known[message.topic] = found
            return found
        place = place_of(message.topic)
        if found:
            batch.reject(message, reasons.UNKNOWN_DEVICE, found, estate=place.estate)
        elif place.kind == "vendor":
            detail = f"no decoder reads {place.maker}"
            batch.reject(message, reasons.UNKNOWN_MAKER, detail, estate=place.estate)
        else:
            batch.reject(message, reasons.UNKNOWN_TOPIC, "no device publishes here")
        return None

    def _resolve(self, topic: str) -> Known | str:
        """What a topic resolves to; a text says what is unknown; an empty one: nobody reads this topic."""
        place = place_of(topic)
        decoder = None if place.kind in ("status", "time") else decoder_for(place)
        if place.kind == "other" or (decoder is None and place.kind == "vendor"):
            return ""
        estate = self._registers.estates.get(place.estate)
        if estate is None:
            return f"there is no estate {place.estate}"
        problem = _stranger(place, estate)
        return problem or Known(place, estate, decoder)

    def _mask(self, batch: Batch) -> None:
        """Radio addresses don't stay in quarantine either."""
        for number, one in enumerate(batch.rejects):
            if privacy.may_hold_address(one.topic, one.payload):
                batch.rejects[number] = Reject(
                    one.topic,
                    one.reason,
                    privacy.mask_text(one.detail.partition(" (got ")[0], self._key),
                    privacy.mask_payload(one.payload, self._key),
                    one.received_us,
                    one.estate,
                    one.index,
                )

    def commit(self, batch: Batch) -> Appended:
        """Records a judged batch in one transaction. Raises LogError: then nothing is recorded."""
        started = time.perf_counter()
        rejects = batch.rejects
        with self._log.transaction(under=self._under) as transaction:
            appended = transaction.append(batch.events)
            if appended.conflicts:
                rejects = rejects + [one for index in appended.conflicts for one in _conflict(batch, index)]
            if rejects:
                transaction.quarantine(rejects)
            if batch.presence:
                self.presence.save(transaction, batch.presence)
        if batch.presence:
            self.presence.committed(batch.presence)
        metrics.INGEST_COMMIT_SECONDS.observe(time.perf_counter() - started)
        _count(batch, appended, rejects)
        return appended


_NEVER = threading.Event()


def _stranger(place: Place, estate: Estate) -> str:
    """What is unknown about the sender of a topic; empty when nothing is."""
    if place.kind == "time":
        return ""
    if place.kind == "member":
        squad = estate.squads.get(place.squad)
        if squad is None:
            return f"there is no squad {place.squad}"
        known = any(member.member == place.device for member in squad.members)
        return "" if known else f"{place.squad} has no member {place.device}"
    device = estate.devices.get(place.device)
    if device is None:
        return f"there is no device {place.device}"
    if place.kind != "vendor" and device.family != place.family:
        return f"{place.device} is in the family {device.family}, not {place.family}"
    return ""


def _time_reached(topic: str, estate: str, payload: bytes) -> NewEvent:
    at = decode_time(payload)
    event_id = derived_id(estate, "time", to_us(at))
    return codec.make(TimeReached(at=at), estate=estate, source=topic, event_id=event_id, at=at)


def _conflict(batch: Batch, index: int) -> list[Reject]:
    """The reject of an event in conflict; none for presence, whose ids are ours: that is a repetition."""
    event, (message, part) = batch.events[index], batch.origins[index]
    if message.topic in batch.presence:
        return []
    detail = f"the log has another event {event.id} of {event.source}"
    return [
        Reject(message.topic, reasons.CONFLICT, detail, event.body, message.received_us, event.estate, part)
    ]


def _count(batch: Batch, appended: Appended, rejects: Sequence[Reject]) -> None:
    not_new = {*appended.repeated, *appended.conflicts}
    types = Counter(event.type for index, event in enumerate(batch.events) if index not in not_new)
    families: Counter[str] = Counter()
    for name, count in types.items():
        families[name.partition(".")[0]] += count
    for family, count in families.items():
        metrics.EVENTS_RECORDED.labels(family).inc(count)
    if appended.repeated:
        metrics.EVENTS_REPEATED.inc(len(appended.repeated))
    for reason, count in Counter(one.reason for one in rejects).items():
        metrics.MESSAGES_QUARANTINED.labels(reason).inc(count)
