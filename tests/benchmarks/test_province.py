"""The page about scale is what its inputs give, and the arithmetic is right where a head can check it."""

from __future__ import annotations

import pytest

from benchmarks.province import PAGE, compute, inputs_of, written
from tests.support.parts import ROOT

TEXT = (ROOT / PAGE).read_text("utf-8")


def test_the_page_is_what_its_inputs_give() -> None:
    assert written(TEXT) == TEXT, "python -m benchmarks.province --write"


def test_every_input_is_used() -> None:
    given = inputs_of(TEXT)
    used: set[str] = set()

    class Noting(dict[str, float]):
        def __getitem__(self, name: str) -> float:
            used.add(name)
            return super().__getitem__(name)

    compute(Noting(given))
    assert used == given.keys()


@pytest.mark.parametrize(
    ("part", "cell", "province"),
    [
        ("cells", "1", "20"),  # 200,000 / (20,000 × 0.5)
        ("estates", "1,000", "20,000"),
        ("events a second", "10,000", "200,000"),
        ("workers", "4", "80"),  # 10,000 × 200 µs = 2 cores, at half load 4
        ("events a day", "60,000,000", "1,200,000,000"),
        ("log online", "3.22 TB", "64.4 TB"),  # 60e6 × 91.25 × 588 B
    ],
)
def test_by_head(part: str, cell: str, province: str) -> None:
    round_numbers = inputs_of(TEXT) | {
        "append_events_per_s": 20_000, "headroom": 0.5, "worker_us_per_event": 200,
        "log_bytes_per_event": 588, "months_online": 3, "mean_events_per_estate_day": 60_000,
    }  # fmt: skip
    (row,) = [row for row in compute(round_numbers) if row.part == part]
    assert (row.cell, row.province) == (cell, province)


def test_twice_the_peak_is_twice_the_cells() -> None:
    given = inputs_of(TEXT)
    one, two = (compute({**given, "peak_events_per_s": peak})[0] for peak in (200_000, 400_000))
    assert 2 * float(one.province) == float(two.province)
