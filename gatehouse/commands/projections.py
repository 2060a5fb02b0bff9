"""`gatehouse projections list|rebuild`: the read models, how far they are, and building them anew."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Annotated, Any

import typer

from gatehouse.commands.common import DataOption, JsonOption, fail, show_table, sub_app, system
from gatehouse.context import Context
from gatehouse.say import cli

app = sub_app("projections")


@app.command("list", help=cli("projections.list"))
def list_(data: DataOption = None, as_json: JsonOption = False) -> None:
    """Every read model with its version, its position and how far it is behind the log."""
    with system(data) as context:
        rows = _rows(context)
    columns = ("name", "version", "live", "position", "behind")
    show_table("projections", columns, rows, as_json=as_json)


def _rows(context: Context) -> list[dict[str, Any]]:
    from projections import generations as g
    from projections.runner import PROJECTIONS

    g.make_tables(context.views)
    head = context.log.head()
    with context.views.connect() as connection:
        found = g.generations(connection)
    rows: list[dict[str, Any]] = [
        {
            "name": one.name,
            "version": one.version,
            "generation": one.generation,
            "live": one.live,
            "position": one.position,
            "behind": max(head - one.position, 0),
        }
        for one in found
    ]
    missing = [kind for kind in PROJECTIONS if kind.name not in {one.name for one in found}]
    rows.extend(
        {
            "name": kind.name,
            "version": kind.version,
            "generation": None,
            "live": False,
            "position": 0,
            "behind": head,
        }
        for kind in missing
    )
    return sorted(rows, key=lambda row: (row["name"], row["generation"] or 0))


@app.command("rebuild", help=cli("projections.rebuild"))
def rebuild(
    names: Annotated[
        list[str] | None, typer.Argument(metavar="[NAME]...", help=cli("projections.name"))
    ] = None,
    every: Annotated[bool, typer.Option("--all", help=cli("projections.all"))] = False,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Builds read models anew from the log, beside the live ones, and switches; also while it runs."""
    from projections.generations import GoneError
    from projections.runner import PROJECTIONS, ProjectionRunner

    known = [kind.name for kind in PROJECTIONS]
    if not names and not every:
        fail("rebuild_what", known=", ".join(known))
    for name in names or ():
        if name not in known:
            fail("no_projection", name=name, known=", ".join(known))
    with system(data) as context:
        runner = ProjectionRunner(context.log, context.views)
        for name in names or known:
            with _progress(name, quiet=as_json) as told:
                try:
                    runner.rebuild(name, told)
                except GoneError as error:
                    fail("rebuild_gone", what=error)
            if not as_json:
                typer.echo(cli("projections.rebuilt", name=name), err=True)
        rows = [row for row in _rows(context) if row["name"] in (names or known)]
    show_table("projections", ("name", "version", "live", "position", "behind"), rows, as_json=as_json)


@contextmanager
def _progress(name: str, *, quiet: bool) -> Iterator[Callable[[int, int], None] | None]:
    if quiet or not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task(name, total=None)
        yield lambda position, head: progress.update(task, completed=position, total=head)


def add_to(program: typer.Typer) -> None:
    """Adds the group to the program."""
    program.add_typer(app, name="projections")
