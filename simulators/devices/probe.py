"""A probe that hears the radios of phones nearby."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from simulators.devices.base import Action, Device


class Probe(Device):
    """It says no place: the estate file knows where it hangs."""

    kind = "probe"
    family = "probe"
    actions: ClassVar[Mapping[str, Action]] = {
        "sights": Action("probe.sighting", None, {"randomised": False, "rssi": -60, "radio": "wifi"}),
    }
