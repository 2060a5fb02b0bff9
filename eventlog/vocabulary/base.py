"""What every event type is made of: the frozen base, the register of types, the CloudEvents envelope.

An `Event` is the `data` of a CloudEvent. Its class carries the type's name, version and role. Unknown
extra fields are kept, so that a newer device loses nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from functools import cache
from typing import Annotated, Any, ClassVar, Literal, TypeVar

from pydantic import (
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    GetJsonSchemaHandler,
    StringConstraints,
    TypeAdapter,
    create_model,
)
from pydantic_core import CoreSchema
from typing_extensions import TypedDict

TEXT_CHARS_MAX = 2_000

Name = Annotated[str, StringConstraints(min_length=1, max_length=128)]
Text = Annotated[str, StringConstraints(max_length=TEXT_CHARS_MAX)]


@dataclass(frozen=True, slots=True)
class Personal:
    """Marks a field as personal data; `subject` says whose: person, credential, plate, radio, member."""

    subject: Literal["person", "credential", "plate", "radio", "member"]

    def __get_pydantic_json_schema__(
        self, core_schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        """The mark in JSON schemas, so that it is in the documents made from them."""
        return {**handler(core_schema), "x-personal": self.subject}


Credential = Annotated[Name, Personal("credential")]
Person = Annotated[Name, Personal("person")]
Plate = Annotated[Annotated[str, StringConstraints(max_length=32)], Personal("plate")]
Member = Annotated[Name, Personal("member")]
RadioAddress = Annotated[Name, Personal("radio")]


class Role(Enum):
    """Who makes events of a type, and who reads them."""

    DEVICE = "device"  # from outside; an input of the estate
    INPUT = "input"  # made by Gatehouse itself; an input of the estate
    OUTPUT = "output"  # made by the estate's step; never read back as an input


class Part(BaseModel):
    """A value inside an event: frozen, extra fields kept. Its validator is built when first used: no process
    uses all types, and building all takes each of them 0.15 s and 4 MiB."""

    model_config = ConfigDict(frozen=True, extra="allow", defer_build=True)


class Words(Part):
    """A text for people in Chinese and English."""

    zh: str
    en: str


class Image(Part):
    """A picture that belongs to an event."""

    sha256: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")] | None = None
    content_type: str | None = None
    url: str | None = None


class Event(Part):
    """The data of one event. Subclasses are declared with `@event`."""

    TYPE: ClassVar[str]
    VERSION: ClassVar[int]
    ROLE: ClassVar[Role]


class DeviceEvent(Event):
    """The data of an event that a device sends; any of them may carry a picture."""

    image: Image | None = None


class Envelope(BaseModel):
    """A CloudEvent 1.0 in structured JSON; `seq` and `replay` are our extensions."""

    model_config = ConfigDict(frozen=True, extra="allow")

    specversion: Literal["1.0"]
    id: Name
    source: Annotated[str, StringConstraints(min_length=1, max_length=300)]
    type: str
    time: AwareDatetime
    data: Event
    seq: Annotated[int, Field(ge=0, le=2**63 - 1)] | None = None
    replay: bool = False


EventT = TypeVar("EventT", bound=type[Event])

TYPES: dict[str, type[Event]] = {}
"""Every event type by its name."""


def event(name: str, *, role: Role, version: int = 1) -> Callable[[EventT], EventT]:
    """Declares a class as the event type `name`; a name is declared once."""

    def declare(cls: EventT) -> EventT:
        if name in TYPES:
            raise ValueError(f"event type {name} is declared twice")
        cls.TYPE, cls.VERSION, cls.ROLE = name, version, role
        TYPES[name] = cls
        return cls

    return declare


def _envelope_of(cls: type[Event]) -> type[Envelope]:
    fields: dict[str, Any] = {"type": (Literal[cls.TYPE], ...), "data": (cls, ...)}
    return create_model(f"{cls.__name__}Envelope", __base__=Envelope, **fields)


@cache
def envelope_adapter(name: str) -> TypeAdapter[Envelope]:
    """The validator of envelopes of one type."""
    return TypeAdapter(_envelope_of(TYPES[name]))


def stored_reader(name: str) -> Callable[[bytes], dict[str, Event]]:
    """Reads the `data` of a stored event of one type and leaves the rest of the envelope alone: it was
    validated on the way in, and the log keeps what readers need of it in columns. Raises ValidationError."""
    make: Any = TypedDict
    stored = make("stored", {"data": TYPES[name]})
    stored.__pydantic_config__ = ConfigDict(extra="ignore")
    return TypeAdapter(stored).validator.validate_json


@cache
def wire_adapter() -> TypeAdapter[Envelope]:
    """The validator of everything a device may send: one pass, the type picks the model."""
    members = [_envelope_of(cls) for cls in TYPES.values() if cls.ROLE is Role.DEVICE]
    union: Any = members[0]
    for member in members[1:]:
        union = union | member
    return TypeAdapter(Annotated[union, Field(discriminator="type")])
