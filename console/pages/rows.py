"""The lines of a list of alerts on a page; each is an element of its own, made, changed and moved alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from nicegui import ui

from console.pages import pieces
from console.pages.frame import draw
from projections.lines import Line


class Rows:
    """A list; `on_select` is told the id of the line that was pressed."""

    def __init__(self, on_select: Callable[[str], Any], piece: Callable[[Line, pieces.Tongue], str]) -> None:
        self._on_select, self._piece = on_select, piece
        self._selected = ""
        self._lines: dict[str, ui.html] = {}
        self._order: list[str] = []
        self._drawn: dict[str, tuple[Any, ...]] = {}
        self._names: object = None
        self._first = True
        self._box = ui.element("div").classes("rows")

    def draw(self, lines: Sequence[Line], tongue: pieces.Tongue) -> None:
        """Brings the list to these lines, in this order."""
        wanted = {line.id for line in lines}
        for gone in self._lines.keys() - wanted:
            self._lines.pop(gone).delete()
            self._drawn.pop(gone, None)
            self._order.remove(gone)
        for place, line in enumerate(lines):
            element = self._lines.get(line.id) or self._make(line)
            look = (line.alert.id, line.alert.version, line.count, line.waiting, line.zones)
            if self._drawn.get(line.id) != look or tongue.names != self._names:
                draw(element, self._piece(line, tongue))
                element.classes(replace=self._classes(line.id, line.alert.severity))
                self._drawn[line.id] = look
            if self._order.index(line.id) != place:
                element.move(target_index=place)
                self._order.remove(line.id)
                self._order.insert(place, line.id)
        self._first = False
        self._names = tongue.names

    def _make(self, line: Line) -> ui.html:
        with self._box:
            element = ui.html(sanitize=False, tag="button")
        what = "data-alert" if line.by is None else "data-line"
        element.props(f'{what}="{line.id}" type="button"')
        element.on("click", lambda: self._on_select(line.id))
        self._lines[line.id] = element
        self._order.append(line.id)
        return element

    def _classes(self, line_id: str, severity: str) -> str:
        fresh = "" if self._first else " fresh"
        known = self._lines[line_id].classes
        kept = " fresh" if "fresh" in known else ""
        new = fresh if not known else kept
        return f"alert-row is-{severity}{new}{' selected' if line_id == self._selected else ''}"

    def select(self, line_id: str) -> None:
        """Marks a line."""
        before = self._lines.get(self._selected)
        if before:
            before.classes(remove="selected")
        self._selected = line_id
        line = self._lines.get(line_id)
        if line:
            line.classes(add="selected")
