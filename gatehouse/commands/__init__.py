"""The commands of the command line, one subject a file; each exports typer groups or functions.

They say their texts from the catalogue's `cli` and leave the work to the rooms. A command's file is imported
when it is typed: most of what the other commands need would be loaded for nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup

LATER = {
    "estate": ("estate", "cli.estate.help"),
    "log": ("log", "cli.log.help"),
    "quarantine": ("quarantine", "cli.quarantine.help"),
    "projections": ("projections", "cli.projections.help"),
    "rules": ("rules", "cli.rules.help"),
    "user": ("accounts", "cli.user.help"),
    "device": ("accounts", "cli.device.help"),
    "channel": ("channels", "cli.channel.help"),
    "broker-config": ("broker", "cli.broker.help"),
    "docs": ("docs", "cli.docs.help"),
    "doctor": ("doctor", "cli.doctor.help"),
    "simulate": ("simulate", "simulate.cli.simulate_help"),
    "play": ("simulate", "simulate.cli.play_help"),
    "evaluate": ("evaluate", "evaluate.help"),
}
"""Every command but those that run parts: the file it stands in, and its help in the catalogue."""


class LazyGroup(TyperGroup):
    """Knows its commands by name and help, and imports the one that is typed."""

    def list_commands(self, ctx: Any) -> list[str]:
        """Those of the program itself, then the others."""
        return [*super().list_commands(ctx), *(name for name in LATER if name not in self.commands)]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Of one that is not imported, what the list of commands needs."""
        if cmd_name in self.commands or cmd_name not in LATER:
            return super().get_command(ctx, cmd_name)
        from eventlog.catalogue import text
        from gatehouse.say import language

        return TyperCommand(cmd_name, help=text(LATER[cmd_name][1], language()))

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """The command that is typed, whole."""
        if args[0] in LATER and args[0] not in self.commands:
            self.commands[args[0]] = _whole(args[0])
        return super().resolve_command(ctx, args)


def _whole(name: str) -> Any:
    app = typer.Typer()
    import_module(f"{__name__}.{LATER[name][0]}").add_to(app)
    return typer.main.get_group(app).commands[name]


def add_to(app: typer.Typer) -> None:
    """Adds every one of them to a program, imported."""
    for file in dict.fromkeys(file for file, _ in LATER.values()):
        import_module(f"{__name__}.{file}").add_to(app)
