"""How good the registers are: what is missing in them, what has run out, what no longer fits together.

Read from the read model of the registers at a moment that the caller gives (the log's, not this machine's).
Each question is one query; what it is called is in the catalogue under `quality`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, exists, func, or_, select

from projections.registers import CREDENTIALS, HOMES, MODEL_OF, PEOPLE, VEHICLES, VISITORS

SHOWN = 20
RESIDENTS = ("owner", "family", "tenant")
"""Roles of those who live here."""
Condition = Callable[[int], ColumnElement[bool]]


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked of a register: the entries for which it is true are not as they should be."""

    kind: str
    register: str
    wrong: Condition
    """At a moment in whole µs since 1970."""


def _here(now_us: int) -> ColumnElement[bool]:
    """People who have not moved out."""
    return or_(PEOPLE.c.left_us.is_(None), PEOPLE.c.left_us > now_us)


def _lived_in(now_us: int) -> ColumnElement[bool]:
    return exists().where(PEOPLE.c.home_key == HOMES.c.key, _here(now_us))


def _opens(now_us: int) -> ColumnElement[bool]:
    """Credentials that open doors."""
    until = CREDENTIALS.c.valid_until_us
    return and_(CREDENTIALS.c.state == "active", or_(until.is_(None), until > now_us))


def _left(key: ColumnElement[Any], now_us: int) -> ColumnElement[bool]:
    return exists().where(PEOPLE.c.key == key, PEOPLE.c.left_us <= now_us)


def _unknown(key: ColumnElement[Any], estate: ColumnElement[Any]) -> ColumnElement[bool]:
    """Who is not in the register; where that is empty it can't be told."""
    anybody = PEOPLE.alias()
    return and_(
        key.is_not(None),
        ~exists().where(PEOPLE.c.key == key),
        exists().where(anybody.c.estate == estate),
    )


def _homeless(now_us: int) -> ColumnElement[bool]:
    home = HOMES.alias()
    known = exists().where(home.c.key == PEOPLE.c.home_key)
    any_home = exists().where(home.c.estate == PEOPLE.c.estate)
    lost = and_(~known, any_home)
    return and_(PEOPLE.c.role.in_(RESIDENTS), _here(now_us), or_(PEOPLE.c.home_key.is_(None), lost))


QUESTIONS = (
    Question(
        "homes_without_people", "homes", lambda t: and_(HOMES.c.use.in_(("owner", "let")), ~_lived_in(t))
    ),
    Question("empty_homes_with_people", "homes", lambda t: and_(HOMES.c.use == "empty", _lived_in(t))),
    Question("leases_run_out", "people", lambda t: and_(_here(t), PEOPLE.c.lease_until_us <= t)),
    Question(
        "tenants_without_lease",
        "people",
        lambda t: and_(_here(t), PEOPLE.c.role == "tenant", PEOPLE.c.lease_until_us.is_(None)),
    ),
    Question("people_without_home", "people", _homeless),
    Question(
        "credentials_of_people_who_left",
        "credentials",
        lambda t: and_(_opens(t), _left(CREDENTIALS.c.person_key, t)),
    ),
    Question(
        "credentials_of_unknown_people",
        "credentials",
        lambda t: and_(_opens(t), _unknown(CREDENTIALS.c.person_key, CREDENTIALS.c.estate)),
    ),
    Question(
        "credentials_without_person",
        "credentials",
        lambda t: and_(_opens(t), CREDENTIALS.c.person_key.is_(None), CREDENTIALS.c.duress.is_(False)),
    ),
    Question(
        "vehicles_without_owner",
        "vehicles",
        lambda t: and_(
            VEHICLES.c.resident.is_(True),
            or_(
                VEHICLES.c.owner_key.is_(None),
                _left(VEHICLES.c.owner_key, t),
                _unknown(VEHICLES.c.owner_key, VEHICLES.c.estate),
            ),
        ),
    ),
    Question("vehicles_run_out", "vehicles", lambda t: VEHICLES.c.valid_until_us <= t),
    Question("visits_run_out", "visitors", lambda t: VISITORS.c.valid_until_us <= t),
)
_ENTRY: Mapping[str, str] = {
    "homes": "home",
    "people": "person",
    "credentials": "credential",
    "vehicles": "plate",
    "visitors": "visitor",
}
"""The column with an entry's id."""


def quality(
    connection: Connection, now_us: int, estate: str | None = None, *, shown: int = SHOWN
) -> list[dict[str, Any]]:
    """Each estate that has any of these registers: how many entries each has, and for every question how many
    are not as they should be, of how many, with the first `shown` of them by id.

    `residents` and `tenants` count who lives here at that moment.
    """
    totals = _totals(connection, estate)
    lived = _living(connection, now_us, estate)
    answers = {question.kind: _answer(connection, question, now_us, estate, shown) for question in QUESTIONS}
    none: tuple[int, list[str]] = (0, [])
    found = []
    for name in sorted(totals):
        findings = []
        for question in QUESTIONS:
            count, entries = answers[question.kind].get(name, none)
            of = totals[name][question.register]
            findings.append(
                {"kind": question.kind, "register": question.register, "count": count, "of": of}
                | {"entries": entries}
            )
        counts = totals[name] | lived.get(name, {"residents": 0, "tenants": 0})
        found.append({"estate": name, "at_us": now_us, "counts": counts, "findings": findings})
    return found


def _of(query: Select[Any], column: ColumnElement[Any], estate: str | None) -> Select[Any]:
    return query if estate is None else query.where(column == estate)


def _totals(connection: Connection, estate: str | None) -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = {}
    for name, model in MODEL_OF.items():
        query = select(model.c.estate, func.count()).group_by(model.c.estate)
        for of, count in connection.execute(_of(query, model.c.estate, estate)):
            found.setdefault(of, dict.fromkeys(MODEL_OF, 0))[name] = count
    return found


def _living(connection: Connection, now_us: int, estate: str | None) -> dict[str, dict[str, int]]:
    query = (
        select(PEOPLE.c.estate, PEOPLE.c.role, func.count())
        .where(_here(now_us), PEOPLE.c.role.in_(RESIDENTS))
        .group_by(PEOPLE.c.estate, PEOPLE.c.role)
    )
    found: dict[str, dict[str, int]] = {}
    for of, role, count in connection.execute(_of(query, PEOPLE.c.estate, estate)):
        counts = found.setdefault(of, {"residents": 0, "tenants": 0})
        counts["residents"] += count
        if role == "tenant":
            counts["tenants"] += count
    return found


def _answer(
    connection: Connection, question: Question, now_us: int, estate: str | None, shown: int
) -> dict[str, tuple[int, list[str]]]:
    """By estate, how many entries are wrong and the first of them: one query for all estates."""
    model = MODEL_OF[question.register]
    entry = model.c[_ENTRY[question.register]]
    place = func.row_number().over(partition_by=model.c.estate, order_by=entry).label("place")
    total = func.count().over(partition_by=model.c.estate).label("total")
    wrong = select(model.c.estate, entry.label("entry"), place, total).where(question.wrong(now_us))
    inner = _of(wrong, model.c.estate, estate).subquery()
    # The first one is fetched even where none is to be shown: it has the count.
    outer = select(inner).where(inner.c.place <= max(shown, 1)).order_by(inner.c.estate, inner.c.place)
    found: dict[str, tuple[int, list[str]]] = {}
    for row in connection.execute(outer):
        _, entries = found.setdefault(row.estate, (row.total, []))
        if row.place <= shown:
            entries.append(row.entry)
    return found
