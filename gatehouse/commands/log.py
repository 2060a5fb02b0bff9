"""`gatehouse log tail|show|trace|export|verify`: the event log, read only; `retention.py` archives it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from typing import Annotated, Any
from uuid import UUID

import orjson
import typer

from eventlog import topics
from eventlog.ports import EventLog, Position, Recorded, Verified
from eventlog.times import to_us
from eventlog.trace import trace_in
from gatehouse.commands.common import (
    DataOption,
    EstateOption,
    JsonOption,
    fail,
    moment,
    parse_moment,
    show_json,
    show_table,
    sub_app,
    system,
)
from gatehouse.context import Context
from gatehouse.say import cli
from gatehouse.tracing import Told, Trace, alert_named, follow, origin_of

app = sub_app("log")
BATCH = 1_000
VERIFY_BATCH = 20_000
LINE_CHARACTERS_MAX = 160
WAIT_S = 1.0

Bar = Callable[[int], None]
"""Told how many entries have been checked."""

TypesOption = Annotated[list[str] | None, typer.Option("--types", help=cli("log.types"), show_default=False)]


def as_cloud_event(entry: Recorded) -> dict[str, Any]:
    """An entry as it goes out: the CloudEvent as stored, and the log's fields as extensions of it."""
    document: dict[str, Any] = orjson.loads(entry.body)
    return {
        **document,
        "estate": entry.estate,
        "dataversion": entry.version,
        "position": entry.position,
        "receivedat": moment(entry.received_us),
        "recordedat": moment(entry.recorded_us),
        "hash": entry.hash.hex(),
    }


def _line(entry: Recorded) -> str:
    data = orjson.dumps(orjson.loads(entry.body).get("data", {})).decode()
    at = entry.recorded_at.astimezone().strftime("%m-%d %H:%M:%S.%f")[:-3]
    line = f"{entry.position:>8}  {at}  {entry.type:<26} {entry.source}  {data}"
    return line if len(line) <= LINE_CHARACTERS_MAX else line[: LINE_CHARACTERS_MAX - 1] + "…"


def _say(entry: Recorded, *, as_json: bool) -> None:
    typer.echo(orjson.dumps(as_cloud_event(entry)).decode() if as_json else _line(entry))


def _types(given: Sequence[str] | None) -> frozenset[str] | None:
    """`--types a,b --types c`; `alert.*` stands for all of a family."""
    from eventlog.vocabulary import TYPES

    if not given:
        return None
    found: set[str] = set()
    for name in (part.strip() for each in given for part in each.split(",")):
        family = (
            {t for t in TYPES if t.startswith(name[:-1])} if name.endswith(".*") else {name} & TYPES.keys()
        )
        if not family:
            fail("type", value=name)
        found |= family
    return frozenset(found)


