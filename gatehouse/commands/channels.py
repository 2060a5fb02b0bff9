"""`gatehouse channel list|test`: the channels outside, and whether one works. Shows no secret."""

from __future__ import annotations

from typing import Annotated

import typer

from gatehouse.channelfile import ChannelFileError, load_channels
from gatehouse.commands.common import DataOption, JsonOption, fail, show_json, show_table, sub_app, told
from gatehouse.say import cli, language
from gatehouse.settings import load
from processors.delivery.routes import Channel, Entry, Routes

app = sub_app("channel")
COLUMNS = ("channel", "by", "language", "timeout_s", "exercises", "recipients")
NameArgument = Annotated[str, typer.Argument(metavar="NAME", help=cli("channel.name"))]


def _routes(data: DataOption) -> Routes:
    with told():
        settings = load({"data": data})
    if settings.channels_file is None:
        fail("no_channels", file=settings.secrets / "channels.toml")
    try:
        return load_channels(settings.channels_file, settings.language)
    except ChannelFileError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(2) from error


@app.command("list", help=cli("channel.list"))
def list_channels(data: DataOption = None, as_json: JsonOption = False) -> None:
    """Every channel with whom it reaches, in the order in which that recipient's channels are tried."""
    routes = _routes(data)
    rows = [
        {
            "channel": each.name,
            "by": each.url.partition("://")[0],
            "language": each.language,
            "timeout_s": each.timeout_s,
            "exercises": each.exercises,
            "recipients": [_shown(entry, each) for entry in routes.entries if each.name in entry.channels],
        }
        for each in routes.channels.values()
    ]
    show_table("channel", COLUMNS, rows, as_json=as_json)


def _shown(entry: Entry, channel: Channel) -> str:
    who = f"{entry.kind}:{entry.name or '*'}"
    return f"{who} ({entry.channels.index(channel.name) + 1})"


@app.command("test", help=cli("channel.test"))
def try_channel(name: NameArgument, data: DataOption = None, as_json: JsonOption = False) -> None:
    """Sends a text that says to be a test, and tells what came of it; exit 1 when it failed."""
    from eventlog.catalogue import text
    from processors.delivery.letters import Letter
    from processors.delivery.senders import AppriseSender

    routes = _routes(data)
    channel = routes.channels.get(name)
    if channel is None:
        fail("no_channel", name=name, known=", ".join(routes.channels) or "–")
    spoken = language() if channel.language == "both" else channel.language
    letter = Letter(text("delivery.test.title", spoken), text("delivery.test.body", spoken, channel=name))
    error = AppriseSender(channel)(letter)
    if as_json:
        show_json({"channel": name, "sent": error is None, "error": error})
    else:
        typer.echo(cli("channel.failed" if error else "channel.sent", name=name, what=error))
    if error:
        raise typer.Exit(1)


def add_to(program: typer.Typer) -> None:
    """Adds the group to the program."""
    program.add_typer(app, name="channel")
