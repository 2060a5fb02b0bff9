"""Fence segments and radio probes."""

from __future__ import annotations

from typing import Literal

from eventlog.vocabulary.base import DeviceEvent, Name, RadioAddress, Role, event


@event("fence.alarm", role=Role.DEVICE)
class FenceAlarm(DeviceEvent):
    """A fence segment alarms."""

    segment: Name
    kind: Literal["vibration", "cut", "climb", "short"]


@event("fence.restored", role=Role.DEVICE)
class FenceRestored(DeviceEvent):
    """A fence segment is quiet again."""

    segment: Name
    kind: Literal["vibration", "cut", "climb", "short"] | None = None


@event("probe.sighting", role=Role.DEVICE)
class ProbeSighting(DeviceEvent):
    """A radio seen by a probe; `address` is kept only as a keyed hash; `rssi` in dBm."""

    address: RadioAddress
    randomised: bool
    rssi: int
    radio: Literal["wifi", "ble"]
