"""A running or stopped system as the commands see it: its log, accounts, read models, secrets.

Everything is opened when first asked for and closed at the end. Commands work beside a running system.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from eventlog.estate import Estate
from eventlog.ports import Accounts, EventLog
from eventlog.registers import Registers
from gatehouse.secret_files import radio_key
from gatehouse.settings import Settings, load

if TYPE_CHECKING:
    from sqlalchemy import Engine

SYSTEM_FILE = "system.json"
_REMEMBERED = ("database", "archive", "time", "http", "mqtt", "broker", "kafka")


class NoSystemError(Exception):
    """There is no system in the data folder."""

    def __init__(self, data: Path) -> None:
        super().__init__(str(data))
        self.data = data


class WhichEstateError(Exception):
    """The estate must be named, or the named one is not there; `known` are those that are."""

    def __init__(self, wanted: str | None, known: list[str]) -> None:
        super().__init__(f"{wanted}: {known}")
        self.wanted, self.known = wanted, known


def remember(settings: Settings) -> None:
    """Keeps what every later command must know of a system: its database, its clock, its addresses."""
    settings.data.mkdir(mode=0o700, parents=True, exist_ok=True)
    kept = {name: getattr(settings, name) for name in _REMEMBERED}
    file = settings.data / SYSTEM_FILE
    fresh = file.with_suffix(".new")
    fresh.touch(mode=0o600)
    fresh.write_text(json.dumps(kept, default=str), "utf-8")
    fresh.replace(file)


def recalled(data: Path) -> dict[str, Any]:
    """What is known of the system in a folder; empty where none was run yet."""
    file = data / SYSTEM_FILE
    if not file.is_file():
        return {}
    kept: dict[str, Any] = json.loads(file.read_text("utf-8"))
    return kept


def recall(settings: Settings) -> Settings:
    """The settings with the database, the clock and the addresses that the system was last run with."""
    kept = recalled(settings.data)
    unsaid = {name: kept.get(name) for name in _REMEMBERED if name not in settings.model_fields_set}
    return settings.model_copy(update={name: value for name, value in unsaid.items() if value is not None})


class Context:
    """One system. Not safe across threads."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._closing = ExitStack()

    @property
    def data(self) -> Path:
        """The data folder."""
        return self.settings.data

    @property
    def made(self) -> bool:
        """Whether there is a system in the data folder already."""
        return (self.settings.data / "gatehouse.db").exists() or self.settings.database is not None

    @cached_property
    def log(self) -> EventLog:
        """The event log. Raises LogError."""
        from eventlog.sql import open_log

        log = open_log(self.settings.log_url, time_mode=self.settings.time, archive=self.settings.archives)
        self._closing.callback(log.close)
        return log

    @cached_property
    def accounts(self) -> Accounts:
        """Who may connect."""
        from eventlog.sql import open_accounts

        accounts = open_accounts(self.settings.log_url)
        close = getattr(accounts, "close", None)
        if close:
            self._closing.callback(close)
        return accounts

    @cached_property
    def views(self) -> Engine:
        """The read models' database."""
        from projections.store import open_views

        engine = open_views(self.settings.log_url)
        self._closing.callback(engine.dispose)
        return engine

    @cached_property
    def hmac_key(self) -> bytes:
        """The key that radio and phone addresses are hashed with; made at the first call."""
        return radio_key(self.settings.secrets)

    @property
    def estates(self) -> Mapping[str, Estate]:
        """The estates' registers as they are now."""
        self._registers.refresh()
        return self._registers.estates

    @cached_property
    def _registers(self) -> Registers:
        return Registers(self.log)

    def estate(self, wanted: str | None = None) -> Estate:
        """The named estate, or the only one. Raises WhichEstateError."""
        found = self.estates
        if wanted is None and len(found) == 1:
            return next(iter(found.values()))
        if wanted is None or wanted not in found:
            raise WhichEstateError(wanted, sorted(found))
        return found[wanted]

    def close(self) -> None:
        """Gives back what was opened."""
        self._closing.close()


@contextmanager
def open_context(data: Path | None = None, *, create: bool = False) -> Iterator[Context]:
    """The system in a data folder (default: the settings'). With `create` it is made where there is none.

    Raises SettingsError, NoSystemError; LogError when the log is first used.
    """
    settings = recall(load({"data": data}))
    context = Context(settings)
    if not context.made and not create:
        raise NoSystemError(settings.data)
    if create:
        settings.data.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        yield context
    finally:
        context.close()
