"""The settings: `gatehouse.toml`, then `GATEHOUSE_…` in the environment, then the command line.

A bad setting is refused with its name, its value and what was expected. Every setting is described in
docs/operating.md; a test holds the page to this file. Read without pydantic-settings: taking variables with
a prefix is three lines, and loading it costs every process 0.15 s and 8 MiB.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError
from pydantic_core import ErrorDetails, PydanticCustomError

from eventlog.catalogue import text

PREFIX = "GATEHOUSE_"
FILE_NAME = "gatehouse.toml"
FROM_FILE = "_file"
"""After the name of a variable: its value is the path of a file that holds the setting's value."""


class SettingsError(Exception):
    """Settings that can't be used; the message names each, its value and what was expected."""


def _address(value: str) -> str:
    host, _, port = value.rpartition(":")
    if not host or not port.isdigit() or not 0 <= int(port) <= 65_535:
        raise _expected("address")
    return value


def _broker(value: str) -> str:
    url = urlsplit(value)
    if url.scheme not in {"mqtt", "mqtts"} or not url.hostname:
        raise _expected("broker")
    return value


def _database(value: str) -> str:
    if not value.startswith(("sqlite:///", "postgresql://", "postgresql+psycopg://")):
        raise _expected("database")
    return value


def _servers(value: str) -> str:
    for server in value.split(","):
        try:
            _address(server.strip())
        except PydanticCustomError as error:
            raise _expected("servers") from error
    return value


def _expected(key: str) -> PydanticCustomError:
    return PydanticCustomError("expected", "{key}", {"key": key})


Address = Annotated[str, AfterValidator(_address)]
Broker = Annotated[str, AfterValidator(_broker)]
Servers = Annotated[str, AfterValidator(_servers)]
Database = Annotated[str, AfterValidator(_database)]


class Settings(BaseModel):
    """What can be set. `data` says which running or stopped system is meant."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    data: Path = Field(Path("data"), description="The folder of the system: log, read models, secrets.")
    http: Address = Field("127.0.0.1:8080", description="Where the console listens.")
    mqtt: Address = Field("127.0.0.1:1883", description="Where the embedded broker listens.")
    metrics: Address | None = Field(
        None, description="Where a part that runs alone answers /metrics, /healthz and /readyz."
    )
    broker: Broker | None = Field(None, description="An outside broker; without one, the embedded one runs.")
    ingest_shards: int = Field(
        1, ge=1, le=1_000, description="Sessions that share an outside broker's estates."
    )
    ingest_strays: bool = Field(
        True, description="With several shards: whether messages of unknown estates are read and put aside."
    )
    database: Database | None = Field(None, description="The log's database; default SQLite in `data`.")
    archive: Path | None = Field(None, description="The folder of the log's archives; default in `data`.")
    kafka: Servers | None = Field(None, description="Kafka's servers, for `relay` and `worker`.")
    kafka_partitions: int = Field(12, ge=1, le=1_000, description="Partitions of new topics.")
    kafka_replicas: int = Field(1, ge=1, le=7, description="Copies that Kafka keeps of new topics.")
    table_store: Literal["memory", "rocksdb"] = Field(
        "memory", description="Where a worker keeps its copies of the estates' states."
    )
    estate: Path | None = Field(None, description="An estate file, imported at start.")
    time: Literal["wall", "events"] = Field(
        "wall", description="The estate's clock: the wall's, or the latest event's (recordings, scenarios)."
    )
    channels: Path | None = Field(
        None, description="The file of channels outside; default `channels.toml` in the folder of secrets."
    )
    simulate: str | None = Field(None, description="Simulated devices to run beside: `pilot`.")
    language: Literal["zh-CN", "en"] = Field("zh-CN", description="The language of texts for people.")
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "warning", description="What the program says of itself on standard error."
    )

    @property
    def log_url(self) -> str:
        """The URL of the log's database."""
        return self.database or f"sqlite:///{self.data.resolve() / 'gatehouse.db'}"

    @property
    def archives(self) -> Path:
        """The folder of the log's archives."""
        return Path(self.archive or self.data / "archive").resolve()

    @property
    def broker_url(self) -> str:
        """The broker that Gatehouse's own clients connect to."""
        return self.broker or f"mqtt://{self.mqtt}"

    @property
    def secrets(self) -> Path:
        """The folder of secrets; only its owner may read it."""
        return self.data / "secrets"

    @property
    def channels_file(self) -> Path | None:
        """The file of channels outside; None where none is set and none is there."""
        usual = self.secrets / "channels.toml"
        return self.channels or (usual if usual.is_file() else None)

    @property
    def run(self) -> Path:
        """The folder where running parts say that they live."""
        return self.data / "run"

    def environment(self) -> dict[str, str]:
        """The settings as a child process takes them from its environment."""
        values = {name: getattr(self, name) for name in type(self).model_fields}
        return {PREFIX + name.upper(): str(value) for name, value in values.items() if value is not None}


