"""The one codec between events and stored bytes, and back.

A device's event is stored as the device sent it (the whole CloudEvent in JSON); our own are written here.
Stored bytes of an older version are upcast on the way out. Nothing else may write or read stored bytes.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Any

import orjson
from pydantic import ValidationError

from eventlog.times import iso, to_us
from eventlog.upcasters import upcast
from eventlog.vocabulary.base import TYPES, Envelope, Event, stored_reader, wire_adapter

if TYPE_CHECKING:
    from eventlog.ports import NewEvent, Recorded


def parse_wire(payload: bytes) -> Envelope:
    """A device's CloudEvent, validated once. Raises pydantic.ValidationError."""
    return wire_adapter().validate_json(payload)


def describe(error: ValidationError) -> str:
    """A validation error in one line: place, what is wrong, the value."""
    first = error.errors(include_url=False, include_context=False)[0]
    # The discriminated union puts the type's name in front; it says nothing to a reader.
    place = ".".join(str(part) for part in first["loc"] if part not in TYPES) or "the event"
    value = repr(first.get("input"))
    shown = value if len(value) <= 80 else value[:77] + "..."
    return f"{place}: {first['msg']} (got {shown})"


def from_envelope(estate: str, envelope: Envelope, received_us: int, body: bytes) -> NewEvent:
    """A validated event of a device, with the bytes it came in, on its way into the log."""
    fields = envelope.__dict__  # three times as fast as pydantic's attributes; this runs for every event
    kind = type(fields["data"])
    return _ports.NewEvent(
        estate, kind.TYPE, kind.VERSION, fields["source"], fields["id"], to_us(fields["time"]), received_us,
        body, fields["seq"], fields["replay"],
    )  # fmt: skip


def write_body(event: Event, *, source: str, event_id: str, at: datetime, **extensions: Any) -> bytes:
    """A whole CloudEvent in JSON from an event of ours (or decoded from a maker's payload)."""
    return orjson.dumps(
        {
            "specversion": "1.0",
            "id": event_id,
            "source": source,
            "type": event.TYPE,
            "time": iso(at),
            **{name: value for name, value in extensions.items() if value is not None},
            "data": event.model_dump(mode="json", exclude_none=True),
        }
    )


def make(
    event: Event,
    *,
    estate: str,
    source: str,
    event_id: str,
    at: datetime,
    received_us: int | None = None,
    seq: int | None = None,
    replay: bool = False,
) -> NewEvent:
    """An event made by code, ready to append; `at` is when it occurred. `received_us` defaults to `at`."""
    body = write_body(event, source=source, event_id=event_id, at=at, seq=seq, replay=replay or None)
    occurred_us = to_us(at)
    return _ports.NewEvent(
        estate, event.TYPE, event.VERSION, source, event_id, occurred_us,
        occurred_us if received_us is None else received_us, body, seq, replay,
    )  # fmt: skip


_READERS: dict[tuple[str, int], Callable[[bytes], dict[str, Event]]] = {}
"""By type and present version; this runs for every event that anybody looks at."""


def event_of(entry: Recorded) -> Event:
    """The event of an entry, decoded. Raises as `decode_body` does."""
    read = _READERS.get((entry.type, entry.version))
    if read is not None:  # nearly always
        return read(entry.body)["data"]
    return decode_body(entry.type, entry.version, entry.body)


def decode_body(type_name: str, version: int, body: bytes) -> Event:
    """The event in stored bytes, upcast to the present version. Raises LookupError, ValidationError."""
    read = _READERS.get((type_name, version))
    if read is not None:
        return read(body)["data"]
    kind = TYPES[type_name]
    if version == kind.VERSION:
        read = _READERS[type_name, version] = stored_reader(type_name)
        return read(body)["data"]
    data = upcast(type_name, version, kind.VERSION, orjson.loads(body)["data"])
    return kind.model_validate(data)


def same_content(stored: bytes, offered: bytes) -> bool:
    """Whether two CloudEvents with one identity say the same, whatever the order of fields or spaces.

    `replay` doesn't count: a device that uploads its history says the same thing again.
    """
    if stored == offered:
        return True
    first, second = orjson.loads(stored), orjson.loads(offered)
    for document in (first, second):
        document.pop("replay", None)
    return bool(first == second)


# The two modules need each other; by now everything that `ports` takes from here is defined.
import eventlog.ports as _ports  # noqa: E402
