"""Numbers that are missing: told after a minute; not when they come, nor when a count begins anew."""

from __future__ import annotations

from eventlog import codec
from eventlog.vocabulary import DeviceSequenceGap
from processors.rules.sequence_gap import HOLES_MAX, SequenceGap, Settings
from tests.processors.story import check, entries_of, parse, step_for


def test_a_hole_is_told_when_a_minute_has_not_filled_it() -> None:
    (signal,) = check(
        SequenceGap(),
        """
        00:00      building-3  heartbeat  seq=5
        00:01      building-3  heartbeat  seq=6
        00:02      building-3  heartbeat  seq=9
        01:01.999  time
        01:02      time  -> low building-3 since 00:02
        05:00      time
        """,
    )
    assert signal.title.en == "building-3: 2 events of building-3 are missing"


def test_the_minute_is_a_setting() -> None:
    check(
        SequenceGap(Settings(fill_s=10)),
        """
        00:00  building-3  heartbeat  seq=5
        00:02  building-3  heartbeat  seq=7
        00:12  time  -> low building-3
        """,
    )


def test_what_comes_in_time_is_no_hole() -> None:
    check(
        SequenceGap(),
        """
        00:00      building-3  heartbeat  seq=5
        00:02      building-3  heartbeat  seq=8
        00:03      building-3  heartbeat  seq=7
        01:01.999  building-3  heartbeat  seq=6
        05:00      time
        """,
    )


def test_a_hole_that_is_filled_in_part_is_told_of_the_rest() -> None:
    step = step_for(SequenceGap())
    story = """
        00:00  building-3  heartbeat  seq=5
        00:02  building-3  heartbeat  seq=10
        00:03  building-3  heartbeat  seq=8
        02:00  time
        """
    for entry in entries_of(parse(story)):
        step.take(entry)
    gaps = [
        codec.decode_body(each.type, each.version, each.body)
        for each in step.outputs()
        if each.type == DeviceSequenceGap.TYPE
    ]
    assert [(gap.first, gap.last) for gap in gaps if isinstance(gap, DeviceSequenceGap)] == [(6, 7), (9, 9)]


def test_what_is_uploaded_later_clears_it_once_all_is_there() -> None:
    check(
        SequenceGap(),
        """
        00:00  building-3  heartbeat  seq=5
        00:02  building-3  heartbeat  seq=8
        01:02  time  -> low building-3
        40:00  building-3  heartbeat  seq=6  history @00:00.500
        40:01  building-3  heartbeat  seq=7  history @00:01  -> cleared building-3
        """,
    )


def test_a_counter_that_begins_anew_is_no_hole() -> None:
    check(
        SequenceGap(),
        """
        00:00  building-3  heartbeat  seq=65534
        00:01  building-3  heartbeat  seq=65535
        00:02  building-3  heartbeat  seq=0
        00:03  building-3  heartbeat  seq=1
        00:04  building-4  heartbeat  seq=400
        00:05  building-4  heartbeat  seq=1
        00:06  building-4  heartbeat  seq=2
        09:00  time
        """,
    )


def test_a_straggler_of_the_count_before_a_restart_is_no_hole() -> None:
    check(
        SequenceGap(),
        """
        00:00  building-3  heartbeat  seq=400
        00:05  building-3  heartbeat  seq=1
        00:06  building-3  heartbeat  seq=399
        00:07  building-3  heartbeat  seq=2
        40:00  building-3  heartbeat  seq=250  history @-05:00
        40:01  building-3  heartbeat  seq=3
        50:00  time
        """,
    )


def test_a_hole_after_a_restart_is_told() -> None:
    check(
        SequenceGap(),
        """
        00:00  building-3  heartbeat  seq=400
        00:05  building-3  heartbeat  seq=1
        00:06  building-3  heartbeat  seq=4
        01:06  time  -> low building-3
        """,
    )


def test_a_restart_early_in_the_count_is_silent() -> None:
    check(
        SequenceGap(),
        """
        00:00  building-3  heartbeat  seq=20
        00:05  building-3  heartbeat  seq=1
        00:06  building-3  heartbeat  seq=2
        09:00  time
        """,
    )


def test_the_first_event_of_a_device_and_events_without_a_number_are_no_hole() -> None:
    check(
        SequenceGap(),
        """
        00:00  building-3  heartbeat  seq=400
        00:01  building-3  heartbeat
        00:02  building-3  heartbeat  seq=401
        00:03  building-4  heartbeat  seq=3
        00:04  building-4  heartbeat  seq=2
        09:00  time
        """,
    )


def test_history_with_a_hole_is_told_as_late() -> None:
    check(
        SequenceGap(),
        """
        60:00  building-3  heartbeat  seq=5  history @00:00
        60:01  building-3  heartbeat  seq=8  history @00:01
        61:01  time  -> late low building-3
        """,
    )


def test_holes_are_bounded() -> None:
    lines = [f"00:{number:02d}  building-3  heartbeat  seq={2 * number}" for number in range(HOLES_MAX + 4)]
    step = step_for(SequenceGap())
    for entry in entries_of(parse("\n".join([*lines, "05:00  time"]))):
        step.take(entry)
    said = [each for each in step.outputs() if each.type == DeviceSequenceGap.TYPE]
    assert len(said) == HOLES_MAX
