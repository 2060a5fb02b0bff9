"""GET patrols: each squad, who of it is on duty, where it was last seen, its alerts and its rounds."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Response

from console.api import common as c
from console.api.figures import dated, period
from console.api.shapes_patrols import PatrolPage
from console.rights import Person, Right
from console.state import ConsoleState
from projections.squads import PERIOD_DAYS_MAX, Wanted, patrols

router = APIRouter(tags=["places"])


@router.get("/patrols", response_model=PatrolPage, summary="Squads, who is on duty, and their rounds")
def list_patrols(
    state: c.State,
    person: c.MayPlaces,
    estate: c.EstateFilter = None,
    squad: Annotated[list[c.Word] | None, Query(max_length=50)] = None,
    from_: c.From = None,
    to: c.To = None,
    cursor: c.Cursor = None,
    limit: c.Limit = c.PAGE_DEFAULT,
) -> Response:
    """Who is on duty is as of now. Rounds that are over are those begun from `from` to `to`: by default in
    the last 24 hours, at most 31 days. Alerts are for those who may see alerts."""
    after: Any = c.read_cursor(cursor, str)
    bounds = period(state, from_, to, PERIOD_DAYS_MAX)
    wanted = Wanted(person.scope(estate), tuple(squad or ()), *bounds, after=after[0] if after else "")
    rows = listed(state, person, wanted, limit + 1)
    following = [rows[limit - 1]["key"]] if len(rows) > limit else None
    return c.page([shown(row) for row in rows[:limit]], following)


def listed(state: ConsoleState, person: Person, wanted: Wanted, limit: int) -> list[dict[str, Any]]:
    """The squads, with the alerts that this person may see."""
    with state.context.views.connect() as connection:
        return patrols(
            connection,
            wanted,
            state.context.log.now_us(),
            limit=limit,
            alerts=person.may(Right.ALERTS),
            discreet=person.may(Right.DISCREET),
        )


def shown(row: dict[str, Any]) -> dict[str, Any]:
    """A squad as the API gives it."""
    told = {name: each for name, each in row.items() if name not in ("key", "name_zh", "name_en")}
    return {**dated(told), "name": c.names(row)}
