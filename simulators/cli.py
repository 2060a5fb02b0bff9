"""`gatehouse simulate` and `gatehouse play`. The `gatehouse` room joins them to its program and lends them
accounts through `Environment`; nothing here reads settings or opens a log.
"""

# No `from __future__ import annotations`: typer reads the annotations of the commands made below, and
# those use names of the function around them.

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn, Protocol

import orjson
import typer

from eventlog.catalogue import say, text
from simulators.broker import BrokerError

if TYPE_CHECKING:
    from eventlog.vocabulary import Event
    from simulators.play import Report
    from simulators.scenarios.model import Scenario
    from simulators.verdict import Verdict

BAD_ROWS_SHOWN_MAX = 20
_EXIT_USAGE = 2


class Environment(Protocol):
    """A system as seen from here: where its broker is, and as whom to connect (None: anonymously)."""

    @property
    def broker_url(self) -> str:
        """The broker's address, which may carry user and password."""

    @property
    def language(self) -> str:
        """`zh-CN` or `en`."""

    def gateway_account(self, estate: str) -> tuple[str, str] | None:
        """User and password that may publish for every device of an estate and listen to its alerts."""

    def device_account(self, estate: str, family: str, device: str) -> tuple[str, str] | None:
        """User and password of one device; a gateway's do as well."""

    def lay_over(self, estate: str, events: "Sequence[Event]") -> Callable[[], None]:
        """Brings registry events into an estate's registers; what it gives back puts them as they were.
        Raises ValueError where only a broker is known."""

    def register(self, estate: str, events: "Sequence[Event]") -> bool:
        """Brings registry events into an estate's registers for good, and switches on rules that were never
        heard of; False where only a broker is known."""


class Environments(Protocol):
    """Gives the environment of a command."""

    def __call__(self, data: Path | None, broker: str | None) -> AbstractContextManager[Environment]:
        """The system in a data folder (None: the configured one). `broker` goes before the system's own;
        with a broker and no system in the folder, accounts are None."""


def add_commands(app: typer.Typer, environments: Environments, *, language: str = "en") -> None:
    """Adds the two commands to a program; `language` is that of the help texts."""

    def help_(key: str) -> str:
        return text(f"simulate.cli.{key}", language)

    data_option = typer.Option("--data", help=help_("data"), show_default=False)
    broker_option = typer.Option("--broker", help=help_("broker"), show_default=False)
    json_option = typer.Option("--json", help=help_("json"))

    @app.command("simulate", help=help_("simulate_help"))
    def simulate_command(
        scenario: Annotated[str | None, typer.Argument(help=help_("scenario"), show_default=False)] = None,
        list_: Annotated[bool, typer.Option("--list", help=help_("list"))] = False,
        speed: Annotated[float, typer.Option("--speed", min=0.0, help=help_("speed"))] = 1.0,
        seed: Annotated[int, typer.Option("--seed", help=help_("seed"))] = 0,
        broker: Annotated[str | None, broker_option] = None,
        fault: Annotated[list[str] | None, typer.Option("--fault", help=help_("fault"))] = None,
        date: Annotated[str | None, typer.Option("--date", help=help_("date"))] = None,
        errors: Annotated[float, typer.Option("--errors", min=0.0, help=help_("errors"))] = 1.0,
        incidents: Annotated[bool, typer.Option(help=help_("incidents"))] = True,
        data: Annotated[Path | None, data_option] = None,
        as_json: Annotated[bool, json_option] = False,
    ) -> None:
        """One scenario against a system; exit 1 unless it is as expected. Or a simulated day."""
        if list_:
            _list(language, as_json)
            return
        if scenario is None:
            _fail(text("simulate.cli.need_scenario", language))
        if scenario.startswith("day:"):
            _day(
                scenario,
                environments,
                data,
                broker,
                (date, seed, speed, errors, incidents),
                as_json,
                language,
            )
            return
        _simulate(scenario, environments, data, broker, speed, seed, fault or [], as_json, language)

    @app.command("play", help=help_("play_help"))
    def play_command(
        table: Annotated[Path, typer.Argument(help=help_("table"), show_default=False)],
        map_: Annotated[Path, typer.Option("--map", help=help_("map"), show_default=False)],
        speed: Annotated[float, typer.Option("--speed", min=0.0, help=help_("play_speed"))] = 0.0,
        broker: Annotated[str | None, broker_option] = None,
        bad_rows: Annotated[str, typer.Option("--bad-rows", help=help_("bad_rows"))] = "report",
        data: Annotated[Path | None, data_option] = None,
        as_json: Annotated[bool, json_option] = False,
    ) -> None:
        """A recorded table as device events; exit 1 when rows were bad."""
        _play(table, map_, environments, data, broker, speed, bad_rows, as_json, language)