@app.command("tail", help=cli("log.tail"))
def tail(
    follow: Annotated[bool, typer.Option("--follow", "-f", help=cli("log.follow"))] = False,
    count: Annotated[int, typer.Option("-n", "--lines", min=0, max=100_000, help=cli("log.lines"))] = 20,
    types: TypesOption = None,
    estate: EstateOption = None,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """The last entries, and with --follow what comes after them, until interrupted."""
    chosen = _types(types)
    with system(data) as context:
        log = context.log
        after = log.head()
        for entry in reversed(log.read_back(before=after + 1, limit=count, estate=estate, types=chosen)):
            _say(entry, as_json=as_json)
        while follow:
            if not log.wait(after, WAIT_S):
                continue
            # Entries of other types are passed too, or every wait would return at once.
            head = log.head()
            for entry in _between(log, after, head, estate, chosen):
                _say(entry, as_json=as_json)
            after = head


def _between(
    log: EventLog, after: Position, upto: Position, estate: str | None, types: frozenset[str] | None
) -> Iterator[Recorded]:
    while after < upto:
        batch = log.read(after=after, limit=BATCH, estate=estate, types=types)
        for entry in batch:
            if entry.position > upto:
                return
            yield entry
        if len(batch) < BATCH:
            return
        after = batch[-1].position


@app.command("show", help=cli("log.show"))
def show(
    which: Annotated[str, typer.Argument(metavar="POSITION_OR_ID", help=cli("log.which"))],
    source: Annotated[str | None, typer.Option("--source", help=cli("log.source"))] = None,
    data: DataOption = None,
    _as_json: JsonOption = False,  # taken as with every command, and always so
) -> None:
    """One entry, whole, by its position or its event's id; always JSON."""
    with system(data) as context:
        entries = _found(context, which, source)
        if not entries:
            fail("no_entry", which=which)
        show_json([as_cloud_event(e) for e in entries] if len(entries) > 1 else as_cloud_event(entries[0]))


def _found(context: Context, which: str, source: str | None) -> list[Recorded]:
    log = context.log
    if source is not None:
        entry = log.find(source, which)
        return [entry] if entry else []
    if which.isdigit() and (at := log.at([int(which)])):
        return list(at)
    known = [log.find(each, which) for each in _sources(context)]
    if found := [entry for entry in known if entry]:
        return found
    return _searched(log, which)


def _sources(context: Context) -> Iterator[str]:
    """The sources that the registers know: by them an id is found at once."""
    for estate in context.estates.values():
        for own in ("gatehouse", "registry", "console"):
            yield f"estates/{estate.id}/{own}"
        for device in estate.devices.values():
            yield topics.device_source(estate.id, device.family, device.device)


def _searched(log: EventLog, which: str) -> list[Recorded]:
    """From the newest on: the source may be one that no register names."""
    before: Position | None = None
    while True:
        batch = log.read_back(before=before, limit=BATCH)
        for entry in batch:
            if entry.id == which:
                return [entry]
        if len(batch) < BATCH:
            return []
        before = batch[-1].position


@app.command("trace", help=cli("log.trace"))
def trace(
    which: Annotated[str, typer.Argument(metavar="TRACE_OR_ID", help=cli("log.which_trace"))],
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """What became of an event, step by step, with the time each took."""
    with system(data) as context:
        begun = _begun(context, which)
        if begun is None:
            fail("no_entry", which=which)
        found = follow(context.log, origin_of(context.log, begun))
    rows = [_step(found, told) for told in found.steps]
    if as_json:
        show_json({"trace": found.trace, "from_device": found.from_device, "steps": rows})
        return
    typer.echo(cli("log.traced", trace=found.trace))
    show_table("log.trace_steps", ("position", "at", "after_ms", "step", "type", "says"), rows, as_json=False)


def _begun(context: Context, which: str) -> Recorded | None:
    """The entry that a trace, a position, an event's or an alert's id names."""
    known = trace_in(which)
    if known is None and which.isdigit():
        return next(iter(context.log.at([int(which)])), None)
    by_trace = context.log.identified(bytes.fromhex(known)) if known else None
    if by_trace:
        return by_trace
    alert = str(UUID(known)) if known else which
    return alert_named(context.log, alert) or next(iter(_found(context, which, None)), None)


def _step(found: Trace, told: Told) -> dict[str, Any]:
    after_ms = (told.entry.recorded_us - found.origin.recorded_us) / 1_000
    return {
        "position": told.entry.position, "at": moment(told.entry.recorded_us), "after_ms": round(after_ms, 1),
        "step": cli(f"log.step.{told.step}"), "type": told.entry.type, "says": told.says,
    }  # fmt: skip


@app.command("export", help=cli("log.export"))
def export(
    since: Annotated[str | None, typer.Option("--from", help=cli("log.from"), show_default=False)] = None,
    until: Annotated[str | None, typer.Option("--to", help=cli("log.to"), show_default=False)] = None,
    types: TypesOption = None,
    estate: EstateOption = None,
    data: DataOption = None,
    _as_json: JsonOption = False,  # taken as with every command, and always so
) -> None:
    """Entries as JSON lines: CloudEvents with the log's fields. `--from` is included, `--to` is not."""
    first, last, chosen = parse_moment(since), parse_moment(until), _types(types)
    with system(data) as context:
        log = context.log
        after = log.position_at(to_us(first) - 1) if first else 0
        upto = log.position_at(to_us(last) - 1) if last else log.head()
        out = sys.stdout.buffer
        for entry in _between(log, after, upto, estate, chosen):
            out.write(orjson.dumps(as_cloud_event(entry), option=orjson.OPT_APPEND_NEWLINE))
        out.flush()


@app.command("verify", help=cli("log.verify"))
def verify(data: DataOption = None, as_json: JsonOption = False) -> None:
    """Checks the chain of hashes from the first entry; exit 1 names the first one touched."""
    with system(data) as context, _progress(context.log.head(), quiet=as_json) as bar:
        outcome = check_chain(context.log, bar)
    if as_json:
        show_json(
            {
                "entries": outcome.entries,
                "head_hash": outcome.head_hash.hex(),
                "first_bad": outcome.first_bad,
                "problem": outcome.problem or None,
            }
        )
    elif outcome.first_bad is None:
        typer.echo(cli("log.sound", entries=outcome.entries, hash=outcome.head_hash.hex()))
    else:
        typer.echo(cli("log.touched", position=outcome.first_bad, problem=outcome.problem), err=True)
    if outcome.first_bad is not None:
        raise typer.Exit(1)


def check_chain(log: EventLog, told: Bar = lambda _: None) -> Verified:
    """The whole chain, a bounded piece at a time; stops at the first entry touched."""
    checked = 0
    while True:
        piece = log.verify(after=checked, limit=VERIFY_BATCH)
        checked += piece.entries
        told(checked)
        if piece.first_bad is not None or piece.entries < VERIFY_BATCH:
            return Verified(checked, piece.head_hash, piece.first_bad, piece.problem)


@contextmanager
def _progress(total: int, *, quiet: bool) -> Iterator[Bar]:
    if quiet or not sys.stderr.isatty():
        yield lambda _: None
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task(cli("log.verifying"), total=total)
        yield lambda checked: progress.update(task, completed=checked)


def add_to(program: typer.Typer) -> None:
    """Adds the group to the program."""
    import_module("gatehouse.commands.retention")  # adds its own to the group, once
    program.add_typer(app, name="log")
