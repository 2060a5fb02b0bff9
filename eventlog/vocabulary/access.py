"""Doors: what gates, door controllers and readers tell."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from eventlog.vocabulary.base import Credential, DeviceEvent, Name, Person, Role, event

Method = Literal["card", "face", "qr", "pin", "remote", "bluetooth"]
Direction = Literal["in", "out"]
DenialReason = Literal["unknown", "expired", "revoked", "schedule", "antipassback", "watchlist", "other"]


class DoorEvent(DeviceEvent):
    """Something at a door; `door` is its id in the estate file."""

    door: Name


@event("access.granted", role=Role.DEVICE)
class AccessGranted(DoorEvent):
    """A credential was let through."""

    credential: Credential
    holder: Person | None = None
    method: Method
    direction: Direction


@event("access.denied", role=Role.DEVICE)
class AccessDenied(DoorEvent):
    """A credential was refused."""

    credential: Credential | None = None
    method: Method
    direction: Direction
    reason: DenialReason


@event("access.door_opened", role=Role.DEVICE)
class DoorOpened(DoorEvent):
    """The door's contact opened."""


@event("access.door_closed", role=Role.DEVICE)
class DoorClosed(DoorEvent):
    """The door's contact closed."""


@event("access.door_forced", role=Role.DEVICE)
class DoorForcedByDevice(DoorEvent):
    """The controller itself says that the door was forced."""


@event("access.exit_requested", role=Role.DEVICE)
class ExitRequested(DoorEvent):
    """The button inside was pressed."""


@event("access.duress", role=Role.DEVICE)
class Duress(DoorEvent):
    """A credential was used under duress: silent at the door."""

    credential: Credential


@event("access.people_counted", role=Role.DEVICE)
class PeopleCounted(DoorEvent):
    """People seen through the door in one opening."""

    count: Annotated[int, Field(ge=0)]
    direction: Direction
