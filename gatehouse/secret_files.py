"""Secrets that Gatehouse makes for itself, one file each, readable by the owner only."""

from __future__ import annotations

import contextlib
import os
import secrets
from pathlib import Path


def secret_file(folder: Path, name: str, *, size_bytes: int = 32) -> str:
    """The secret kept in `folder/name`, made at the first call; hexadecimal."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    file = folder / name
    if not file.exists():
        _create(file, secrets.token_hex(size_bytes))
    return file.read_text("ascii").strip()


def radio_key(folder: Path) -> bytes:
    """The key that radio and phone addresses are hashed with, in the log, in quarantine and in the registers;
    made at the first call."""
    return bytes.fromhex(secret_file(folder, "radio-hmac-key"))


def _create(file: Path, secret: str) -> None:
    fresh = file.with_name(f".{file.name}.{os.getpid()}.{secrets.token_hex(4)}")
    handle = os.open(fresh, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    with os.fdopen(handle, "w", encoding="ascii") as out:
        out.write(secret)
        out.flush()
        os.fsync(out.fileno())
    # A link fails where the file is there already: of two makers the first one counts.
    with contextlib.suppress(FileExistsError):
        os.link(fresh, file)
    fresh.unlink()
