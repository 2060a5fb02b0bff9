"""A camera that finds objects in its picture and knows when it can't see."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from simulators.devices.base import Action, Device


class Camera(Device):
    """The zone it looks at is its place."""

    kind = "camera"
    family = "camera"
    actions: ClassVar[Mapping[str, Action]] = {
        "sees": Action("camera.object", "zone", {"label": "person", "event": "enter", "confidence": 0.9}),
        "crowd": Action("camera.crowd", "zone"),
        "tamper": Action("camera.tamper", "zone"),
        "restored": Action("camera.restored", "zone"),
        "fire_smoke": Action("camera.fire_smoke", "zone"),
        "fall": Action("camera.fall", "zone"),
        "object_left": Action("camera.object_left", "zone"),
    }
