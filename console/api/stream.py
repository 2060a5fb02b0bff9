"""GET stream: every change of an alert as it happens, by server-sent events."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Header, Query, Request
from fastapi.responses import StreamingResponse

from console.api import common as c
from console.problems import NO_STORE, ProblemError
from console.rights import Right
from eventlog.discreet import tells_of
from eventlog.ports import Recorded

router = APIRouter(tags=["alerts"])

_STREAM = {"content": {"text/event-stream": {"schema": {"type": "string"}}}, "description": "A stream"}


@router.get(
    "/stream", response_class=StreamingResponse, responses={200: _STREAM}, summary="Changes of alerts, live"
)
async def stream(
    request: Request,
    state: c.State,
    person: c.MayAlerts,
    estate: c.EstateFilter = None,
    after: Annotated[int | None, Query(ge=0, lt=2**63, description="A position to begin after.")] = None,
    last_event_id: Annotated[
        str | None, Header(pattern=r"^\d{1,18}$", description="The last id you have: you miss nothing.")
    ] = None,
) -> StreamingResponse:
    """Each event's id is its position in the log, its name the type (`alert.raised` …), its data the change
    with the whole alert. Without `Last-Event-ID` or `after` it begins now."""
    wanted = person.scope(estate)

    discreet = person.may(Right.DISCREET)

    def sees(entry: Recorded) -> bool:
        if wanted is not None and entry.estate != wanted:
            return False
        return discreet or not tells_of(entry.type, entry.event, frozenset())

    def still() -> bool:
        try:
            return state.sign_in.person(request).may(Right.ALERTS)
        except ProblemError:
            return False

    position = int(last_event_id) if last_event_id is not None else after
    body = state.streams.follow(position, sees, still)
    headers = {**NO_STORE, "X-Accel-Buffering": "no"}
    return StreamingResponse(body, media_type="text/event-stream", headers=headers)
