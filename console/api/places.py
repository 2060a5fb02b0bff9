"""GET devices, GET zones, GET occupancy: what is where, and how safe."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Response

from console.api import common as c
from console.api.shapes import DevicePage, VehiclePage, ZonePage
from eventlog.topics import FAMILIES
from projections.devices import find_devices
from projections.occupancy import count_inside, vehicles_inside
from projections.zones import estates, zones

router = APIRouter(tags=["places"])

Family = Literal["access", "vehicle", "camera", "face", "fence", "probe", "help", "patrol", "report"]
if set(Family.__args__) != set(FAMILIES):  # type: ignore[attr-defined]
    raise RuntimeError("the families of the API and those of the topics differ")


@router.get("/devices", response_model=DevicePage, summary="Devices in the register")
def list_devices(
    state: c.State,
    person: c.MayPlaces,
    estate: c.EstateFilter = None,
    zone: Annotated[c.Word | None, Query()] = None,
    family: Annotated[Family | None, Query()] = None,
    presence: Annotated[Literal["online", "offline", "unknown"] | None, Query()] = None,
    cursor: c.Cursor = None,
    limit: c.Limit = c.PAGE_DEFAULT,
) -> Response:
    """Each with its presence, when it was last heard of, its battery and how much it sent."""
    after = c.read_cursor(cursor, str)
    with state.context.views.connect() as connection:
        rows = find_devices(
            connection,
            estate=person.scope(estate),
            zone=zone,
            family=family,
            presence=presence,
            after=after[0] if after else "",
            limit=limit + 1,
        )
    following = [rows[limit - 1]["key"]] if len(rows) > limit else None
    return c.page([_device(row) for row in rows[:limit]], following)


def _device(row: dict[str, Any]) -> dict[str, Any]:
    plain = ("estate", "device", "family", "zone", "maker", "parent", "presence")
    return {name: row[name] for name in plain} | {
        "name": c.names(row),
        "presence_at": c.time_or_none(row["presence_us"]),
        "last_seen_at": c.time_or_none(row["last_seen_us"]),
        "last_event_at": c.time_or_none(row["last_event_us"]),
        "last_heartbeat_at": c.time_or_none(row["last_heartbeat_us"]),
        "battery": row["battery"],
        "uptime_s": row["uptime_s"],
        "events": row["events"],
    }


@router.get("/zones", response_model=ZonePage, summary="Zones and how safe they are")
def list_zones(state: c.State, person: c.MayPlaces, estate: c.EstateFilter = None) -> Response:
    """All at once: an estate has some dozens. `estates` has each estate's own level."""
    wanted = person.scope(estate)
    with state.context.views.connect() as connection:
        body = {
            "items": [_zone(row) for row in zones(connection, wanted)],
            "estates": [_estate(row) for row in estates(connection, wanted)],
            "next": None,
        }
    return c.answer(body)


def _zone(row: dict[str, Any]) -> dict[str, Any]:
    plain = ("estate", "zone", "kind", "squad", "level", "cause", "cause_kind")
    return {name: row[name] for name in plain} | {
        "name": c.names(row),
        "key": row["duty"],
        "since": c.time_or_none(row["since_us"]),
    }


def _estate(row: dict[str, Any]) -> dict[str, Any]:
    return {name: row[name] for name in ("estate", "time_zone", "level")} | {
        "name": c.names(row),
        "zones_at_level": row["level_zones"],
        "since": c.time_or_none(row["level_us"]),
    }


@router.get("/occupancy", response_model=VehiclePage, summary="Vehicles inside")
def list_vehicles(
    state: c.State,
    person: c.MayVehicles,
    estate: c.EstateFilter = None,
    cursor: c.Cursor = None,
    limit: c.Limit = c.PAGE_DEFAULT,
) -> Response:
    """By the last read of each plate at a gate on the boundary."""
    after: Any = c.read_cursor(cursor, int, str)
    wanted = person.scope(estate)
    with state.context.views.connect() as connection:
        rows = vehicles_inside(connection, estate=wanted, after=after, limit=limit + 1)
        counts = count_inside(connection, wanted)
    following = [rows[limit - 1]["since_us"], rows[limit - 1]["key"]] if len(rows) > limit else None
    items = [
        {
            **{name: row[name] for name in ("estate", "plate", "gate", "position")},
            "since": c.time_or_none(row["since_us"]),
        }
        for row in rows[:limit]
    ]
    body = {"items": items, "counts": counts, "next": c.write_cursor(following) if following else None}
    return c.answer(body)
