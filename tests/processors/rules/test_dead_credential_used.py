"""A lost, revoked or expired credential is presented."""

from __future__ import annotations

from datetime import timedelta

import pytest

from eventlog.estate import Estate
from eventlog.vocabulary import CredentialSet
from processors.rules.dead_credential_used import DeadCredentialUsed, Settings
from tests.processors.estate import estate
from tests.processors.story import NOON, check

RULE = DeadCredentialUsed()


def registered(**more: object) -> Estate:
    return estate(CredentialSet.model_validate({"credential": "a", **more}))


def test_a_lost_card_is_high_even_where_it_was_refused() -> None:
    signals = check(
        RULE,
        """
        00:00  building-3  denied  a  reason=unknown  -> high building-3:~a since 00:00
        """,
        place=registered(state="lost"),
    )
    assert signals[0].title.en == "building-3: a lost credential was presented at door three"
    assert signals[0].title.zh == "building-3（中）：有人在door three（中）使用已挂失的凭证"
    assert signals[0].evidence == ("event-1",)
    assert signals[0].devices == ("building-3",)


@pytest.mark.parametrize(("state", "severity"), [("lost", "high"), ("revoked", "medium")])
def test_a_door_that_let_it_in_is_told_too(state: str, severity: str) -> None:
    signals = check(
        RULE,
        f"00:00  building-3  granted  a  -> {severity} building-3:~a",
        place=registered(state=state),
    )
    assert signals[0].title.en == f"building-3: door three let a {state} credential in"


def test_a_credential_past_its_time_is_medium() -> None:
    place = registered(valid_until=NOON + timedelta(seconds=60))
    check(
        RULE,
        """
        00:59  building-3  granted  a
        01:00  building-3  granted  a  -> medium building-3:~a
        """,
        place=place,
    )


@pytest.mark.parametrize("reason", ["expired", "revoked"])
def test_one_that_is_not_registered_goes_by_the_controllers_word(reason: str) -> None:
    check(RULE, f"00:00  building-3  denied  a  reason={reason}  -> medium building-3:~a")


@pytest.mark.parametrize("reason", ["unknown", "schedule", "antipassback", "watchlist", "other"])
def test_other_reasons_are_no_death(reason: str) -> None:
    check(RULE, f"00:00  building-3  denied  a  reason={reason}")
    check(RULE, f"00:00  building-3  denied  a  reason={reason}", place=registered())


def test_expired_today_and_renewed_since_is_silent() -> None:
    place = registered(valid_until=NOON + timedelta(days=30))
    check(
        RULE,
        """
        00:00  building-3  denied   a  reason=expired
        00:10  building-3  granted  a
        """,
        place=place,
    )
    check(RULE, "00:00  building-3  denied  a  reason=expired", place=registered())


def test_found_again_is_valid_again() -> None:
    check(
        RULE,
        """
        00:00  building-3  denied   a  -> high building-3:~a
        00:10  a           is       active
        05:00  building-3  granted  a
        """,
        place=registered(state="lost"),
    )


def test_no_credential_and_a_valid_one_are_silent() -> None:
    check(
        RULE,
        """
        00:00  building-3  denied
        00:10  building-3  granted  a
        00:20  building-3  granted  b
        """,
        place=registered(),
    )


def test_at_one_door_it_is_told_once_a_minute_at_each_door_by_itself() -> None:
    check(
        RULE,
        """
        00:00      building-3  denied  a  -> high building-3:~a
        00:20      building-4  denied  a  -> high building-4:~a
        00:59.999  building-3  denied  a
        01:00      building-3  denied  a  -> high building-3:~a since 01:00
        """,
        place=registered(state="lost"),
    )


def test_history_goes_by_dates_where_a_door_let_it_in() -> None:
    check(
        RULE,
        """
        00:00  building-3  granted  a  @-3:00:00
        00:01  building-4  denied   a  @-3:00:00  reason=revoked  -> late high building-4:~a
        """,
        place=registered(state="lost"),
    )
    check(
        RULE,
        "00:00  building-3  granted  a  @-3:00:00  -> late medium building-3:~a",
        place=registered(valid_until=NOON - timedelta(days=1)),
    )
    check(
        RULE,
        "00:00  building-3  granted  a  @-3:00:00  -> late medium building-3:~a",
        place=registered(state="revoked", valid_until=NOON - timedelta(days=1)),
    )


def test_out_of_order_by_some_seconds() -> None:
    check(
        RULE,
        """
        00:05  building-3  denied  a  @00:05  -> high building-3:~a since 00:05
        00:06  building-3  denied  a  @00:01
        01:05  building-3  denied  a  @01:04
        """,
        place=registered(state="lost"),
    )


def test_a_zone_may_have_its_own_numbers() -> None:
    rule = DeadCredentialUsed(zones={"building-3": Settings(again_s=10)})
    check(
        rule,
        """
        00:00  building-3  denied  a  -> high building-3:~a
        00:10  building-3  denied  a  -> high building-3:~a
        """,
        place=registered(state="lost"),
    )