def _fail(message: str, code: int = _EXIT_USAGE) -> NoReturn:
    typer.echo(message, err=True)
    raise typer.Exit(code)


@contextmanager
def _told(language: str) -> Iterator[None]:
    """Tells the errors that people can do something about."""
    from eventlog.problems import FileError
    from simulators.play import TableError

    try:
        yield
    except FileError as error:
        _fail("\n".join(error.lines(language)))
    except BrokerError as error:
        _fail(str(error), 1)
    except (TableError, OSError, ValueError) as error:
        _fail(str(error))


def _list(language: str, as_json: bool) -> None:
    from simulators.scenarios import names, packaged

    found = [(name, packaged(name)) for name in names()]
    if as_json:
        _show_json([_described(name, scenario) for name, scenario in found])
        return
    for name, scenario in found:
        key = "simulate.cli.silent" if scenario.silent else "simulate.cli.alerts"
        what = text(key, language, count=len(scenario.expect))
        typer.echo(f"{name:<44} {scenario.rule:<24} {what:<12} {say(scenario.title, language)}")


def _described(name: str, scenario: "Scenario") -> dict[str, Any]:
    return {
        "name": name, "rule": scenario.rule, "silent": scenario.silent, "expected": len(scenario.expect),
        "seconds": scenario.length_us / 1e6, "title": scenario.title.model_dump(),
        "story": scenario.story.model_dump(),
    }  # fmt: skip


def _simulate(
    name: str, environments: Environments, data: Path | None, broker: str | None, speed: float, seed: int,
    faults: list[str], as_json: bool, language: str,
) -> None:  # fmt: skip
    from simulators.faults import Faults
    from simulators.run import simulate
    from simulators.scenarios import names, read
    from simulators.telling import silence

    try:
        with _told(language):
            scenario = read(name)
            laid_over = Faults.of(faults, seed)
    except LookupError:
        _fail(text("simulate.cli.no_scenario", language, name=name, near=_near(name, names())))
    estate = scenario.estate.id
    with environments(data, broker) as environment, _told(language):
        accounts = {
            (family, device): environment.device_account(estate, family, device)
            for family, device in _devices(scenario)
        }
        verdict = simulate(
            scenario,
            broker_url=environment.broker_url,
            speed=speed,
            seed=seed,
            credentials=lambda family, device: accounts[family, device],
            gateway=environment.gateway_account(estate),
            faults=laid_over,
            on_line=silence if as_json else typer.echo,
            language=environment.language,
            lay_over=environment.lay_over,
        )
    if as_json:
        _show_json(_outcome(name, verdict))
    raise typer.Exit(verdict.exit_code)


def _day(
    name: str, environments: Environments, data: Path | None, broker: str | None,
    how: tuple[str | None, int, float, float, bool], as_json: bool, language: str,
) -> None:  # fmt: skip
    from simulators.day.command import parse, run

    with environments(data, broker) as environment, _told(language):
        try:
            figures = run(
                parse(name, *how), environment, (lambda _line: None) if as_json else typer.echo, language
            )
        except LookupError as error:
            _fail(str(error.args[0]))
    if as_json:
        _show_json(figures)


