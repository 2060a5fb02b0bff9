"""Parts that a plain machine may lack: there a test skips with the reason, in CI that is a failure."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import NoReturn

import pytest

ROOT = Path(__file__).resolve().parents[2]
SHARED = ROOT.parent / "shared"


def missing(reason: str) -> NoReturn:
    """Skips, or fails where CI=true."""
    if os.environ.get("CI") == "true":
        pytest.fail(f"in CI this part must be there: {reason}", pytrace=False)
    pytest.skip(reason)


def program(name: str, hint: str) -> str:
    """The path of a program, looked for in the sbin folders too."""
    found = shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin")
    if not found:
        missing(f"{name} is not installed: {hint}")
    return found


def shared(path: str) -> Path:
    """A file of the shared folder beside the project. Skips, also in CI, where the folder is missing."""
    if not SHARED.is_dir():
        pytest.skip(f"the shared folder is not beside the project: {SHARED}")
    file = SHARED / path
    if not file.exists():
        missing(f"{file} is missing")
    return file
