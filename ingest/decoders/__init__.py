"""Decoders: from a maker's messages to events of the vocabulary. One maker a file, all pure.

A decoder is given a topic, a payload, when it arrived and the estate's registers; it says which events
are in it and what can't be taken, and why. Limits, clocks, addresses, the log are not its business.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import NamedTuple

from eventlog.estate import Estate
from ingest.decoders import gatehouse
from ingest.decoders.base import Decoded, Place, place_of

Decoder = Callable[[str, bytes, datetime, Estate], Decoded]


class Maker(NamedTuple):
    """A maker of devices and how its messages are read."""

    name: str
    decode: Decoder


DECODERS: Mapping[str, Maker] = {maker.name: maker for maker in (Maker("gatehouse", gatehouse.decode),)}
"""By the maker's name, as in `vendors/{maker}/…` and in the register's `maker`."""


def decoder_for(topic: Place) -> Decoder | None:
    """The decoder of a topic's messages; None where there is none for the maker."""
    if topic.kind in ("events", "member"):
        return gatehouse.decode
    maker = DECODERS.get(topic.maker)
    return maker.decode if maker else None


def decode(topic: str, payload: bytes, received_at: datetime, estate: Estate) -> Decoded:
    """The events in a device's message, and what can't be taken of it. Raises LookupError: no decoder."""
    decoder = decoder_for(place_of(topic))
    if decoder is None:
        raise LookupError(f"no decoder reads {topic}")
    return decoder(topic, payload, received_at, estate)


__all__ = ["DECODERS", "Decoded", "Decoder", "Maker", "Place", "decode", "decoder_for", "place_of"]
