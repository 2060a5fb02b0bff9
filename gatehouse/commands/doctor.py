"""`gatehouse doctor`: looks a system over and says what to do."""

from __future__ import annotations

from dataclasses import asdict

import typer

from gatehouse.checkup import check_up
from gatehouse.commands.common import DataOption, JsonOption, show_json, system
from gatehouse.say import cli

_MARKS = {"good": "✓", "note": "·", "bad": "✗"}


def add_to(app: typer.Typer) -> None:
    """Adds the command to the program."""
    app.command("doctor", help=cli("doctor.help"))(doctor)


def doctor(data: DataOption = None, as_json: JsonOption = False) -> None:
    """Every check with what it found; exit 1 when something must be done."""
    with system(data) as context:
        findings = list(check_up(context))
    bad = sum(finding.health == "bad" for finding in findings)
    if as_json:
        show_json([asdict(finding) for finding in findings])
    else:
        for finding in findings:
            typer.echo(f"{_MARKS[finding.health]} {finding.found}")
            if finding.advice:
                typer.echo(f"    → {finding.advice}")
        typer.echo(cli("doctor.bad" if bad else "doctor.good", count=bad))
    if bad:
        raise typer.Exit(1)
