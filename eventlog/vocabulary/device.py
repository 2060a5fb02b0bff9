"""Devices themselves: heartbeats from them, presence as ingest records it."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from eventlog.vocabulary.base import DeviceEvent, Event, Name, Role, event


@event("device.heartbeat", role=Role.DEVICE)
class DeviceHeartbeat(DeviceEvent):
    """The device lives; battery in percent, uptime in seconds."""

    battery: Annotated[float, Field(ge=0, le=100)] | None = None
    uptime_s: Annotated[float, Field(ge=0)]


@event("device.online", role=Role.INPUT)
class DeviceOnline(Event):
    """A session of the device began, by its status topic."""

    device: Name
    session: str | None = None


@event("device.offline", role=Role.INPUT)
class DeviceOffline(Event):
    """A session of the device ended, by its status topic or its last will."""

    device: Name
    session: str | None = None


@event("device.clock_skewed", role=Role.OUTPUT)
class DeviceClockSkewed(Event):
    """The device's clock is off by `skew_s` seconds (positive: ahead), the median of its last events."""

    device: Name
    skew_s: float


@event("device.sequence_gap", role=Role.OUTPUT)
class DeviceSequenceGap(Event):
    """The device's counter jumped: events `first` to `last` have not arrived."""

    device: Name
    first: int
    last: int
