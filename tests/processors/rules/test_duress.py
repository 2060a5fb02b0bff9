"""Somebody opens a door under threat."""

from __future__ import annotations

from eventlog.vocabulary import CredentialSet
from processors.rules.duress import DuressRule
from tests.processors.estate import estate
from tests.processors.story import check

RULE = DuressRule()
PLACE = estate(
    CredentialSet(credential="threat", kind="pin", duress=True), CredentialSet(credential="pin", kind="pin")
)


def test_the_door_says_so() -> None:
    signals = check(RULE, "00:00  building-3  duress  a  -> critical building-3 since 00:00")
    assert signals[0].title.en == "building-3: duress at door three"
    assert signals[0].title.zh == "building-3（中）：door three（中）发出胁迫信号"
    assert signals[0].devices == ("building-3",)
    assert signals[0].evidence == ("event-1",)


def test_a_code_given_under_threat_let_in_or_not() -> None:
    check(
        RULE,
        """
        00:00  building-3  granted  threat  by=pin  -> critical building-3
        00:10  building-4  denied   threat  by=pin  -> critical building-4
        """,
        place=PLACE,
    )


def test_the_device_and_the_code_are_one_place() -> None:
    check(
        RULE,
        """
        00:00  building-3  granted  threat  -> critical building-3
        00:01  building-3  duress   threat  -> critical building-3
        """,
        place=PLACE,
    )


def test_other_credentials_are_silent() -> None:
    check(
        RULE,
        """
        00:00  building-3  granted  pin  by=pin
        00:01  building-3  denied   pin  by=pin
        00:02  building-3  granted  other
        00:03  building-3  denied
        """,
        place=PLACE,
    )


def test_history_is_told_as_late() -> None:
    check(RULE, "00:00  building-3  duress  a  @-1:00:00  -> late critical building-3")
