"""`gatehouse simulate` and `gatehouse play`: the simulators' own commands, with a system's accounts lent."""

from __future__ import annotations

import typer

from gatehouse.say import language
from gatehouse.simulating import environments
from simulators.cli import add_commands


def add_to(app: typer.Typer) -> None:
    """Adds both."""
    add_commands(app, environments, language=language())
