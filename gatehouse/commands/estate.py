"""`gatehouse estate validate|import|show`: the estate file and the registers."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from eventlog.catalogue import say
from eventlog.estate import Estate
from gatehouse.commands.common import (
    DataOption,
    EstateOption,
    JsonOption,
    fail,
    show_json,
    show_table,
    sub_app,
    system,
)
from gatehouse.estatefile import EstateFile, EstateFileError, load
from gatehouse.estateimport import REGISTERS as ESTATE_REGISTERS
from gatehouse.estateimport import Change, ImportRefusedError, import_estate
from gatehouse.say import cli, language

app = sub_app("estate")
FileArgument = Annotated[Path, typer.Argument(help=cli("estate.file"), show_default=False)]
REGISTERS = tuple(name for name in ESTATE_REGISTERS if name != "estate")
CHANGES_SHOWN_MAX = 40


def load_file(path: Path) -> EstateFile:
    """A checked estate file; its mistakes, and what keeps it from being read, are told."""
    try:
        return _read(path)
    except EstateFileError as error:
        for line in error.lines(language()):
            typer.echo(line, err=True)
        fail("estate_file", count=len(error.problems))


def _read(path: Path) -> EstateFile:
    try:
        return load(path)
    except OSError as error:
        fail("file", path=path, what=error.strerror)
    except UnicodeDecodeError:
        fail("encoding", path=path)


def change_line(change: Change) -> str:
    """One change of an import in words."""
    return cli(
        f"estate.{change.kind}", register=cli(f"estate.register.{change.register}"), entry=change.entry
    )


def _problems(error: EstateFileError) -> list[dict[str, Any]]:
    return [
        {"line": p.line, "place": p.place, "value": p.value, "expected": say(p.expected, language())}
        for p in error.problems
    ]


@app.command("validate", help=cli("estate.validate"))
def validate(file: FileArgument, _data: DataOption = None, as_json: JsonOption = False) -> None:
    """Checks a file; lists every mistake, exit 1 when there are any. `--data` goes with every command and
    changes nothing here: a file is checked by itself."""
    try:
        found = _read(file) if as_json else load_file(file)
    except EstateFileError as error:
        show_json({"file": str(file), "valid": False, "problems": _problems(error)})
        raise typer.Exit(1) from error
    if as_json:
        entries = len(found.events)
        show_json(
            {"file": str(file), "valid": True, "estate": found.estate, "entries": entries, "problems": []}
        )
        return
    typer.echo(cli("estate.valid", path=file, estate=found.estate, entries=len(found.events)))


@app.command("import", help=cli("estate.import"))
def import_(file: FileArgument, data: DataOption = None, as_json: JsonOption = False) -> None:
    """Brings the registers to what the file says: all of it, or nothing where there is a mistake."""
    wanted = load_file(file)
    with system(data, create=True) as context:
        try:
            changes = import_estate(context.log, wanted)
        except ImportRefusedError as error:
            fail("log", what=error)
    if as_json:
        show_json([{"register": c.register, "entry": c.entry, "change": c.kind} for c in changes])
        return
    for change in changes[:CHANGES_SHOWN_MAX]:
        typer.echo(change_line(change))
    if len(changes) > CHANGES_SHOWN_MAX:
        typer.echo(cli("estate.more", count=len(changes) - CHANGES_SHOWN_MAX))
    typer.echo(cli("estate.imported", estate=wanted.estate, count=len(changes)))


@app.command("show", help=cli("estate.show"))
def show(
    file: Annotated[Path | None, typer.Argument(help=cli("estate.file"), show_default=False)] = None,
    register: Annotated[str | None, typer.Option("--register", help=cli("estate.which_register"))] = None,
    data: DataOption = None,
    estate: EstateOption = None,
    as_json: JsonOption = False,
) -> None:
    """The registers of a file, or of the system when no file is given."""
    if register is not None and register not in REGISTERS:
        fail("register", wanted=register, known=", ".join(REGISTERS))
    if file is not None:
        wanted = load_file(file)
        found = Estate(wanted.estate).with_events(wanted.events)
    else:
        with system(data) as context:
            found = context.estate(estate)
    if register is not None:
        _show_register(found, register, as_json=as_json)
    elif as_json:
        show_json(_whole(found))
    else:
        counts = [
            {"register": cli(f"estate.register.{name}"), "entries": len(getattr(found, name))}
            for name in REGISTERS
        ]
        typer.echo(f"{found.id}  {say(found.settings.name, language()) if found.settings else ''}")
        show_table("estate", ("register", "entries"), counts, as_json=False)


def _entries(estate: Estate, register: str) -> dict[str, Any]:
    return {name: event.model_dump(mode="json") for name, event in getattr(estate, register).items()}


def _whole(estate: Estate) -> dict[str, Any]:
    settings = estate.settings.model_dump(mode="json") if estate.settings else None
    return {"estate": estate.id, "settings": settings, **{n: _entries(estate, n) for n in REGISTERS}}


def _show_register(estate: Estate, register: str, *, as_json: bool) -> None:
    entries = _entries(estate, register)
    if as_json:
        show_json(entries)
        return
    rows = [{"entry": name, "content": _short(content)} for name, content in entries.items()]
    show_table("estate", ("entry", "content"), rows, as_json=False)


def _short(content: dict[str, Any]) -> str:
    return "  ".join(f"{name}={value}" for name, value in content.items() if value not in (None, [], {}))


def add_to(program: typer.Typer) -> None:
    """Adds the group to the program."""
    program.add_typer(app, name="estate")
