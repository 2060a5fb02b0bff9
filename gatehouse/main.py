"""The command line. Each group of commands is a module of `gatehouse.commands`; this file has those that run
parts of the system.

`gatehouse up` gives its process over to the supervisor (`gatehouse.up`), so that it stays small.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gatehouse.commands import LazyGroup
from gatehouse.say import cli

if TYPE_CHECKING:
    from gatehouse.settings import Settings

app = typer.Typer(
    name="gatehouse",
    cls=LazyGroup,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help=cli("program"),
)

Data = Annotated[Path | None, typer.Option("--data", help=cli("option.data"), show_default=False)]
ConfigFile = Annotated[Path | None, typer.Option("--config", help=cli("up.config"))]


def settings_or_exit(given: dict[str, object], config: Path | None = None) -> Settings:
    """The settings in force; a bad one ends the command with 2 and says which."""
    from gatehouse.settings import SettingsError, load

    try:
        return load(given, file=config)
    except SettingsError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(2) from error


@app.command(help=cli("up.help"))
def up(
    data: Data = None,
    http: Annotated[str | None, typer.Option(help=cli("up.http"))] = None,
    mqtt: Annotated[str | None, typer.Option(help=cli("up.mqtt"))] = None,
    broker: Annotated[str | None, typer.Option(help=cli("up.broker"))] = None,
    estate: Annotated[Path | None, typer.Option(help=cli("up.estate"))] = None,
    simulate: Annotated[str | None, typer.Option(help=cli("up.simulate"))] = None,
    database: Annotated[str | None, typer.Option(help=cli("up.database"))] = None,
    time: Annotated[str | None, typer.Option(help=cli("up.time"))] = None,
    language: Annotated[str | None, typer.Option(help=cli("up.language"))] = None,
    log_level: Annotated[str | None, typer.Option(help=cli("up.log_level"))] = None,
    config: ConfigFile = None,
) -> None:
    """Everything on one machine: broker, ingest, log, rules, projections, console."""
    given: dict[str, object] = {
        "data": data, "http": http, "mqtt": mqtt, "broker": broker, "estate": estate, "simulate": simulate,
        "database": database, "time": time, "language": language, "log_level": log_level,
    }  # fmt: skip
    settings = settings_or_exit(given, config)
    # The supervisor takes over this very process: same id, same terminal, a tenth of the memory.
    environment = {**os.environ, **settings.environment()}
    sys.stdout.flush()
    os.execve(sys.executable, [sys.executable, "-m", "gatehouse.up"], environment)  # noqa: S606


def _role_command(role: str) -> None:
    def command(data: Data = None, config: ConfigFile = None) -> None:
        from gatehouse.roles import run_role

        settings = settings_or_exit({"data": data}, config)
        os.environ.update(settings.environment())
        raise typer.Exit(run_role(role, settings))

    app.command(role, help=cli(f"up.{role}"))(command)


for _role in ("prepare", "ingest", "process", "project", "serve", "deliver", "relay", "worker"):
    _role_command(_role)


def main() -> None:
    """The entry point of the `gatehouse` program."""
    app()


if __name__ == "__main__":
    main()
