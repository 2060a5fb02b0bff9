"""The desk itself: when more comes than its operators can take in. Made by the step."""

from __future__ import annotations

from typing import Annotated

from pydantic import AwareDatetime, Field

from eventlog.vocabulary.base import Event, Role, event

Count = Annotated[int, Field(ge=0)]


@event("desk.flood_began", role=Role.OUTPUT)
class FloodBegan(Event):
    """More than `limit` alerts came to the operators within `window_s`: their list is drawn together from the
    first of them on (`since`), to at most `lines` lines more. `count` came until now (`at`)."""

    at: AwareDatetime
    since: AwareDatetime
    count: Count
    limit: Count
    operators: Count
    window_s: float
    lines: Count


@event("desk.flood_ended", role=Role.OUTPUT)
class FloodEnded(Event):
    """Few enough come again; `count` came in the whole flood."""

    at: AwareDatetime
    since: AwareDatetime
    count: Count
