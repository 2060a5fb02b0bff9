"""A plate camera at a vehicle gate, with the barrier beside it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from simulators.devices.base import Action, Device


class PlateCamera(Device):
    """The lane is its place: the device's own id unless told otherwise."""

    kind = "plate_camera"
    family = "vehicle"
    actions: ClassVar[Mapping[str, Action]] = {
        "reads": Action("vehicle.plate_read", "lane", {"confidence": 0.97, "direction": "in"}),
        "barrier_opened": Action("vehicle.barrier_opened", "lane"),
        "barrier_closed": Action("vehicle.barrier_closed", "lane"),
    }
