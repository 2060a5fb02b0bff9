"""The settings: `gatehouse.toml`, then `GATEHOUSE_…` in the environment, then the command line.

A bad setting is refused with its name, its value and what was expected. Every setting is described in
docs/operating.md; a test holds the page to this file.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, ValidationError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

PREFIX = "GATEHOUSE_"
FILE_NAME = "gatehouse.toml"


class SettingsError(Exception):
    """Settings that can't be used; the message names each, its value and what was expected."""


def _address(value: str) -> str:
    host, _, port = value.rpartition(":")
    if not host or not port.isdigit() or not 0 <= int(port) <= 65_535:
        raise ValueError("expected HOST:PORT, such as 127.0.0.1:8080")
    return value


def _broker(value: str) -> str:
    url = urlsplit(value)
    if url.scheme not in {"mqtt", "mqtts"} or not url.hostname:
        raise ValueError("expected mqtt://[user:password@]HOST[:PORT] or mqtts://…")
    return value


def _database(value: str) -> str:
    if not value.startswith(("sqlite:///", "postgresql://", "postgresql+psycopg://")):
        raise ValueError("expected sqlite:////absolute/path.db or postgresql://…")
    return value


Address = Annotated[str, AfterValidator(_address)]
Broker = Annotated[str, AfterValidator(_broker)]
Database = Annotated[str, AfterValidator(_database)]


class Settings(BaseSettings):
    """What can be set. `data` says which running or stopped system is meant."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, extra="forbid", frozen=True)

    data: Path = Field(Path("data"), description="The folder of the system: log, read models, secrets.")
    http: Address = Field("127.0.0.1:8080", description="Where the console listens.")
    mqtt: Address = Field("127.0.0.1:1883", description="Where the embedded broker listens.")
    broker: Broker | None = Field(None, description="An outside broker; without one, the embedded one runs.")
    database: Database | None = Field(None, description="The log's database; default SQLite in `data`.")
    estate: Path | None = Field(None, description="An estate file, imported at start.")
    time: Literal["wall", "events"] = Field(
        "wall", description="The estate's clock: the wall's, or the latest event's (recordings, scenarios)."
    )
    simulate: str | None = Field(None, description="Simulated devices to run beside: `pilot`.")
    language: Literal["zh-CN", "en"] = Field("zh-CN", description="The language of texts for people.")
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "warning", description="What the program says of itself on standard error."
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Command line before environment; the file is merged in by `load`."""
        return (init_settings, env_settings)

    @property
    def log_url(self) -> str:
        """The URL of the log's database."""
        return self.database or f"sqlite:///{self.data.resolve() / 'gatehouse.db'}"

    @property
    def broker_url(self) -> str:
        """The broker that Gatehouse's own clients connect to."""
        return self.broker or f"mqtt://{self.mqtt}"

    @property
    def secrets(self) -> Path:
        """The folder of secrets; only its owner may read it."""
        return self.data / "secrets"

    @property
    def run(self) -> Path:
        """The folder where running parts say that they live."""
        return self.data / "run"

    def environment(self) -> dict[str, str]:
        """The settings as a child process takes them from its environment."""
        values = {name: getattr(self, name) for name in type(self).model_fields}
        return {PREFIX + name.upper(): str(value) for name, value in values.items() if value is not None}


def _from_file(path: Path) -> dict[str, Any]:
    try:
        found = tomllib.loads(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SettingsError(f"{path}: can't be read as TOML: {error}") from error
    return found


def load(given: Mapping[str, Any] | None = None, *, file: Path | None = None) -> Settings:
    """The settings in force. `given` are those of the command line; None values don't count.

    The file is `file`, else `gatehouse.toml` in this folder if there is one. Raises SettingsError.
    """
    chosen = {name: value for name, value in (given or {}).items() if value is not None}
    path = file or Path(FILE_NAME)
    below = _from_file(path) if file or path.is_file() else {}
    known = Settings.model_fields
    strange = [name for name in below if name not in known]
    if strange:
        raise SettingsError(f"{path}: unknown setting {strange[0]!r}; expected one of {', '.join(known)}")
    strange = [n for n in os.environ if n.startswith(PREFIX) and n.removeprefix(PREFIX).lower() not in known]
    if strange:
        expected = ", ".join(PREFIX + name.upper() for name in known)
        raise SettingsError(f"environment: unknown setting {strange[0]}; expected one of {expected}")
    under = {n: v for n, v in below.items() if PREFIX + n.upper() not in os.environ}
    try:
        return Settings(**{**under, **chosen})
    except ValidationError as error:
        raise SettingsError(_describe(error, path if below else None)) from error


def _describe(error: ValidationError, path: Path | None) -> str:
    lines = []
    for problem in error.errors(include_url=False):
        name = ".".join(map(str, problem["loc"]))
        places = [f"--{name}", PREFIX + name.upper(), *([str(path)] if path else [])]
        what = problem["msg"].removeprefix("Value error, ")
        lines.append(f"setting {name} ({' or '.join(places)}) is {problem['input']!r}: {what}")
    return "\n".join(lines)
