"""A clock that is off: measured as the median of twenty, told once, and no longer told once it is right."""

from __future__ import annotations

from datetime import timedelta

from eventlog import codec
from eventlog.vocabulary import DeviceClockSkewed, DoorOpened
from processors.rules.clock_skewed import ClockSkewed, Settings
from processors.rules.door_held_open import DoorHeldOpen
from processors.step import EstateStep
from tests.processors.estate import estate
from tests.processors.story import NOON, activated, check, entries_of, parse, step_for


def beats(off_s: float, count: int, start_s: float = 0, device: str = "building-3", more: str = "") -> str:
    """Heartbeats once a second whose clock is off, positive: ahead."""
    lines = []
    for number in range(count):
        at_s = start_s + number
        lines.append(f"{_clock(at_s)}  {device}  heartbeat  @{_clock(at_s + off_s)} {more}")
    return "\n".join(lines)


def _clock(at_s: float) -> str:
    sign, at_s = ("-", -at_s) if at_s < 0 else ("", at_s)
    return f"{sign}{int(at_s // 60):02d}:{at_s % 60:06.3f}"


def test_more_than_half_of_twenty_must_be_off() -> None:
    told = beats(30, 1, 10) + " -> low building-3"
    check(ClockSkewed(), f"{beats(30, 10)}\n{told}\n{beats(30, 20, 11)}")


def test_a_clock_that_is_behind_is_told_as_well() -> None:
    (signal,) = check(ClockSkewed(), f"{beats(-30, 10)}\n{beats(-30, 1, 10)} -> low building-3")
    assert signal.title.en == "building-3: the clock of building-3 is 30 s behind"


def test_the_limit_from_both_sides() -> None:
    check(ClockSkewed(), beats(4.9, 30))
    check(ClockSkewed(), beats(-5, 30))
    check(ClockSkewed(), f"{beats(5.1, 10)}\n{beats(5.1, 1, 10)} -> low building-3")
    check(ClockSkewed(), f"{beats(-5.001, 10)}\n{beats(-5.001, 1, 10)} -> low building-3")


def test_the_limit_is_a_setting_of_the_zone() -> None:
    loose = ClockSkewed(None, {"building-3": Settings(skew_s=60)})
    check(loose, beats(30, 30))
    strict = ClockSkewed(Settings(skew_s=2.5))
    check(strict, f"{beats(3, 10)}\n{beats(3, 1, 10)} -> low building-3")


def test_some_late_ones_are_no_skew() -> None:
    story = "\n".join(f"{beats(0, 1, at)}\n{beats(-30, 1, at + 0.5)}" for at in range(30))
    check(ClockSkewed(), story)


def test_as_much_ahead_as_behind_is_no_skew() -> None:
    story = "\n".join(f"{beats(30, 1, at)}\n{beats(-30, 1, at + 1)}" for at in range(0, 60, 2))
    check(ClockSkewed(), story)


def test_what_waited_for_us_is_no_skew() -> None:
    """Ten minutes of a device that says something every second, which come within a second, or within a
    minute of ours, and then it goes on as ever."""
    for drained_s in (1, 60):
        waited = [(590 + number * drained_s / 590, number) for number in range(590)]
        story = "\n".join(f"{_clock(at_s)}  building-3  heartbeat  @{_clock(of_s)}" for at_s, of_s in waited)
        check(ClockSkewed(), f"{story}\n{beats(0, 30, 700)}")


def test_a_clock_that_is_off_is_seen_where_a_device_says_much_at_a_time() -> None:
    busy = "\n".join(beats(30, 5, 0.2 * number) for number in range(5))
    lines = sorted(line for at in range(0, 50, 5) for line in _moved(busy, at))
    found = check(ClockSkewed(), "\n".join([*lines[:50], lines[50] + " -> low building-3", *lines[51:]]))
    assert len(found) == 1


def _moved(beats_of: str, by_s: int) -> list[str]:
    """The same lines, later."""
    return [
        "  ".join([_clock(_s(at) + by_s), device, kind, f"@{_clock(_s(clock[1:]) + by_s)}"])
        for at, device, kind, clock in (line.split() for line in beats_of.splitlines())
    ]


def _s(text: str) -> float:
    minutes, seconds = text.split(":")
    return int(minutes) * 60 + float(seconds)


def test_history_says_nothing_of_the_clock() -> None:
    check(ClockSkewed(), beats(-30, 30, more="history"))
    check(ClockSkewed(), beats(-601, 30))


