"""A help button on a wall."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from simulators.devices.base import Action, Device


class HelpButton(Device):
    """Where it hangs is its place: the device's own id unless told otherwise."""

    kind = "help_button"
    family = "help"
    actions: ClassVar[Mapping[str, Action]] = {"pressed": Action("help.pressed", "location")}
