"""The quality of the registers: each finding by an entry that has it and one that has not, over time."""
# ruff: noqa: E501  A finding a line reads best.

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import Engine, select

from eventlog.memory import MemoryLog
from eventlog.times import to_us
from eventlog.vocabulary import (
    CredentialRemoved,
    CredentialSet,
    EstateSet,
    Event,
    HomeRemoved,
    HomeSet,
    PersonRemoved,
    PersonSet,
    VehicleRemoved,
    VehicleSet,
    VisitorSet,
    Words,
    ZoneSet,
)
from projections.quality import QUESTIONS, SHOWN, quality
from projections.registers import MODEL_OF
from projections.runner import ProjectionRunner
from projections.zones import zones
from tests.support.histories import History


def day(month: int, number: int) -> datetime:
    return datetime(2026, month, number, tzinfo=UTC)


NOW = day(11, 22)
HOME = HomeSet(home="1-101", zone="building-1")
LET = HomeSet(home="1-102", zone="building-1", use="let")
OWNER = PersonSet(person="p1", role="owner", home="1-101")
TENANT = PersonSet(person="p2", role="tenant", home="1-102", lease_until=day(12, 31))
GOOD: tuple[Event, ...] = (
    HOME,
    LET,
    HomeSet(home="1-103", zone="building-1", use="empty"),
    OWNER,
    TENANT,
    PersonSet(person="staff", role="staff"),
    CredentialSet(credential="c1", person="p1"),
    CredentialSet(credential="c2", person="p2", valid_until=day(12, 31)),
    CredentialSet(credential="under-threat", duress=True),
    CredentialSet(credential="gone", state="revoked"),
    VehicleSet(plate="豫A11111", groups=("resident",), owner="p1", valid_until=day(12, 31)),
    VehicleSet(plate="豫A22222", groups=("service",)),
    VisitorSet(visitor="v1", valid_until=day(11, 23)),
)


def project(engine: Engine, *events: Event, estate: str = "xiegou", batch: int = 4_000) -> None:
    told = History(estate)
    for event in events:
        told.add(event)
    log = MemoryLog()
    log.append(told.events)
    ProjectionRunner(log, engine, batch=batch).catch_up()


def findings(engine: Engine, now: datetime = NOW) -> dict[str, list[str]]:
    """What is wrong, by kind."""
    with engine.connect() as connection:
        (found,) = quality(connection, to_us(now))
    wrong: dict[str, list[str]] = {}
    for each in found["findings"]:
        assert each["count"] == len(each["entries"])
        if each["count"]:
            wrong[each["kind"]] = each["entries"]
    return wrong


def changed(event: Any, **fields: Any) -> Any:
    return event.model_copy(update=fields)


def test_good_registers_have_no_findings_and_are_counted(any_views: Engine) -> None:
    project(any_views, *GOOD)
    assert findings(any_views) == {}
    with any_views.connect() as connection:
        (found,) = quality(connection, to_us(NOW), "xiegou")
        assert quality(connection, to_us(NOW), "elsewhere") == []
    assert found["counts"] == {
        "homes": 3, "people": 3, "credentials": 4, "vehicles": 2, "visitors": 1, "residents": 2, "tenants": 1,
    }  # fmt: skip
    assert [(each["kind"], each["of"]) for each in found["findings"]] == [
        (question.kind, found["counts"][question.register]) for question in QUESTIONS
    ]


@pytest.mark.parametrize(
    ("event", "wrong"),
    [
        (HomeSet(home="1-104", zone="building-1"), {"homes_without_people": ["1-104"]}),
        (HomeSet(home="1-104", zone="building-1", use="office"), {}),
        (changed(HOME, use="empty"), {"empty_homes_with_people": ["1-101"]}),
        (
            changed(OWNER, left_at=day(11, 1)),
            {
                "homes_without_people": ["1-101"],
                "credentials_of_people_who_left": ["c1"],
                "vehicles_without_owner": ["豫A11111"],
            },
        ),
        (changed(OWNER, left_at=day(11, 23)), {}),
        (
            PersonRemoved(person="p1"),
            {
                "homes_without_people": ["1-101"],
                "credentials_of_unknown_people": ["c1"],
                "vehicles_without_owner": ["豫A11111"],
            },
        ),
        (changed(TENANT, lease_until=NOW), {"leases_run_out": ["p2"]}),
        (
            changed(TENANT, lease_until=day(11, 1), left_at=day(11, 2)),
            {"homes_without_people": ["1-102"], "credentials_of_people_who_left": ["c2"]},
        ),
        (changed(TENANT, lease_until=None), {"tenants_without_lease": ["p2"]}),
        (changed(TENANT, home=None), {"homes_without_people": ["1-102"], "people_without_home": ["p2"]}),
        (HomeRemoved(home="1-102"), {"people_without_home": ["p2"]}),
        (CredentialSet(credential="c3"), {"credentials_without_person": ["c3"]}),
        (CredentialSet(credential="c3", valid_until=NOW), {}),
        (CredentialSet(credential="c3", state="lost"), {}),
        (CredentialSet(credential="c3", person="p9"), {"credentials_of_unknown_people": ["c3"]}),
        (CredentialSet(credential="c3", person="p9", state="revoked"), {}),
        (VehicleSet(plate="豫A33333"), {"vehicles_without_owner": ["豫A33333"]}),
        (VehicleSet(plate="豫A33333", groups=("resident",), owner="p9"), {"vehicles_without_owner": ["豫A33333"]}),
        (VehicleSet(plate="豫A33333", groups=("visitor",), valid_until=NOW), {"vehicles_run_out": ["豫A33333"]}),
        (VisitorSet(visitor="v2", valid_until=NOW), {"visits_run_out": ["v2"]}),
        (VisitorSet(visitor="v2"), {}),
    ],
)  # fmt: skip
def test_what_is_not_as_it_should_be(views: Engine, event: Event, wrong: dict[str, list[str]]) -> None:
    project(views, *GOOD, event)
    assert findings(views) == wrong


