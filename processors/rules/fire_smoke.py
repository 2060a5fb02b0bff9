"""`fire_smoke`: a camera says that it sees fire or smoke. Pure; knows what cameras say only."""

from __future__ import annotations

from typing import ClassVar

from eventlog.vocabulary import CameraFireSmoke, Severity
from processors.rules.seen import SeenTwice


class FireSmoke(SeenTwice):
    """One key a zone."""

    name = "fire_smoke"
    version = 1
    listens_to = frozenset({CameraFireSmoke})
    severity: ClassVar[Severity] = "critical"
