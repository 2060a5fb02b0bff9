"""Somebody is let into a zone outside its hours. Stories start at noon."""

from __future__ import annotations

from datetime import timedelta

from eventlog.estate import Estate
from eventlog.vocabulary import CredentialSet, DutySet, Event, Hours, ZoneSet
from processors.rules.off_hours_access import OffHoursAccess
from tests.processors.estate import _words, estate
from tests.processors.story import NOON, check

RULE = OffHoursAccess()


def hours(start: str, end: str, *more: Event) -> Estate:
    zone = ZoneSet(zone="building-3", name=_words("building-3"), open_hours=(Hours(start=start, end=end),))
    return estate(zone, *more)


def test_outside_its_hours() -> None:
    signals = check(
        RULE, "00:00  building-3  granted  a  -> low building-3 since 00:00", place=hours("13:00", "18:00")
    )
    assert signals[0].title.en == "building-3: somebody was let in at door three outside its hours"
    assert signals[0].evidence == ("event-1",)
    assert signals[0].devices == ("building-3",)


def test_the_hours_are_held_from_both_sides() -> None:
    check(
        RULE,
        """
        00:00:59  building-3  granted  a  -> low building-3
        00:01:00  building-3  granted  a
        00:09:59  building-3  granted  a
        00:10:00  building-3  granted  a  -> low building-3
        """,
        place=hours("12:01", "12:10"),
    )


def test_hours_may_go_over_midnight() -> None:
    check(
        RULE,
        """
        00:00:00  building-3  granted  a  -> low building-3
        12:00:00  building-3  granted  a
        17:59:59  building-3  granted  a
        18:00:00  building-3  granted  a  -> low building-3
        """,
        place=hours("22:00", "06:00"),
    )


def test_zones_without_hours_and_other_zones_are_silent() -> None:
    check(
        RULE,
        """
        00:00  building-4  granted  a
        00:01  elsewhere   granted  a
        """,
        place=hours("13:00", "18:00"),
    )


def test_those_who_leave_and_those_refused_are_silent() -> None:
    check(
        RULE,
        """
        00:00  building-3  granted  a  to=out
        00:10  building-3  denied   a
        """,
        place=hours("13:00", "18:00"),
    )


def test_staff_on_the_roster_are_silent_during_their_shift_only() -> None:
    shift = DutySet(
        duty="early",
        squad="squad-1",
        starts_at=NOON,
        ends_at=NOON + timedelta(seconds=60),
        members=("li",),
        persons=("wang",),
    )
    place = hours("13:00", "18:00", shift, CredentialSet(credential="key", person="wang"))
    check(
        RULE,
        """
        00:00  building-3  granted  key
        00:10  building-3  granted  other  holder=wang
        00:20  building-3  granted  other  holder=li
        00:30  building-3  granted  other  holder=chen  -> low building-3
        00:40  building-3  granted  other               -> low building-3
        01:00  building-3  granted  key                 -> low building-3
        """,
        place=place,
    )


def test_history_is_judged_by_its_own_hour() -> None:
    check(
        RULE,
        """
        00:00  building-3  granted  a  @-3:00:00  -> late low building-3
        00:01  building-3  granted  a
        """,
        place=hours("11:00", "13:00"),
    )
