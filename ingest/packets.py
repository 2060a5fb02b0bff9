"""Cutting MQTT packets out of received bytes. (MQTT 3.1.1, 2.2 and 3.3)"""

from __future__ import annotations

from ingest.messages import Message

Delivered = tuple[Message, int]
"""A message and the number to acknowledge it by; 0 where its sender wants no answer."""


def _body(data: bytes, at: int) -> tuple[int, int] | None:
    """Where the body of the packet at `at` starts and ends; None: not all of it has come.

    A length of more than four bytes is malformed: then the end is before the start.
    """
    place, end = at + 1, len(data)
    length = shift = 0
    while True:
        if shift > 21:
            return place, -1
        if place >= end:
            return None
        byte = data[place]
        place += 1
        length |= (byte & 0x7F) << shift
        if byte < 0x80:
            break
        shift += 7
    return None if place + length > end else (place, place + length)


def cut_packet(data: bytes, at: int) -> int | None:
    """Where the packet at `at` ends; None: it has come in part only. Raises ValueError."""
    found = _body(data, at)
    if found is None:
        return None
    if found[1] < found[0]:
        raise ValueError("a malformed length")
    return found[1]


def cut_publish(data: bytes, at: int, arrived_us: int) -> tuple[Delivered | None, int] | None:
    """The PUBLISH that starts at `at`, and where the next packet starts.

    None: it has come in part only. No message: it is malformed.
    """
    found = _body(data, at)
    if found is None:
        return None
    place, stop = found
    qos = data[at] >> 1 & 0x03
    numbered = 2 if qos else 0
    body = place + 2
    if body <= stop:
        body += data[place] << 8 | data[place + 1]
    if qos == 3 or body + numbered > stop:
        return None, len(data)
    message = Message(
        data[place + 2 : body].decode("utf-8", "backslashreplace"),
        data[body + numbered : stop],
        qos,
        data[at] & 0x01 == 0x01,
        data[at] & 0x08 == 0x08,
        arrived_us,
    )
    return (message, (data[body] << 8 | data[body + 1]) if numbered else 0), stop
