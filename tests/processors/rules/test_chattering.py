"""Contacts and alarms that flutter; people who pass a door don't."""

from __future__ import annotations

import pytest

from processors.rules.chattering import Chattering, Settings
from tests.processors.story import check

RULE = Chattering()
EACH = pytest.mark.parametrize(
    ("came", "went", "key"),
    [
        ("building-3  opened", "building-3  closed", "door:building-3"),
        ("seg-1  alarms", "seg-1  quiet", "fence:seg-1"),
        ("cam-1  tampered", "cam-1  sighted", "camera:cam-1"),
    ],
)


@EACH
def test_three_times_in_a_minute(came: str, went: str, key: str) -> None:
    check(
        RULE,
        f"""
        00:00  {came}
        00:01  {went}
        00:30  {came}
        00:31  {went}
        00:58  {came}
        01:00  {went}  -> low {key} since 01:00
        """,
    )


@EACH
def test_twice_or_three_times_in_more_than_a_minute_is_none(came: str, went: str, key: str) -> None:
    check(RULE, f"00:00  {came}\n00:01  {went}\n00:30  {came}\n00:31  {went}\n00:50  {came}\n05:00  time")
    check(
        RULE,
        f"""
        00:00      {came}
        00:01      {went}
        00:30      {came}
        00:31      {went}
        00:58      {came}
        01:00.001  {went}
        """,
    )


@EACH
def test_out_of_order_it_is_the_same(came: str, went: str, key: str) -> None:
    check(
        RULE,
        f"""
        00:01  {went}
        00:02  {came}  @00:00
        00:30  {came}
        00:35  {went}  @00:33
        00:36  {went}
        00:37  {came}  @00:35  -> low {key}
        """,
    )


@EACH
def test_it_is_over_after_five_quiet_minutes(came: str, went: str, key: str) -> None:
    check(
        RULE,
        f"""
        00:00  {came}
        00:01  {went}
        00:02  {came}
        00:03  {went}
        00:04  {came}
        00:05  {went}  -> low {key}
        00:06  {came}
        00:07  {went}
        05:06.999  time
        05:07  time    -> cleared {key}
        """,
    )


def test_while_it_goes_on_it_is_told_once_a_minute() -> None:
    lines = []
    for second in range(0, 130, 2):
        lines.append(f"{second // 60:02d}:{second % 60:02d}  building-3  opened")
        told = "  -> low door:building-3" if second in (4, 64, 124) else ""
        lines.append(f"{(second + 1) // 60:02d}:{(second + 1) % 60:02d}  building-3  closed{told}")
    check(RULE, "\n".join(lines))


def test_people_who_pass_open_a_door_for_longer() -> None:
    story = "\n".join(
        f"00:{at:02d}      building-3  opened\n00:{at + 3:02d}.001  building-3  closed"
        for at in range(0, 60, 5)
    )
    check(RULE, story)
    short = story.replace(".001", "")
    with pytest.raises(AssertionError, match="low door:building-3"):
        check(RULE, short)


def test_a_fence_alarm_may_last_longer() -> None:
    check(
        RULE,
        """
        00:00  seg-1  alarms
        00:15  seg-1  quiet
        00:20  seg-1  alarms
        00:35  seg-1  quiet
        00:40  seg-1  alarms
        00:55  seg-1  quiet  -> low fence:seg-1
        """,
    )


def test_two_doors_are_two() -> None:
    check(
        RULE,
        """
        00:00  building-3  opened
        00:01  building-3  closed
        00:02  building-4  opened
        00:03  building-4  closed
        00:04  building-3  opened
        00:05  building-3  closed
        """,
    )


def test_the_limits_are_settings_of_the_zone() -> None:
    check(
        Chattering(None, {"building-3": Settings(count=2, window_s=10)}),
        """
        00:00  building-3  opened
        00:01  building-3  closed
        00:09  building-3  opened
        00:10  building-3  closed  -> low door:building-3
        """,
    )
