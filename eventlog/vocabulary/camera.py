"""Cameras: objects, crowds, tampering."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from eventlog.vocabulary.base import DeviceEvent, Name, Role, event

Confidence = Annotated[float, Field(ge=0, le=1)]
Track = Annotated[Name, Field(coerce_numbers_to_str=True)]
"""Many trackers count: a number is taken as its digits."""


@event("camera.object", role=Role.DEVICE)
class CameraObject(DeviceEvent):
    """An object entered, left or stayed; `box` is x, y, width, height as shares of the frame."""

    label: Name
    track: Track
    event: Literal["enter", "leave", "stay"]
    zone: Name
    confidence: Confidence
    dwell_s: Annotated[float, Field(ge=0)] | None = None
    box: tuple[float, float, float, float] | None = None


@event("camera.crowd", role=Role.DEVICE)
class CameraCrowd(DeviceEvent):
    """People counted in a zone."""

    zone: Name | None = None
    count: Annotated[int, Field(ge=0)]


@event("camera.tamper", role=Role.DEVICE)
class CameraTamper(DeviceEvent):
    """The camera can't see as it should."""

    zone: Name | None = None
    kind: Literal["covered", "defocused", "moved", "frozen", "dark"]


@event("camera.restored", role=Role.DEVICE)
class CameraRestored(DeviceEvent):
    """The camera sees again."""

    zone: Name | None = None
    kind: Literal["covered", "defocused", "moved", "frozen", "dark"] | None = None


@event("camera.fire_smoke", role=Role.DEVICE)
class CameraFireSmoke(DeviceEvent):
    """Fire or smoke in the picture."""

    zone: Name | None = None
    kind: Literal["fire", "smoke"] | None = None
    confidence: Confidence = 1.0


@event("camera.fall", role=Role.DEVICE)
class CameraFall(DeviceEvent):
    """A person fell."""

    zone: Name | None = None
    track: Track | None = None
    confidence: Confidence = 1.0


@event("camera.object_left", role=Role.DEVICE)
class CameraObjectLeft(DeviceEvent):
    """Something was left behind."""

    zone: Name | None = None
    label: Name | None = None
    track: Track | None = None
    confidence: Confidence = 1.0
