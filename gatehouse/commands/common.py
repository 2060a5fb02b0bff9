"""What the commands share: options, tables, and errors told in words that say what to do next."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, NoReturn

import orjson
import typer

from eventlog.ports import LogCorruptError, LogError, LogUnavailableError
from eventlog.times import from_us, iso
from gatehouse.context import Context, NoSystemError, WhichEstateError, open_context
from gatehouse.logs import configure
from gatehouse.say import cli
from gatehouse.settings import SettingsError

PLAIN_WIDTH = 200
"""Columns of a table that goes to a file or a pipe."""

DataOption = Annotated[Path | None, typer.Option("--data", help=cli("option.data"), show_default=False)]
EstateOption = Annotated[str | None, typer.Option("--estate", help=cli("option.estate"), show_default=False)]
JsonOption = Annotated[bool, typer.Option("--json", help=cli("option.json"))]


def sub_app(key: str) -> typer.Typer:
    """A group of commands whose help is `cli.{key}.help`."""
    return typer.Typer(help=cli(f"{key}.help"), no_args_is_help=True, pretty_exceptions_enable=False)


def fail(key: str, **params: object) -> NoReturn:
    """Says what is wrong and what to do, and ends with 1."""
    typer.echo(cli(f"error.{key}", **params), err=True)
    raise typer.Exit(1)


@contextmanager
def told() -> Iterator[None]:
    """Tells the errors that people can do something about; others come through with their trace."""
    try:
        yield
    except SettingsError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(2) from error
    except NoSystemError as error:
        fail("no_system", data=error.data)
    except WhichEstateError as error:
        known = ", ".join(error.known) or "–"
        fail("unknown_estate" if error.wanted else "which_estate", wanted=error.wanted, known=known)
    except LogUnavailableError as error:
        fail("log_unavailable", what=error)
    except LogCorruptError as error:
        fail("log_corrupt", what=error)
    except LogError as error:
        fail("log", what=error)
    except BrokenPipeError:
        # The reader of our output has gone (`| head`): nothing to tell anybody.
        sys.stderr.close()
        raise typer.Exit(0) from None


@contextmanager
def system(data: Path | None, *, create: bool = False) -> Iterator[Context]:
    """The system a command works on, with its errors told."""
    with told(), open_context(data, create=create) as context:
        configure(context.settings.log_level)
        yield context


def show_json(value: Any) -> None:
    """A value as indented JSON."""
    typer.echo(orjson.dumps(value, option=orjson.OPT_INDENT_2, default=str).decode())


def show_table(key: str, columns: Sequence[str], rows: Sequence[Mapping[str, Any]], *, as_json: bool) -> None:
    """Rows as JSON, or as a table with the titles `cli.{key}.column.{name}`."""
    if as_json:
        show_json([dict(row) for row in rows])
        return
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, header_style="bold", pad_edge=False)
    for name in columns:
        table.add_column(cli(f"{key}.column.{name}"), overflow="fold")
    for row in rows:
        table.add_row(*(_cell(row.get(name)) for name in columns))
    Console(width=None if sys.stdout.isatty() else PLAIN_WIDTH, markup=False, highlight=False).print(table)


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return cli("table.yes" if value else "table.no")
    return ", ".join(map(str, value)) if isinstance(value, (list, tuple)) else str(value)


def moment(us: int | None) -> str | None:
    """Microseconds since 1970 as RFC 3339."""
    return None if us is None else iso(from_us(us))


def parse_moment(text: str | None) -> datetime | None:
    """A moment given on the command line; without an offset it is this machine's local time."""
    if text is None:
        return None
    try:
        return datetime.fromisoformat(text).astimezone()
    except ValueError:
        fail("moment", value=text)
