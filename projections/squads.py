"""Who patrols: each squad with its members, who is on duty now and leads, what it has in hand, where it was
last seen, and its rounds. Read from the read models at a moment that the caller gives (the log's).

Whether a shift is on is said by `eventlog.estate` alone; registers are as they are now.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import orjson
from sqlalchemy import ColumnElement, Connection, func, select

from eventlog.discreet import RULES as DISCREET
from eventlog.estate import Estate
from eventlog.vocabulary import DutySet, EstateSet, Words
from projections.alerts import ALERTS
from projections.base import Row
from projections.coverage import WATCHERS
from projections.patrols import DUTIES, ROUND_DAYS, ROUNDS, SEEN, UNDER_WAY
from projections.zones import ESTATES, SQUADS

PERIOD_DAYS_MAX = ROUND_DAYS
ROUNDS_SHOWN = 20
"""Of a squad, the last of the period; how many there were is told."""
ALERTS_SHOWN = 20
"""Of a squad, the worst; how many there are is told."""
_ROUND = ("round", "plan", "member", "state", "begun_us", "due_us", "ended_us")
_ALERT = ("id", "rule", "zone", "severity", "state", "raised_us")


class Wanted(NamedTuple):
    """Which squads, and the rounds of which time: µs since 1970, from inclusive, to not. `after` is the key
    of the last squad seen."""

    estate: str | None
    squads: Sequence[str]
    from_us: int
    to_us: int
    after: str = ""


def patrols(
    connection: Connection, wanted: Wanted, now_us: int, *, limit: int, alerts: bool, discreet: bool
) -> list[dict[str, Any]]:
    """The squads in order of estate and name. Without `alerts` what they have in hand is None; without
    `discreet` it is without what no shared screen shows."""
    c = SQUADS.c
    conditions: list[ColumnElement[bool]] = [c.registered.is_(True), c.key > wanted.after]
    if wanted.estate is not None:
        conditions.append(c.estate == wanted.estate)
    if wanted.squads:
        conditions.append(c.squad.in_(wanted.squads))
    query = select(SQUADS).where(*conditions).order_by(c.key).limit(limit)
    squads = [dict(row) for row in connection.execute(query).mappings()]
    estates = {row["estate"] for row in squads}
    known = _rosters(connection, estates)
    seen, points = _seen(connection, estates), _points(connection, estates)
    under_way = _rounds(connection, squads, ROUNDS.c.state.in_(UNDER_WAY))
    period = (ROUNDS.c.begun_us >= wanted.from_us, ROUNDS.c.begun_us < wanted.to_us)
    last = _rounds(connection, squads, ~ROUNDS.c.state.in_(UNDER_WAY), *period)
    in_hand = _in_hand(connection, squads, discreet=discreet) if alerts else None
    found = []
    for row in squads:
        place = (row["estate"], row["squad"])
        begun, over, held = under_way.get(place), last.get(place), (in_hand or {}).get(place)
        found.append(
            {
                **{name: row[name] for name in ("key", "estate", "squad", "kind", "name_zh", "name_en")},
                **_people(row, known[row["estate"]], seen.get(row["estate"], []), points, now_us),
                "alerts": None if in_hand is None else held[1] if held else [],
                "alerts_count": None if in_hand is None else held[0] if held else 0,
                "under_way": begun[1] if begun else [],
                "rounds": over[1] if over else [],
                "rounds_count": over[0] if over else 0,
            }
        )
    return found


def _rosters(connection: Connection, estates: set[str]) -> dict[str, Estate]:
    """Each estate with its shifts and its clock, and no more."""
    shifts: dict[str, list[Any]] = {each: [] for each in estates}
    of_estate = select(ESTATES).where(ESTATES.c.estate.in_(estates))
    for row in connection.execute(of_estate).mappings():
        name = Words(zh=row["name_zh"], en=row["name_en"])
        shifts[row["estate"]].append(EstateSet(name=name, time_zone=row["time_zone"]))
    for row in connection.execute(select(DUTIES).where(DUTIES.c.estate.in_(estates))).mappings():
        shifts[row["estate"]].append(DutySet.model_validate_json(row["body"]))
    return {each: Estate(each).with_events(events) for each, events in shifts.items()}


def _seen(connection: Connection, estates: set[str]) -> dict[str, list[Row]]:
    found: dict[str, list[Row]] = {}
    query = select(SEEN).where(SEEN.c.estate.in_(estates)).order_by(SEEN.c.key)
    for row in connection.execute(query).mappings():
        found.setdefault(row["estate"], []).append(dict(row))
    return found


def _points(connection: Connection, estates: set[str]) -> dict[tuple[str, str], str]:
    """The zone of each patrol point."""
    c = WATCHERS.c
    query = select(WATCHERS).where(c.kind == "point", c.estate.in_(estates))
    rows = connection.execute(query).mappings()
    return {(row["estate"], row["watcher"]): orjson.loads(row["zones"])[0] for row in rows}


def _people(
    squad: Row, estate: Estate, seen: Sequence[Row], points: dict[tuple[str, str], str], now_us: int
) -> dict[str, Any]:
    """The members, who of them is on duty and leads, and where each and the squad were last seen."""
    registered: list[str] = orjson.loads(squad["members"])
    shifts = estate.duties_at(now_us, squad["squad"])
    on_duty: dict[str, None] = {}
    for shift in shifts:
        # A shift that names nobody is the whole squad's.
        on_duty.update(dict.fromkeys(shift.members or registered))
        on_duty.update(dict.fromkeys([shift.leader] if shift.leader else []))
    names = dict.fromkeys((*registered, *on_duty))
    sights = {row["member"]: _sight(row, points) for row in seen}
    nothing = {"heard_us": None, "seen_us": None, "zone": None, "checkpoint": None}
    mine = [
        sights[row["member"]]
        for row in seen
        if (row["squad"] or squad["squad"]) == squad["squad"]
        and (row["squad"] is not None or row["member"] in names)
        and row["seen_us"] is not None
    ]
    return {
        "members": [
            {"member": name, "on_duty": name in on_duty, **nothing, **sights.get(name, {})} for name in names
        ],
        "shifts": [shift.duty for shift in shifts],
        "leader": next((shift.leader for shift in shifts if shift.leader), None),
        "manager": next((shift.manager for shift in shifts if shift.manager), None),
        "last_seen": max(mine, key=lambda each: (each["seen_us"], each["member"]), default=None),
    }


def _sight(row: Row, points: dict[tuple[str, str], str]) -> Row:
    zone = row["zone"] or points.get((row["estate"], row["checkpoint"] or ""))
    return {name: row[name] for name in ("member", "heard_us", "seen_us", "checkpoint")} | {"zone": zone}


Counted = dict[tuple[str, str], tuple[int, list[Row]]]
"""Of each estate's squad how many there are, and the first of them."""


