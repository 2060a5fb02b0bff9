"""What the command line says, in the language of the settings. Needs no settings that are right.

The language is looked up before the settings are checked, because helps and errors need it.
"""

from __future__ import annotations

import os
import tomllib
from functools import lru_cache
from pathlib import Path

from eventlog.catalogue import DEFAULT_LANGUAGE, text


@lru_cache(maxsize=1)
def language() -> str:
    """`GATEHOUSE_LANGUAGE`, else the one in `gatehouse.toml`, else Chinese."""
    said = os.environ.get("GATEHOUSE_LANGUAGE")
    if said:
        return said
    try:
        found = tomllib.loads(Path("gatehouse.toml").read_text("utf-8")).get("language")
    except (OSError, ValueError):
        # A file that can't be read is told when the settings are loaded, in this language.
        return DEFAULT_LANGUAGE
    return found if isinstance(found, str) else DEFAULT_LANGUAGE


def cli(key: str, **params: object) -> str:
    """A text of the catalogue's subject `cli`."""
    return text(f"cli.{key}", language(), **params)
