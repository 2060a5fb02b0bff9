"""`gatehouse docs asyncapi|write`: the documents that are made from the code."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gatehouse.asyncapi import write_asyncapi
from gatehouse.commands.common import DataOption, fail, sub_app
from gatehouse.say import cli

app = sub_app("docs")
ASYNCAPI_FILE = Path("docs/api/asyncapi.yaml")
RULES_FILE = Path("docs/rules.md")


@app.command("asyncapi", help=cli("docs.asyncapi"))
def asyncapi(
    out: Annotated[Path | None, typer.Option("--out", help=cli("docs.out"), show_default=False)] = None,
    _data: DataOption = None,
) -> None:
    """The AsyncAPI 3 document of the vocabulary, to a file or to standard output; of any system the same."""
    if out is None:
        typer.echo(write_asyncapi(), nl=False)
    else:
        _write(out, write_asyncapi())


@app.command("write", help=cli("docs.write"))
def write(_data: DataOption = None) -> None:
    """Writes every document that is made from the code to its place below this folder."""
    if not ASYNCAPI_FILE.parent.is_dir():
        fail("not_the_project", folder=ASYNCAPI_FILE.parent)
    for file, content in made_documents().items():
        _write(file, content)


def made_documents() -> dict[Path, str]:
    """The documents made from the code, by their place in the project."""
    from processors.rules import document

    return {ASYNCAPI_FILE: write_asyncapi(), RULES_FILE: document()}


def _write(file: Path, content: str) -> None:
    try:
        file.write_text(content, "utf-8")
    except OSError as error:
        fail("write", path=file, what=error.strerror)
    typer.echo(cli("docs.written", path=file), err=True)


def add_to(program: typer.Typer) -> None:
    """Adds the group to the program."""
    program.add_typer(app, name="docs")
