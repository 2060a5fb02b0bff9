"""Runs commands in this process, as typed, in English."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import typer
from typer.testing import CliRunner, Result


class Cli:
    """The command line on one data folder."""

    def __init__(self, data: Path) -> None:
        from gatehouse.commands import add_to

        self.data = data
        self._app = typer.Typer()
        add_to(self._app)

    def __call__(self, *words: object, code: int = 0, stdin: str | None = None) -> Result:
        """The outcome of a command that takes `--data`; fails when it ends with another code."""
        return self.bare(*words, "--data", self.data, code=code, stdin=stdin)

    def bare(self, *words: object, code: int = 0, stdin: str | None = None) -> Result:
        """The outcome of a command as it is."""
        result = CliRunner().invoke(self._app, [str(word) for word in words], input=stdin)
        if result.exception and not isinstance(result.exception, SystemExit):
            raise result.exception
        assert result.exit_code == code, result.output
        return result

    def json(self, *words: object, code: int = 0) -> Any:
        """What a command prints with `--json`."""
        return json.loads(self(*words, "--json", code=code).stdout)
