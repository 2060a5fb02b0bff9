"""What cameras say they see: fire, falls, bikes in lifts. Once when sure, twice when not."""

from __future__ import annotations

from typing import Any

import pytest

from processors.rules.base import Rule
from processors.rules.ebike_in_lift import EbikeInLift
from processors.rules.fall import Fall
from processors.rules.fire_smoke import FireSmoke
from processors.rules.seen import SeenSettings
from tests.processors.story import check

EACH = pytest.mark.parametrize(
    ("rule", "verb", "told"),
    [
        (FireSmoke, "burns fire", "critical yard"),
        (Fall, "falls", "high yard"),
        (EbikeInLift, "sees ebike zone=lift-3", "medium lift-3"),
    ],
)


@EACH
def test_once_is_enough_when_the_camera_is_sure(rule: type[Rule[Any]], verb: str, told: str) -> None:
    check(rule(), f"00:00  cam-1  {verb}  sure=0.6  -> {told} since 00:00")
    check(rule(), f"00:00  cam-1  {verb}  sure=1  -> {told}")


@EACH
def test_below_that_it_takes_two_within_ten_seconds(rule: type[Rule[Any]], verb: str, told: str) -> None:
    check(
        rule(),
        f"""
        00:00  cam-1  {verb}  sure=0.599
        00:10  cam-1  {verb}  sure=0.3  -> {told} since 00:10
        """,
    )
    check(
        rule(),
        f"""
        00:00      cam-1  {verb}  sure=0.59
        00:10.001  cam-1  {verb}  sure=0.59
        00:30      cam-1  {verb}  sure=0.59
        """,
    )


@EACH
def test_two_that_come_out_of_order_are_two(rule: type[Rule[Any]], verb: str, told: str) -> None:
    check(
        rule(),
        f"""
        00:05  cam-1  {verb}  sure=0.5
        00:06  cam-1  {verb}  sure=0.5  @00:01  -> {told} since 00:01
        """,
    )


@EACH
def test_while_it_goes_on_it_is_told_once_a_minute(rule: type[Rule[Any]], verb: str, told: str) -> None:
    check(
        rule(),
        f"""
        00:00      cam-1  {verb}  -> {told}
        00:20      cam-1  {verb}
        00:59.999  cam-1  {verb}
        01:00      cam-1  {verb}  -> {told}
        01:30      cam-1  {verb}
        """,
    )


@EACH
def test_history_is_told_as_late(rule: type[Rule[Any]], verb: str, told: str) -> None:
    check(rule(), f"60:00  cam-1  {verb}  history  @10:00  -> late {told} since 10:00")


@EACH
def test_the_limits_are_settings_of_the_zone(rule: type[Rule[Any]], verb: str, told: str) -> None:
    zone = told.split()[1]
    strict = rule(None, {zone: SeenSettings(sure_confidence=0.9, twice_s=20)})
    check(
        strict,
        f"""
        00:00  cam-1  {verb}  sure=0.8
        00:19  cam-1  {verb}  sure=0.8  -> {told}
        """,
    )


def test_what_is_seen_in_another_zone_does_not_confirm() -> None:
    check(
        Fall(),
        """
        00:00  cam-1  falls  sure=0.4
        00:03  cam-2  falls  sure=0.4
        00:05  cam-1  falls  sure=0.4  zone=gate-n
        00:06  cam-2  falls  sure=0.4  zone=gate-n  -> high gate-n
        """,
    )


def test_a_bike_elsewhere_and_other_things_in_the_lift_are_nothing() -> None:
    check(
        EbikeInLift(),
        """
        00:00  cam-1  sees  ebike   zone=yard
        00:01  cam-1  sees  bicycle zone=lift-3
        00:02  cam-1  sees  person  zone=lift-3
        00:03  cam-1  sees  ebike   zone=nowhere
        00:04  cam-1  sees  ebike   zone=lift-3 what=leave
        """,
    )


def test_the_bike_leaves_the_lift() -> None:
    check(
        EbikeInLift(),
        """
        00:00  cam-1  sees  ebike  zone=lift-3             -> medium lift-3
        00:20  cam-1  sees  ebike  zone=lift-3 what=leave  -> cleared lift-3
        00:30  cam-1  sees  ebike  zone=lift-3             -> medium lift-3
        """,
    )
