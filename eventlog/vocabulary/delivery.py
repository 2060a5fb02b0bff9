"""What became of messages: what was tried, what a channel answered, which person said that they have it.

A message is one text about one version of an alert for one recipient; it keeps its id however often and over
whatever channel it is tried. Recipients are written `squad:…`, `person:…`, `outside:…`, `grid_worker`,
`desk`, `duress`. Secrets of channels and numbers of phones are in none of these.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from eventlog.vocabulary.base import Event, Member, Name, Part, Personal, Role, Text, event

Recipient = Annotated[Name, Personal("member")]
Reason = Literal["limit", "too_old", "over", "no_channel", "too_many"]


class Delivery(Event):
    """A message over a channel. `attempt` counts from 1; `resent`: it may have come before, and says so."""

    alert: Name
    version: int
    channel: Name
    recipient: Recipient
    message: Name | None = None
    kind: Name | None = None
    attempt: Annotated[int, Field(ge=1)] = 1
    resent: bool = False


@event("delivery.attempted", role=Role.INPUT)
class DeliveryAttempted(Delivery):
    """Recorded before the message leaves. One with no outcome after it ended in a crash."""


@event("delivery.sent", role=Role.INPUT)
class DeliverySent(Delivery):
    """The channel took it over. Whether a person has it, only `delivery.confirmed` says."""


@event("delivery.failed", role=Role.INPUT)
class DeliveryFailed(Delivery):
    error: Text


@event("delivery.confirmed", role=Role.INPUT)
class DeliveryConfirmed(Delivery):
    """A person has it: a phone's answer of any kind (`response`) about the alert."""

    by: Member | None = None
    response: Name | None = None


@event("delivery.given_up", role=Role.INPUT)
class DeliveryGivenUp(Event):
    """Nothing more is tried: the limit of attempts, its age, the alert is accepted or over, the recipient has
    no channel, or too many messages wait."""

    alert: Name
    version: int
    recipient: Recipient
    message: Name
    kind: Name | None = None
    reason: Reason
    attempts: Annotated[int, Field(ge=0)] = 0


class Published(Part):
    """One of the messages that the broker took over."""

    alert: Name
    version: int
    recipient: Name
    resent: bool = False


@event("delivery.published", role=Role.INPUT)
class DeliveryPublished(Event):
    """Messages on topics that the broker has answered for, those of a moment together; recorded in the
    transaction that moves the reader on. What the broker has not answered for goes out again, `resent`."""

    channel: Name = "mqtt"
    messages: tuple[Published, ...]
