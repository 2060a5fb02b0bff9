"""Radio addresses leave here only as keyed hashes: in what is stored and in what is quarantined.

HMAC-SHA256 of the address in lower case with colons, so that one radio has one hash whatever way its
maker writes it. The key stays with the installation; without it a hash can't be turned back by trying
all addresses. Pure.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from typing import Any

import orjson

# A MAC address as text: six pairs of hex digits with colons or dashes between.
_MAC = re.compile(r"\b[0-9a-f]{2}(?:[:-][0-9a-f]{2}){5}\b", re.IGNORECASE)
_CORE = frozenset({"specversion", "id", "source", "type", "time", "seq", "replay"})
_HINTS = (b"probe.sighting", b'"address"')


def hashed(address: str, key: bytes) -> str:
    """The keyed hash of a radio address, 64 hex digits."""
    plain = address.strip().lower().replace("-", ":")
    return hmac.new(key, plain.encode("utf-8", "replace"), hashlib.sha256).hexdigest()


def mask_text(text: str, key: bytes) -> str:
    """A text with every MAC address in it replaced by its keyed hash."""
    return _MAC.sub(lambda found: hashed(found[0], key), text)


def mask_value(value: Any, key: bytes) -> Any:
    """JSON values with each field called `address`, and each MAC address anywhere, replaced."""
    if isinstance(value, dict):
        return {
            mask_text(name, key): hashed(str(entry), key)
            if name.lower() == "address" and not isinstance(entry, (dict, list))
            else mask_value(entry, key)
            for name, entry in value.items()
        }
    if isinstance(value, list):
        return [mask_value(entry, key) for entry in value]
    return mask_text(value, key) if isinstance(value, str) else value


def mask_sighting(body: bytes, key: bytes) -> bytes:
    """The stored form of a `probe.sighting`: the same CloudEvent with its addresses replaced."""
    document = orjson.loads(body)
    return orjson.dumps(
        {name: value if name in _CORE else mask_value(value, key) for name, value in document.items()}
    )


def may_hold_address(topic: str, payload: bytes) -> bool:
    """Whether a payload that could not be taken may carry a radio address."""
    return "probe" in topic.split("/") or any(hint in payload for hint in _HINTS)


def mask_payload(payload: bytes, key: bytes) -> bytes:
    """What quarantine keeps of a payload that may carry a radio address.

    Of JSON: the same with its addresses replaced. Of anything else only its length and keyed hash, since
    an address could hide in it in any form.
    """
    try:
        return orjson.dumps(mask_value(orjson.loads(payload), key))
    except (orjson.JSONDecodeError, orjson.JSONEncodeError, RecursionError):
        withheld = {
            "withheld": "not readable, and it may carry a radio address",
            "bytes": len(payload),
            "hmac_sha256": hmac.new(key, payload, hashlib.sha256).hexdigest(),
        }
        return orjson.dumps(withheld)
