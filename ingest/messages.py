"""A message as it came over MQTT, from whichever broker."""

from __future__ import annotations

from typing import NamedTuple

PACKET_BYTES_MAX = 4 * 1024 * 1024
"""Who sends a larger MQTT packet is disconnected by the broker; up to here it reaches quarantine."""


class Message(NamedTuple):
    """One MQTT publish. `received_us` is our clock on arrival, microseconds since 1970 UTC."""

    topic: str
    payload: bytes
    qos: int
    retain: bool
    dup: bool
    received_us: int
