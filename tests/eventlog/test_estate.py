"""The estate: every register folds from its events, and what is asked of it at a moment."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import reduce
from typing import Any

import pytest

from eventlog import codec
from eventlog.estate import FOLDED_TYPES, Estate
from eventlog.folds import FOLDS
from eventlog.memory import MemoryLog
from eventlog.registers import Registers
from eventlog.times import to_us
from eventlog.vocabulary import (
    TYPES,
    CredentialRemoved,
    CredentialSet,
    DeviceSet,
    DrillSet,
    DutySet,
    EstateSet,
    Event,
    GatheringSet,
    HomeRemoved,
    HomeSet,
    Hours,
    MaintenanceSet,
    PersonSet,
    RadioSet,
    SegmentSet,
    VisitorSet,
    WatchEntrySet,
    Words,
)

NAME = Words(zh="某", en="some")


def at(day: int, clock: str) -> datetime:
    """A moment of November 2026 on the estate's clock; the 22nd is a Sunday."""
    return datetime.fromisoformat(f"2026-11-{day:02d}T{clock}:00+08:00")


def us(day: int, clock: str) -> int:
    return to_us(at(day, clock))


def estate(*events: Event) -> Estate:
    return Estate("home").with_events(events)


SOME: dict[str, tuple[Event, str]] = {
    "homes": (HomeSet(home="1-101", zone="building-1"), "1-101"),
    "people": (PersonSet(person="p1", role="tenant"), "p1"),
    "credentials": (CredentialSet(credential="card-1"), "card-1"),
    "visitors": (VisitorSet(visitor="v1"), "v1"),
    "radios": (RadioSet(address="a" * 64), "a" * 64),
    "duties": (DutySet(duty="d1", squad="s1", starts_at=at(1, "08:00"), ends_at=at(1, "16:00")), "d1"),
    "segments": (SegmentSet(segment="f1", device="fence-1", zone="perimeter"), "f1"),
    "watch": (WatchEntrySet(list="stolen", kind="plate", value="豫A12345"), "stolen/plate/豫A12345"),
}


@pytest.mark.parametrize("register", sorted(SOME))
def test_the_last_entry_counts_until_it_is_taken_away(register: str) -> None:
    event, name = SOME[register]
    set_ = estate(event)
    assert dict(getattr(set_, register)) == {name: event}
    changed = event.model_copy(update={"extra": 1})
    assert getattr(set_.with_event(changed), register)[name] is changed
    kind = next(kind for kind, fold in FOLDS.items() if fold.register == register and fold.removes)
    fields = {**event.model_dump(), "entry": name}
    removed = set_.with_event(kind.model_validate({f: fields[f] for f in kind.model_fields if f in fields}))
    assert dict(getattr(removed, register)) == {}
    assert dict(getattr(set_, register)) == {name: event}, "an estate never changes"


def test_every_register_event_is_folded() -> None:
    assert {name for name in TYPES if name.startswith("registry.")} <= FOLDED_TYPES
    registers = {fold.register for fold in FOLDS.values()}
    assert registers <= set(Estate.__dataclass_fields__)
    for register in registers:
        of = [fold for fold in FOLDS.values() if fold.register == register]
        assert sorted(fold.removes for fold in of) == [False, True], register


def test_many_events_at_once_are_the_same_as_one_after_the_other() -> None:
    events: list[Event] = [
        EstateSet(name=NAME),
        HomeSet(home="1", zone="a"),
        HomeSet(home="2", zone="a"),
        HomeRemoved(home="1"),
        HomeSet(home="1", zone="b"),
        CredentialSet(credential="c"),
        CredentialRemoved(credential="c"),
        CredentialRemoved(credential="never"),
    ]
    whole = Estate("home").with_events(events)
    assert whole == reduce(Estate.with_event, events, Estate("home"))
    assert whole.homes["1"].zone == "b"
    assert not whole.credentials
    nothing = whole.with_events([])
    assert nothing is whole


def _a_large_estate() -> Iterator[Event]:
    for number in range(1_150):
        yield HomeSet(home=f"h{number}", zone="a")
    for number in range(3_200):
        yield PersonSet(person=f"p{number}", role="tenant", home=f"h{number % 1_150}")
    for number in range(4_000):
        yield CredentialSet(credential=f"c{number}", person=f"p{number % 3_200}")


def test_a_large_import_is_folded_in_far_less_than_a_second() -> None:
    events = list(_a_large_estate())
    log = MemoryLog()
    now = datetime(2026, 11, 22, tzinfo=UTC)
    log.append(
        [
            codec.make(event, estate="home", source="estates/home/registry", event_id=f"{number}", at=now)
            for number, event in enumerate(events)
        ]
    )
    registers = Registers(log)
    start = time.process_time()
    registers.refresh()
    spent_s = time.process_time() - start
    found = registers.estates["home"]
    assert (len(found.homes), len(found.people), len(found.credentials)) == (1_150, 3_200, 4_000)
    assert spent_s < 1.0, spent_s
    start = time.process_time()
    one_by_one = reduce(Estate.with_event, events, Estate("home"))
    spent_s = time.process_time() - start
    assert one_by_one == found
    assert spent_s < 1.0, spent_s