def _from_file(path: Path, language: str) -> dict[str, Any]:
    try:
        found = tomllib.loads(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SettingsError(text("cli.setting.file", language, path=path, what=error)) from error
    return found


def _from_environment(language: str) -> dict[str, str]:
    """`GATEHOUSE_NAME` has the value, `GATEHOUSE_NAME_FILE` names a file with it: a secret of a container or
    a credential of systemd. Where both are there the value counts."""
    found = {n.removeprefix(PREFIX).lower(): v for n, v in os.environ.items() if n.startswith(PREFIX)}
    for name in [name for name in found if name.endswith(FROM_FILE)]:
        path = found.pop(name)
        try:
            found.setdefault(name.removesuffix(FROM_FILE), Path(path).read_text("utf-8").strip())
        except (OSError, UnicodeDecodeError) as error:
            raise SettingsError(text("cli.setting.file", language, path=path, what=error)) from error
    return found


def load(given: Mapping[str, Any] | None = None, *, file: Path | None = None) -> Settings:
    """The settings in force. `given` are those of the command line; None values don't count.

    The file is `file`, else `gatehouse.toml` in this folder if there is one. Raises SettingsError, in the
    language that is set.
    """
    from gatehouse.say import language as language_before_settings

    chosen = {name: value for name, value in (given or {}).items() if value is not None}
    language = str(chosen.get("language") or language_before_settings())
    path = file or Path(FILE_NAME)
    below = _from_file(path, language) if file or path.is_file() else {}
    around = _from_environment(language)
    _check_names(below, str(path), language, lambda name: name)
    where = text("cli.setting.environment", language)
    _check_names(around, where, language, lambda name: PREFIX + name.upper())
    try:
        return Settings(**{**below, **around, **chosen})
    except ValidationError as error:
        raise SettingsError(_describe(error, path if below else None, language)) from error


def _check_names(said: Mapping[str, Any], where: str, language: str, shown: Callable[[str], str]) -> None:
    known = Settings.model_fields
    strange = next((name for name in said if name not in known), None)
    if strange is not None:
        raise SettingsError(
            text(
                "cli.setting.unknown", language, where=where, name=shown(strange),
                known=", ".join(shown(name) for name in known),
            )
        )  # fmt: skip


def _describe(error: ValidationError, path: Path | None, language: str) -> str:
    lines = []
    for problem in error.errors(include_url=False):
        name = ".".join(map(str, problem["loc"]))
        places = [f"--{name.replace('_', '-')}", PREFIX + name.upper(), *([str(path)] if path else [])]
        lines.append(
            text(
                "cli.setting.bad", language, name=name, value=repr(problem["input"]),
                places=text("cli.setting.or", language).join(places), what=_what(problem, language),
            )
        )  # fmt: skip
    return "\n".join(lines)


def _what(problem: ErrorDetails, language: str) -> str:
    context = problem.get("ctx", {})
    if problem["type"] == "expected":
        return text(f"cli.setting.{context['key']}", language)
    if problem["type"] == "literal_error":
        expected = ", ".join(re.findall("'([^']*)'", context["expected"]))
        return text("cli.setting.one_of", language, expected=expected)
    return text("cli.setting.other", language, what=problem["msg"])
