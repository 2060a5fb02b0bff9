"""Vehicle gates: plate cameras and barriers."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from eventlog.vocabulary.base import DeviceEvent, Name, Plate, Role, event

NO_PLATE = frozenset({"", "_无_", "无", "--", "-", "unlicensed", "none", "未识别", "无牌车"})
"""What makers write when they saw no plate, in lower case."""


class LaneEvent(DeviceEvent):
    """Something in a lane; `lane` is its id in the estate file."""

    lane: Name


@event("vehicle.plate_read", role=Role.DEVICE)
class PlateRead(LaneEvent):
    """A plate was read; `confidence` from 0 to 1."""

    plate: Plate
    confidence: Annotated[float, Field(ge=0, le=1)]
    direction: Literal["in", "out"]
    color: str | None = None
    vehicle_class: str | None = None

    @property
    def has_plate(self) -> bool:
        """False for the makers' words for 'no plate'."""
        return self.plate.strip().lower() not in NO_PLATE


@event("vehicle.barrier_opened", role=Role.DEVICE)
class BarrierOpened(LaneEvent):
    """The barrier went up; `by` says why, where the device knows."""

    by: Literal["plate", "manual", "remote"] | None = None


@event("vehicle.barrier_closed", role=Role.DEVICE)
class BarrierClosed(LaneEvent):
    """The barrier came down."""

    by: Literal["plate", "manual", "remote"] | None = None
