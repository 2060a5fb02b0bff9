"""GET queue: the operators' list as the page shows it, in a flood drawn together."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from fastapi import APIRouter, Response

from console.api import common as c
from console.api.alerts import MODELS
from console.api.deciding import catch_up
from console.api.shapes import QueuePage
from console.rights import Right
from projections.lines import FloodNow, Line, Queue, open_queue
from projections.zones import estates

router = APIRouter(tags=["alerts"])

LINES_MAX = 200
LATE_MAX = 50
_OPEN = ("raised", "acknowledged", "assigned", "accepted", "arrived")


@router.get("/queue", response_model=QueuePage, summary="What a desk has to deal with, line by line")
def list_queue(state: c.State, person: c.MayAlerts, estate: c.EstateFilter = None) -> Response:
    """Each estate's list, the worst on top. In a flood `flood` says since when and why, and a line may stand
    for `count` alerts, drawn together `by` episode, place, rule or severity; `list` has all of them."""
    catch_up(state, MODELS)
    discreet = person.may(Right.DISCREET)
    with state.context.views.connect() as connection:
        known = [row["estate"] for row in estates(connection, person.scope(estate))]
        items = [
            queue_of(each, open_queue(connection, each, limit=LINES_MAX, late_limit=LATE_MAX), discreet)
            for each in known
        ]
    return c.page(items, None)


def queue_of(estate: str, queue: Queue, discreet: bool) -> dict[str, Any]:
    """One desk's list; with what no shared screen shows where that may be seen."""
    apart = queue.discreet if discreet else ()
    return {
        "estate": estate,
        "flood": _flood(queue.flood) if queue.flood else None,
        "open": queue.open_count + len(apart),
        "late": queue.late_count,
        "shelved": queue.shelved_count,
        "suppressed": queue.suppressed_count,
        "by_severity": queue.by_severity,
        "lines": [_line(estate, line) for line in (*map(Line, apart), *queue.lines)],
    }


def _flood(flood: FloodNow) -> dict[str, Any]:
    return {
        "since": c.time_or_none(flood.since_us),
        "began_at": c.time_or_none(flood.began_us),
        "ended_at": c.time_or_none(flood.ended_us),
        "limit": flood.limit,
        "operators": flood.operators,
        "window_s": flood.window_us / 1_000_000,
        "open": flood.alerts,
        "drawn_together": flood.drawn,
    }


def _line(estate: str, line: Line) -> dict[str, Any]:
    alert = line.alert
    return {
        "id": line.id,
        "by": line.by,
        "count": line.count,
        "waiting": line.waiting,
        "zones": line.zones,
        "alert": alert.model_dump(mode="json"),
        "list": f"/api/v1/alerts?{urlencode(_wanted(estate, line), doseq=True)}" if line.by else None,
    }


def _wanted(estate: str, line: Line) -> dict[str, Any]:
    """The filter of `GET alerts` that gives all that a line stands for."""
    alert = line.alert
    by: dict[str, str] = {"severity": alert.severity}
    if line.by == "episode":
        by = {"episode": alert.episode}
    elif line.by in ("place", "rule"):
        by = {"rule": alert.rule} | ({"zone": alert.zone} if line.by == "place" else {})
    return {"estate": estate, "held": "flood", "state": list(_OPEN), **by}
