"""The one catalogue of texts for people, Chinese and English side by side; zh-CN is the default.

One TOML file a subject (`rules.toml`, `console.toml`, …); a text's key is `subject.section.name`. Texts
take `{name}` parameters. A test holds every key used to the catalogue and both languages to each other.
"""

from __future__ import annotations

import tomllib
from functools import lru_cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:  # the supervisor says its texts without the vocabulary in memory
    from eventlog.vocabulary.base import Words

Language = Literal["zh-CN", "en"]
DEFAULT_LANGUAGE: Language = "zh-CN"


@lru_cache(maxsize=1)
def catalogue() -> dict[str, dict[str, str]]:
    """Every text by its key, as {"zh": …, "en": …}."""
    found: dict[str, dict[str, str]] = {}
    for file in files(__name__).iterdir():
        if file.name.endswith(".toml"):
            _collect(file.name.removesuffix(".toml"), tomllib.loads(file.read_text("utf-8")), found)
    return found


def _collect(prefix: str, table: dict[str, Any], found: dict[str, dict[str, str]]) -> None:
    if set(table) == {"zh", "en"}:
        found[prefix] = table
        return
    for name, below in table.items():
        _collect(f"{prefix}.{name}", below, found)


def words(key: str, **params: object) -> Words:
    """A text in both languages. Raises KeyError when the catalogue doesn't have it."""
    from eventlog.vocabulary.base import Words

    entry = catalogue()[key]
    return Words(zh=entry["zh"].format(**params), en=entry["en"].format(**params))


def text(key: str, language: str = DEFAULT_LANGUAGE, **params: object) -> str:
    """A text in one language: English for `en…`, else Chinese."""
    return catalogue()[key]["en" if language.startswith("en") else "zh"].format(**params)


def say(both: Words, language: str = DEFAULT_LANGUAGE) -> str:
    """One of the two languages of a text."""
    return both.en if language.startswith("en") else both.zh
