"""`gatehouse evaluate`: simulated days with known incidents through the very rules, in virtual time."""

from __future__ import annotations

import gc
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from itertools import count
from multiprocessing import get_context
from typing import TYPE_CHECKING, Annotated, Any
from zoneinfo import ZoneInfo

import typer

from eventlog.catalogue import text
from gatehouse.commands.common import JsonOption, show_json
from gatehouse.say import language

if TYPE_CHECKING:
    from simulators.evaluation.report import Report, Worst
    from simulators.evaluation.run import Plan

CASES_SHOWN_MAX = 30
DAYS_BETWEEN_CLEARINGS = 10
PARTS_BETWEEN_CLEARINGS = 5
_PARTS = count(1)
TIME_ZONE = "Asia/Shanghai"
"""Of all simulated estates."""
_EXIT_USAGE = 2


def _say(key: str, **params: object) -> str:
    return text(f"evaluate.{key}", language(), **params)


def evaluate_command(
    days: Annotated[int, typer.Option("--days", min=1, max=3_660, help=_say("option.days"))] = 1,
    seed: Annotated[int, typer.Option("--seed", help=_say("option.seed"))] = 1,
    seeds: Annotated[int, typer.Option("--seeds", min=1, max=10_000, help=_say("option.seeds"))] = 1,
    jobs: Annotated[int, typer.Option("--jobs", min=1, max=256, help=_say("option.jobs"))] = 1,
    preset: Annotated[str, typer.Option("--preset", help=_say("option.preset"))] = "pilot",
    error_scale: Annotated[
        float, typer.Option("--error-scale", min=0.0, max=100.0, help=_say("option.error_scale"))
    ] = 1.0,
    no_incidents: Annotated[bool, typer.Option("--no-incidents", help=_say("option.incidents"))] = False,
    faults: Annotated[bool, typer.Option("--faults", help=_say("option.faults"))] = False,
    as_json: JsonOption = False,
) -> None:
    """Recall and false alarms per rule."""
    from simulators.day.world import PRESETS
    from simulators.evaluation.run import Plan

    if preset not in PRESETS:
        typer.echo(_say("option.no_preset", preset=preset, known=", ".join(PRESETS)), err=True)
        raise typer.Exit(_EXIT_USAGE)
    plan = Plan(preset, days, seed, seeds, error_scale, not no_incidents, faults)
    report = measured(plan, jobs)
    if as_json:
        show_json(report.as_json())
    else:
        _show(report)


def measured(plan: Plan, jobs: int = 1) -> Report:
    """Runs a plan with the real rules, in so many processes, with a bar on a terminal; its seconds are the
    processors'. The report is the same for any number of them."""
    from simulators.evaluation.run import courses, pooled

    parts = list(courses(plan))
    with _bar(plan.days * len(parts)) as on_day:
        if jobs == 1:
            return pooled(plan, (_part(plan, *part, on_day) for part in parts))
        with get_context("fork").Pool(min(jobs, len(parts))) as pool:
            return pooled(plan, _told_of(pool.imap(partial(_alone, plan), parts), plan.days, on_day))


def _alone(plan: Plan, part: tuple[int, int]) -> Report:
    """An estate in a process of a pool."""
    return _part(plan, *part, lambda: None)


def _told_of(reports: Iterable[Report], days: int, on_day: Callable[[], None]) -> Iterator[Report]:
    """Each report as it comes, with its days on the bar."""
    for report in reports:
        for _ in range(days):
            on_day()
        yield report


def _part(plan: Plan, seed: int, place: int, on_day: Callable[[], None]) -> Report:
    """One estate. What is in circles is let go now and then: looking for it all the time took a third."""
    from gatehouse.judging import StepJudge
    from simulators.evaluation.run import one_estate

    began_s = time.process_time()
    collecting = gc.isenabled()
    gc.disable()
    try:
        report = one_estate(plan, seed, place, StepJudge, _clearing(on_day))
    finally:
        if collecting:
            gc.enable()
    if next(_PARTS) % PARTS_BETWEEN_CLEARINGS == 0:
        gc.collect()
    report.seconds = time.process_time() - began_s
    return report


