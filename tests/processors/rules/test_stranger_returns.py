"""The same unknown face or phone on several nights."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from eventlog.estate import Estate
from eventlog.ids import reference
from eventlog.vocabulary import RadioSet, VisitorSet
from processors.rules.stranger_returns import Settings, StrangerReturns
from tests.processors.estate import NAME, estate
from tests.processors.story import NIGHT, check

RULE = StrangerReturns()
FACE = f"gate-n:{reference(NAME, 'face f-1')}"
PHONE = f"shed:{reference(NAME, 'radio p1')}"


def nights(
    what: str,
    *days: float,
    told: str = "",
    rule: StrangerReturns = RULE,
    place: Estate | None = None,
) -> list[Any]:
    """The same thing on these nights (days after the first one, 23:00); the last one tells `told`."""
    lines = [f"{round(day * 24)}:{round(day * 1440) % 60:02d}:00  {what}" for day in days]
    lines[-1] += f"  -> {told}" if told else ""
    return check(rule, "\n".join(lines), start=NIGHT, place=place)


def test_a_face_on_three_nights_of_seven() -> None:
    (signal,) = nights("face-1  stranger  f-1", 0, 1, 6, told=f"low {FACE}")
    assert signal.title.en == "gate-n: one stranger on 3 nights"
    assert len(signal.evidence) == 3


def test_a_phone_on_three_nights_of_seven() -> None:
    (signal,) = nights("probe-1  hears  p1", 0, 3, 6, told=f"low {PHONE}")
    assert signal.title.en == "shed: one unknown phone on 3 nights"


def test_two_nights_or_three_of_eight_are_not_enough() -> None:
    nights("face-1  stranger  f-1", 0, 1)
    nights("face-1  stranger  f-1", 0, 1, 7)


def test_one_night_counts_once_also_over_midnight() -> None:
    nights("face-1  stranger  f-1", 0, 0.01, 0.1, 0.2, 0.25)


def test_by_day_nobody_is_a_stranger() -> None:
    nights("face-1  stranger  f-1", 0.5, 1.5, 2.5, 3.5)


def test_it_is_told_once_in_seven_nights() -> None:
    check(
        RULE,
        f"""
        00:00:00   face-1  stranger  f-1
        24:00:00   face-1  stranger  f-1
        48:00:00   face-1  stranger  f-1  -> low {FACE}
        72:00:00   face-1  stranger  f-1
        192:00:00  face-1  stranger  f-1
        216:00:00  face-1  stranger  f-1  -> low {FACE}
        """,
        start=NIGHT,
    )


def test_places_and_strangers_are_told_apart() -> None:
    check(
        RULE,
        """
        00:00:00  face-1  stranger  f-1
        24:00:00  face-2  stranger  f-1
        48:00:00  face-1  stranger  f-2
        72:00:00  face-1  stranger  f-1
        96:00:00  face-1  stranger
        """,
        start=NIGHT,
    )


def test_random_addresses_are_nobody() -> None:
    nights("probe-1  hears  p1  random", 0, 1, 2, 3)


def test_registered_phones_are_no_strangers_while_they_hold() -> None:
    nights("probe-1  hears  p1", 0, 1, 2, place=estate(RadioSet(address="p1")))
    until = NIGHT + timedelta(days=1, hours=-1)
    ended = estate(RadioSet(address="p1", valid_until=until))
    nights("probe-1  hears  p1", 0, 1, 2, place=ended)
    nights("probe-1  hears  p1", 1, 2, 3, told=f"low {PHONE}", place=ended)


def test_visitors_with_a_permit_are_no_strangers_while_it_holds() -> None:
    nights("face-1  stranger  f-1", 0, 1, 2, place=estate(VisitorSet(visitor="v", person="f-1")))
    ended = VisitorSet(visitor="v", person="f-1", valid_until=NIGHT + timedelta(hours=1))
    nights("face-1  stranger  f-1", 0, 1, 2, place=estate(ended))
    nights("face-1  stranger  f-1", 1, 2, 3, told=f"low {FACE}", place=estate(ended))
    later = VisitorSet(visitor="v", person="f-1", valid_from=NIGHT + timedelta(days=3))
    nights("face-1  stranger  f-1", 0, 1, 2, told=f"low {FACE}", place=estate(later))


def test_the_nights_are_settings_of_the_zone() -> None:
    rule = StrangerReturns(None, {"gate-n": Settings(nights=2, of_nights=3)})
    nights("face-1  stranger  f-1", 0, 2, told=f"low {FACE}", rule=rule)
    nights("face-1  stranger  f-1", 0, 3, rule=rule)


def test_nothing_that_is_told_names_the_stranger() -> None:
    (signal,) = nights("probe-1  hears  p1", 0, 3, 6, told=f"low {PHONE}")
    assert "p1" not in signal.model_dump_json()
