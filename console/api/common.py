"""What all of the API's subjects share: who may ask, pages of a list, times, how an event is shown."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable
from datetime import datetime
from functools import lru_cache
from typing import Annotated, Any

import orjson
from fastapi import Depends, FastAPI, Query, Request, Response
from pydantic import AwareDatetime, BeforeValidator, StringConstraints

from console.problems import NO_STORE, ProblemError
from console.rights import Person, Right
from console.state import ConsoleState
from eventlog.ports import Recorded
from eventlog.times import from_us, iso, to_us

PREFIX = "/v1"
"""Of every path of the API, within its mount."""
PAGE_MAX = 200
PAGE_DEFAULT = 50
_NO_CONTROLS = r"^[^\x00-\x1f\x7f]*$"

Word = Annotated[str, StringConstraints(min_length=1, max_length=128, pattern=_NO_CONTROLS)]
Limit = Annotated[int, Query(ge=1, le=PAGE_MAX, description="How many items at most.")]
Cursor = Annotated[
    str | None,
    Query(max_length=500, description="The `next` of the page before.", examples=["WzE3NjAsImEiXQ"]),
]
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}[Tt ]")


def _written_out(value: object) -> object:
    """Refuses a bare number, which would be read as seconds since 1970: a moment is written out here."""
    if isinstance(value, str) and not _DAY.match(value):
        raise ValueError("expected a moment with an offset, like 2026-11-22T08:00:00+08:00")
    return value


EstateFilter = Annotated[Word | None, Query(description="One estate only; default all that you may see.")]
_Moment = Annotated[AwareDatetime | None, BeforeValidator(_written_out)]
From = Annotated[_Moment, Query(alias="from", description="From this time on (RFC 3339).")]
To = Annotated[_Moment, Query(alias="to", description="Before this time (RFC 3339).")]


def state_of(request: Request) -> ConsoleState:
    """What the app works with."""
    found: ConsoleState = request.app.state.console
    return found


def allowed(right: Right) -> Callable[[Request], Person]:
    """A dependency: who asks, if their role has a right. 401 and 403 else."""

    def check(request: Request) -> Person:
        person = state_of(request).sign_in.person(request)
        if not person.may(right):
            raise ProblemError(
                403, "forbidden", f"the role {person.role or 'none'} lacks the right {right.value}"
            )
        check_query(request)
        return person

    return check


def check_query(request: Request) -> None:
    """Refuses a parameter that the operation doesn't have, and one given twice that may be given once.

    A misspelt filter would otherwise be ignored, and the answer be more than was asked for.
    """
    several = _parameters(request.app, request.scope["route"].path_format)
    seen: set[str] = set()
    for name, value in request.query_params.multi_items():
        if name not in several:
            raise wrong(
                name[:80], f"is not known here; expected one of: {', '.join(several) or 'none'}", value
            )
        if name in seen and not several[name]:
            raise wrong(name, "may be given only once", value)
        seen.add(name)


@lru_cache(maxsize=100)
def _parameters(app: FastAPI, path: str) -> dict[str, bool]:
    """The query parameters of an operation, and whether each may be given several times."""
    found: dict[str, bool] = {}
    for operation in app.openapi()["paths"][PREFIX + path].values():
        for one in operation.get("parameters", ()):
            if one["in"] == "query":
                shapes = one["schema"].get("anyOf", [one["schema"]])
                found[one["name"]] = any(shape.get("type") == "array" for shape in shapes)
    return found


State = Annotated[ConsoleState, Depends(state_of)]
MayAlerts = Annotated[Person, Depends(allowed(Right.ALERTS))]
MayPlaces = Annotated[Person, Depends(allowed(Right.PLACES))]
MayEvents = Annotated[Person, Depends(allowed(Right.EVENTS))]
MayVehicles = Annotated[Person, Depends(allowed(Right.VEHICLES))]
MayReports = Annotated[Person, Depends(allowed(Right.REPORTS))]
MayReport = Annotated[Person, Depends(allowed(Right.REPORT))]
MayAct = Annotated[Person, Depends(allowed(Right.ACT))]


def answer(body: Any) -> Response:
    """A JSON answer that nobody may keep: nearly everything here is about persons."""
    return Response(orjson.dumps(body), media_type="application/json", headers=NO_STORE)


def page(items: list[Any], following: list[Any] | None) -> Response:
    """A page of a list; `following` is what the next one begins after."""
    return answer({"items": items, "next": write_cursor(following) if following else None})


def write_cursor(values: list[Any]) -> str:
    """A place in a list as an opaque word."""
    return base64.urlsafe_b64encode(orjson.dumps(values)).decode().rstrip("=")


def read_cursor(cursor: str | None, *kinds: type) -> tuple[Any, ...] | None:
    """The place that a cursor means. Raises ProblemError 422 for one that we never gave."""
    if cursor is None:
        return None
    try:
        values = orjson.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (binascii.Error, ValueError):
        values = None
    if not isinstance(values, list) or [type(value) for value in values] != list(kinds):
        raise wrong("cursor", "is not the `next` of an earlier page of this list", cursor)
    if any(abs(value) >= 2**63 for value in values if isinstance(value, int)):
        raise wrong("cursor", "is not the `next` of an earlier page of this list", cursor)
    return tuple(values)


def wrong(name: str, what: str, got: object, place: str = "query") -> ProblemError:
    """422 for a parameter that only we can tell is wrong."""
    error = {"in": place, "name": name, "problem": what, "got": repr(got)[:80]}
    return ProblemError(422, "validation", f"{place} {name}: {what}", errors=[error])


def us_or_none(moment: datetime | None) -> int | None:
    """Microseconds since 1970 of a moment that may be missing."""
    return None if moment is None else to_us(moment)


def time_or_none(us: int | None) -> str | None:
    """RFC 3339 of microseconds since 1970 that may be missing."""
    return None if us is None else iso(from_us(us))


def names(row: dict[str, Any]) -> dict[str, str] | None:
    """The two names of a row."""
    return None if row["name_zh"] is None else {"zh": row["name_zh"], "en": row["name_en"]}


def shown_event(entry: Recorded, *, whole: bool = True) -> dict[str, Any]:
    """An entry of the log: the CloudEvent as stored, and what the log knows of it.

    Without `whole` its data stay out: they may name persons.
    """
    document: dict[str, Any] = orjson.loads(entry.body)
    if not whole:
        document = {name: document.get(name) for name in ("specversion", "id", "source", "type", "time")}
    return document | {
        "position": entry.position,
        "estate": entry.estate,
        "received_at": time_or_none(entry.received_us),
        "recorded_at": time_or_none(entry.recorded_us),
        "late": entry.late,
    }
