"""Who plays in a story is not in the ordinary day: no opening of theirs, no count, nothing else."""

from __future__ import annotations

from datetime import timedelta

from eventlog.vocabulary import (
    AccessGranted,
    DoorClosed,
    DoorOpened,
    ExitRequested,
    PeopleCounted,
    PlateRead,
)
from simulators.day import ordinary
from simulators.day.incidents import Stories
from simulators.day.incidents.absence import without
from simulators.day.incidents.tools import Mute, emit
from simulators.day.truth import Emission
from simulators.day.world import make
from simulators.evaluation.run import FIRST_DAY

ANN = Mute(0, 1_000, who=frozenset({"ann"}))
DOOR = "building-7"


def grant(at_us: int, holder: str, way: str = "in") -> Emission:
    return emit(
        at_us, DOOR, "access", AccessGranted, door=DOOR, credential=f"card-{holder}", holder=holder,
        method="card", direction=way,
    )  # fmt: skip


def opening(at_us: int, people: int, way: str = "in") -> list[Emission]:
    counted = emit(at_us + 2, DOOR, "access", PeopleCounted, door=DOOR, count=people, direction=way)
    opened = emit(at_us + 1, DOOR, "access", DoorOpened, door=DOOR)
    return [opened, counted, emit(at_us + 3, DOOR, "access", DoorClosed, door=DOOR)]


def test_an_opening_of_hers_alone_does_not_happen() -> None:
    others = [grant(100, "bob"), *opening(100, 1)]
    assert list(without([grant(1, "ann"), *opening(1, 1), *others], [ANN])) == others


def test_an_opening_with_others_counts_one_less() -> None:
    day = [grant(1, "ann"), grant(2, "bob"), *opening(3, 2)]
    kept = without(day, [ANN])
    assert [type(each.event) for each in kept] == [AccessGranted, DoorOpened, PeopleCounted, DoorClosed]
    assert [each.event.count for each in kept if isinstance(each.event, PeopleCounted)] == [1]


def test_an_opening_that_was_hers_first_waits_for_the_next() -> None:
    counted = emit(9_000_000, DOOR, "access", PeopleCounted, door=DOOR, count=2, direction="in")
    closed = emit(8_000_000, DOOR, "access", DoorClosed, door=DOOR)
    opened = emit(600, DOOR, "access", DoorOpened, door=DOOR)
    kept = without([grant(1, "ann"), opened, grant(2_000_000, "bob"), closed, counted], [ANN])
    assert [type(each.event) for each in kept] == [AccessGranted, DoorOpened, DoorClosed, PeopleCounted]
    assert kept[0].at_us < kept[1].at_us < closed.at_us
    assert [each.event.count for each in kept if isinstance(each.event, PeopleCounted)] == [1]


def test_who_leaves_by_the_button_keeps_the_door() -> None:
    button = emit(1, DOOR, "access", ExitRequested, door=DOOR)
    day = [button, grant(2, "ann"), *opening(3, 1), *opening(20, 1, "out")]
    kept = list(without(day, [ANN]))
    assert kept[0] is button
    assert [type(each.event) for each in kept[1:3]] == [DoorOpened, DoorClosed]
    assert kept[3:] == day[5:]


def test_only_in_its_time_and_only_what_is_theirs() -> None:
    late = [grant(2_000, "ann"), *opening(2_000, 1)]
    assert list(without(late, [ANN])) == late
    read = emit(5, "lpr-n", "vehicle", PlateRead, plate="豫A1", lane="n-in", direction="in", confidence=1.0)
    assert list(without([read], [ANN])) == [read]
    assert not without([read], [Mute(0, 10, who=frozenset({"豫A1"}))])
    assert not without([read], [Mute(0, 10, devices=frozenset({"lpr-n"}))])


def test_nobody_of_a_story_is_at_two_places() -> None:
    world = make("pilot", 3)
    estate = world.estates[0]
    stories = Stories(estate, 3)
    day = FIRST_DAY + timedelta(days=2)
    story = stories.on(day, ordinary.day(world, estate.id, day, 3))
    told = {id(each.event) for part in story.parts for each in part.emissions}
    players = {
        each.event.holder
        for part in story.parts
        for each in part.emissions
        if isinstance(each.event, AccessGranted) and each.event.holder
    }
    assert players
    assert not [
        each
        for each in story.emissions
        if isinstance(each.event, AccessGranted)
        and each.event.holder in players
        and id(each.event) not in told
    ]
