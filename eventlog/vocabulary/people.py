"""Face terminals, help buttons, patrol phones, reports of people."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from eventlog.vocabulary.base import DeviceEvent, Member, Name, Part, Person, Personal, Role, Text, event

Score = Annotated[float, Field(ge=0, le=1)]
Disposition = Literal["genuine", "false_alarm", "nuisance", "test"]
Channel = Literal["phone", "app", "hotline", "grid_worker"]
"""How a report came."""


class GeoPoint(Part):
    """WGS 84 degrees; accuracy in metres."""

    lat: Annotated[float, Field(ge=-90, le=90)]
    lon: Annotated[float, Field(ge=-180, le=180)]
    accuracy_m: Annotated[float, Field(ge=0)] | None = None


@event("face.recognised", role=Role.DEVICE)
class FaceRecognised(DeviceEvent):
    """A face matched a list with a score from 0 to 1."""

    person: Person
    list: Name
    score: Score


@event("face.unknown", role=Role.DEVICE)
class FaceUnknown(DeviceEvent):
    """A face that matched nobody. `face` is the maker's own number for faces alike, where it has one."""

    score: Score
    face: Person | None = None


@event("help.pressed", role=Role.DEVICE)
class HelpPressed(DeviceEvent):
    """A help button."""

    location: Name


@event("patrol.checkpoint", role=Role.DEVICE)
class PatrolCheckpoint(DeviceEvent):
    """A member was at a patrol point."""

    member: Member
    squad: Name
    checkpoint: Name
    method: Literal["nfc", "qr", "gps", "face"]


@event("patrol.position", role=Role.DEVICE)
class PatrolPosition(DeviceEvent):
    """Where a member is; `zone` where the phone knows it."""

    member: Member
    squad: Name
    position: Annotated[GeoPoint, Personal("member")]
    zone: Name | None = None


@event("patrol.response", role=Role.DEVICE)
class PatrolResponse(DeviceEvent):
    """A member's answer to an alert; `disposition` belongs to `close`."""

    alert: Name
    member: Member
    action: Literal["received", "accept", "decline", "arrive", "close", "need_help"]
    disposition: Disposition | None = None
    note: Text | None = None


@event("report.submitted", role=Role.DEVICE)
class ReportSubmitted(DeviceEvent):
    """What a resident or a grid worker reports. `reporter` is whom to ask afterwards whether it is good, as
    far as they said; `entered_by` who wrote it down at the desk."""

    channel: Channel
    category: Name
    text: Annotated[Text, Personal("person")]
    location: Name
    reporter: Person | None = None
    entered_by: Member | None = None
