"""`ebike_in_lift`: an electric bike in a lift, where its battery may burn. Pure; knows cameras only."""

from __future__ import annotations

from typing import ClassVar, cast

from eventlog.estate import Estate
from eventlog.ports import Recorded
from eventlog.vocabulary import CameraObject, Severity
from processors.rules.base import Clear, Step, evidence_of
from processors.rules.seen import Seen, SeenTwice

LABELS = frozenset({"ebike", "e-bike", "electric_bike", "电动车"})
"""What makers call it."""


class EbikeInLift(SeenTwice):
    """One key a lift."""

    name = "ebike_in_lift"
    version = 1
    listens_to = frozenset({CameraObject})
    severity: ClassVar[Severity] = "medium"

    def keys(self, event: Recorded, estate: Estate) -> tuple[str, ...]:
        seen = cast(CameraObject, event.event)
        if seen.label not in LABELS:
            return ()
        zone = estate.zones.get(seen.zone)
        return (seen.zone,) if zone is not None and zone.kind == "lift" else ()

    def on_event(self, key: str, state: Seen, event: Recorded, estate: Estate) -> Step[Seen] | None:
        if cast(CameraObject, event.event).event != "leave":
            return super().on_event(key, state, event, estate)
        if state.told_us is None or event.effective_us < state.told_us:
            return None
        clear = Clear(key, key, event.effective_us, (evidence_of(event),))
        return Step(Seen(state.unsure), (clear,))
