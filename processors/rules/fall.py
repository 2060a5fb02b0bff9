"""`fall`: a camera says that a person fell. Pure; knows what cameras say only."""

from __future__ import annotations

from typing import ClassVar

from eventlog.vocabulary import CameraFall, Severity
from processors.rules.seen import SeenTwice


class Fall(SeenTwice):
    """One key a zone."""

    name = "fall"
    version = 1
    listens_to = frozenset({CameraFall})
    severity: ClassVar[Severity] = "high"
