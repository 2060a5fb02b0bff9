"""Files of the pages' look, from this package: nothing is fetched from afar."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from string import Template


@cache
def asset(name: str) -> str:
    """A text file of the console's folder."""
    return files("console").joinpath(name).read_text("utf-8")


@cache
def template(name: str) -> Template:
    """An HTML file with `$name` places, the palette and a style of the same name filled in."""
    style = asset(name.replace(".html", ".css"))
    return Template(Template(asset(name)).safe_substitute(palette=asset("palette.css"), style=style))
