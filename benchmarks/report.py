"""The figures as a table, each beside its target."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from rich.console import Console
from rich.table import Table


@dataclass(frozen=True)
class Figure:
    """One measured value. `spread` are the single runs it is the median of."""

    name: str
    value: float
    unit: str
    spread: tuple[float, ...] = ()
    target: float | None = None
    better: Literal["more", "less"] = "more"
    note: str = ""

    @property
    def met(self) -> bool | None:
        """Whether the target is met; None where there is none."""
        if self.target is None:
            return None
        return self.value >= self.target if self.better == "more" else self.value <= self.target


def number(value: float) -> str:
    """As many digits as say something."""
    if abs(value) >= 1_000:
        return f"{value:,.0f}"
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.2f}"


def show(figures: list[Figure], conditions: Mapping[str, str]) -> None:
    """Prints what was on, then the table."""
    console = Console()
    on = Table(show_header=False, box=None, pad_edge=False)
    for name, text in conditions.items():
        on.add_row(f"[bold]{name}", text)
    console.print(on)
    table = Table(title="Speed", show_lines=False)
    for column in ("what", "median", "unit", "runs", "target", ""):
        table.add_column(column, justify="right" if column in ("median", "target") else "left")
    for one in figures:
        sign = "≥" if one.better == "more" else "≤"
        target = "" if one.target is None else f"{sign} {number(one.target)}"
        verdict = {None: "", True: "[green]met", False: "[red]missed"}[one.met]
        runs = " ".join(number(value) for value in one.spread) or one.note
        table.add_row(one.name, number(one.value), one.unit, runs, target, verdict)
    console.print(table)


BEGIN, END = "<!-- figures: begin -->", "<!-- figures: end -->"


def as_markdown(figures: list[Figure], conditions: Mapping[str, str]) -> str:
    """The same for the docs."""
    lines = ["| what | median | unit | runs | target |", "|---|---:|---|---|---|"]
    for one in figures:
        sign = "≥" if one.better == "more" else "≤"
        verdict = {None: "", True: ", met", False: ", **missed**"}[one.met]
        target = "" if one.target is None else f"{sign} {number(one.target)}{verdict}"
        runs = " ".join(number(value) for value in one.spread) or one.note
        lines.append(f"| {one.name} | {number(one.value)} | {one.unit} | {runs} | {target} |")
    return "\n".join([*(f"- {name}: {text}" for name, text in conditions.items()), "", *lines])


def write_into(page: Path, figures: list[Figure], conditions: Mapping[str, str]) -> None:
    """Replaces the figures between the two marks of a page. Raises ValueError where it has none."""
    text = page.read_text("utf-8")
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"{page}: expected {BEGIN} … {END}")
    page.write_text(f"{before}{BEGIN}\n{as_markdown(figures, conditions)}\n{END}{after}", "utf-8")


def as_json(figures: list[Figure], conditions: Mapping[str, str]) -> dict[str, object]:
    """The same for programs."""
    return {
        "conditions": dict(conditions),
        "figures": [
            {"name": one.name, "value": one.value, "unit": one.unit, "runs": list(one.spread),
             "target": one.target, "met": one.met, "note": one.note}
            for one in figures
        ],
    }  # fmt: skip
