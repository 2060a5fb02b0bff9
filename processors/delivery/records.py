"""What the broker has answered for and what phones have said to have, gathered until the reader's position is
saved: both go into the log in one transaction, so that nothing is recorded twice or left out. Pure.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from eventlog import codec
from eventlog.discreet import is_discreet
from eventlog.estate import Estate
from eventlog.ids import derived_id
from eventlog.ports import NewEvent, Position, Recorded
from eventlog.times import from_us
from eventlog.vocabulary import Alert, DeliveryConfirmed, DeliveryPublished, PatrolResponse, Published
from processors.outbox import source_of
from processors.patrol.squads import is_member

CHANNEL = "mqtt"
AT_ONCE_MAX = 500
"""Messages in one record."""


@dataclass(frozen=True, slots=True)
class Sent:
    """A message on its way: the output it tells of, and whether nobody may look over a shoulder at it."""

    position: Position
    estate: str
    discreet: bool
    message: Published


class Records:
    """What one reader of the outputs has to report."""

    def __init__(self) -> None:
        self._sent: deque[Sent] = deque()
        self._confirmed: deque[tuple[Position, NewEvent]] = deque()

    def sent(self, position: Position, alert: Alert, recipient: str, *, resent: bool) -> None:
        """A message was given to the broker."""
        message = Published(alert=alert.id, version=alert.version, recipient=recipient, resent=resent)
        self._sent.append(Sent(position, alert.estate, is_discreet(alert.rule), message))

    def answered(self, entry: Recorded, alert: Alert | None, estate: Estate | None, now_us: int) -> None:
        """A member's phone answered: whoever answers has what was published by then. What a member of no
        squad of the alert says confirms nothing."""
        said = entry.event
        if alert is None or estate is None or not isinstance(said, PatrolResponse):
            return
        squads = (alert.squad, *alert.support)
        squad = next((each for each in squads if is_member(estate, each, said.member)), None)
        if squad is None:
            return
        confirmed = DeliveryConfirmed(
            alert=alert.id,
            version=alert.version,
            channel=CHANNEL,
            recipient=f"squad:{squad}",
            by=said.member,
            response=said.action,
        )
        event_id = derived_id(entry.estate, "delivery.confirmed", entry.source, entry.id)
        self._confirmed.append((entry.position, _made(entry.estate, event_id, confirmed, now_us)))

    def upto(self, position: Position, now_us: int) -> list[NewEvent]:
        """Takes what is answered for up to a position, as inputs to append with it."""
        made: list[NewEvent] = []
        while self._confirmed and self._confirmed[0][0] <= position:
            made.append(self._confirmed.popleft()[1])
        groups: dict[tuple[str, bool], list[Sent]] = {}
        while self._sent and self._sent[0].position <= position:
            sent = self._sent.popleft()
            groups.setdefault((sent.estate, sent.discreet), []).append(sent)
        for (estate, discreet), group in groups.items():
            for start in range(0, len(group), AT_ONCE_MAX):
                part = group[start : start + AT_ONCE_MAX]
                # A position is reported once only: its report and the move past it are one transaction.
                event_id = derived_id(
                    estate, "delivery.published", part[0].position, start, part[-1].position, int(discreet)
                )
                said = DeliveryPublished(messages=tuple(each.message for each in part))
                made.append(_made(estate, event_id, said, now_us))
        return made


def _made(estate: str, event_id: str, said: DeliveryConfirmed | DeliveryPublished, now_us: int) -> NewEvent:
    return codec.make(said, estate=estate, source=source_of(estate), event_id=event_id, at=from_us(now_us))
