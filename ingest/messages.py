"""A message as it came over MQTT, from whichever broker."""

from __future__ import annotations

from typing import NamedTuple


class Message(NamedTuple):
    """One MQTT publish. `received_us` is our clock on arrival, microseconds since 1970 UTC."""

    topic: str
    payload: bytes
    qos: int
    retain: bool
    dup: bool
    received_us: int
