"""docs/simulation.md says what the tables of the simulated day have."""

from __future__ import annotations

from simulators.day.error_rates import RATES
from simulators.day.world import PRESETS
from tests.support.parts import ROOT

SIMULATION = (ROOT / "docs/simulation.md").read_text("utf-8")


def test_every_rate_is_listed_as_it_is() -> None:
    for name, rate in RATES.items():
        row = next(line for line in SIMULATION.splitlines() if line.startswith(f"| `{name}` "))
        _, first, of, does, _ = (cell.strip() for cell in row.split("|"))
        number = first.removeprefix(f"`{name}` ")
        found = (
            1 / float(number.removeprefix("1 in ").replace(",", "")) if " in " in number else float(number)
        )
        assert found == rate.rate
        assert of == rate.of
        assert does == rate.does or does == "likewise"


def test_every_preset_is_listed() -> None:
    assert all(f"| `{preset}` |" in SIMULATION for preset in PRESETS)
