"""`gatehouse broker-config mosquitto`: the configuration of an outside broker, from the accounts."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from eventlog.estate import Estate
from eventlog.ports import Account
from gatehouse.commands.common import DataOption, JsonOption, fail, show_json, sub_app, system
from gatehouse.say import cli

app = sub_app("broker")


@app.callback()
def group() -> None:
    """A group, though it has one command: other brokers follow."""


@app.command("mosquitto", help=cli("broker.mosquitto"))
def mosquitto(
    out: Annotated[Path, typer.Option("--out", help=cli("broker.out"), show_default=False)],
    host: Annotated[str, typer.Option("--host", help=cli("broker.host"))] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", min=1, max=65_535, help=cli("broker.port"))] = 1883,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Writes mosquitto.conf, passwords and access; also for Gatehouse's own connection."""
    from gatehouse.preparing import service_account
    from ingest.mosquitto import write_configuration

    with system(data, create=True) as context:
        service_account(context.settings, context.accounts)
        estates = context.estates
        accounts = [one for one in context.accounts.all() if still_registered(one, estates.get(one.estate))]
        try:
            written = write_configuration(out, accounts, host=host, port=port)
        except (OSError, ValueError) as error:
            fail("write", path=out, what=error)
    if as_json:
        show_json(
            {
                "config": written.config,
                "passwords": written.passwords,
                "access": written.access,
                "left_out": written.left_out,
            }
        )
        return
    typer.echo(cli("broker.written", path=written.config))
    if written.left_out:
        typer.echo(cli("broker.left_out", names=", ".join(written.left_out)), err=True)
    typer.echo(cli("broker.next", path=written.config, host=host, port=port))


def still_registered(account: Account, estate: Estate | None) -> bool:
    """Whether who has this account is in the registers still; Gatehouse's own and gateways always are."""
    match account.kind:
        case "device":
            return estate is not None and account.scope.rpartition("/")[2] in estate.devices
        case "squad":
            return estate is not None and account.scope in estate.squads
        case "member":
            squad, _, member = account.scope.partition("/")
            members = estate.squads[squad].members if estate and squad in estate.squads else ()
            return any(one.member == member for one in members)
    return True


def add_to(program: typer.Typer) -> None:
    """Adds the group to the program."""
    program.add_typer(app, name="broker-config")