def _rounds(connection: Connection, squads: Sequence[Row], *which: ColumnElement[bool]) -> Counted:
    """The last begun first."""
    found = _first(connection, ROUNDS, squads, which, (ROUNDS.c.begun_us.desc(), ROUNDS.c.key), ROUNDS_SHOWN)
    return {place: (count, [_round(row) for row in rows]) for place, (count, rows) in found.items()}


def _round(row: Row) -> Row:
    return {name: row[name] for name in _ROUND} | {"points": orjson.loads(row["points"])}


def _in_hand(connection: Connection, squads: Sequence[Row], *, discreet: bool) -> Counted:
    """What stands in the list and is a squad's, the worst first."""
    c = ALERTS.c
    which = [c.open.is_(True), c.late.is_(False), c.shelved.is_(False), c.suppressed.is_(False)]
    if not discreet:
        which.append(c.rule.not_in(DISCREET))
    order = (c.rank.desc(), c.raised_us, c.id)
    found = _first(connection, ALERTS, squads, which, order, ALERTS_SHOWN)
    return {
        place: (count, [{name: row[name] for name in _ALERT} for row in rows])
        for place, (count, rows) in found.items()
    }


def _first(
    connection: Connection, model: Any, squads: Sequence[Row], which: Any, order: Any, most: int
) -> Counted:
    """The first rows of each squad, with how many there are, in one query for all."""
    c = model.c
    each = (c.estate, c.squad)
    of_page = (
        c.estate.in_({row["estate"] for row in squads}),
        c.squad.in_({row["squad"] for row in squads}),
    )
    numbered = (
        select(
            model,
            func.row_number().over(partition_by=each, order_by=order).label("number"),
            func.count().over(partition_by=each).label("count"),
        )
        .where(*of_page, *which)
        .subquery()
    )
    query = select(numbered).where(numbered.c.number <= most).order_by(numbered.c.number)
    found: dict[tuple[str, str], tuple[int, list[Row]]] = {}
    for row in connection.execute(query).mappings():
        found.setdefault((row["estate"], row["squad"]), (row["count"], []))[1].append(dict(row))
    return found
