"""GET quality: how complete and current the registers are."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Response

from console.api import common as c
from console.api.shapes import QualityPage
from console.rights import Right
from eventlog.catalogue import words
from projections.quality import quality

router = APIRouter(tags=["places"])


@router.get("/quality", response_model=QualityPage, summary="How good the registers are")
def list_quality(state: c.State, person: c.MayPlaces, estate: c.EstateFilter = None) -> Response:
    """Each estate with its registers' sizes and what is not as it should be, at the log's present moment."""
    now_us = state.context.log.now_us()
    with state.context.views.connect() as connection:
        found = quality(connection, now_us, person.scope(estate))
    entries = person.may(Right.EVENTS)
    return c.page([_quality(each, entries=entries) for each in found], None)


def _quality(found: dict[str, Any], *, entries: bool) -> dict[str, Any]:
    """Ids of people, cards and plates are for those who may see whole events."""
    findings = [
        {
            **{name: finding[name] for name in ("kind", "register", "count", "of")},
            "title": words(f"quality.finding.{finding['kind']}").model_dump(),
            "entries": finding["entries"] if entries else None,
        }
        for finding in found["findings"]
    ]
    return {
        "estate": found["estate"],
        "at": c.time_or_none(found["at_us"]),
        "counts": found["counts"],
        "findings": findings,
    }