def test_what_holds_today_runs_out_as_time_goes_on(views: Engine) -> None:
    project(views, *GOOD)
    assert findings(views, day(11, 23)) == {"visits_run_out": ["v1"]}
    later = findings(views, datetime(2027, 1, 1, tzinfo=UTC))
    assert set(later) == {"visits_run_out", "leases_run_out", "vehicles_run_out"}


def test_where_nobody_is_registered_nothing_is_said_of_who_is_not(views: Engine) -> None:
    project(
        views,
        CredentialSet(credential="c1", person="p1"),
        VehicleSet(plate="豫A11111", groups=("resident",), owner="p1"),
    )
    assert findings(views) == {}


def test_what_is_taken_out_and_put_back_is_as_the_last_word_says(any_views: Engine) -> None:
    back = (
        CredentialRemoved(credential="c1"), VehicleRemoved(plate="豫A22222"), PersonRemoved(person="p1"), OWNER,
        CredentialRemoved(credential="never"),
    )  # fmt: skip
    project(any_views, *GOOD, *back, batch=3)
    assert findings(any_views) == {}
    with any_views.connect() as connection:
        (found,) = quality(connection, to_us(NOW))
    assert (found["counts"]["credentials"], found["counts"]["vehicles"], found["counts"]["people"]) == (
        3,
        1,
        3,
    )


def test_each_estate_has_its_own_and_the_first_are_shown_with_the_count_of_all(views: Engine) -> None:
    told = [History("xiegou"), History("heyuan")]
    for number in range(SHOWN + 5):
        told[0].add(HomeSet(home=f"h{number:02d}", zone="building-1"))
    told[1].add(PersonSet(person="p1", role="owner", home="h00"))
    log = MemoryLog()
    for each in told:
        log.append(each.events)
    ProjectionRunner(log, views).catch_up()
    with views.connect() as connection:
        heyuan, xiegou = quality(connection, to_us(NOW))
        (few,) = quality(connection, to_us(NOW), "xiegou", shown=0)
    first = {each["kind"]: each for each in xiegou["findings"]}["homes_without_people"]
    assert (first["count"], first["of"]) == (SHOWN + 5, SHOWN + 5)
    assert first["entries"] == [f"h{number:02d}" for number in range(SHOWN)]
    assert heyuan["counts"]["residents"] == 1
    assert all(not each["count"] for each in heyuan["findings"]), "the other estate's homes are not its own"
    counts = {each["kind"]: (each["count"], each["entries"]) for each in few["findings"]}
    assert counts["homes_without_people"] == (SHOWN + 5, [])


def test_names_and_telephones_stay_in_the_log(views: Engine) -> None:
    project(views, PersonSet(person="p1", role="owner", name="张伟", phone="13800001111"))
    with views.connect() as connection:
        for model in MODEL_OF.values():
            assert "张伟" not in repr(connection.execute(select(model)).all())


def test_a_zone_without_a_squad_has_the_estates(views: Engine) -> None:
    name = Words(zh="某", en="some")
    project(
        views,
        ZoneSet(zone="yard", name=name),
        ZoneSet(zone="gate", name=name, squad="squad-2"),
        EstateSet(name=name, default_squad="squad-1"),
    )
    with views.connect() as connection:
        assert {zone["zone"]: zone["squad"] for zone in zones(connection)} == {
            "yard": "squad-1",
            "gate": "squad-2",
        }
