"""A face terminal: who stands before it, as far as it knows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from simulators.devices.base import Action, Device


class FaceTerminal(Device):
    """It says no place: the estate file knows where it hangs."""

    kind = "face_terminal"
    family = "face"
    actions: ClassVar[Mapping[str, Action]] = {
        "recognises": Action("face.recognised", None, {"list": "residents", "score": 0.95}),
        "unknown": Action("face.unknown", None, {"score": 0.3}),
    }
