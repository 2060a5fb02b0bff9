"""A door's queue: whoever comes while it is open goes through, and no opening gets too long."""

from __future__ import annotations

from random import Random

from hypothesis import given
from hypothesis import strategies as st

from eventlog.vocabulary import AccessGranted, DoorClosed, DoorOpened, ExitRequested, PeopleCounted
from simulators.day.doors import OPEN_S_MAX, Drive, Pass, use_door, use_lane
from simulators.day.moments import SECOND_US
from simulators.day.truth import Emission
from simulators.day.world import Door, Lane

GATE = Door("gate-n1", "gate-n1", "gate-n", "gate", True, True)
BUILDING = Door("building-3", "building-3", "building-3", "building", False, True)
LANE = Lane("vgate-n-in", "vgate-n", "lpr-n", "gate-n", "in")
LAST_S = 7.5
"""The longest that a door takes to close behind the last one."""

MOMENTS = st.lists(st.integers(100 * SECOND_US, 300 * SECOND_US), min_size=1, max_size=60)


def _openings(emissions: list[Emission]) -> list[list[Emission]]:
    """From one count to the next."""
    found: list[list[Emission]] = [[]]
    for each in sorted(emissions, key=lambda each: each.at_us):
        found[-1].append(each)
        if isinstance(each.event, PeopleCounted):
            found.append([])
    assert not found.pop()
    return found


@given(MOMENTS, st.sampled_from([GATE, BUILDING]), st.randoms(use_true_random=False))
def test_a_rush_is_let_through_in_openings_that_all_end(
    moments: list[int], door: Door, numbers: Random
) -> None:
    passes = [Pass(at_us, "in", "card", f"card-{number}") for number, at_us in enumerate(moments)]
    openings = _openings(list(use_door(door, passes, numbers)))
    let_in = 0
    for opening in openings:
        opened = [each.at_us for each in opening if isinstance(each.event, DoorOpened)]
        granted = [each.at_us for each in opening if isinstance(each.event, AccessGranted)]
        counted = [each.event.count for each in opening if isinstance(each.event, PeopleCounted)]
        closed_us, counted_us = (each.at_us for each in opening[-2:])
        assert isinstance(opening[-2].event, DoorClosed)
        assert 0 < counted_us - closed_us < SECOND_US
        assert len(opened) == 1
        assert granted[0] < opened[0] < granted[0] + 2 * SECOND_US
        assert closed_us - opened[0] <= (OPEN_S_MAX[door.kind] + LAST_S) * SECOND_US
        assert counted == [len(granted)]
        let_in += len(granted)
    assert let_in == len(moments)


def test_who_goes_out_presses_the_button_of_a_closed_door_only() -> None:
    passes = [Pass(SECOND_US * at_s, "out", None) for at_s in (10, 12, 40)]
    emissions = list(use_door(BUILDING, passes, Random(1)))
    pressed = [each.at_us for each in emissions if isinstance(each.event, ExitRequested)]
    assert pressed == [10 * SECOND_US, 40 * SECOND_US]
    counted = [each.event for each in emissions if isinstance(each.event, PeopleCounted)]
    assert [(event.direction, event.count) for event in counted] == [("out", 2), ("out", 1)]


def test_the_barrier_stays_up_while_the_next_car_follows() -> None:
    drives = [Drive(SECOND_US * at_s, f"豫A0000{at_s}", "car", "white") for at_s in (10, 14, 60)]
    emissions = sorted(use_lane(LANE, drives, Random(1)), key=lambda each: each.at_us)
    words = [each.event.TYPE.rpartition("_")[2] for each in emissions]
    assert words == ["read", "opened", "read", "closed", "read", "opened", "closed"]
