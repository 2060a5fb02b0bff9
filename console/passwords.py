"""Passwords of console users, as argon2 strings. API tokens are random and long: see `console.sessions`."""

from __future__ import annotations

import threading
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

PASSWORD_CHARS_MAX = 200

_hasher = PasswordHasher(time_cost=3, memory_cost=32 * 1024, parallelism=1)
# One at a time: each takes 32 MiB while it runs, and a flood of attempts must not take the machine's memory.
_one_at_a_time = threading.Lock()


@cache
def _nobodys() -> str:
    return _hasher.hash("")


def hash_password(password: str) -> str:
    """The argon2id string to keep for a password."""
    return _hasher.hash(password)


def password_matches(secret_hash: str | None, password: str) -> bool:
    """Whether a password is the one kept; takes as long when there is no such user (None)."""
    with _one_at_a_time:
        try:
            right = _hasher.verify(secret_hash or _nobodys(), password[:PASSWORD_CHARS_MAX])
        except (VerificationError, InvalidHashError):
            return False
    return right and secret_hash is not None
