"""The phone of a patrol's member: answers to alerts and reports, checkpoints, positions. Its id is the
member's.

It speaks on the member's own topic and has no status: that a phone is away is no fault.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from simulators.devices.base import Action, Device

_RESPONSES = {
    "receives": "received",
    "accepts": "accept",
    "declines": "decline",
    "arrives": "arrive",
    "closes": "close",
    "needs_help": "need_help",
}


_ANSWERS = {"takes_report": "accept", "gives_report_back": "decline", "has_done": "done"}


class Phone(Device):
    """Who and in which squad is filled in; an answer names its alert or its report (see `Act`)."""

    kind = "phone"
    family = "patrol"
    of_member = True
    actions: ClassVar[Mapping[str, Action]] = {
        **{word: Action("patrol.response", None, {"action": said}) for word, said in _RESPONSES.items()},
        **{word: Action("patrol.report_response", None, {"action": said}) for word, said in _ANSWERS.items()},
        "checks": Action("patrol.checkpoint", None, {"method": "nfc"}),
        "position": Action("patrol.position"),
    }
