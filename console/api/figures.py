"""GET score and GET coverage: how well the desk is doing, and which key zones had no eyes on them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query, Response

from console.api import common as c
from console.api.shapes_figures import CoveragePage, ScorePage
from console.rights import Person, Right
from console.state import ConsoleState
from projections import coverage as eyes
from projections import score as desk
from projections.zones import estates

router = APIRouter(tags=["figures"])

DAY_US = 24 * 3_600 * 1_000_000
"""The last day, where no period is asked for."""


def period(
    state: ConsoleState, from_: datetime | None, to: datetime | None, days_max: int
) -> tuple[int, int]:
    """The period asked for, up to the log's present moment. Raises ProblemError for one too long or none."""
    now_us = state.context.log.now_us()
    until_us = min(c.us_or_none(to) or now_us, now_us)
    since_us = c.us_or_none(from_)
    since_us = until_us - DAY_US if since_us is None else since_us
    if since_us >= until_us:
        raise c.wrong("from", "has to be before `to` and the present", from_ or to)
    if until_us - since_us > days_max * DAY_US:
        raise c.wrong("from", f"is more than {days_max} days before `to`", from_)
    return since_us, until_us


@router.get("/score", response_model=ScorePage, summary="The score of the desk (ISA-18.2)")
def list_score(
    state: c.State,
    person: c.MayAlerts,
    estate: c.EstateFilter = None,
    from_: c.From = None,
    to: c.To = None,
) -> Response:
    """Of the alerts raised in a period, by default the last 24 hours, at most 92 days."""
    return c.page(scores(state, person, estate, *period(state, from_, to, desk.PERIOD_DAYS_MAX)), None)


def scores(
    state: ConsoleState, person: Person, estate: str | None, from_us: int, to_us: int
) -> list[dict[str, Any]]:
    """Each estate's figures, moments in words."""
    discreet = person.may(Right.DISCREET)
    with state.context.views.connect() as connection:
        known = [row["estate"] for row in estates(connection, person.scope(estate))]
        return [dated(desk.score(connection, each, from_us, to_us, discreet=discreet)) for each in known]


@router.get("/coverage", response_model=CoveragePage, summary="Which key zones had eyes on them, by the hour")
def list_coverage(
    state: c.State,
    person: c.MayPlaces,
    estate: c.EstateFilter = None,
    zone: Annotated[list[c.Word] | None, Query(max_length=50)] = None,
    from_: c.From = None,
    to: c.To = None,
) -> Response:
    """Key roads and units, or the zones asked for, in the whole hours of a period: by default the last 24
    hours, at most 31 days. `unseen` are the hours in which nobody and no camera looked."""
    bounds = period(state, from_, to, eyes.PERIOD_DAYS_MAX)
    return c.page(coverages(state, person.scope(estate), *bounds, tuple(zone or ())), None)


def coverages(
    state: ConsoleState, wanted: str | None, from_us: int, to_us: int, zones: tuple[str, ...] = ()
) -> list[dict[str, Any]]:
    """Each zone with its hours."""
    with state.context.views.connect() as connection:
        known = [row["estate"] for row in estates(connection, wanted)]
        found = [row for each in known for row in eyes.coverage(connection, each, from_us, to_us, zones)]
    return [_zone(row) for row in found]


def _zone(row: dict[str, Any]) -> dict[str, Any]:
    hours = [dated(hour) for hour in row["hours"]]
    return {name: row[name] for name in ("estate", "zone", "cameras")} | {
        "key": row["duty"],
        "name": c.names(row),
        "unseen": [hour["hour"] for hour in hours if not hour["eyes"]],
        "hours": hours,
    }


def dated(value: Any) -> Any:
    """The same with moments as RFC 3339, `since_us` as `since`."""
    if isinstance(value, list):
        return [dated(each) for each in value]
    if not isinstance(value, dict):
        return value
    return {
        name.removesuffix("_us"): c.time_or_none(each) if name.endswith("_us") else dated(each)
        for name, each in value.items()
    }
