"""`gatehouse device token` and `gatehouse user add|passwd|token`: who may connect.

Secrets are shown once, when they are made; only hashes are kept.
"""

from __future__ import annotations

import secrets
import sys
from dataclasses import replace
from typing import Annotated

import typer

from console.rights import ROLES
from eventlog.estate import Estate
from eventlog.ports import Account
from gatehouse.commands.common import DataOption, EstateOption, JsonOption, fail, show_json, sub_app, system
from gatehouse.context import Context
from gatehouse.say import cli

device_app = sub_app("device")
user_app = sub_app("user")

PASSWORD_CHARACTERS_MIN = 12

RoleOption = Annotated[str, typer.Option("--role", help=cli("user.role", roles=", ".join(ROLES)))]
NameArgument = Annotated[str, typer.Argument(metavar="NAME", help=cli("user.name"))]
ScopeOption = Annotated[str, typer.Option("--estate", help=cli("user.estate"), show_default=False)]
StdinOption = Annotated[bool, typer.Option("--password-stdin", help=cli("user.stdin"))]


@device_app.command("token", help=cli("device.token"))
def device_token(
    device: Annotated[str | None, typer.Argument(metavar="[DEVICE]", help=cli("device.device"))] = None,
    squad: Annotated[str | None, typer.Option("--squad", help=cli("device.squad"))] = None,
    member: Annotated[str | None, typer.Option("--member", help=cli("device.member"))] = None,
    gateway: Annotated[str | None, typer.Option("--gateway", help=cli("device.gateway"))] = None,
    duress: Annotated[str | None, typer.Option("--duress", help=cli("device.duress"))] = None,
    estate: EstateOption = None,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Makes a new password for an MQTT user and prints `user password`; the old one ends."""
    if sum(each is not None for each in (device, squad, member, gateway, duress)) != 1:
        fail("token_for_whom")
    with system(data) as context:
        its = context.estate(estate)
        apart = _named(its, "duress", duress) if duress is not None else None
        account = apart or _mqtt_account(its, device, squad, member, gateway)
        password = _give_secret(context, account)
        outside = context.settings.broker is not None
    if as_json:
        show_json({"user": account.name, "password": password, "kind": account.kind})
    else:
        typer.echo(f"{account.name} {password}")
    if outside:
        typer.echo(cli("device.renew_broker"), err=True)


def _mqtt_account(
    estate: Estate, device: str | None, squad: str | None, member: str | None, gateway: str | None
) -> Account:
    if device is not None:
        if device not in estate.devices:
            fail("no_device", device=device, estate=estate.id)
        scope = f"{estate.devices[device].family}/{device}"
        return Account(f"{estate.id}.{device}", "device", estate.id, scope)
    if squad is not None:
        if squad not in estate.squads:
            fail("no_squad", squad=squad, estate=estate.id)
        return Account(f"{estate.id}.squad.{squad}", "squad", estate.id, squad)
    if member is not None:
        its, name = _squad_of(estate, member)
        return Account(f"{estate.id}.member.{its}.{name}", "member", estate.id, f"{its}/{name}")
    return _named(estate, "gateway", gateway or "")


def _named(estate: Estate, kind: str, name: str) -> Account:
    """An account for something that is in no register."""
    if not name.replace("-", "").replace("_", "").isalnum():
        fail("gateway_name", name=name)
    return Account(f"{estate.id}.{kind}.{name}", kind, estate.id, name)


def _squad_of(estate: Estate, member: str) -> tuple[str, str]:
    """A member's squad and id; `squad/member` is taken too."""
    wanted, _, name = member.rpartition("/")
    found = [
        squad.squad
        for squad in estate.squads.values()
        if wanted in ("", squad.squad) and any(one.member == name for one in squad.members)
    ]
    if not found:
        fail("no_member", member=member, estate=estate.id)
    return found[0], name


def _give_secret(context: Context, account: Account) -> str:
    from ingest.secrets import new_secret

    secret = new_secret()
    made = replace(
        account,
        secret_hash=secret.secret_hash,
        broker_hash=secret.broker_hash,
        created_us=context.log.now_us(),
    )
    context.accounts.put(made)
    return secret.token


@user_app.command("add", help=cli("user.add"))
def add(
    name: NameArgument,
    role: RoleOption = "operator",
    stdin: StdinOption = False,
    estate: ScopeOption = "",
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Makes a user of the console and prints `name password`."""
    _check_role(role)
    with system(data, create=True) as context:
        if context.accounts.get(name, "user") is not None:
            fail("user_exists", name=name)
        _check_scope(context, estate)
        password = _set_password(context, Account(name, "user", estate, role=role), stdin=stdin)
    _tell(name, password, role, stdin=stdin, as_json=as_json)


@user_app.command("passwd", help=cli("user.passwd"))
def passwd(
    name: NameArgument, stdin: StdinOption = False, data: DataOption = None, as_json: JsonOption = False
) -> None:
    """Gives a user a new password and prints `name password`."""
    with system(data) as context:
        known = context.accounts.get(name, "user")
        if known is None:
            fail("no_user", name=name)
        password = _set_password(context, known, stdin=stdin)
    _tell(name, password, known.role, stdin=stdin, as_json=as_json)


@user_app.command("token", help=cli("user.token"))
def token(
    name: NameArgument,
    role: RoleOption = "operator",
    estate: ScopeOption = "",
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Makes a bearer token for the API and prints it; a token of the same name ends."""
    _check_role(role)
    with system(data, create=True) as context:
        _check_scope(context, estate)
        made = _give_secret(context, Account(name, "token", estate, role=role))
    if as_json:
        show_json({"name": name, "role": role, "token": made})
    else:
        typer.echo(made)


def _check_role(role: str) -> None:
    if role not in ROLES:
        fail("role", role=role, roles=", ".join(ROLES))


def _check_scope(context: Context, estate: str) -> None:
    """Raises WhichEstateError for an estate that is not there; "" means all of them."""
    if estate:
        context.estate(estate)


def _set_password(context: Context, account: Account, *, stdin: bool) -> str:
    from console.passwords import PASSWORD_CHARS_MAX, hash_password

    password = sys.stdin.readline().rstrip("\n") if stdin else secrets.token_urlsafe(12)
    if not PASSWORD_CHARACTERS_MIN <= len(password) <= PASSWORD_CHARS_MAX:
        fail("password", least=PASSWORD_CHARACTERS_MIN, most=PASSWORD_CHARS_MAX)
    hashed = hash_password(password)
    context.accounts.put(replace(account, secret_hash=hashed, created_us=context.log.now_us()))
    return password


def _tell(name: str, password: str, role: str, *, stdin: bool, as_json: bool) -> None:
    shown = {} if stdin else {"password": password}
    if as_json:
        show_json({"user": name, "role": role, **shown})
    else:
        typer.echo(f"{name} {password}" if shown else name)


def add_to(program: typer.Typer) -> None:
    """Adds both groups to the program."""
    program.add_typer(user_app, name="user")
    program.add_typer(device_app, name="device")
