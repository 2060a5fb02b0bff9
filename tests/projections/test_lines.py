"""The operators' list in a flood: few lines, nothing lost, the worst on top."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, create_engine

from eventlog.discreet import is_discreet
from eventlog.memory import MemoryLog
from eventlog.vocabulary import AlertClosed, AlertRaised, AlertReleased, AlertShelved, FloodEnded
from projections.alerts import AlertFilter, find_alerts
from projections.lines import OWN_LINES, Queue, open_queue
from projections.runner import ProjectionRunner
from tests.support.histories import START, History, alert, flood_began

COMMON = ("device_offline", "camera_blind", "door_forced", "sequence_gap", "perimeter_breach", *OWN_LINES)
RULES = tuple(rule for rule in COMMON if not is_discreet(rule))
"""What a shared list shows; discreet alerts are counted nowhere in it."""
SEVERITIES = ("low", "medium", "high", "critical")


def told(engine: Engine, *events: Any) -> Queue:
    """The list after these."""
    history = History()
    for event in events:
        history.add(event)
    log = MemoryLog()
    log.append(history.events)
    ProjectionRunner(log, engine).catch_up()
    return queue(engine)


def queue(engine: Engine, **more: Any) -> Queue:
    with engine.connect() as connection:
        return open_queue(connection, "xiegou", limit=1_000, late_limit=5, **more)


def power_cut(devices: int, zones: int) -> list[AlertRaised]:
    """A device a second goes."""
    at = [START + timedelta(seconds=n + 1) for n in range(devices)]
    fields = {"rule": "device_offline", "severity": "low"}
    return [
        AlertRaised(alert=alert(f"cut-{n}", zone=f"zone-{n % zones}", at=at[n], **fields))
        for n in range(devices)
    ]


def test_without_a_flood_every_alert_has_its_line(any_views: Engine) -> None:
    found = told(any_views, *power_cut(50, 5))
    assert (len(found.lines), found.flood) == (50, None)


@pytest.mark.parametrize(
    ("zones", "by", "lines"), [(1, "place", 1), (20, "place", 20), (21, "rule", 1)], ids=str
)
def test_what_came_in_a_flood_is_drawn_together_by_the_finest_that_fits(
    any_views: Engine, zones: int, by: str, lines: int
) -> None:
    before = AlertRaised(alert=alert("before", rule="door_forced", severity="medium"))
    found = told(any_views, before, flood_began(1), *power_cut(100, zones))
    assert (len(found.lines), found.open_count, found.shown) == (1 + lines, 101, 101)
    assert found.lines[0].id == "before"
    drawn = found.lines[1]
    assert (drawn.by, drawn.count, drawn.waiting) == (by, 100 // lines, 100 // lines)
    assert drawn.zones == (21 if by == "rule" else 1)
    assert found.flood
    assert (found.flood.alerts, found.flood.drawn, found.flood.ended_us) == (100, 100, None)
    assert len(queue(any_views, drawn=False).lines) == 101, "whoever asks sees every one"


def test_one_matter_is_one_line_where_that_is_enough(any_views: Engine) -> None:
    rules = ("door_forced", "camera_blind", "intrusion")
    joined = [
        AlertRaised(alert=alert(f"a{n}", rule=rules[n % 3], zone=f"z{n}", episode="a0")) for n in range(30)
    ]
    found = told(any_views, flood_began(0), *joined)
    assert [(line.by, line.count, line.zones) for line in found.lines] == [("episode", 30, 30)]


def test_the_first_of_a_flood_are_of_it_though_it_was_known_later(any_views: Engine) -> None:
    found = told(any_views, *power_cut(12, 2), flood_began(4), *power_cut(43, 2)[12:])
    assert sorted((line.by or "-", line.count) for line in found.lines) == [
        *[("-", 1)] * 3,
        ("place", 20),
        ("place", 20),
    ]


def test_it_stays_drawn_together_when_the_flood_is_over_until_its_alerts_are(any_views: Engine) -> None:
    cut = power_cut(30, 2)
    over = FloodEnded(at=START, since=START, count=30)
    found = told(any_views, flood_began(0), *cut, over)
    assert len(found.lines) == 2
    assert found.flood is not None
    assert found.flood.ended_us is not None
    closed = [
        AlertClosed(alert=each.alert.model_copy(update={"state": "closed", "version": 2})) for each in cut
    ]
    found = told(any_views, flood_began(0), *cut, over, *closed)
    assert (found.lines, found.flood) == ((), None)


def test_what_came_back_during_it_counts_as_of_it_and_what_is_held_back_is_counted(any_views: Engine) -> None:
    hidden = alert("hidden", rule="camera_blind", suppressed_by="cut-1")
    before = (AlertRaised(alert=hidden), flood_began(1), *power_cut(3, 1))
    held = told(any_views, *before)
    assert (held.suppressed_count, held.open_count) == (1, 3)
    free = AlertReleased(alert=hidden.model_copy(update={"suppressed_by": None, "version": 2}))
    kept = alert("kept", state="acknowledged", shelved_until=START, version=2)
    told(any_views, *before, AlertShelved(alert=kept), free)
    with any_views.connect() as connection:

        def held_by(*why: str) -> list[str]:
            listed = find_alerts(connection, AlertFilter(held=why), before=None, limit=9)
            return sorted(each.id for _, each in listed)

        assert held_by("shelved") == ["kept"]
        assert held_by("suppressed") == []
        assert held_by("flood") == ["cut-0", "cut-1", "cut-2", "hidden"]


def test_closed_alerts_are_not_listed_as_held_back(any_views: Engine) -> None:
    gone = alert("gone", state="closed", suppressed_by="cut-1")
    told(any_views, AlertRaised(alert=gone))
    with any_views.connect() as connection:
        listed = find_alerts(connection, AlertFilter(held=("suppressed", "flood")), before=None, limit=9)
    assert listed == []


@settings(max_examples=20)
@given(
    what=st.lists(
        st.tuples(st.sampled_from(RULES), st.sampled_from(SEVERITIES), st.integers(0, 30), st.integers(0, 3)),
        max_size=80,
    ),
    lines=st.integers(4, 20),
)
def test_whatever_comes_few_lines_stand_for_all_of_it(
    what: list[tuple[str, str, int, int]], lines: int
) -> None:
    engine = create_engine("sqlite://")
    alerts = [
        alert(f"a{n}", rule=rule, severity=severity, zone=f"z{zone}", episode=f"e{zone * matter}")
        for n, (rule, severity, zone, matter) in enumerate(what)
    ]
    found = told(engine, flood_began(0, lines=lines), *(AlertRaised(alert=each) for each in alerts))
    own = [each.id for each in alerts if each.rule in OWN_LINES]
    assert found.shown == len(alerts), "nothing is lost"
    assert len(found.lines) - len(own) <= lines
    assert {line.id for line in found.lines if line.by is None} >= set(own)
    assert len({line.id for line in found.lines}) == len(found.lines)
    ranks = [SEVERITIES.index(line.alert.severity) for line in found.lines]
    assert ranks == sorted(ranks, reverse=True), "the worst on top"
    critical = [each for each in alerts if each.severity == "critical"]
    at_top = [line for line in found.lines if line.alert.severity == "critical"]
    assert sum(line.count for line in at_top) == len(critical), "no critical one stands in a lesser line"
    assert critical == [] or critical[-1].id in {line.alert.id for line in at_top}, "the newest one is seen"
    engine.dispose()
