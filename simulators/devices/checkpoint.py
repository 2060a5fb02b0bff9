"""A reader at a patrol point that tells by itself who was there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from simulators.devices.base import Action, Device


class Checkpoint(Device):
    """The patrol point is its place: the device's own id unless told otherwise."""

    kind = "checkpoint"
    family = "patrol"
    actions: ClassVar[Mapping[str, Action]] = {
        "visited": Action("patrol.checkpoint", "checkpoint", {"method": "nfc"}),
    }
