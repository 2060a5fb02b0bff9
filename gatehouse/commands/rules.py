"""`gatehouse rules list`: every rule there is, and how it is set in the estate."""

from __future__ import annotations

from typing import Any

import typer

from eventlog.estate import Estate
from gatehouse.commands.common import DataOption, EstateOption, JsonOption, show_table, sub_app, told
from gatehouse.context import NoSystemError, open_context
from gatehouse.say import cli

app = sub_app("rules")


@app.command("list", help=cli("rules.list"))
def list_(data: DataOption = None, estate: EstateOption = None, as_json: JsonOption = False) -> None:
    """The rules with their versions and settings; without a system, their defaults."""
    from processors.rules import RULES

    with told():
        present = _estate(data, estate)
    rows = [_row(name, rule, present) for name, rule in sorted(RULES.items())]
    show_table("rules", ("rule", "version", "active", "settings", "zones"), rows, as_json=as_json)


def _estate(data: Any, estate: str | None) -> Estate | None:
    try:
        with open_context(data) as context:
            return context.estate(estate) if estate or context.estates else None
    except NoSystemError:
        if estate:
            raise
        return None


def _row(name: str, rule: Any, estate: Estate | None) -> dict[str, Any]:
    active = estate.rules.get(name) if estate else None
    settings = active.settings if active else rule.Settings().model_dump(mode="json")
    return {
        "rule": name,
        "version": active.version if active else rule.version,
        "active": None if estate is None else active is not None,
        "settings": settings,
        "zones": active.zones if active else {},
    }


def add_to(program: typer.Typer) -> None:
    """Adds the group to the program."""
    program.add_typer(app, name="rules")
