"""`gatehouse quarantine list|show|release`: what could not be taken in, and taking it in after a fix."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from eventlog.ports import EventLog, Quarantined
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
from gatehouse.say import cli

app = sub_app("quarantine")
BATCH = 500
COLUMNS = ("id", "received_at", "estate", "reason", "topic", "detail")


def _row(kept: Quarantined) -> dict[str, Any]:
    reject = kept.reject
    return {
        "id": kept.id,
        "received_at": moment(reject.received_us),
        "estate": reject.estate or None,
        "topic": reject.topic,
        "reason": reject.reason,
        "detail": reject.detail,
        "index": reject.index,
        "bytes": len(reject.payload),
        "released_at": moment(kept.released_us),
    }


@app.command("list", help=cli("quarantine.list"))
def list_(
    limit: Annotated[int, typer.Option("--limit", min=1, max=100_000, help=cli("quarantine.limit"))] = 100,
    after: Annotated[int, typer.Option("--after", min=0, help=cli("quarantine.after"))] = 0,
    released: Annotated[bool, typer.Option("--released", help=cli("quarantine.released_too"))] = False,
    estate: EstateOption = None,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """What waits, the oldest first."""
    with system(data) as context:
        found = context.log.quarantined(after=after, limit=limit, include_released=released)
        counts = context.log.quarantine_counts()
    rows = [_row(kept) for kept in found if estate is None or kept.reject.estate == estate]
    show_table("quarantine", COLUMNS, rows, as_json=as_json)
    if not as_json:
        by_reason = ", ".join(f"{reason} {count}" for reason, count in sorted(counts.items())) or "0"
        typer.echo(cli("quarantine.counts", total=sum(counts.values()), reasons=by_reason))


@app.command("show", help=cli("quarantine.show"))
def show(
    quarantine_id: Annotated[int, typer.Argument(metavar="ID", help=cli("quarantine.id"))],
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """One message with its raw bytes, as text where they are text, else in hexadecimal."""
    with system(data) as context:
        kept = context.log.quarantined_one(quarantine_id)
    if kept is None:
        fail("no_quarantined", id=quarantine_id)
    text, encoding = _readable(kept.reject.payload)
    whole = {**_row(kept), "payload": text, "payload_encoding": encoding}
    if as_json:
        show_json(whole)
        return
    for name, value in whole.items():
        if value is not None and name != "payload":
            typer.echo(f"{name:<17} {value}")
    typer.echo(text)


def _readable(payload: bytes) -> tuple[str, str]:
    try:
        return payload.decode("utf-8"), "utf-8"
    except UnicodeDecodeError:
        return payload.hex(), "hex"


@app.command("release", help=cli("quarantine.release"))
def release(
    ids: Annotated[list[int] | None, typer.Argument(metavar="[ID]...", help=cli("quarantine.id"))] = None,
    every: Annotated[bool, typer.Option("--all", help=cli("quarantine.all"))] = False,
    reason: Annotated[str | None, typer.Option("--reason", help=cli("quarantine.reason"))] = None,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Judges messages again and takes the good ones in; exit 1 when one of them is still bad."""
    if not ids and not every and reason is None:
        fail("release_what")
    with system(data) as context:
        chosen = ids or _waiting(context.log, reason)
        rows = [_release(context, each) for each in chosen]
    show_table(
        "quarantine", ("id", "outcome", "recorded", "repeated", "reason", "detail"), rows, as_json=as_json
    )
    if any(row["outcome"] == "still_bad" for row in rows):
        raise typer.Exit(1)


def _waiting(log: EventLog, reason: str | None) -> list[int]:
    found: list[int] = []
    after = 0
    while True:
        batch = log.quarantined(after=after, limit=BATCH)
        found.extend(kept.id for kept in batch if reason is None or kept.reject.reason == reason)
        if len(batch) < BATCH:
            return found
        after = batch[-1].id


def _release(context: Context, quarantine_id: int) -> dict[str, Any]:
    from ingest.quarantine import release as release_one

    settings = context.settings
    try:
        done = release_one(context.log, quarantine_id, hmac_key=context.hmac_key, time_mode=settings.time)
    except LookupError:
        fail("no_quarantined", id=quarantine_id)
    return {
        "id": quarantine_id,
        "outcome": done.outcome,
        "recorded": done.recorded,
        "repeated": done.repeated,
        "reason": done.reason or None,
        "detail": done.detail or None,
    }


def add_to(program: typer.Typer) -> None:
    """Adds the group to the program."""
    program.add_typer(app, name="quarantine")
