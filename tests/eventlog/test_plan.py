"""The plan: which zones touch which, and the shortest ways between them."""

from __future__ import annotations

from eventlog.plan import Plan
from eventlog.vocabulary import Neighbour, Words, ZoneSet


def zone(name: str, *beside: Neighbour) -> ZoneSet:
    return ZoneSet(zone=name, name=Words(zh=name, en=name), adjacent=beside)


def to(name: str, walk_m: float | None = None, drive_m: float | None = None) -> Neighbour:
    return Neighbour(zone=name, walk_m=walk_m, drive_m=drive_m)


def test_what_one_side_names_touches_both() -> None:
    plan = Plan([zone("gate", to("yard")), zone("yard"), zone("roof")])
    assert plan.beside("gate") == {"yard"}
    assert plan.beside("yard") == {"gate"}
    assert plan.beside("roof") == plan.beside("nowhere") == frozenset()


def test_the_way_is_the_shortest_one_not_the_one_of_fewest_zones() -> None:
    plan = Plan([zone("a", to("b", 10), to("d", 100)), zone("b", to("c", 20)), zone("c", to("d", 30))])
    assert plan.walk_m("a", "d") == 60
    assert plan.walk_m("d", "a") == 60
    assert plan.walk_m("a", "b") == 10


def test_within_a_zone_it_is_no_way_at_all() -> None:
    assert Plan([]).walk_m("a", "a") == 0
    assert Plan([]).drive_m("a", "a") == 0


def test_a_way_without_a_measure_is_not_known() -> None:
    plan = Plan([zone("a", to("b"), to("c", 10)), zone("b", to("d", 5))])
    assert plan.walk_m("a", "b") is None
    assert plan.walk_m("a", "d") is None
    assert plan.walk_m("a", "elsewhere") is None


def test_walking_and_driving_are_two_ways() -> None:
    plan = Plan([zone("a", to("b", 10, 400)), zone("b", to("c", None, 50))])
    assert (plan.walk_m("a", "b"), plan.drive_m("a", "b")) == (10, 400)
    assert (plan.walk_m("a", "c"), plan.drive_m("a", "c")) == (None, 450)


def test_of_two_measures_of_one_way_the_shorter_counts() -> None:
    plan = Plan([zone("a", to("b", 12)), zone("b", to("a", 10))])
    assert plan.walk_m("a", "b") == plan.walk_m("b", "a") == 10
