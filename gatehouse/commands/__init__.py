"""The commands of the command line, one subject a file; each exports typer groups or functions.

They say their texts from the catalogue's `cli` and leave the work to the rooms.
"""

from __future__ import annotations

import typer


def add_to(app: typer.Typer) -> None:
    """Adds every group of commands to the program."""
    from gatehouse.commands import (
        accounts,
        broker,
        docs,
        doctor,
        estate,
        log,
        projections,
        quarantine,
        rules,
    )
    from gatehouse.say import language
    from gatehouse.simulating import environments
    from simulators.cli import add_commands

    app.add_typer(estate.app, name="estate")
    app.add_typer(log.app, name="log")
    app.add_typer(quarantine.app, name="quarantine")
    app.add_typer(projections.app, name="projections")
    app.add_typer(rules.app, name="rules")
    app.add_typer(accounts.user_app, name="user")
    app.add_typer(accounts.device_app, name="device")
    app.add_typer(broker.app, name="broker-config")
    app.add_typer(docs.app, name="docs")
    doctor.add_to(app)
    add_commands(app, environments, language=language())
