"""An electronic fence: one controller with a segment, or several."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from simulators.devices.base import Action, Device


class Fence(Device):
    """The segment is its place: the device's own id unless told otherwise."""

    kind = "fence"
    family = "fence"
    actions: ClassVar[Mapping[str, Action]] = {
        "alarms": Action("fence.alarm", "segment", {"kind": "vibration"}),
        "restored": Action("fence.restored", "segment"),
    }
