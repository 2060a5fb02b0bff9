"""The rules of the house: which room imports which, what rules may not do, how long things may be."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.parts import ROOT

ROOMS = ("gatehouse", "eventlog", "ingest", "processors", "projections", "console", "simulators")
FUNCTION_LINES_MAX = 60
FILE_LINES_MAX = 500

IMPURE_MODULES = frozenset(
    {
        "asyncio", "httpx", "io", "logging", "multiprocessing", "orjson", "os", "paho", "pathlib", "random",
        "requests", "secrets", "shutil", "socket", "sqlalchemy", "sqlite3", "structlog", "subprocess", "sys",
        "tempfile", "threading", "time", "urllib", "uuid",
    }
)  # fmt: skip
IMPURE_CALLS = frozenset(
    {"open", "print", "input", "exec", "eval", "now", "utcnow", "today", "now_us", "uuid4"}
)


def files(*folders: str) -> list[Path]:
    """The Python files of folders, without migrations, which are kept as they were made."""
    found = [file for folder in folders for file in sorted((ROOT / folder).rglob("*.py"))]
    return [file for file in found if "migrations" not in file.parts]


def name(file: Path) -> str:
    return str(file.relative_to(ROOT))


def parsed(file: Path) -> ast.Module:
    return ast.parse(file.read_text("utf-8"), str(file))


def imported(tree: ast.AST) -> Iterator[str]:
    """The modules that a file imports, also inside functions."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module


def test_imports_go_one_way() -> None:
    program = Path(sys.executable).parent / "lint-imports"
    done = subprocess.run([program, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("file", files("processors/rules"), ids=name)
def test_rules_have_no_clock_no_chance_and_no_input_or_output(file: Path) -> None:
    tree = parsed(file)
    assert not {module for module in imported(tree) if module.split(".")[0] in IMPURE_MODULES}
    called = {
        getattr(node.func, "id", None) or getattr(node.func, "attr", None)
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
    }
    assert not called & IMPURE_CALLS


def test_the_search_for_clocks_finds_one() -> None:
    """The test above can fail."""
    tree = ast.parse("import random\nfrom time import monotonic\nat = datetime.now()\n")
    assert {module.split(".")[0] for module in imported(tree)} <= IMPURE_MODULES
    calls = [
        node.func.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
    ]
    assert set(calls) & IMPURE_CALLS


def test_faust_is_imported_in_one_file_at_most() -> None:
    users = [
        name(file)
        for file in files(*ROOMS)
        if any(m.split(".")[0] == "faust" for m in imported(parsed(file)))
    ]
    assert len(users) <= 1, users


def test_the_heavy_libraries_are_not_loaded_with_the_supervisor() -> None:
    """`gatehouse up` stays small: what only a role needs is imported by that role."""
    script = (
        "import sys, gatehouse.up, gatehouse.roles\n"
        "heavy = {'nicegui','fastapi','amqtt','alembic','sqlalchemy','cv2','rich','paho','uvicorn','typer'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


def test_functions_and_files_are_short() -> None:
    long: list[str] = []
    for file in files(*ROOMS, "tests", "benchmarks", "examples"):
        text = file.read_text("utf-8")
        if text.count("\n") > FILE_LINES_MAX:
            long.append(f"{name(file)}: {text.count(chr(10))} lines")
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                lines = (node.end_lineno or node.lineno) - node.lineno + 1
                if lines > FUNCTION_LINES_MAX:
                    long.append(f"{name(file)}:{node.lineno} {node.name}: {lines} lines")
    assert not long


def test_every_module_says_what_it_is_for() -> None:
    silent = [
        name(file)
        for file in files(*ROOMS, "benchmarks")
        if file.read_text("utf-8").strip() and not ast.get_docstring(parsed(file))
    ]
    assert not silent