def _clearing(on_day: Callable[[], None]) -> Callable[[], None]:
    """Lets what is done with go, now and then."""
    days = count(1)

    def done() -> None:
        on_day()
        if next(days) % DAYS_BETWEEN_CLEARINGS == 0:
            gc.collect()

    return done


@contextmanager
def _bar(total: int) -> Iterator[Callable[[], None]]:
    """A progress bar on a terminal; nothing elsewhere."""
    if not sys.stderr.isatty():
        yield lambda: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True)) as progress:
        task = progress.add_task(_say("progress.days"), total=total)
        yield lambda: progress.advance(task)


def _show(report: Report) -> None:
    from rich.console import Console

    from simulators.evaluation.report import PERCENT_FROM

    console = Console(width=None if sys.stdout.isatty() else 200)
    document = report.as_json()
    typer.echo(
        _say(
            "report.title", preset=report.preset, seed=_seeds(report), days=report.days,
            estates=report.estates, events=f"{report.events:,}", seconds=f"{report.seconds:.1f}",
        )
    )  # fmt: skip
    console.print(_table(report))
    typer.echo(_say("report.percent", count=PERCENT_FROM))
    typer.echo(_say("report.load", **document["alerts_per_10min"]))
    typer.echo(_say("report.hourly", alerts=f"{report.alerts / report.estate_days / 24:.2f}"))
    shares = {name: f"{share:.1%}" for name, share in document["severity_shares"].items()}
    typer.echo(_say("report.severities", **shares))
    typer.echo(_say("report.quiet", count=report.quiet))
    if history := report.total().history:
        typer.echo(_say("report.history", count=history))
    for key, cases in (("missed", report.missed), ("false", report.false)):
        if cases:
            typer.echo(f"\n{_say(f'report.{key}')}")
        for case in cases[:CASES_SHOWN_MAX]:
            _case(case)


def _seeds(report: Report) -> str:
    return str(report.seed) if report.seeds == 1 else f"{report.seed}–{report.seed + report.seeds - 1}"


def _table(report: Report) -> Any:
    from rich.table import Table

    from simulators.evaluation.report import Figures, recall_words

    columns = (
        "rule", "incidents", "found", "recall", "false", "false_per_day", "loud", "doubles", "told", "severe",
        "consequences", "of_sensors",
    )  # fmt: skip
    table = Table(*(_say(f"column.{name}") for name in columns))

    def row(name: str, figures: Figures) -> None:
        table.add_row(
            name, str(figures.incidents), str(figures.found), recall_words(figures), str(figures.false),
            f"{figures.false / report.estate_days:.2f}", str(figures.loud), str(figures.doubles),
            str(figures.told_doubles), str(figures.severe_doubles), str(figures.consequences),
            str(figures.of_sensors),
        )  # fmt: skip

    for name in sorted(report.rules):
        row(name, report.rules[name])
    row(_say("report.total"), report.total())
    return table


def _case(case: Worst) -> None:
    from eventlog.times import from_us

    told, label = case.told, case.label
    at_us = told.told_us if told else label.at_us if label else 0
    where = told.zone if told else label.zone if label else ""
    story = label.story if label else ""
    moment = from_us(at_us).astimezone(ZoneInfo(TIME_ZONE)).strftime("%m-%d %H:%M:%S")
    typer.echo(f"{moment}  {case.rule}  {case.estate}/{where}  {told.severity if told else ''}  {story}")
    for event in case.events:
        typer.echo(f"      {event}")


def add_to(program: typer.Typer) -> None:
    """Adds the command to the program."""
    program.command("evaluate", help=_say("help"))(evaluate_command)