def test_it_clears_once_the_clock_is_right() -> None:
    check(
        ClockSkewed(),
        f"""
        {beats(30, 10)}
        {beats(30, 1, 10)}  -> low building-3
        {beats(30, 10, 11)}
        {beats(0, 9, 30)}
        {beats(0, 1, 39)}  -> cleared building-3
        {beats(0, 30, 40)}
        """,
    )


def test_a_clock_that_drifts_on_is_told_again_once_it_drifted_by_the_limit() -> None:
    check(
        ClockSkewed(),
        f"""
        {beats(6, 10)}
        {beats(6, 1, 10)}  -> low building-3
        {beats(8, 30, 11)}
        {beats(12, 10, 41)}
        {beats(12, 1, 51)}  -> low building-3
        """,
    )


def test_the_log_gets_the_measured_skew() -> None:
    step = step_for(ClockSkewed())
    for entry in entries_of(parse(beats(30, 11))):
        step.take(entry)
    (said,) = [each for each in step.outputs() if each.type == DeviceClockSkewed.TYPE]
    event = codec.decode_body(said.type, said.version, said.body)
    assert isinstance(event, DeviceClockSkewed)
    assert (event.device, event.skew_s) == ("building-3", 30)


def test_other_rules_go_by_the_corrected_time() -> None:
    """A door opens and closes within its limit, by a clock that is half a minute ahead; without correction
    its 29 s would look like a minute from the first."""
    check(
        DoorHeldOpen(),
        f"""
        {beats(30, 20)}
        00:30  building-3  opened  @01:00
        01:02  time  -> medium building-3 since 00:30
        """,
    )


def test_a_few_seconds_are_left_as_they_are() -> None:
    check(
        DoorHeldOpen(),
        f"""
        {beats(4.9, 20)}
        00:30  building-3  opened  @00:34.900
        01:06.899  time
        01:06.900  time  -> medium building-3 since 00:35
        """,
    )


def test_an_event_of_a_clock_just_put_right_is_not_moved() -> None:
    check(
        DoorHeldOpen(),
        f"""
        {beats(-30, 20)}
        00:30  building-3  opened  @00:30
        01:02  time  -> medium building-3 since 00:30
        """,
    )


def test_ten_minutes_count_by_the_corrected_time() -> None:
    """Nine and a half minutes behind, and another minute under way: not late, by the clock as it is."""
    check(
        DoorHeldOpen(),
        f"""
        {beats(-570, 20)}
        02:00  building-3  opened  @-08:30
        02:05  time  -> medium building-3 since 01:00
        """,
    )


def test_cut_and_resumed_a_clock_is_corrected_alike() -> None:
    entries = entries_of(parse(f"{beats(30, 20)}\n00:30  building-3  opened  @01:00\n01:02  time"))
    place = estate(activated(DoorHeldOpen()), activated(ClockSkewed()))
    rules = {"door_held_open": DoorHeldOpen, "clock_skewed": ClockSkewed}
    whole = EstateStep(place, rules=rules)
    for entry in entries:
        whole.take(entry)
    expected = [(each.id, each.body) for each in whole.outputs()]
    assert expected
    for cut in (3, 10, 11, 20):
        first = EstateStep(place, rules=rules)
        for entry in entries[:cut]:
            first.take(entry)
        second = EstateStep(place, first.changed()[0], rules=rules)
        for entry in entries[cut:]:
            second.take(entry)
        assert [(each.id, each.body) for each in (*first.outputs(), *second.outputs())] == expected


def test_a_skewed_device_keeps_its_own_order() -> None:
    """Jitter of arrival moves the correction by nothing."""
    step = step_for(DoorHeldOpen())
    story = "\n".join(beats(30 + (number % 3) / 10, 1, number) for number in range(40))
    for entry in entries_of(parse(story)):
        step.take(entry)
    opened = entries_of(parse("00:50  building-3  opened  @01:20"))[0]
    moved = step._measures.look(opened)
    assert moved.effective_at == NOON + timedelta(seconds=49.9)  # the middle of the first eleven
    assert isinstance(moved.event, DoorOpened)


def test_messages_that_took_long_do_not_count_for_the_correction() -> None:
    """Five of the first eleven were on their way for two seconds: the clock is 30 s ahead all the same."""
    step = step_for(DoorHeldOpen())
    story = "\n".join(beats(30 - 2 * (number < 5), 1, number) for number in range(11))
    for entry in entries_of(parse(story)):
        step.take(entry)
    opened = entries_of(parse("00:50  building-3  opened  @01:20"))[0]
    assert step._measures.look(opened).effective_at == NOON + timedelta(seconds=50)
