"""Which hours had no eyes on a zone: by patrols, by confirmed cameras, by cameras that worked."""

from __future__ import annotations

import itertools
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine

from eventlog import codec
from eventlog.memory import MemoryLog
from eventlog.times import to_us
from eventlog.vocabulary import (
    CameraObject,
    CameraRestored,
    CameraTamper,
    CheckpointSet,
    CommandConfirmCamera,
    DeviceOffline,
    DeviceOnline,
    DeviceRemoved,
    DeviceSet,
    Event,
    PatrolCheckpoint,
    Words,
    ZoneSet,
)
from projections.coverage import _both, _union, coverage
from projections.runner import ProjectionRunner
from tests.support.histories import START

NAME = Words(zh="主路", en="main road")
HOUR = 3_600.0


class Day:
    """A key road with two cameras on one recorder, and a patrol point; times are seconds of the day."""

    def __init__(self, engine: Engine, *more: Event) -> None:
        self.engine, self.now = engine, START
        self.log = MemoryLog(clock=lambda: to_us(self.now))
        registers = (
            ZoneSet(zone="road", name=NAME, key="road"),
            ZoneSet(zone="yard", name=NAME),
            DeviceSet(device="nvr", family="camera", zone="yard"),
            DeviceSet(device="cam-1", family="camera", zone="yard", sees=("yard", "road"), parent="nvr"),
            DeviceSet(device="cam-2", family="camera", zone="road"),
            CheckpointSet(checkpoint="p1", zone="road"),
        )
        for event in (*registers, *more):
            self.tell(0, event)

    def tell(self, at_s: float, event: Event, device: str = "x", ago_s: float = 0) -> None:
        self.now = max(self.now, START + timedelta(seconds=at_s))
        new = codec.make(
            event, estate="xiegou", source=f"estates/xiegou/camera/{device}", event_id=f"e{self.log.head()}",
            at=self.now - timedelta(seconds=ago_s), received_us=to_us(self.now),
        )  # fmt: skip
        self.log.append([new])

    def zone(self, hours: int = 3, wanted: tuple[str, ...] = ()) -> dict[str, Any]:
        ProjectionRunner(self.log, self.engine).catch_up()
        until = to_us(START + timedelta(hours=hours))
        with self.engine.connect() as connection:
            (found,) = coverage(connection, "xiegou", to_us(START), until, wanted)
        return found

    def eyes(self, hours: int = 3) -> list[bool]:
        return [each["eyes"] for each in self.zone(hours)["hours"]]


def test_only_key_zones_are_looked_after_unless_another_is_asked_for(views: Engine) -> None:
    day = Day(views)
    road = day.zone()
    assert (road["zone"], road["duty"], road["cameras"], len(road["hours"])) == ("road", "road", 2, 3)
    assert day.zone(wanted=("yard",))["cameras"] == 1, "a recorder sees nothing itself"


def test_cameras_never_heard_of_are_no_eyes(views: Engine) -> None:
    assert Day(views).eyes() == [False, False, False]


def test_one_working_camera_is_enough_and_a_recorder_takes_its_cameras_with_it(any_views: Engine) -> None:
    day = Day(any_views)
    for device in ("nvr", "cam-1", "cam-2"):
        day.tell(1, DeviceOnline(device=device))
    day.tell(HOUR, DeviceOffline(device="cam-2"))
    assert day.eyes() == [True, True, True]
    day.tell(HOUR + 600, DeviceOffline(device="nvr"))
    found = day.zone()["hours"]
    assert [each["eyes"] for each in found] == [True, False, False]
    assert [each["camera_s"] for each in found] == [3_599, 600, 0]
    day.tell(2 * HOUR + 200, DeviceOnline(device="cam-2"))
    assert day.eyes() == [True, False, True], "less than five minutes are let pass"


def test_a_blinded_camera_sees_nothing_until_it_is_restored(views: Engine) -> None:
    day = Day(views, DeviceRemoved(entry="cam-1"))
    day.tell(0, CameraObject(label="person", track="1", event="enter", zone="road", confidence=0.9), "cam-2")
    assert day.eyes() == [True] * 3, "it lives: it said something"
    day.tell(HOUR, CameraTamper(kind="covered"), "cam-2")
    day.tell(HOUR + 60, CameraTamper(kind="covered"), "cam-2")
    day.tell(2 * HOUR, CameraRestored(), "cam-2")
    assert day.eyes() == [True, False, True]


@pytest.mark.parametrize("how", ["visit", "confirmed"])
def test_who_went_there_or_looked_has_seen_it(views: Engine, how: str) -> None:
    day = Day(views)
    visit = PatrolCheckpoint(member="li", squad="squad-1", checkpoint="p1", method="nfc")
    confirmed = CommandConfirmCamera(plan="round-1", camera="cam-2", by="wang")
    day.tell(HOUR + 60, visit if how == "visit" else confirmed)
    day.tell(HOUR + 90, visit if how == "visit" else confirmed)
    found = day.zone()["hours"]
    assert [each["eyes"] for each in found] == [False, True, False]
    assert found[1]["visits" if how == "visit" else "confirmations"] == 2


def test_a_visit_counts_in_the_hour_in_which_it_was_made(views: Engine) -> None:
    day = Day(views)
    visit = PatrolCheckpoint(member="li", squad="squad-1", checkpoint="p1", method="nfc")
    day.tell(HOUR + 60, visit, ago_s=120)
    assert day.eyes() == [True, False, False]


SPANS = st.lists(st.tuples(st.integers(0, 40), st.integers(1, 9)), max_size=8)


@given(SPANS, SPANS)
def test_spans_are_joined_and_crossed_as_their_moments_are(
    one: list[tuple[int, int]], other: list[tuple[int, int]]
) -> None:
    def moments(spans: list[tuple[int, int]]) -> set[int]:
        return {moment for begins, ends in spans for moment in range(begins, ends)}

    first = [(begins, begins + length) for begins, length in one]
    second = [(begins, begins + length) for begins, length in other]
    joined = _union(first)
    assert moments(joined) == moments(first)
    assert all(a[1] < b[0] for a, b in itertools.pairwise(joined))
    assert moments(_both(joined, _union(second))) == moments(first) & moments(second)
