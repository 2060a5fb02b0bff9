"""The command line. Each group of commands is a module of `gatehouse.commands`; this file joins them.

`gatehouse up` gives its process over to the supervisor (`gatehouse.up`), so that it stays small.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from gatehouse.settings import Settings, SettingsError, load

app = typer.Typer(
    name="gatehouse",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="The security backend of a smart estate: devices in over MQTT, alerts out to patrol teams.",
)

Data = Annotated[
    Path | None,
    typer.Option("--data", help="The folder of the system (also GATEHOUSE_DATA).", show_default=False),
]
ConfigFile = Annotated[
    Path | None, typer.Option("--config", help="The settings file; default gatehouse.toml.")
]


def settings_or_exit(given: dict[str, object], config: Path | None = None) -> Settings:
    """The settings in force; a bad one ends the command with 2 and says which."""
    try:
        return load(given, file=config)
    except SettingsError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(2) from error


@app.command()
def up(
    data: Data = None,
    http: Annotated[str | None, typer.Option(help="Where the console listens, HOST:PORT.")] = None,
    mqtt: Annotated[str | None, typer.Option(help="Where the embedded broker listens, HOST:PORT.")] = None,
    broker: Annotated[
        str | None, typer.Option(help="An outside broker, mqtt://user:password@host:port.")
    ] = None,
    estate: Annotated[Path | None, typer.Option(help="An estate file, imported at start.")] = None,
    simulate: Annotated[str | None, typer.Option(help="Simulated devices to run beside: pilot.")] = None,
    database: Annotated[
        str | None, typer.Option(help="The log's database; default SQLite in --data.")
    ] = None,
    time: Annotated[str | None, typer.Option(help="The estate's clock: wall or events.")] = None,
    language: Annotated[str | None, typer.Option(help="zh-CN or en.")] = None,
    config: ConfigFile = None,
) -> None:
    """Everything on one machine: broker, ingest, log, rules, projections, console."""
    given: dict[str, object] = {
        "data": data, "http": http, "mqtt": mqtt, "broker": broker, "estate": estate, "simulate": simulate,
        "database": database, "time": time, "language": language,
    }  # fmt: skip
    settings = settings_or_exit(given, config)
    # The supervisor takes over this very process: same id, same terminal, a tenth of the memory.
    environment = {**os.environ, **settings.environment()}
    sys.stdout.flush()
    os.execve(sys.executable, [sys.executable, "-m", "gatehouse.up"], environment)  # noqa: S606


def _role_command(role: str, summary: str) -> None:
    def command(data: Data = None, config: ConfigFile = None) -> None:
        from gatehouse.roles import run_role

        settings = settings_or_exit({"data": data}, config)
        os.environ.update(settings.environment())
        raise typer.Exit(run_role(role, settings))

    command.__doc__ = summary
    app.command(role)(command)


_role_command("prepare", "Brings the database up to date, makes the first accounts, imports the estate.")
_role_command("ingest", "Takes messages from the broker into the log.")
_role_command("process", "Decides for the estates; sends alerts out.")
_role_command("project", "Keeps the read models.")
_role_command("serve", "Keeps the read models and serves the console.")


def _add_groups() -> None:
    from gatehouse.commands import add_to

    add_to(app)


def main() -> None:
    """The entry point of the `gatehouse` program."""
    _add_groups()
    app()


if __name__ == "__main__":
    main()
