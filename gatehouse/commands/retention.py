"""`gatehouse log retain|archives`: old months of the log into compressed files, and which there are."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any, cast

import typer

from eventlog.ports import EventLog, LogArchivedError
from eventlog.sql.archives import Archive
from eventlog.sql.log import SqlLog
from eventlog.sql.months import Month
from eventlog.sql.retention import Retention, RetentionError, Told
from gatehouse.commands.common import DataOption, JsonOption, fail, moment, show_json, show_table, system
from gatehouse.commands.log import app
from gatehouse.say import cli

COLUMNS = ("file", "entries", "from", "to", "bytes", "there")


@app.command("retain", help=cli("log.retain"))
def retain(
    before: Annotated[
        str | None, typer.Option("--before", help=cli("log.before"), show_default=False)
    ] = None,
    keep: Annotated[
        int | None, typer.Option("--keep", min=1, max=1_200, help=cli("log.keep"), show_default=False)
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help=cli("log.dry_run"))] = False,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Moves the months that are over and old enough into archives, the oldest first."""
    if (before is None) == (keep is None):
        fail("retain_which")
    with system(data) as context:
        log = _sql(context.log)
        try:
            retention = Retention(log)
            months = retention.months(_limit(before, keep, log))
            _none_behind(retention, months)
            with _progress(quiet=as_json) as told:
                made = [] if dry_run else [retention.archive(month, told) for month in months]
                retention.clear()
        except RetentionError as error:
            fail("log", what=error)
        except OSError as error:
            fail("write", path=error.filename or context.settings.archives, what=error.strerror or error)
        if as_json:
            show_json(
                {"months": [str(month) for month in months], "archives": [_row(log, one) for one in made]}
            )
        elif dry_run:
            typer.echo(cli("log.would_archive", months=", ".join(map(str, months)) or "–"))
        else:
            typer.echo(cli("log.archived", count=len(made), folder=context.settings.archives))
            _table(log, made, as_json=False)


@app.command("archives", help=cli("log.archives"))
def archives(
    check: Annotated[bool, typer.Option("--check", help=cli("log.check_files"))] = False,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """The archives, and whether each file is where it should be; with --check also whether it is whole."""
    with system(data) as context:
        log = _sql(context.log)
        listed = log.archives.listed()
        _table(log, listed, as_json=as_json, check=check)
        if check and not all(_whole(log, one) for one in listed):
            raise typer.Exit(1)


def _sql(log: EventLog) -> SqlLog:
    return cast("SqlLog", log)  # a system's log is always in a database


def _limit(before: str | None, keep: int | None, log: EventLog) -> Month:
    """The first month that stays."""
    if keep is not None:
        return Month.of(log.now_us()).plus(-keep)
    try:
        return Month.parse(before or "")
    except ValueError:
        fail("month", value=before)


def _none_behind(retention: Retention, months: list[Month]) -> None:
    """Readers go on from archives as well, but one that has stood still for months is looked at first."""
    behind = retention.behind(months[-1]) if months else []
    if behind:
        fail("readers_behind", readers=", ".join(behind), month=months[-1])


def _table(log: SqlLog, listed: Any, *, as_json: bool, check: bool = False) -> None:
    show_table("log", COLUMNS, [_row(log, one, check=check) for one in listed], as_json=as_json)


def _row(log: SqlLog, one: Archive, *, check: bool = False) -> dict[str, Any]:
    return {
        "file": one.file,
        "entries": one.last - one.first + 1,
        "first": one.first,
        "last": one.last,
        "from": moment(one.first_us),
        "to": moment(one.last_us),
        "bytes": one.bytes,
        "sha256": one.sha256,
        "there": _whole(log, one) if check else _there(log, one),
    }


def _there(log: SqlLog, one: Archive) -> bool:
    try:
        return log.archives.path(one).stat().st_size == one.bytes
    except LogArchivedError:
        return False


def _whole(log: SqlLog, one: Archive) -> bool:
    return _there(log, one) and log.archives.sha256(one) == one.sha256


@contextmanager
def _progress(*, quiet: bool) -> Iterator[Told]:
    import sys

    if quiet or not sys.stderr.isatty():
        yield lambda *_: None
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as progress:
        tasks = {}

        def told(month: Month, done: int, total: int) -> None:
            if month not in tasks:
                tasks[month] = progress.add_task(str(month), total=total)
            progress.update(tasks[month], completed=done)

        yield told
