"""Who is connected: status messages and last wills become `device.online` and `device.offline`.

A broker hands over a retained status again at every subscription, and an unacknowledged one again after a
reconnect; each change of presence is recorded once all the same. What was recorded last of each device is
kept in the log's saved state, in the transaction that records it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import orjson

from eventlog import codec
from eventlog.ids import derived_id
from eventlog.ports import EventLog, LogTransaction, NewEvent, SavedState
from eventlog.times import from_us
from eventlog.vocabulary import DeviceOffline, DeviceOnline
from ingest.decoders.base import Place
from ingest.decoders.gatehouse import Status
from ingest.messages import Message

OWNER = "ingest.presence"


class Seen(NamedTuple):
    """What was recorded last of a device: its state, the session, the event's id."""

    state: str
    session: str | None
    id: str


class Presence:
    """The last recorded presence of every device, by status topic."""

    def __init__(self, log: EventLog) -> None:
        self._log = log
        self._last = {entry.key: Seen(*orjson.loads(entry.value)) for entry in log.load_state(OWNER)}

    @property
    def last(self) -> Mapping[str, Seen]:
        """By status topic."""
        return self._last

    def event(
        self, place: Place, status: Status, message: Message, at_us: int, pending: dict[str, Seen]
    ) -> NewEvent | None:
        """The event that a status message means; None when it says what is recorded already.

        `pending` holds what this batch has already changed, and is added to; `at_us` is our arrival time.
        """
        topic = message.topic
        last = pending.get(topic) or self._last.get(topic)
        if last and (last.state, last.session) == (status.state, status.session):
            return None
        event_id = _event_id(place, status, message, last)
        if self._log.find(topic, event_id):
            return None
        pending[topic] = Seen(status.state, status.session, event_id)
        kind = DeviceOnline if status.state == "online" else DeviceOffline
        return codec.make(
            kind(device=place.device, session=status.session),
            estate=place.estate,
            source=topic,
            event_id=event_id,
            at=from_us(at_us),
        )

    def save(self, transaction: LogTransaction, pending: Mapping[str, Seen]) -> None:
        """Saves these in the transaction that records them."""
        transaction.save_state(
            OWNER, [SavedState(key, orjson.dumps(list(seen))) for key, seen in pending.items()]
        )

    def committed(self, pending: Mapping[str, Seen]) -> None:
        """These are in the log now."""
        self._last.update(pending)


def _event_id(place: Place, status: Status, message: Message, last: Seen | None) -> str:
    """The same for the same change of presence, however often it is delivered.

    With a session: from session and state. A device that breaks the rule and uses one session for several
    connections is still heard: back online in the session that ended, in a message that is neither a
    retained nor a repeated one, is something new, and so is what follows it in that session.
    Without one: from the state and the change before it.
    """
    device = (place.estate, "presence", place.family, place.device)
    before = last.id if last else ""
    if status.session is None:
        return derived_id(*device, status.state, before)
    plain = derived_id(*device, status.session, status.state)
    if last is None or last.session != status.session or message.dup or message.retain:
        return plain
    used_again = status.state == "online" or before != derived_id(*device, status.session, last.state)
    return derived_id(*device, status.session, status.state, before) if used_again else plain