def _near(name: str, known: list[str]) -> str:
    from eventlog.problems import near

    return near(name, known)


def _devices(scenario: "Scenario") -> list[tuple[str, str]]:
    from simulators.devices import KINDS

    return [(KINDS[spec.kind].family, device) for device, spec in scenario.devices.items()]


def _outcome(name: str, verdict: "Verdict") -> dict[str, Any]:
    return {
        "scenario": name,
        "ok": verdict.ok,
        "answered": verdict.answered,
        "expected": [
            {
                **judged.expected.model_dump(mode="json"),
                "met": judged.alert is not None,
                "alert": judged.alert.id if judged.alert else None,
                "why": judged.why,
            }
            for judged in verdict.judged
        ],
        "unexpected": [alert.model_dump(mode="json") for alert in verdict.unexpected],
        "unanswerable": verdict.unanswerable,
        "unrelated": [alert.model_dump(mode="json") for alert in verdict.foreign],
    }


def _play(
    table: Path, map_: Path, environments: Environments, data: Path | None, broker: str | None, speed: float,
    bad_rows: str, as_json: bool, language: str,
) -> None:  # fmt: skip
    from simulators.play import play, read_map

    if bad_rows not in {"report", "skip", "stop"}:
        _fail(f"--bad-rows {bad_rows!r}: report, skip, stop")
    with _told(language):
        mapping = read_map(map_)
        if not table.is_file():
            raise FileNotFoundError(2, "No such file", str(table))
    with environments(data, broker) as environment, _told(language), _bar(table, language) as on_progress:
        report = play(
            table,
            mapping,
            broker_url=environment.broker_url,
            account=environment.gateway_account(mapping.estate),
            speed=speed,
            bad_rows=bad_rows,  # type: ignore[arg-type]
            on_progress=on_progress,
        )
    _tell(report, as_json, language)
    raise typer.Exit(report.exit_code)


def _tell(report: "Report", as_json: bool, language: str) -> None:
    bad = [{"file": row.file, "line": row.line, "reason": row.reason} for row in report.bad]
    rate = report.sent / report.seconds if report.seconds else 0.0
    if as_json:
        _show_json(
            {"rows": report.rows, "sent": report.sent, "bad": report.bad_count, "seconds": report.seconds,
             "per_second": rate, "bad_rows": bad}
        )  # fmt: skip
        return
    for row in bad[:BAD_ROWS_SHOWN_MAX]:
        typer.echo(text("simulate.play.bad", language, **row), err=True)
    if report.bad_count > BAD_ROWS_SHOWN_MAX:
        typer.echo(
            text("simulate.play.more", language, count=report.bad_count - BAD_ROWS_SHOWN_MAX), err=True
        )
    typer.echo(
        text(
            "simulate.play.done", language, rows=report.rows, sent=report.sent, bad=report.bad_count,
            seconds=f"{report.seconds:.1f}", rate=f"{rate:,.0f}",
        )
    )  # fmt: skip


@contextmanager
def _bar(table: Path, language: str) -> Iterator[Callable[["Report"], None]]:
    """A progress bar on a terminal; nothing elsewhere."""
    if not sys.stderr.isatty():
        yield lambda _report: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True)) as progress:
        task = progress.add_task(text("simulate.play.progress", language), total=_lines(table))
        yield lambda report: progress.update(task, completed=report.rows)


def _lines(table: Path) -> int:
    """How many rows a table has, about: its line ends but the first."""
    import gzip

    with gzip.open(table, "rb") if table.suffix == ".gz" else table.open("rb") as stream:
        return max(sum(chunk.count(b"\n") for chunk in iter(lambda: stream.read(1 << 20), b"")) - 1, 0)


def _show_json(value: Any) -> None:
    typer.echo(orjson.dumps(value, option=orjson.OPT_INDENT_2).decode())
