"""What a check of `gatehouse doctor` found, in the words of the catalogue (`cli.doctor.CHECK.KEY`)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from gatehouse.say import cli

Health = Literal["good", "note", "bad"]


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check found; `advice` says what to do where something should be done."""

    check: str
    health: Health
    found: str
    advice: str = ""


def finding(check: str, health: Health, key: str, **params: object) -> Finding:
    """A finding in words; what is bad has its advice under `KEY_advice`."""
    advice = cli(f"doctor.{check}.{key}_advice", **params) if health == "bad" else ""
    return Finding(check, health, cli(f"doctor.{check}.{key}", **params), advice)
