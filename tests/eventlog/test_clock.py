"""The log's clock when the machine's jumps: a night told in seconds of the steady clock."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eventlog import metrics
from eventlog.clock import LogClock, Stamper, wall_us

S = 1_000_000
START_US = 1_795_000_000 * S


class Machine:
    """A machine whose wall clock can be set; both clocks start at zero."""

    def __init__(self) -> None:
        self.steady_us = self.wall_us = 0
        self.clock = LogClock(wall=lambda: START_US + self.wall_us, steady=lambda: self.steady_us)

    def pass_s(self, seconds: float) -> float:
        """Lets time pass; what the log's clock says then, in seconds since the start."""
        self.steady_us += round(seconds * S)
        self.wall_us += round(seconds * S)
        return (self.clock() - START_US) / S

    def set_by_s(self, seconds: float) -> None:
        """Somebody sets the wall clock."""
        self.wall_us += round(seconds * S)


def jumps() -> float:
    value: float = metrics.CLOCK_JUMPS._value.get()
    return value


def test_it_is_the_wall_clock_while_nothing_jumps() -> None:
    machine = Machine()
    assert [machine.pass_s(step) for step in (0, 10, 0.5, 3_600)] == [0, 10, 10.5, 3_610.5]


def test_small_corrections_are_followed_and_not_counted() -> None:
    machine, before = Machine(), jumps()
    machine.set_by_s(1.9)
    assert machine.pass_s(10) == 11.9
    machine.set_by_s(-0.5)
    assert machine.pass_s(0.1) == pytest.approx(11.99)
    assert machine.pass_s(10) == 21.5
    assert jumps() == before


def test_a_jump_ahead_is_taken_only_after_it_has_stood_a_minute() -> None:
    machine, before = Machine(), jumps()
    machine.pass_s(5)
    machine.set_by_s(86_400)
    assert machine.pass_s(1) == 6
    assert machine.pass_s(58) == 64
    assert machine.pass_s(1.9) == pytest.approx(65.9)
    assert jumps() == before + 1
    assert machine.pass_s(0.1) == 86_400 + 66
    assert machine.pass_s(1) == 86_400 + 67


def test_a_jump_ahead_that_is_taken_back_leaves_no_trace() -> None:
    machine = Machine()
    machine.set_by_s(7_200)
    machine.pass_s(30)
    machine.set_by_s(-7_200)
    assert machine.pass_s(5) == 35
    machine.set_by_s(7_200)
    assert machine.pass_s(59) == 94, "the minute begins anew"


def test_behind_a_jump_back_it_goes_slower_until_the_wall_has_caught_up() -> None:
    machine, before = Machine(), jumps()
    machine.pass_s(100)
    machine.set_by_s(-10)
    assert machine.pass_s(0) == 100
    assert machine.pass_s(50) == 145
    assert machine.pass_s(50) == pytest.approx(190)
    assert machine.pass_s(10) == 200
    assert jumps() == before + 1


def test_it_goes_on_from_a_log_that_is_ahead() -> None:
    machine = Machine()
    stamper = Stamper("wall", machine.clock)
    assert stamper.now(START_US + 20 * S) == START_US + 20 * S
    machine.pass_s(10)
    assert stamper.now(START_US + 20 * S) == START_US + 29 * S
    machine.pass_s(300)
    assert stamper.now(START_US + 29 * S) == START_US + 310 * S


@given(
    st.lists(
        st.tuples(st.floats(0, 100), st.one_of(st.just(0.0), st.floats(-5, 5), st.floats(-1e5, 1e5))),
        max_size=40,
    )
)
def test_it_never_goes_back_and_never_faster_than_a_jump_that_stood(steps: list[tuple[float, float]]) -> None:
    machine = Machine()
    last = machine.pass_s(0)
    for passed, set_by in steps:
        machine.set_by_s(set_by)
        now = machine.pass_s(passed)
        assert now >= last + passed * 0.9 - 1e-5
        wall = machine.wall_us / S
        assert now <= max(last + passed, wall) + 1e-5
        last = now


def test_an_unknown_way_of_telling_time_is_refused() -> None:
    with pytest.raises(ValueError, match="sundial"):
        Stamper("sundial")  # type: ignore[arg-type]


def test_by_default_it_is_this_machine_s_clock() -> None:
    before = wall_us()
    assert before <= LogClock()() <= wall_us()
