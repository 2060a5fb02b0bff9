"""The patrols: which shifts there are, where each member was last seen, and the rounds of the last days.

Ids, zones and points only, no names and no coordinates. What tells of silent duress is left out: where a
member went for it would give it away.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import orjson
from sqlalchemy import Column, Connection, Index, Table, Text, delete, select

from eventlog.discreet import is_discreet
from eventlog.ports import Recorded
from eventlog.times import to_us
from eventlog.vocabulary import (
    AlertArrived,
    DutyRemoved,
    DutySet,
    PatrolCheckpoint,
    PatrolPosition,
    PatrolResponse,
    RoundCheckpoint,
    RoundFinished,
    RoundPaused,
    RoundRemoved,
    RoundResumed,
    RoundSet,
    RoundStarted,
)
from projections.base import MODELS, Big, Projection, Row, clean, key_of, load, upsert

ROUND_DAYS = 31
"""Rounds that began longer ago are forgotten here; the log has them."""
_KEPT_US = ROUND_DAYS * 24 * 3_600 * 1_000_000

DUTIES = Table(
    "patrol_duties",
    MODELS,
    Column("key", Text, primary_key=True),
    Column("estate", Text, nullable=False),
    Column("squad", Text, nullable=False),
    Column("body", Text, nullable=False),  # the whole `registry.duty_set`
)
SEEN = Table(
    "patrol_seen",
    MODELS,
    Column("key", Text, primary_key=True),
    Column("estate", Text, nullable=False),
    Column("member", Text, nullable=False),
    Column("squad", Text),  # for which the member was seen last
    Column("heard_us", Big, nullable=False),  # the latest that the phone said, an answer too
    Column("seen_us", Big),
    Column("zone", Text),
    Column("checkpoint", Text),  # its zone is the register's
)
ROUNDS = Table(
    "patrol_rounds",
    MODELS,
    Column("key", Text, primary_key=True),
    Column("estate", Text, nullable=False),
    Column("squad", Text, nullable=False),
    Column("plan", Text, nullable=False),
    Column("round", Text, nullable=False),
    Column("member", Text),
    Column("state", Text, nullable=False),  # begun, paused, finished, abandoned
    Column("begun_us", Big, nullable=False),
    Column("due_us", Big),
    Column("ended_us", Big),
    Column("points", Text, nullable=False),  # a JSON list: checkpoint, outcome, at_us, late_s
    Index("patrol_rounds_squad", "estate", "squad", "begun_us"),
    Index("patrol_rounds_begun", "begun_us"),
    Index("patrol_rounds_state", "state", "estate"),
)
UNDER_WAY = ("begun", "paused")

_DUTIES = (DutySet, DutyRemoved)
_SEEN = (PatrolCheckpoint, PatrolPosition, PatrolResponse, AlertArrived)
_PLANS = (RoundSet, RoundRemoved)
_ROUNDS = (RoundStarted, RoundCheckpoint, RoundPaused, RoundResumed, RoundFinished)


class Patrols(Projection):
    """One row a shift, a member, a round."""

    name = "patrols"
    version = 1
    listens_to = frozenset(kind.TYPE for kind in (*_DUTIES, *_SEEN, *_PLANS, *_ROUNDS))
    models = (DUTIES, SEEN, ROUNDS)

    def apply(self, connection: Connection, events: Sequence[Recorded]) -> None:
        self._duties(connection, [entry for entry in events if isinstance(entry.event, _DUTIES)])
        self._seen(connection, [entry for entry in events if isinstance(entry.event, _SEEN)])
        self._rounds(connection, [entry for entry in events if isinstance(entry.event, (*_PLANS, *_ROUNDS))])

    def _duties(self, connection: Connection, entries: Sequence[Recorded]) -> None:
        # A `…_set` event carries the whole entry, so the last one of a batch is all that counts.
        last: dict[str, Row | None] = {}
        for entry in entries:
            event = entry.event
            if isinstance(event, DutySet):
                key = key_of(entry.estate, clean(event.duty))
                names = {"key": key, "estate": entry.estate, "squad": clean(event.squad)}
                last[key] = names | {"body": event.model_dump_json()}
            elif isinstance(event, DutyRemoved):
                last[key_of(entry.estate, clean(event.entry))] = None
        table = self.table(DUTIES)
        for key in (key for key, row in last.items() if row is None):
            connection.execute(delete(table).where(table.c.key == key))
        upsert(connection, table, [row for row in last.values() if row is not None])

    def _seen(self, connection: Connection, entries: Sequence[Recorded]) -> None:
        told = [found for entry in entries if (found := _sight(entry)) is not None]
        rows = load(connection, self.table(SEEN), {found["key"] for found in told})
        for found in told:
            rows[found["key"]] = _later(rows.get(found["key"]), found)
        upsert(connection, self.table(SEEN), list(rows.values()))

    def _rounds(self, connection: Connection, entries: Sequence[Recorded]) -> None:
        if not entries:
            return
        walked = _Walked(connection, self.table(ROUNDS), entries)
        for entry in entries:
            walked.take(entry)
        upsert(connection, self.table(ROUNDS), list(walked.rows.values()))
        begun_us = [entry.recorded_us for entry in entries if isinstance(entry.event, RoundStarted)]
        if begun_us:
            old = self.table(ROUNDS).c.begun_us < max(begun_us) - _KEPT_US
            connection.execute(delete(self.table(ROUNDS)).where(old))


def _sight(entry: Recorded) -> Row | None:
    """What an event says of where a member is, as a row; None for one that says nothing here."""
    event = entry.event
    match event:
        case PatrolCheckpoint():
            return _row(entry, event.member, event.squad, checkpoint=event.checkpoint)
        case PatrolPosition():
            return _row(entry, event.member, event.squad, zone=event.zone)
        case PatrolResponse():
            return _row(entry, event.member, None)
        case AlertArrived(via="phone", by=str(by)) if not is_discreet(event.alert.rule):
            return _row(entry, by, event.alert.squad, zone=event.alert.zone)
    return None


def _row(
    entry: Recorded, member: str, squad: str | None, zone: str | None = None, checkpoint: str | None = None
) -> Row:
    at_us, name = entry.effective_us, clean(member)
    return {
        "key": key_of(entry.estate, name),
        "estate": entry.estate,
        "member": name,
        "squad": squad and clean(squad),
        "heard_us": at_us,
        "seen_us": at_us if zone or checkpoint else None,
        "zone": zone and clean(zone),
        "checkpoint": checkpoint and clean(checkpoint),
    }


def _later(old: Row | None, found: Row) -> Row:
    """The member's row after one sight more; one that comes late takes nothing back."""
    if old is None:
        return found
    row = {**old, "heard_us": max(old["heard_us"], found["heard_us"])}
    if found["squad"] and found["heard_us"] >= old["heard_us"]:
        row["squad"] = found["squad"]
    if found["seen_us"] is not None and (old["seen_us"] is None or found["seen_us"] >= old["seen_us"]):
        row |= {name: found[name] for name in ("seen_us", "zone", "checkpoint")}
    return row


