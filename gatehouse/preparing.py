"""What must be there before the parts of a system start: schema, accounts, secrets, the estate.

Run as a process of its own, so that the supervisor stays small. Safe to repeat. What would keep the parts
from running is looked for first, before anything is written.
"""

from __future__ import annotations

import secrets
import sys
from functools import partial
from typing import TYPE_CHECKING

from eventlog import topics
from eventlog.catalogue import text
from eventlog.ports import Account, Accounts, EventLog
from eventlog.registers import Registers
from eventlog.sql import open_accounts, open_log
from gatehouse.context import recalled, remember
from gatehouse.parts import CannotStartError, Part, check_address, folder_unusable
from gatehouse.secret_files import radio_key, secret_file
from gatehouse.settings import Settings

if TYPE_CHECKING:
    from gatehouse.estatefile import EstateFile

ADMINISTRATOR = "admin"


def prepare(part: Part) -> None:
    """Makes the system ready to start and prints where to look.

    Raises CannotStartError for what people must change first, LogError.
    """
    settings = part.settings
    estate = _checked(settings, listens=bool(part.beside))
    try:
        for stale in (settings.run / "metrics").glob("*.db"):
            stale.unlink(missing_ok=True)
        secret_file(settings.secrets, "session-key")
        radio_key(settings.secrets)
        secret_file(settings.secrets, "mqtt-service")
    except OSError as error:
        raise CannotStartError(folder_unusable(settings, error)) from error
    log = open_log(settings.log_url, time_mode=settings.time, archive=settings.archives)
    remember(settings)
    accounts = open_accounts(settings.log_url)
    service_account(settings, accounts)
    password = first_administrator(accounts)
    if estate:
        _import(settings, log, estate)
    _announce(settings, log, password)
    if settings.broker:
        _try_broker(part)
    log.close()


def _checked(settings: Settings, *, listens: bool) -> EstateFile | None:
    """Looks whether the parts can run with these settings; `listens`: on this machine, now.
    Returns the estate file. Raises CannotStartError."""
    _check_clock(settings)
    if settings.simulate:
        _check_simulation(settings, settings.simulate)
    if listens:
        check_address(settings, "http")
    if listens and settings.broker is None:
        check_address(settings, "mqtt")
    _check_channels(settings)
    return _estate_file(settings)


def _check_channels(settings: Settings) -> None:
    if settings.channels_file is None:
        return
    from gatehouse.channelfile import ChannelFileError, load_channels

    try:
        load_channels(settings.channels_file, settings.language)
    except ChannelFileError as error:
        raise CannotStartError(str(error)) from error


def _check_clock(settings: Settings) -> None:
    kept = recalled(settings.data).get("time")
    if kept and kept != settings.time:
        raise CannotStartError(
            text("up.other_clock", settings.language, data=settings.data, kept=kept, given=settings.time)
        )


def _check_simulation(settings: Settings, name: str) -> None:
    from simulators.live import names

    if name not in names():
        known = ", ".join(names())
        raise CannotStartError(text("up.unknown_simulation", settings.language, name=name, known=known))


def _estate_file(settings: Settings) -> EstateFile | None:
    if not settings.estate:
        return None
    from gatehouse.estatefile import EstateFileError, load

    language = settings.language
    try:
        return load(settings.estate, radio_key=partial(radio_key, settings.secrets))
    except EstateFileError as error:
        said = [*error.lines(language), text("cli.error.estate_file", language, count=len(error.problems))]
        raise CannotStartError("\n".join(said)) from error
    except UnicodeDecodeError as error:
        raise CannotStartError(text("cli.error.encoding", language, path=settings.estate)) from error
    except OSError as error:
        path, what = error.filename or settings.estate, error.strerror or error
        raise CannotStartError(text("cli.error.file", language, path=path, what=what)) from error


def _try_broker(part: Part) -> None:
    """Tells when an outside broker can't be used just now; the parts go on trying."""
    from processors.delivery.link import Link, LinkError

    url, user, password = part.broker_login()
    link = Link(url, user, password, "gatehouse-prepare")
    try:
        link.connect()
    except LinkError as error:
        told = text("up.broker_away", part.settings.language, url=url, what=error)
        print(told, file=sys.stderr, flush=True)
        return
    link.close()


def service_account(settings: Settings, accounts: Accounts) -> None:
    """Gatehouse's own MQTT account; its password is the secret `mqtt-service`. Safe to repeat."""
    from ingest.secrets import hash_of, mosquitto_hash

    token = secret_file(settings.secrets, "mqtt-service")
    hashed = hash_of(token)
    known = accounts.get("gatehouse", "service")
    if known is None or known.secret_hash != hashed:
        made = Account("gatehouse", "service", "", secret_hash=hashed, broker_hash=mosquitto_hash(token))
        accounts.put(made)


def first_administrator(accounts: Accounts) -> str | None:
    """Makes the first administrator and returns the password; None when there is a user already."""
    if any(account.kind == "user" for account in accounts.all()):
        return None
    from console.passwords import hash_password

    password = secrets.token_urlsafe(12)
    accounts.put(
        Account(ADMINISTRATOR, "user", "", role="administrator", secret_hash=hash_password(password))
    )
    return password


def _import(settings: Settings, log: EventLog, estate: EstateFile) -> None:
    from gatehouse.estateimport import import_estate

    changed = len(import_estate(log, estate))
    key = "up.estate_imported" if changed else "up.estate_unchanged"
    print(text(key, settings.language, estate=estate.estate, count=changed), flush=True)


def _announce(settings: Settings, log: EventLog, password: str | None) -> None:
    language = settings.language
    registers = Registers(log)
    registers.refresh()
    lines = [
        text("up.page", language, url=f"http://{settings.http}/"),
        text("up.api", language, url=f"http://{settings.http}/api/docs"),
        text("up.broker", language, url=settings.broker_url if settings.broker is None else _bare(settings)),
    ]
    if password:
        lines.append(text("up.admin", language, password=password))
    else:
        lines.append(text("up.admin_known", language, data=settings.data))
    for estate in registers.estates.values():
        device = next((d for d in estate.devices.values() if d.family == "access"), None) or next(
            iter(estate.devices.values()), None
        )
        if device:
            topic = topics.device_events(estate.id, device.family, device.device)
            lines.append(
                text("up.own_events", language, device=device.device, data=settings.data, topic=topic)
            )
    lines.append(text("up.stop", language))
    print("\n".join(lines), flush=True)


def _bare(settings: Settings) -> str:
    """The outside broker's URL without its login."""
    scheme, _, rest = settings.broker_url.partition("://")
    return f"{scheme}://{rest.rpartition('@')[2]}"