def duty(**fields: Any) -> DutySet:
    whole: dict[str, Any] = {
        "duty": "d1",
        "squad": "s1",
        "starts_at": at(1, "00:00"),
        "ends_at": at(30, "00:00"),
    }
    return DutySet.model_validate(whole | fields)


def test_a_shift_is_on_from_its_start_until_just_before_its_end() -> None:
    place = estate(duty(starts_at=at(22, "08:00"), ends_at=at(22, "16:00")), duty(duty="d0", squad="s2"))
    assert [each.duty for each in place.duties_at(us(22, "08:00"))] == ["d0", "d1"]
    assert [each.duty for each in place.duties_at(us(22, "08:00"), "s1")] == ["d1"]
    assert place.duties_at(us(22, "07:59"), "s1") == place.duties_at(us(22, "16:00"), "s1") == ()


@pytest.mark.parametrize(
    ("day", "clock", "on"),
    [
        (20, "21:59", False), (20, "22:00", True), (21, "05:59", True), (21, "06:00", False),
        (21, "22:00", False), (22, "05:59", False), (22, "23:00", True), (23, "03:00", True),
        (24, "03:00", False),
    ],
)  # fmt: skip
def test_hours_over_midnight_belong_to_the_day_on_which_they_begin(day: int, clock: str, on: bool) -> None:
    """On Fridays (the 20th) and Sundays (the 22nd), through the night."""
    place = estate(duty(hours=Hours(start="22:00", end="06:00"), days=(5, 7)))
    assert bool(place.duties_at(us(day, clock))) is on


@pytest.mark.parametrize(("clock", "on"), [("07:59", False), ("08:00", True), ("16:00", False)])
def test_hours_of_the_day_recur_on_their_days(clock: str, on: bool) -> None:
    place = estate(duty(hours=Hours(start="08:00", end="16:00"), days=(7,)))
    assert bool(place.duties_at(us(22, clock))) is on
    assert not place.duties_at(us(23, clock))
    assert not place.duties_at(us(22, clock) + 14 * 86_400 * 1_000_000), "after the roster's end"


def test_work_on_a_recorder_is_work_on_its_cameras_and_work_in_a_zone_on_all_there() -> None:
    place = estate(
        DeviceSet(device="nvr", family="camera", zone="gate"),
        DeviceSet(device="cam", family="camera", zone="yard", parent="nvr"),
        MaintenanceSet(
            maintenance="m",
            starts_at=at(22, "10:00"),
            ends_at=at(22, "11:00"),
            devices=("nvr",),
            zones=("roof",),
        ),
    )
    noon, during = us(22, "12:00"), us(22, "10:30")
    assert place.in_maintenance(during, device="cam")
    assert place.in_maintenance(during, device="nvr")
    assert place.in_maintenance(during, zone="roof")
    assert not place.in_maintenance(during, zone="yard")
    assert not place.in_maintenance(during, device="other")
    assert not place.in_maintenance(noon, device="cam")
    assert not place.in_maintenance(during)


def test_a_gathering_is_where_and_when_it_was_announced() -> None:
    fair = GatheringSet(gathering="fair", zones=("yard",), starts_at=at(22, "18:00"), ends_at=at(22, "21:00"))
    place = estate(fair)
    assert place.gathering_at("yard", us(22, "20:59")) == fair
    assert place.gathering_at("gate", us(22, "20:59")) is None
    assert place.gathering_at("yard", us(22, "21:00")) is None


def test_a_drill_is_of_its_zones_and_rules_and_of_all_where_none_is_named() -> None:
    hours = {"starts_at": at(22, "10:00"), "ends_at": at(22, "11:00")}
    during = us(22, "10:00")
    some = estate(DrillSet(drill="d", zones=("yard",), rules=("duress",), **hours))
    assert some.drill_at("yard", "duress", during)
    assert not some.drill_at("gate", "duress", during)
    assert not some.drill_at("yard", "crowd", during)
    assert estate(DrillSet(drill="d", **hours)).drill_at("gate", "crowd", during)
    assert not estate(DrillSet(drill="d", **hours)).drill_at("gate", "crowd", us(22, "11:00"))


def test_what_is_looked_up_by_something_else() -> None:
    place = estate(
        DeviceSet(device="cam", family="camera", zone="yard", sees=("yard", "gate")),
        DeviceSet(device="cam-2", family="camera", zone="gate"),
        SegmentSet(segment="f1", device="fence", zone="perimeter"),
        SegmentSet(segment="f2", device="fence", zone="perimeter"),
        VisitorSet(visitor="v1", plate="豫A·12345"),
        WatchEntrySet(list="missing", kind="person", value="p9"),
        CredentialSet(credential="c1", person="p1"),
        CredentialSet(credential="c2", person="p1"),
    )
    assert place.cameras_of == {"yard": ("cam",), "gate": ("cam", "cam-2")}
    assert place.segments_of == {"fence": ("f1", "f2")}
    assert [v.visitor for v in place.visitors_by_plate["豫A12345"]] == ["v1"]
    assert place.watched_people["p9"][0].list == "missing"
    assert place.credentials_of == {"p1": ("c1", "c2")}
