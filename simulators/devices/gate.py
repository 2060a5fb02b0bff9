"""A gate or a building door: reader, lock and contact behind one controller."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from simulators.devices.base import Action, Device


class Gate(Device):
    """The door is its place: the device's own id unless told otherwise."""

    kind = "gate"
    family = "access"
    actions: ClassVar[Mapping[str, Action]] = {
        "granted": Action("access.granted", "door", {"method": "card", "direction": "in"}),
        "denied": Action("access.denied", "door", {"method": "card", "direction": "in", "reason": "unknown"}),
        "opened": Action("access.door_opened", "door"),
        "closed": Action("access.door_closed", "door"),
        "forced": Action("access.door_forced", "door"),
        "exit_requested": Action("access.exit_requested", "door"),
        "duress": Action("access.duress", "door"),
        "counted": Action("access.people_counted", "door", {"direction": "in"}),
    }
