"""GET events: the log itself, the newest first."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Response
from pydantic import StringConstraints

from console.api import common as c
from console.api.shapes import EventPage
from console.rights import Right
from console.state import ConsoleState
from eventlog.discreet import tells_of
from eventlog.ports import EventLog, Position, Recorded
from eventlog.times import to_us
from eventlog.vocabulary import TYPES
from projections.alerts import discreet_alerts

router = APIRouter(tags=["events"])

SCANNED_MAX = 20_000
"""Entries looked at for one page when only a device is asked for: the log keeps no index of those."""
_PART = 1_000

TypeWanted = Annotated[str, StringConstraints(pattern=r"^[a-z_]+\.([a-z_]+|\*)$", max_length=100)]
"""A type of events, or a family of them."""


@router.get("/events", response_model=EventPage, summary="Events, the last recorded first")
def list_events(
    state: c.State,
    person: c.MayEvents,
    estate: c.EstateFilter = None,
    types: Annotated[
        list[TypeWanted] | None,
        Query(
            alias="type",
            max_length=100,
            description="Types, such as `access.denied`; `access.*` is a family.",
        ),
    ] = None,
    source: Annotated[c.Word | None, Query(description="The whole source of the event.")] = None,
    device: Annotated[c.Word | None, Query(description="The last part of the source.")] = None,
    from_: c.From = None,
    to: c.To = None,
    cursor: c.Cursor = None,
    limit: c.Limit = c.PAGE_DEFAULT,
) -> Response:
    """Times are those of `recorded_at`, the log's clock. A page may be short, even empty, and have a `next`:
    at most 20,000 entries are looked at for one page."""
    log = state.context.log
    before = None if to is None else log.position_at(to_us(to) - 1) + 1
    after = 0 if from_ is None else log.position_at(to_us(from_) - 1)
    place = c.read_cursor(cursor, int)
    if place is not None:
        before = place[0] if before is None else min(place[0], before)
    hidden = None if person.may(Right.DISCREET) else _discreet(state)
    scan = _Scan(log, person.scope(estate), _chosen(types), source, device, hidden)
    found, following = scan.back(before, after, limit)
    return c.page([c.shown_event(entry) for entry in found], [following] if following else None)


def _discreet(state: ConsoleState) -> frozenset[str]:
    """The alerts that this page must not tell of."""
    with state.context.views.connect() as connection:
        return discreet_alerts(connection)


def _chosen(types: list[str] | None) -> frozenset[str] | None:
    if not types:
        return None
    families = tuple(one[:-1] for one in types if one.endswith(".*"))
    whole = {name for name in TYPES if families and name.startswith(families)}
    return frozenset(whole | {one for one in types if not one.endswith(".*")})


class _Scan:
    """Reads back through the log for entries that fit."""

    def __init__(
        self,
        log: EventLog,
        estate: str | None,
        types: frozenset[str] | None,
        source: str | None,
        device: str | None,
        hidden: frozenset[str] | None,
    ) -> None:
        self._log, self._estate, self._types = log, estate, types
        self._source, self._device, self._hidden = source, device, hidden

    def _fits(self, entry: Recorded) -> bool:
        return (
            (self._source is None or entry.source == self._source)
            and (self._device is None or entry.device == self._device)
            and (self._hidden is None or not tells_of(entry.type, entry.event, self._hidden))
        )

    def back(
        self, before: Position | None, after: Position, limit: int
    ) -> tuple[list[Recorded], Position | None]:
        """At most `limit` entries with after < position < before, and where the next page begins."""
        found: list[Recorded] = []
        scanned = 0
        size = limit + 1 if self._source is None and self._device is None else _PART
        while scanned < SCANNED_MAX:
            part = self._log.read_back(before=before, limit=size, estate=self._estate, types=self._types)
            for entry in part:
                if entry.position <= after:
                    return found, None
                if self._fits(entry):
                    if len(found) == limit:
                        return found, found[-1].position
                    found.append(entry)
                before = entry.position
            if len(part) < size:
                return found, None
            scanned += size
        return found, before
