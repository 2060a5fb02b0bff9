"""The documents say what the code has: commands, settings, fields; links lead on; no address of an index."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from gatehouse.estatefile import models
from gatehouse.settings import PREFIX, Settings
from tests.support.parts import ROOT

DOCS = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md"))]
OPERATING = (ROOT / "docs/operating.md").read_text("utf-8")


def name(file: Path) -> str:
    return str(file.relative_to(ROOT))


def _commands(group: Any, above: tuple[str, ...] = ()) -> Iterator[str]:
    for word, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from _commands(command, (*above, word))
        else:
            yield " ".join(("gatehouse", *above, word))


def every_command() -> list[str]:
    """All commands of the program, as they are typed."""
    from gatehouse.commands import add_to
    from gatehouse.main import app

    whole = typer.Typer()
    whole.registered_commands = list(app.registered_commands)
    add_to(whole)
    return sorted(set(_commands(typer.main.get_command(whole))))


@pytest.mark.parametrize("command", every_command())
def test_every_command_is_described(command: str) -> None:
    assert f"`{command}" in OPERATING


@pytest.mark.parametrize("setting", sorted(Settings.model_fields))
def test_every_setting_is_described(setting: str) -> None:
    (row,) = [line for line in OPERATING.splitlines() if line.startswith(f"| `{setting}` |")]
    assert f"`{PREFIX}{setting.upper()}`" in row
    default = Settings.model_fields[setting].default
    shown = str(default).lower() if isinstance(default, bool) else default  # as TOML writes it
    assert default is None or f"`{shown}`" in row


@pytest.mark.parametrize(
    "model",
    [
        models.HeadEntry,
        models.PassEntry,
        models.WatchListEntry,
        *models.SECTIONS.values(),
        models.DeviceEntry,
    ],
)
def test_every_field_of_the_estate_file_is_described(model: type[models.Entry]) -> None:
    page = (ROOT / "docs/estate-file.md").read_text("utf-8")
    missing = [field for field in model.model_fields if f"`{field}`" not in page]
    assert not missing


def test_the_example_in_the_page_of_the_estate_file_is_right() -> None:
    from gatehouse.estatefile import parse

    (example,) = re.findall(
        r"```yaml\n(.*?)```", (ROOT / "docs/estate-file.md").read_text("utf-8"), re.DOTALL
    )
    assert parse(example).estate == "home"


def test_the_made_documents_are_what_the_code_makes() -> None:
    from gatehouse.commands.docs import made_documents

    for file, content in made_documents().items():
        assert (ROOT / file).read_text("utf-8") == content, f"{file}: write it anew with gatehouse docs write"


@pytest.mark.parametrize("file", DOCS, ids=name)
def test_links_lead_somewhere(file: Path) -> None:
    for target in re.findall(r"\]\(([^)#:\s]+)(?:#[^)]*)?\)", file.read_text("utf-8")):
        assert (file.parent / target).exists(), target


def _texts() -> Iterator[tuple[str, str]]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout
    for path in listed.decode().split("\0"):
        file = ROOT / path
        if not path or not file.is_file():
            continue
        try:
            yield path, file.read_text("utf-8")
        except UnicodeDecodeError:
            continue


def test_no_file_names_the_address_of_a_package_index() -> None:
    # Put together here, so that this file doesn't name one itself.
    hosts = ["pypi" + ".org", "python" + "hosted.org", "registry.npm" + "js.org", "crates" + ".io"]
    options = re.compile(r"(?:--(?:extra-)?index-url|PIP_(?:EXTRA_)?INDEX_URL|--find-links)[ =]\S*://")
    found = [path for path, text in _texts() if any(host in text for host in hosts) or options.search(text)]
    assert not found
