"""One plate drives in at two gates, and something that a gate's camera said in between never came."""

from __future__ import annotations

from dataclasses import replace

import pytest

from eventlog.vocabulary import DeviceSet
from processors.rules.plate_cloned import PlateCloned
from processors.step import EstateStep
from tests.processors.rules.test_plate_cloned import RULE, place
from tests.processors.story import activated, check, entries_of, parse

BESIDE_A_HOLE = """
00:00  lpr-n    heartbeat  seq=1
00:10  lane-1   read       京A10001
10:00  lpr-n    heartbeat  seq=3
20:00  lane-s1  read       京A10001
"""


CAMERAS = {
    "lane-1": DeviceSet(device="lane-1", family="vehicle", zone="gate-n"),
    "lpr-far": DeviceSet(device="lpr-far", family="vehicle", zone="far"),
}
PLACE = replace(place(), devices={**place().devices, **CAMERAS})
"""With a camera of a lane of its own, and one that stands at no gate of the boundary."""


@pytest.mark.parametrize(
    ("before", "way_in", "between", "severity"),
    [
        pytest.param("lpr-n 1", "", "lpr-n 3", "medium", id="missing"),
        pytest.param("lpr-n 1, lpr-n 3", "", "lpr-n 4", "high", id="missing-before"),
        pytest.param("lpr-n 1", "", "lpr-n 3, lpr-n 2", "high", id="filled"),
        pytest.param("lpr-n 1", "", "lpr-n 5, lpr-n 3", "medium", id="filled-in-part"),
        pytest.param("lpr-far 1", "", "lpr-far 3", "high", id="elsewhere"),
        pytest.param("gate-n1 1", "", "gate-n1 3", "high", id="of-a-door"),
        pytest.param("lpr-n 1001", "", "lpr-n 1003, lpr-n 1", "medium", id="began-anew"),
        pytest.param("lane-1 1", " seq=4", "", "high", id="shown-by-the-way-in"),
        pytest.param("lane-1 1", " seq=4", "lane-1 6", "medium", id="after-the-way-in"),
    ],
)
def test_what_never_came_in_between_may_be_the_way_out(
    before: str, way_in: str, between: str, severity: str
) -> None:
    """What was said, device and number, before and after the first way in, and that one's own number."""
    lines = [
        *_beats("00:0", before),
        f"00:10 lane-1 read 京A10001{way_in}",
        *_beats("10:0", between),
        "20:00 lane-s1 read 京A10001",
        f"20:05 time -> {severity} ~京A10001 since 20:00",
    ]
    check(RULE, "\n".join(lines), place=PLACE)


def _beats(minute: str, said: str) -> list[str]:
    beats = [each.split() for each in said.split(", ") if each]
    return [f"{minute}{n} {device} heartbeat seq={seq}" for n, (device, seq) in enumerate(beats)]


def test_a_first_way_in_that_comes_late_makes_the_second_one_doubtful_too() -> None:
    check(
        RULE,
        """
        00:00    lpr-n    heartbeat  seq=1
        20:00    lane-s1  read       京A10001
        21:00    lpr-n    heartbeat  seq=3
        2:00:00  lane-1   read       京A10001  @10:00
        2:00:05  time  -> medium ~京A10001 since 20:00
        """,
        place=place(),
    )


def test_too_soon_is_too_soon_whatever_never_came() -> None:
    check(
        RULE,
        """
        00:00      lpr-n    heartbeat  seq=1
        00:10      lane-1   read       京A10001
        00:15      lpr-n    heartbeat  seq=3
        00:39.999  lane-s1  read       京A10001  -> high ~京A10001 since 00:40
        """,
        place=place(),
    )


def test_what_never_came_is_remembered_over_a_restart() -> None:
    there = place().with_event(activated(RULE))
    for cut in range(5):
        entries = entries_of(parse(f"{BESIDE_A_HOLE}20:05  time"))
        first = EstateStep(there, rules={"plate_cloned": PlateCloned})
        for entry in entries[:cut]:
            first.take(entry)
        second = EstateStep(there, first.changed()[0], rules={"plate_cloned": PlateCloned})
        for entry in entries[cut:]:
            second.take(entry)
        (raised,) = (each for each in second.outputs() if each.type == "alert.raised")
        assert b'"severity":"medium"' in raised.body
