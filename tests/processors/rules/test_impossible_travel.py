"""One credential at two doors sooner than anybody walks between them."""

from __future__ import annotations

from eventlog.vocabulary import DoorSet, Neighbour, ZoneSet
from processors.rules.impossible_travel import ImpossibleTravel, Settings
from tests.processors.estate import _words, estate
from tests.processors.story import check

RULE = ImpossibleTravel()


def zone(name: str, *beside: tuple[str, float]) -> ZoneSet:
    neighbours = tuple(Neighbour(zone=other, walk_m=metres) for other, metres in beside)
    return ZoneSet(zone=name, name=_words(name), adjacent=neighbours)


PLACE = estate(
    zone("yard", ("building-3", 30), ("building-4", 60), ("gate-n", 3)),
    zone("building-3"),
    zone("building-4"),
    zone("gate-n"),
    DoorSet(door="building-3-back", device="building-3", zone="building-3"),
    DoorSet(door="yard-door", device="yard-door", zone="yard"),
)
"""Building 3 to building 4: 90 m, a minute on foot. The yard to the gate: 3 m, two seconds."""


def test_two_doors_sooner_than_the_walk() -> None:
    signals = check(
        RULE,
        """
        00:00      building-3  granted  a
        00:59.999  building-4  granted  a  -> high credential:a
        """,
        place=PLACE,
    )
    assert signals[0].zone == "building-4"
    assert signals[0].evidence == ("event-1", "event-2")
    assert signals[0].devices == ("building-3", "building-4")
    assert signals[0].title.en == "building-4: the credential was at building-3 59 seconds before"


def test_time_enough_to_walk_is_silent() -> None:
    check(
        RULE,
        """
        00:00  building-3  granted  a
        01:00  building-4  granted  a
        02:00  building-3  granted  a
        """,
        place=PLACE,
    )


def test_the_walk_is_at_least_five_seconds() -> None:
    check(
        RULE,
        """
        00:00      yard-door  granted  a
        00:04.999  gate-n1    granted  a  -> high credential:a
        01:00      yard-door  granted  b
        01:05      gate-n1    granted  b
        """,
        place=PLACE,
    )


def test_where_the_plan_says_nothing_the_floor_holds() -> None:
    check(
        RULE,
        """
        00:00      building-3  granted  a
        00:04.999  somewhere   granted  a  -> high credential:a
        01:00      building-3  granted  b
        01:05      somewhere   granted  b
        """,
        place=PLACE,
    )


def test_two_doors_of_one_lobby_are_silent() -> None:
    check(
        RULE,
        """
        00:00  building-3       granted  a
        00:01  building-3-back  granted  a
        00:02  building-3       granted  a
        """,
        place=PLACE,
    )


def test_a_copy_that_is_refused_is_one_too() -> None:
    check(
        RULE,
        """
        00:00  building-3  granted  a
        00:10  building-4  denied   a  -> high credential:a
        """,
        place=PLACE,
    )


def test_other_credentials_and_none_are_silent() -> None:
    check(
        RULE,
        """
        00:00  building-3  granted  a
        00:10  building-4  granted  b
        00:11  building-4  denied
        00:12  building-3  denied
        """,
        place=PLACE,
    )


def test_a_release_from_afar_is_nobodys_walk() -> None:
    check(
        RULE,
        """
        00:00  building-3  granted  desk  by=remote
        00:10  building-4  granted  desk  by=remote
        00:20  building-4  granted  desk  to=out
        """,
        place=PLACE,
    )


def test_clocks_apart_are_silent() -> None:
    """Building 4's clock is 30 s behind: nobody was in two places."""
    check(
        RULE,
        """
        00:00  building-3  granted  a
        01:05  building-4  granted  a  @00:35
        """,
        place=PLACE,
    )
    check(
        RULE,
        """
        00:00  building-3  granted  a
        00:20  building-4  granted  a  @00:50  -> high credential:a since 00:50
        """,
        place=PLACE,
    )


def test_two_seconds_on_the_way_matter_only_where_it_was_that_close() -> None:
    """Else a clock that is two seconds off would make a copy of somebody in a hurry."""
    check(
        RULE,
        """
        00:00      building-3  granted  a
        00:59.999  building-4  granted  a  @00:57.999  -> high credential:a
        """,
        place=PLACE,
    )
    check(
        RULE,
        """
        00:00      building-3  granted  a  @00:02.700
        01:00      building-4  granted  a
        """,
        place=PLACE,
    )
    check(
        RULE,
        """
        00:00      building-3  granted  a
        01:00      building-4  granted  a  @00:57.300
        """,
        place=PLACE,
    )


def test_out_of_order_is_the_same() -> None:
    signals = check(
        RULE,
        """
        00:12  building-4  granted  a  @00:10
        00:13  building-3  granted  a  @00:12  -> high credential:a since 00:12
        """,
        place=PLACE,
    )
    assert signals[0].evidence == ("event-1", "event-2")
    signals = check(
        RULE,
        """
        00:13  building-3  granted  a  @00:12
        00:14  building-4  granted  a  @00:11  -> high credential:a since 00:12
        """,
        place=PLACE,
    )
    assert signals[0].evidence == ("event-2", "event-1")
    assert signals[0].zone == "building-3"


def test_history_is_told_as_late_and_does_not_mix_with_now() -> None:
    check(
        RULE,
        """
        00:00  building-3  granted  a
        00:01  building-3  granted  a  @-3:00:00
        00:01  building-4  granted  a  @-2:59:50  -> late high credential:a
        02:00  building-4  granted  a
        """,
        place=PLACE,
    )
    check(
        RULE,
        """
        00:00  building-3  granted  a
        00:01  building-3  granted  a  @-3:00:00
        00:30  building-4  granted  a  -> high credential:a
        """,
        place=PLACE,
    )


def test_a_zone_may_have_its_own_numbers() -> None:
    rule = ImpossibleTravel(zones={"building-4": Settings(walk_m_s=3, floor_s=40)})
    check(
        rule,
        """
        00:00      building-3  granted  a
        00:39.999  building-4  granted  a  -> high credential:a
        05:00      building-3  granted  b
        05:40      building-4  granted  b
        """,
        place=PLACE,
    )
