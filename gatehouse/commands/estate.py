"""`gatehouse estate validate|import|show`: the estate file and the registers."""

from __future__ import annotations

import sys
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from eventlog.catalogue import say, text
from eventlog.estate import Estate
from gatehouse.commands.common import (
    DataOption,
    EstateOption,
    JsonOption,
    fail,
    moment,
    show_json,
    show_table,
    sub_app,
    system,
)
from gatehouse.context import Context
from gatehouse.estatefile import EstateFile, EstateFileError, load
from gatehouse.estatefile.tables import Progress
from gatehouse.estateimport import RECORDING, Change, ImportRefusedError, import_estate
from gatehouse.estateimport import REGISTERS as ESTATE_REGISTERS
from gatehouse.say import cli, language

app = sub_app("estate")
FileArgument = Annotated[Path, typer.Argument(help=cli("estate.file"), show_default=False)]
TableOption = Annotated[Path | None, typer.Option(help=cli("estate.table"), show_default=False)]
REGISTERS = tuple(name for name in ESTATE_REGISTERS if name != "estate")
CHANGES_SHOWN_MAX = 40
PROBLEMS_SHOWN_MAX = 100
FIRST_SHOWN = 5


def load_file(path: Path, **given: Any) -> EstateFile:
    """A checked estate file with its tables; mistakes and what can't be read are told."""
    try:
        return _read(path, **given)
    except EstateFileError as error:
        for line in error.lines(language())[:PROBLEMS_SHOWN_MAX]:
            typer.echo(line, err=True)
        if len(error.problems) > PROBLEMS_SHOWN_MAX:
            typer.echo(cli("estate.more_mistakes", count=len(error.problems) - PROBLEMS_SHOWN_MAX), err=True)
        fail("estate_file", count=len(error.problems))


def _read(path: Path, **given: Any) -> EstateFile:
    try:
        return load(path, **given)
    except OSError as error:
        fail("file", path=error.filename or path, what=error.strerror)
    except UnicodeDecodeError:
        fail("encoding", path=path)


def _tables(**named: Path | None) -> dict[str, Path]:
    return {kind: path for kind, path in named.items() if path is not None}


def _present(context: Context, estate: str) -> dict[str, Collection[str]]:
    """The ids that a system has in each register; none where there is no such estate yet."""
    known = context.estates.get(estate) if context.made else None
    return {name: getattr(known or Estate(estate), name).keys() for name in REGISTERS}


@contextmanager
def _progress(*, quiet: bool) -> Iterator[Progress | None]:
    """A bar for each part of the work, on a terminal only."""
    if quiet or not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import Progress as Bars
    from rich.progress import TaskID

    with Bars(console=Console(stderr=True), transient=True) as bars:
        tasks: dict[str, TaskID] = {}

        def tell(what: str, done: int, whole: int) -> None:
            name = cli("estate.recording") if what == RECORDING else what
            task = tasks[what] = tasks[what] if what in tasks else bars.add_task(name, total=whole)
            bars.update(task, completed=done, total=whole)

        yield tell


def change_line(change: Change) -> str:
    """One change of an import in words."""
    return cli(
        f"estate.{change.kind}", register=cli(f"estate.register.{change.register}"), entry=change.entry
    )


def _problems(error: EstateFileError) -> list[dict[str, Any]]:
    return [
        {
            "file": p.file or error.name,
            "line": p.line,
            "place": p.place,
            "value": p.value,
            "expected": say(p.expected, language()),
        }
        for p in error.problems
    ]


@app.command("validate", help=cli("estate.validate"))
def validate(
    file: FileArgument,
    homes: TableOption = None,
    residents: TableOption = None,
    vehicles: TableOption = None,
    credentials: TableOption = None,
    _data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Checks a file and its tables; lists every mistake, exit 1 when there are any. `--data` goes with every
    command and changes nothing here: a file is checked by itself."""
    tables = _tables(homes=homes, residents=residents, vehicles=vehicles, credentials=credentials)
    try:
        with _progress(quiet=as_json) as told:
            read = _read if as_json else load_file
            found = read(file, tables=tables, progress=told)
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
def import_(
    file: FileArgument,
    homes: TableOption = None,
    residents: TableOption = None,
    vehicles: TableOption = None,
    credentials: TableOption = None,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Brings the registers to what the file and its tables say: all of it, or nothing where there is a
    mistake."""
    tables = _tables(homes=homes, residents=residents, vehicles=vehicles, credentials=credentials)
    with system(data, create=True) as context, _progress(quiet=as_json) as told:
        wanted = load_file(
            file,
            tables=tables,
            present=lambda estate: _present(context, estate),
            radio_key=lambda: context.hmac_key,
            progress=told,
        )
        try:
            changes = import_estate(context.log, wanted, told)
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


@app.command("quality", help=cli("estate.quality"))
def quality(data: DataOption = None, estate: EstateOption = None, as_json: JsonOption = False) -> None:
    """How good the registers are, at the log's present moment. Brings their read model up to date first."""
    from projections.quality import quality as quality_of
    from projections.registers import Registers
    from projections.runner import ProjectionRunner

    with system(data) as context:
        if estate is not None:
            context.estate(estate)
        ProjectionRunner(context.log, context.views, kinds=(Registers,)).catch_up()
        with context.views.connect() as connection:
            found = quality_of(connection, context.log.now_us(), estate)
    if as_json:
        show_json([{"at": moment(each.pop("at_us")), **each} for each in found])
        return
    for each in found:
        counts = [text(f"quality.count.{name}", language(), count=n) for name, n in each["counts"].items()]
        typer.echo(f"{each['estate']}  {moment(each['at_us'])}  {'  '.join(counts)}")
        rows = [
            {
                "finding": text(f"quality.finding.{finding['kind']}", language()),
                "count": finding["count"],
                "of": finding["of"],
                "first": finding["entries"][:FIRST_SHOWN],
            }
            for finding in each["findings"]
        ]
        show_table("estate", ("finding", "count", "of", "first"), rows, as_json=False)
    if not found:
        typer.echo(cli("estate.no_registers"))


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
