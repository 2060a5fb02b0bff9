"""A phone that nobody knows stays in a sensitive zone at night."""

from __future__ import annotations

from datetime import timedelta

import pytest

from eventlog.vocabulary import DeviceSet, RadioSet
from processors.rules.unknown_radio_lingers import Settings, UnknownRadioLingers
from tests.processors.estate import estate
from tests.processors.story import NIGHT, NOON, check

RULE = UnknownRadioLingers()


def heard(who: str, address: str, *, first: int = 0, last: int = 40, step: int = 5, told: str = "") -> str:
    """A story: a radio heard every five minutes; told at minute 35, the first beyond the half hour."""
    return "\n".join(
        f"{minute:02d}:00  {who}  hears  {address}" + (f"  -> {told}" if told and minute == 35 else "")
        for minute in range(first, last + 1, step)
    )


def test_half_an_hour_is_too_long() -> None:
    story = heard("probe-1", "p1", last=30)
    signals = check(RULE, f"{story}\n30:00.001  probe-1  hears  p1  -> low shed:~p1", start=NIGHT)
    assert signals[0].title.en == "shed: a phone that nobody registered has been here for 30 minutes"
    assert len(signals[0].evidence) == 2


def test_it_is_told_once_and_over_when_it_is_gone() -> None:
    check(
        RULE,
        heard("probe-1", "p1", told="low shed:~p1") + "\n45:09.999  time\n45:10  time  -> cleared shed:~p1",
        start=NIGHT,
    )


def test_a_gap_up_to_five_minutes_does_not_end_a_stay_a_longer_one_does() -> None:
    check(
        RULE,
        heard("probe-1", "p1", last=20) + "\n25:00.001 probe-1 hears p1\n30:00.001 probe-1 hears p1"
        "\n30:00.002 probe-1 hears p1\n35:00 probe-1 hears p1\n40:00 probe-1 hears p1"
        "\n45:00 probe-1 hears p1\n50:00 probe-1 hears p1\n54:00 probe-1 hears p1\n55:00.001 probe-1 hears p1"
        "\n55:00.002 probe-1 hears p1 -> low shed:~p1",
        start=NIGHT,
    )


@pytest.mark.parametrize("who", ["probe-1 hears p1 random", "probe-yard hears p1", "probe-x hears p1"])
def test_a_random_address_or_another_zone_is_silent(who: str) -> None:
    device, _, address = who.partition(" hears ")
    place = estate(DeviceSet(device="probe-yard", family="probe", zone="yard"))
    check(RULE, heard(device, address), start=NIGHT, place=place)


def test_by_day_it_is_silent() -> None:
    check(RULE, heard("probe-1", "p1"), start=NOON)


def test_the_evening_does_not_count() -> None:
    story = heard("probe-1", "p1", last=30) + "\n30:01  probe-1  hears  p1  -> low shed:~p1"
    check(RULE, story, start=NIGHT - timedelta(hours=1))
    check(
        RULE,
        heard("probe-1", "p1", last=30) + "\n30:01  probe-1  hears  p1",
        start=NIGHT - timedelta(hours=1, seconds=2),
    )


def test_a_registered_radio_is_silent_as_long_as_that_holds() -> None:
    known = RadioSet(address="p1", person="wang")
    check(RULE, heard("probe-1", "p1"), start=NIGHT, place=estate(known))
    expired = RadioSet(address="p1", valid_until=NIGHT)
    check(RULE, heard("probe-1", "p1", told="low shed:~p1"), start=NIGHT, place=estate(expired))
    holds = RadioSet(address="p1", valid_until=NIGHT + timedelta(minutes=20, seconds=1))
    check(RULE, heard("probe-1", "p1"), start=NIGHT, place=estate(holds))


def test_several_radios_are_several_alerts() -> None:
    check(
        RULE,
        heard("probe-1", "p1", last=25)
        + """
        25:01  probe-1  hears  p2
        30:00  probe-1  hears  p1
        30:01  probe-1  hears  p2
        30:02  probe-1  hears  p1  -> low shed:~p1
        """,
        start=NIGHT,
    )


def test_sightings_come_out_of_order() -> None:
    check(
        RULE,
        """
        00:05  probe-1  hears  p1
        00:06  probe-1  hears  p1  @00:01
        """
        + heard("probe-1", "p1", first=5, last=25)
        + "\n30:00  probe-1  hears  p1\n30:01.001  probe-1  hears  p1  -> low shed:~p1",
        start=NIGHT,
    )


def test_a_stay_after_a_told_one_begins_anew() -> None:
    check(
        RULE,
        heard("probe-1", "p1", last=35, told="low shed:~p1")
        + """
        40:00.001  probe-1  hears  p1  -> cleared shed:~p1
        45:00  probe-1  hears  p1
        """,
        start=NIGHT,
    )


def test_a_zone_may_have_its_own_numbers() -> None:
    rule = UnknownRadioLingers(zones={"shed": Settings(linger_s=60, gap_s=40)})
    check(
        rule,
        """
        00:00  probe-1  hears  p1
        00:40  probe-1  hears  p1
        01:00  probe-1  hears  p1
        01:01  probe-1  hears  p1  -> low shed:~p1
        01:51  time  -> cleared shed:~p1
        """,
        start=NIGHT,
    )


def test_history_is_late() -> None:
    check(
        RULE,
        "\n".join(
            f"00:{n:02d}  probe-1  hears  p1  @-2:{59 - 5 * n:02d}:00"
            + ("  -> late low shed:~p1" if n == 7 else "")
            for n in range(9)
        ),
        start=NIGHT + timedelta(hours=4),
    )
