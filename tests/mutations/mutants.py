"""What is changed in a rule to see whether anything notices. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from processors.rules import RULES
from processors.rules.policy import Policy
from tests.mutations.cases import CASES, ELSEWHERE, Cut
from tests.support.parts import ROOT

_SHARES = ("confidence", "score", "share")
"""Settings that are at most 1, which stands for their double."""
TESTS = {
    "fire_smoke": "tests/processors/rules/test_seen.py",
    "fall": "tests/processors/rules/test_seen.py",
    "ebike_in_lift": "tests/processors/rules/test_seen.py",
    "checkpoint_missed": "tests/processors/patrol/test_rounds.py",
    "guard_overdue": "tests/processors/patrol/test_rounds.py",
    "episode": "tests/processors/alerts/test_episodes.py",
}
"""The tests of rules that have no file of their own name."""


@dataclass(frozen=True, slots=True)
class Mutant:
    """A rule with one limit changed (`settings`), or with one of its cases taken away (`cut`)."""

    rule: str
    name: str
    settings: tuple[tuple[str, Any], ...] = ()
    cut: Cut | None = None

    @property
    def tests(self) -> str:
        """The file of the rule's tests."""
        return TESTS.get(self.rule, f"tests/processors/rules/test_{self.rule}.py")


def rules() -> tuple[str, ...]:
    """The rules that are held to it: all that watch what devices say, and of the policies, which tests of
    alerts hold, those that are in the table."""
    return tuple(name for name, rule in RULES.items() if name in CASES or not issubclass(rule, Policy))


def limits(rule: str) -> Iterator[Mutant]:
    """Every number of a rule doubled and halved, every switch turned, as far as the setting may be so."""
    kind = RULES[rule].Settings
    for name, field in kind.model_fields.items():
        default = field.default
        if isinstance(default, bool):
            changed: list[Any] = [not default]
        elif isinstance(default, int | float):
            most = 1.0 if name.endswith(_SHARES) else default * 2
            changed = [most, default / 2 if isinstance(default, float) else (default + 1) // 2]
        else:
            continue
        for each in changed:
            try:
                kind.model_validate({name: each})
            except ValidationError:
                continue
            if each != default:
                yield Mutant(rule, f"{name} = {each:g}", ((name, each),))


def cases(rule: str) -> Iterator[Mutant]:
    """Every "not" case of a rule taken away."""
    for clause, cuts in CASES.get(rule, {}).items():
        for number, cut in enumerate(cuts, 1):
            yield Mutant(rule, clause if len(cuts) == 1 else f"{clause} ({number})", cut=cut)


def source_of(mutant: Mutant) -> tuple[Path, str]:
    """The file that a cut changes, and its text afterwards. Raises LookupError where it does not fit once."""
    cut = mutant.cut
    if cut is None:
        raise LookupError("nothing is cut")
    file = ROOT / (cut.file or ELSEWHERE.get(mutant.rule) or f"processors/rules/{mutant.rule}.py")
    text = file.read_text("utf-8")
    if text.count(cut.old) != 1:
        raise LookupError(f"{mutant.rule}: {cut.old!r} is {text.count(cut.old)} times in {file.name}")
    return file, text.replace(cut.old, cut.new)
