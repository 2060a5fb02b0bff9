"""Packaged scenarios through a running system, sixty times as fast as life: the exit code is the verdict.

Every one of them is played in virtual time, too (`tests/simulators/test_scenarios.py`); here a few short ones
go the whole way.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from simulators.scenarios import names, packaged
from tests.support.system import System

SPEED = "60"


RULES = ("door_forced", "repeated_denials", "watchlist_plate")


def chosen() -> list[str]:
    """The shortest one that raises and the shortest that stays silent, of rules about different devices."""
    found: dict[tuple[str, bool], str] = {}
    for name in sorted(names(), key=lambda each: packaged(each).length_us):
        if packaged(name).rule in RULES:
            found.setdefault((packaged(name).rule, packaged(name).silent), name)
    return sorted(found.values())


@pytest.mark.parametrize("name", chosen())
def test_a_packaged_scenario_goes_as_it_says(pilot_on_events: System, name: str) -> None:
    done = pilot_on_events.cli("simulate", name, "--speed", SPEED, check=False)
    assert done.code == 0, f"{done.out}\n{done.err}"


def test_a_scenario_that_says_what_does_not_happen_fails(pilot_on_events: System, tmp_path: Path) -> None:
    from importlib.resources import files

    text = (files("simulators.scenarios") / "three-denials-at-one-door.yaml").read_text("utf-8")
    head, _, _ = text.partition("expect:")
    unmet = tmp_path / "unmet.yaml"
    unmet.write_text(
        head + 'expect:\n  - {rule: door_forced, zone: gate-n, severity: high, within: ["00:00", "00:30"]}\n',
        "utf-8",
    )
    done = pilot_on_events.cli("simulate", str(unmet), "--speed", SPEED, check=False)
    assert done.code == 1, f"{done.out}\n{done.err}"
