"""Our own format: CloudEvents 1.0 in JSON, one or an array of them (CloudEvents' batched mode).

The event is validated once, on the bytes as they came, and those bytes are what is stored. Also what
our `status` and `time` topics say. Pure.
"""

from __future__ import annotations

import json
from datetime import datetime
from functools import lru_cache
from typing import Annotated, Literal, NamedTuple

import orjson
from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    StringConstraints,
    TypeAdapter,
    ValidationError,
)

from eventlog import codec
from eventlog.estate import Estate
from eventlog.ports import NewEvent, Reject
from eventlog.times import to_us
from eventlog.vocabulary import (
    Envelope,
    Event,
    PatrolCheckpoint,
    PatrolPosition,
    PatrolReportResponse,
    PatrolResponse,
)
from ingest import reasons
from ingest.decoders.base import NEWEST_US, OLDEST_US, Decoded, Place, place_of, reject

EVENTS_MAX = 1_000
"""Events in one message, at most."""

_ANSWERS = (PatrolResponse, PatrolReportResponse)
_MEMBER_TYPES = (*_ANSWERS, PatrolCheckpoint, PatrolPosition)
_JSON = json.JSONDecoder()
_SPACE = " \t\r\n"
_NO_TIME = "it must be from 1900 to 2199"


class Refusal(NamedTuple):
    """Why an event can't be taken."""

    reason: str
    detail: str


class Status(BaseModel):
    """The payload of a status topic. `session` names one connection of the device, new for each."""

    model_config = ConfigDict(extra="allow", frozen=True)

    state: Literal["online", "offline"]
    session: Annotated[str, StringConstraints(min_length=1, max_length=128)] | None = None


def _possible(at: datetime) -> datetime:
    if not OLDEST_US <= to_us(at) < NEWEST_US:
        raise ValueError(_NO_TIME)
    return at


class TimeMessage(BaseModel):
    """The payload of an estate's time topic."""

    model_config = ConfigDict(extra="allow", frozen=True)

    at: Annotated[AwareDatetime, AfterValidator(_possible)]


_STATUS: TypeAdapter[Status] = TypeAdapter(Status)
_TIME: TypeAdapter[TimeMessage] = TypeAdapter(TimeMessage)


# Messages that came in one read share their arrival time.
_us = lru_cache(maxsize=8)(to_us)


def decode(topic: str, payload: bytes, received_at: datetime, estate: Estate) -> Decoded:
    """The events of a message on a device's or a member's events topic."""
    place = place_of(topic)
    received_us = _us(received_at)
    taken = _decode_one(place, payload, received_us, estate.id)
    if isinstance(taken, NewEvent):
        return Decoded((taken,))
    if payload.lstrip()[:1] == b"[":
        return _decode_several(topic, place, payload, received_us, estate.id)
    return Decoded((), (reject(topic, payload, received_at, *taken, estate=estate.id),))


def decode_status(payload: bytes) -> Status:
    """What a status topic says. Raises pydantic.ValidationError."""
    return _STATUS.validate_json(payload)


def decode_time(payload: bytes) -> datetime:
    """What a time topic says. Raises pydantic.ValidationError."""
    return _TIME.validate_json(payload).at


def invalid(error: ValidationError) -> Refusal:
    """The refusal that a validation error means: not JSON, or not of the vocabulary."""
    not_json = any(part["type"] == "json_invalid" for part in error.errors(include_url=False)[:1])
    return Refusal(reasons.UNDECODABLE if not_json else reasons.WRONGLY_TYPED, codec.describe(error))


def _decode_one(place: Place, body: bytes, received_us: int, estate: str) -> NewEvent | Refusal:
    """One CloudEvent in the bytes it came in."""
    try:
        envelope = codec.parse_wire(body)
    except ValidationError as error:
        return invalid(error)
    problem = _not_storable(body)
    if problem:
        return Refusal(reasons.UNDECODABLE, problem)
    refusal = _refusal(place, envelope)
    if refusal:
        return refusal
    event = codec.from_envelope(estate, envelope, received_us, body)
    if OLDEST_US <= event.occurred_us < NEWEST_US:
        return event
    return Refusal(reasons.WRONGLY_TYPED, f"time: {_NO_TIME} (got {envelope.time.isoformat()})")


