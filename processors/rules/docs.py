"""The docs of the rules, made from their settings and the catalogue: `processors.rules.document()`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from eventlog.catalogue import words
from processors.rules.base import Rule

_HEAD = """# The rules

Made from the code:
`python -c "from processors.rules import document; print(document(), end='')" > docs/rules.md`

Every number is a setting of the rule, per estate and per zone, in the estate file under `rules`
(`docs/estate-file.md`). A rule speaks from its `rule.activated` on; before that it only warms up.
"""


def write_docs(rules: Mapping[str, type[Rule[Any]]]) -> str:
    """The whole page in Markdown."""
    return _HEAD + "".join(_section(rule) for rule in rules.values())


def _section(rule: type[Rule[Any]]) -> str:
    texts = {
        part: words(f"rules.{rule.name}.{part}")
        for part in ("name", "watches", "fires", "silent", "severity")
    }
    types = ", ".join(f"`{kind.TYPE}`" for kind in sorted(rule.listens_to, key=lambda kind: kind.TYPE))
    lines = [
        f"\n## `{rule.name}`: {texts['name'].en} {texts['name'].zh}\n",
        f"Version {rule.version}. {f'Listens to {types}.' if types else 'Alert handling goes by it.'}\n",
        "| | | |",
        "|---|---|---|",
        *(
            f"| {label} | {texts[part].en} | {texts[part].zh} |"
            for part, label in (
                ("watches", "watches"),
                ("fires", "fires"),
                ("silent", "stays silent"),
                ("severity", "severity"),
            )
        ),
        "",
        *_settings(rule),
    ]
    return "\n".join(lines) + "\n"


def _settings(rule: type[Rule[Any]]) -> list[str]:
    """The table of a rule's numbers."""
    rows = [
        f"| `{name}` | {_shown(field.get_default(call_default_factory=True))} | {field.description} |"
        for name, field in rule.Settings.model_fields.items()
    ]
    return ["| setting | default | meaning |", "|---|---|---|", *rows] if rows else ["It has no numbers."]


def _shown(default: Any) -> str:
    """A setting's default as people read it."""
    if isinstance(default, bool):
        return str(default).lower()
    if isinstance(default, dict):
        return ", ".join(f"`{each}`" for each in default) or "none"
    if isinstance(default, tuple):
        return ", ".join(f"`{each}`" for each in default)
    return default if isinstance(default, str) else f"{default:g}"
