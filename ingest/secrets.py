"""Passwords of devices, squads, members and gateways: made here, kept only as hashes.

They are 32 random bytes, so a fast hash does: 200 devices that reconnect at once don't wait for a slow
one. People's passwords are not made here.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from dataclasses import dataclass

_PREFIX = "sha256:"
_MOSQUITTO_ITERATIONS = 101  # Mosquitto's own default; the password is long and random


@dataclass(frozen=True, slots=True)
class Secret:
    """A new password, shown once, and its hashes for the embedded broker and for Mosquitto."""

    token: str
    secret_hash: str
    broker_hash: str


def new_secret() -> Secret:
    """A long random password with its hashes."""
    token = secrets.token_urlsafe(32)
    return Secret(token, hash_of(token), mosquitto_hash(token))


def hash_of(token: str) -> str:
    """How a token is kept: `sha256:` and the digest in hex."""
    return _PREFIX + hashlib.sha256(token.encode()).hexdigest()


def matches(token: str, secret_hash: str) -> bool:
    """Whether a token is the one of this hash, in constant time; never for an empty hash."""
    if not secret_hash.startswith(_PREFIX):
        return False
    return hmac.compare_digest(hash_of(token), secret_hash)


def mosquitto_hash(token: str) -> str:
    """A token as Mosquitto's password file has it: PBKDF2 with SHA-512, `$7$iterations$salt$hash`."""
    salt = secrets.token_bytes(12)
    digest = hashlib.pbkdf2_hmac("sha512", token.encode(), salt, _MOSQUITTO_ITERATIONS, 64)
    coded = (base64.b64encode(part).decode("ascii") for part in (salt, digest))
    return "$7${}${}${}".format(_MOSQUITTO_ITERATIONS, *coded)
