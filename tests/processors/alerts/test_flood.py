"""A desk that gets more than it can take in: when it is told so, when it is over, what does not count."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from eventlog.vocabulary import CommandShelve, EstateSet, Words
from tests.processors.alerts.night import Night
from tests.processors.story import NOON

QUICK = {"flood": {"alerts": 3, "window_s": 60, "calm": 2}, "escalation": None, "episode": None}


def comes(night: Night, count: int, every_s: float = 1.0, **more: object) -> None:
    """So many alerts, each of a key of its own."""
    for _ in range(count):
        night.raised("crowd", "far", "medium", "cam-2", key=f"k{len(night.entries)}", **more)  # type: ignore[arg-type]
        night.now += timedelta(seconds=every_s)


def floods(night: Night) -> list[tuple[str, float, float, int]]:
    """What was told of floods: which way, when, since when (seconds of the night), how many alerts."""
    return [
        (
            each.TYPE.rpartition("_")[2],
            (each.at - NOON).total_seconds(),
            (each.since - NOON).total_seconds(),
            each.count,
        )
        for each in night.told("desk.flood_began", "desk.flood_ended")
    ]


def test_more_than_the_limit_within_the_window_is_a_flood_until_few_come() -> None:
    night = Night(policies=QUICK)
    comes(night, 3)
    assert not floods(night)
    comes(night, 2)
    assert floods(night) == [("began", 3, 0, 4)]
    began = night.told("desk.flood_began")[0]
    assert (began.limit, began.operators, began.window_s, began.lines) == (3, 1, 60, 20)
    night.after(seconds=57.999)
    assert len(floods(night)) == 1, "two came within the last minute"
    night.after(seconds=0.001)
    assert floods(night)[1:] == [("ended", 63, 0, 5)]
    night.over()


def test_what_comes_meanwhile_makes_it_longer() -> None:
    night = Night(policies=QUICK)
    comes(night, 4)
    night.after(seconds=50)
    comes(night, 2)
    night.after(minutes=10)
    assert floods(night) == [("began", 3, 0, 4), ("ended", 54 + 60, 0, 6)]
    night.over()


def test_three_in_ten_minutes_are_none_however_long() -> None:
    night = Night(policies=QUICK)
    comes(night, 40, every_s=20.001)
    assert not floods(night)
    night.over()


def test_two_at_the_desk_take_twice_as_many() -> None:
    two = EstateSet(name=Words(zh="谢沟", en="Xiegou"), default_squad="squad-1", operators=2)
    night = Night(more=(two,), policies=QUICK)
    comes(night, 6)
    assert not floods(night)
    comes(night, 1)
    assert [each[0] for each in floods(night)] == ["began"]


def test_what_nobody_sees_does_not_count() -> None:
    night = Night(policies=QUICK)
    for _ in range(6):
        comes(night, 1, ago_s=3_600)
    assert all(each.late for each in night.alerts().values())
    assert not floods(night)
    night.raised("device_offline", "yard", "medium", "nvr-1")
    for number in range(5):
        night.raised("camera_blind", "yard", "low", "cam-1", key=f"hidden-{number}")
    assert not floods(night), "held back behind their recorder"


def test_what_comes_back_into_the_list_counts() -> None:
    night = Night(policies=QUICK)
    alerts = [night.raised("crowd", "far", "medium", "cam-2", key=f"k{n}") for n in range(3)]
    night.now += timedelta(seconds=30)
    until = night.now + timedelta(seconds=1)
    night.say(CommandShelve(alert=alerts[0].id, by="wang", until=until, note="known"))
    night.after(seconds=1)
    assert [each[0] for each in floods(night)] == ["began"]
    night.over()


def test_switched_off_there_is_none_and_one_that_stands_ends() -> None:
    night = Night(policies={**QUICK, "flood": None})
    comes(night, 30)
    assert not floods(night)


@settings(max_examples=40)
@given(gaps=st.lists(st.sampled_from((0.0, 0.5, 7.0, 19.0, 25.0, 61.0, 130.0)), max_size=25))
def test_it_is_on_exactly_while_the_counts_say_so(gaps: list[float]) -> None:
    """Against a model that keeps every moment: begun at more than the limit, over at fewer than calm."""
    night = Night(policies=QUICK)
    came: list[float] = []
    on = False
    expected = 0
    now = 0.0
    for gap in gaps:
        ends = came[-2] + 60 if on else None
        if ends is not None and ends <= now + gap:
            on, expected = False, expected + 1
        night.now += timedelta(seconds=gap)
        now = round(now + gap, 6)
        comes(night, 1, every_s=0)
        came.append(now)
        if not on and len([each for each in came[-4:] if each > now - 60]) == 4:
            on, expected = True, expected + 1
        told = floods(night)
        assert len(told) == expected
        assert bool(told and told[-1][0] == "began") == on
    night.over()
