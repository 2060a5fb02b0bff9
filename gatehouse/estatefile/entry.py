"""What all entries of an estate file are made of: the base that refuses unknown fields, ids, names, hours."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, StringConstraints

from eventlog.vocabulary.base import Words
from eventlog.vocabulary.registry import Clock
from eventlog.vocabulary.registry import Hours as HoursPart

Id = Annotated[str, StringConstraints(pattern=r"^[\w-]{1,64}$")]
"""Ids become parts of MQTT topics and of user names: letters, digits, `_` and `-`."""
PlateText = Annotated[str, StringConstraints(min_length=1, max_length=32)]


class Entry(BaseModel):
    """An entry of the file."""

    model_config = ConfigDict(frozen=True, extra="forbid", coerce_numbers_to_str=True)


def _both_languages(value: Any) -> Any:
    return {"zh": value, "en": value} if isinstance(value, str) else value


def _hours(value: Any) -> Any:
    if isinstance(value, str) and "-" in value:
        start, _, end = value.partition("-")
        return {"start": start.strip(), "end": end.strip()}
    return value


def as_field(name: str) -> BeforeValidator:
    """A plain text where an entry with one needed field may stand."""
    return BeforeValidator(lambda value: value if isinstance(value, dict) else {name: value})


class BothLanguages(Entry):
    """A name in Chinese and English; a plain text counts for both."""

    zh: str
    en: str


class HoursEntry(Entry):
    """From `start` to `end` on the estate's clock, over midnight too; `22:00-06:00` for short."""

    start: Clock
    end: Clock

    def __str__(self) -> str:
        return f"{self.start}-{self.end}"


NameEntry = Annotated[BothLanguages, BeforeValidator(_both_languages)]
Hours = Annotated[HoursEntry, BeforeValidator(_hours)]


def both(name: BothLanguages | None, entry_id: str) -> Words:
    """A name as the events have it; the id where none is given."""
    return Words(zh=name.zh, en=name.en) if name else Words(zh=entry_id, en=entry_id)


def maybe(name: BothLanguages | None) -> Words | None:
    """A name as the events have it, where one is given."""
    return Words(zh=name.zh, en=name.en) if name else None


def hours_of(hours: HoursEntry) -> HoursPart:
    """Hours as the events have them."""
    return HoursPart(start=hours.start, end=hours.end)
