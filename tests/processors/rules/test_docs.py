"""docs/rules.md says what the code says."""

from __future__ import annotations

import pytest

from eventlog.catalogue import catalogue
from processors.rules import RULES, document
from tests.support.parts import ROOT


def test_the_page_is_made_from_the_code() -> None:
    assert (ROOT / "docs" / "rules.md").read_text("utf-8") == document(), "make docs/rules.md again"


@pytest.mark.parametrize("name", RULES)
def test_a_rule_has_a_file_texts_and_explained_settings(name: str) -> None:
    rule = RULES[name]
    assert rule.__module__ == f"processors.rules.{name}"
    for part in ("name", "title", "watches", "fires", "silent", "severity"):
        assert f"rules.{name}.{part}" in catalogue()
    for setting, field in rule.Settings.model_fields.items():
        assert field.description, f"{name}.{setting} is not explained"