class _Walked:
    """The rounds that a batch changes: those it names, and those under way."""

    def __init__(self, connection: Connection, table: Table, entries: Sequence[Recorded]) -> None:
        named = {
            key_of(entry.estate, clean(entry.event.round))
            for entry in entries
            if isinstance(entry.event, _ROUNDS)
        }
        self.rows: dict[str, Row] = load(connection, table, named)
        mine = {entry.estate for entry in entries}
        open_ones = select(table).where(table.c.state.in_(UNDER_WAY), table.c.estate.in_(mine))
        for row in connection.execute(open_ones).mappings():
            self.rows[row["key"]] = dict(row)
        self._open: dict[tuple[str, str], str] = {
            (row["estate"], row["plan"]): key for key, row in self.rows.items() if row["state"] in UNDER_WAY
        }

    def take(self, entry: Recorded) -> None:
        event = entry.event
        if isinstance(event, RoundSet):
            self._leave(entry.estate, event.plan, entry.recorded_us)
        elif isinstance(event, RoundRemoved):
            self._leave(entry.estate, event.entry, entry.recorded_us)
        elif isinstance(event, RoundStarted):
            self._leave(entry.estate, event.plan, to_us(event.at))
            key = key_of(entry.estate, clean(event.round))
            self.rows[key] = _begun(key, entry.estate, event)
            self._open[entry.estate, clean(event.plan)] = key
        elif isinstance(event, _ROUNDS):
            key = key_of(entry.estate, clean(event.round))
            row = self.rows.get(key)
            if row is not None:  # else it began before the days that are kept
                self.rows[key] = _gone_on(row, event)

    def _leave(self, estate: str, plan: str, at_us: int) -> None:
        """A plan that is another or none ends its round without a word."""
        key = self._open.pop((estate, clean(plan)), None)
        if key is not None and self.rows[key]["state"] in UNDER_WAY:
            self.rows[key] = {**self.rows[key], "state": "abandoned", "ended_us": at_us}


def _begun(key: str, estate: str, event: RoundStarted) -> Row:
    points = [
        {"checkpoint": each, "outcome": None, "at_us": None, "late_s": None} for each in event.checkpoints
    ]
    return {
        "key": key,
        "estate": estate,
        **{name: clean(getattr(event, name)) for name in ("squad", "plan", "round")},
        "member": event.member and clean(event.member),
        "state": "begun",
        "begun_us": to_us(event.at),
        "due_us": None if event.due_at is None else to_us(event.due_at),
        "ended_us": None,
        "points": orjson.dumps(points).decode(),
    }


def _gone_on(row: Row, event: Any) -> Row:
    """A round after what happened in it."""
    row = {**row, "member": clean(event.member) if event.member else row["member"]}
    match event:
        case RoundCheckpoint():
            return row | {"points": _pointed(row["points"], event)}
        case RoundFinished():
            return row | {"state": "finished", "ended_us": to_us(event.at)}
        case RoundPaused() if row["state"] == "begun":
            return row | {"state": "paused"}
        case RoundResumed() if row["state"] == "paused":
            moved_us = round(event.paused_s * 1_000_000)
            due_us = None if row["due_us"] is None else row["due_us"] + moved_us
            return row | {"state": "begun", "due_us": due_us}
    return row


def _pointed(saved: str, event: RoundCheckpoint) -> str:
    """The points with one more outcome. A point that the plan has twice is taken in turn; one that counted
    as missed may still be visited."""
    points: list[Row] = orjson.loads(saved)
    mine = [each for each in points if each["checkpoint"] == event.checkpoint]
    waiting = [each for each in mine if each["outcome"] is None]
    missed = [each for each in mine if each["outcome"] == "absent"]
    for point in (*waiting, *missed)[:1]:
        point |= {"outcome": event.result, "at_us": to_us(event.at), "late_s": event.late_s}
    return orjson.dumps(points).decode()