def _decode_several(topic: str, place: Place, payload: bytes, received_us: int, estate: str) -> Decoded:
    """A JSON array: the good ones go on as the bytes they came in, each bad one is refused with its index."""
    parts, problem = _split(payload)
    if problem:
        whole = Reject(topic, reasons.UNDECODABLE, problem, payload, received_us, estate)
        return Decoded((), (whole,))
    events: list[NewEvent] = []
    indexes: list[int] = []
    rejects: list[Reject] = []
    for index, part in enumerate(parts):
        taken = _decode_one(place, part, received_us, estate)
        if isinstance(taken, NewEvent):
            events.append(taken)
            indexes.append(index)
        else:
            rejects.append(Reject(topic, *taken, part, received_us, estate, index))
    return Decoded(tuple(events), tuple(rejects), tuple(indexes))


def _split(payload: bytes) -> tuple[list[bytes], str]:
    """The elements of a JSON array as the bytes they came in; or what is wrong with it."""
    try:
        text = payload.decode("utf-8")
        orjson.loads(payload)
    except (UnicodeDecodeError, orjson.JSONDecodeError) as error:
        return [], f"not JSON: {error}"
    parts: list[bytes] = []
    at = _skip(text, text.index("[") + 1)
    while text[at] != "]":
        if len(parts) == EVENTS_MAX:
            return [], f"more than {EVENTS_MAX} events in one message"
        try:
            _, end = _JSON.raw_decode(text, at)
        except (ValueError, RecursionError) as error:
            return [], f"not JSON: {error}"
        parts.append(text[at:end].encode())
        at = _skip(text, end)
        if text[at] == ",":
            at = _skip(text, at + 1)
    return parts, "" if parts else "an array with no event in it"


def _skip(text: str, at: int) -> int:
    while text[at] in _SPACE:
        at += 1
    return at


def _refusal(place: Place, envelope: Envelope) -> Refusal | None:
    """Why an event that is valid in itself can't be taken from this topic; None when it can."""
    data, source = envelope.data, envelope.source
    if place.kind == "member":
        return _member_refusal(place, source, data)
    if source != place.source:
        return Refusal(reasons.IMPERSONATION, f"the source is {source}, the topic's device {place.source}")
    if isinstance(data, _MEMBER_TYPES) and (place.family != "patrol" or isinstance(data, _ANSWERS)):
        return Refusal(reasons.MISPLACED, f"{data.TYPE} is taken from a member's own topic only")
    return None


def _member_refusal(place: Place, source: str, data: Event) -> Refusal | None:
    """A member's topic takes a member's own answers, checkpoints and positions, nothing else."""
    if source not in (place.source, place.path):
        return Refusal(reasons.IMPERSONATION, f"the source is {source}, the topic's member {place.source}")
    if not isinstance(data, _MEMBER_TYPES):
        return Refusal(reasons.MISPLACED, f"{data.TYPE} is not taken from a member")
    if data.member != place.device:
        return Refusal(reasons.IMPERSONATION, f"the member is {data.member}, the topic's {place.device}")
    if not isinstance(data, _ANSWERS) and data.squad != place.squad:
        return Refusal(reasons.IMPERSONATION, f"the squad is {data.squad}, the topic's {place.squad}")
    return None


def _not_storable(body: bytes) -> str:
    """What the validator lets pass and readers of the log or a database would choke on, if anything."""
    try:
        values = orjson.loads(body)  # strict: no NaN, no infinity, no number beyond a double
    except orjson.JSONDecodeError as error:
        return f"not JSON: {error}"
    return "a text has the character NUL" if b"\\u0000" in body and _has_nul(values) else ""


def _has_nul(value: object) -> bool:
    if isinstance(value, str):
        return "\x00" in value
    if isinstance(value, dict):
        return any(_has_nul(name) or _has_nul(entry) for name, entry in value.items())
    return isinstance(value, list) and any(map(_has_nul, value))
