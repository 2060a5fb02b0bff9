"""What must be there before the parts of a system start: schema, accounts, secrets, the estate.

Run as a process of its own, so that the supervisor stays small. Safe to repeat.
"""

from __future__ import annotations

import secrets
import sys
from pathlib import Path

from eventlog import topics
from eventlog.catalogue import text
from eventlog.ports import Account, Accounts, EventLog
from eventlog.registers import Registers
from eventlog.sql import open_accounts, open_log
from gatehouse.context import remember
from gatehouse.secret_files import secret_file
from gatehouse.settings import Settings

ADMINISTRATOR = "admin"


def prepare(settings: Settings) -> None:
    """Makes the system ready to start and prints where to look. Exits with 2 on a bad estate file."""
    remember(settings)
    for stale in (settings.run / "metrics").glob("*.db"):
        stale.unlink(missing_ok=True)
    log = open_log(settings.log_url, time_mode=settings.time)
    accounts = open_accounts(settings.log_url)
    secret_file(settings.secrets, "session-key")
    secret_file(settings.secrets, "radio-hmac-key")
    service_account(settings, accounts)
    password = first_administrator(accounts)
    if settings.estate:
        _import(settings, log, settings.estate)
    _announce(settings, log, password)
    log.close()


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


def _import(settings: Settings, log: EventLog, file: Path) -> None:
    from gatehouse.estatefile import load
    from gatehouse.estatefile.problems import EstateFileError
    from gatehouse.estateimport import import_estate

    try:
        estate = load(file)
    except EstateFileError as error:
        print(error, file=sys.stderr)
        sys.exit(2)
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
