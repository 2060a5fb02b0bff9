"""Somebody who lives alone has neither come nor gone for long."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from eventlog.estate import Estate
from eventlog.vocabulary import CredentialSet, HomeSet, PersonSet, VehicleSet
from processors.rules.wellbeing_check import Settings, WellbeingCheck
from tests.processors.estate import estate
from tests.processors.story import NOON, check

RULE = WellbeingCheck()


def person(**more: Any) -> Estate:
    return estate(
        HomeSet(home="home-3", zone="building-3"),
        PersonSet(**{"person": "wang", "role": "owner", "home": "home-3", "lives_alone": True, **more}),
        CredentialSet(credential="key", person="wang"),
        VehicleSet(plate="京A55555", owner="wang"),
    )


def test_no_sign_for_36_hours() -> None:
    signals = check(
        RULE,
        """
        00:00:00      building-3  granted  key
        35:59:59.999  time
        36:00:00      time  -> low person:~wang
        99:00:00      time
        """,
        place=person(),
    )
    assert signals[0].zone == "building-3"
    assert signals[0].evidence == ("event-1",)
    assert signals[0].title.en == (
        "building-3: a resident who lives alone has neither come nor gone for 36 hours; please look in"
    )
    assert "wang" not in str(signals[0])


def test_every_kind_of_sign_counts() -> None:
    check(
        RULE,
        """
        00:00:00   building-3  granted  key
        30:00:00   gate-n1     granted  key    to=out
        60:00:00   building-3  granted  other  holder=wang
        90:00:00   lane-1      read     京A55555
        120:00:00  face-1      knows    wang
        150:00:00  building-3  granted  key
        185:59:59  time
        186:00:00  time  -> low person:~wang
        """,
        place=person(),
    )


def test_others_at_the_door_are_no_sign() -> None:
    check(
        RULE,
        """
        00:00:00  building-3  granted  key
        30:00:00  building-3  granted  other
        30:00:01  building-3  granted  other  holder=li
        30:00:02  face-1      knows    li
        30:00:03  lane-1      read     京A66666
        30:00:04  building-3  denied   key
        36:00:00  time  -> low person:~wang
        """,
        place=person(),
    )


def test_the_next_sign_clears_it_and_the_time_runs_anew() -> None:
    check(
        RULE,
        """
        00:00:00  building-3  granted  key
        36:00:00  time  -> low person:~wang
        40:00:00  building-3  granted  key  -> cleared person:~wang
        75:59:59  time
        76:00:00  time  -> low person:~wang
        """,
        place=person(),
    )


def test_a_sign_that_was_in_time_and_comes_late_withdraws_it() -> None:
    check(
        RULE,
        """
        00:00:00  building-3  granted  key
        36:00:00  time  -> low person:~wang
        36:10:00  building-3  granted  key  @30:00:00  -> withdrawn person:~wang
        65:59:59  time
        66:00:00  time  -> low person:~wang
        """,
        place=person(),
    )


def test_older_signs_change_nothing() -> None:
    check(
        RULE,
        """
        00:00:10  building-3  granted  key
        00:00:12  building-3  granted  key  @00:00:08
        20:00:00  building-3  granted  key  @-9:00:00
        36:00:09  time
        36:00:10  time  -> low person:~wang
        """,
        place=person(),
    )


def test_time_runs_from_the_registration_where_there_was_no_sign_yet() -> None:
    signals = check(
        RULE,
        """
        00:00:00  wang  lives  alone
        35:59:59  time
        36:00:00  time  -> low person:~wang
        """,
        place=person(),
    )
    assert signals[0].evidence == ("event-1",)


def test_those_who_do_not_live_alone_or_do_not_want_it_are_silent() -> None:
    story = """
        00:00:00  building-3  granted  key
        99:00:00  time
        """
    for more in ({"lives_alone": False}, {"look_in": False}, {"left_at": NOON - timedelta(days=3)}):
        check(RULE, story, place=person(**more))


def away(start: datetime | None, end: datetime | None) -> Estate:
    return person(away_from=start, away_until=end)


def test_registered_away_is_silent_and_the_time_runs_anew_from_the_return() -> None:
    check(
        RULE,
        """
        00:00:00  building-3  granted  key
        83:59:59  time
        84:00:00  time  -> low person:~wang
        """,
        place=away(NOON + timedelta(hours=10), NOON + timedelta(hours=48)),
    )
    check(
        RULE,
        """
        00:00:00   building-3  granted  key
        160:00:00  time
        """,
        place=away(NOON - timedelta(hours=10), None),
    )


def test_away_long_ago_or_later_is_not_away_now() -> None:
    for start, end in ((-100, -50), (36, 90)):
        check(
            RULE,
            """
            00:00:00  building-3  granted  key
            36:00:00  time  -> low person:~wang
            """,
            place=away(NOON + timedelta(hours=start), NOON + timedelta(hours=end)),
        )


def test_registered_away_afterwards_clears_it() -> None:
    check(
        RULE,
        """
        00:00:00  building-3  granted  key
        36:00:00  time  -> low person:~wang
        37:00:00  wang  lives  alone away  -> cleared person:~wang
        99:00:00  time
        """,
        place=person(),
    )


def test_taken_off_the_register_or_moved_in_with_somebody_ends_it() -> None:
    for change in ("lives  family", "lives  alone unasked", "moved"):
        check(
            RULE,
            f"""
            00:00:00  building-3  granted  key
            36:00:00  time  -> low person:~wang
            37:00:00  wang  {change}  -> cleared person:~wang
            99:00:00  time
            """,
            place=person(),
        )


def test_registered_again_changes_nothing() -> None:
    check(
        RULE,
        """
        00:00:00  building-3  granted  key
        20:00:00  wang  lives  alone
        36:00:00  time  -> low person:~wang
        37:00:00  wang  lives  alone
        38:00:00  building-3  granted  key  -> cleared person:~wang
        """,
        place=person(),
    )


def test_only_those_who_live_alone_have_a_state() -> None:
    from tests.processors.story import entries_of, parse, step_for

    step = step_for(RULE, person(lives_alone=False))
    story = """
        00:00  building-3  granted  key
        00:01  wang        lives    family
        00:02  face-1      knows    wang
        """
    for entry in entries_of(parse(story)):
        step.take(entry)
    assert not [each for each in step.changed()[0] if each.key.startswith("rule/")]


def test_a_zone_may_have_its_own_numbers() -> None:
    rule = WellbeingCheck(zones={"building-3": Settings(silent_s=3_600)})
    signals = check(
        rule,
        """
        00:00:00  building-3  granted  key
        00:59:59  time
        01:00:00  time  -> low person:~wang
        """,
        place=person(),
    )
    assert " 1 hours" in signals[0].title.en
