"""Which MQTT session takes which estate's messages, and how many sessions are a process's fair share. Pure.

With one shard, one session reads everything. With several, each reads the topics of its own estates, and a
further one, the strays', those that belong to no shard yet (docs/decisions/ingest-is-shared-by-estate.md).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import NamedTuple

from eventlog import topics

SUBSCRIPTIONS = (
    "estates/+/+/+/events",
    "estates/+/+/+/status",
    "estates/+/patrol/+/members/+/events",
    "estates/+/time",
    "vendors/#",
)
"""Every topic that devices and phones publish on."""

ALONE = "gatehouse-ingest"
"""The session that takes everything."""
_STRAYS = f"{ALONE}-strays"
_MARKS = "gatehouse/ingest"


def shard_of(estate: str, shards: int) -> int:
    """The shard of an estate, from 0; the same on every machine and for ever."""
    return int.from_bytes(blake2b(estate.encode(), digest_size=8).digest(), "big") % shards


def filters_of(estate: str) -> tuple[str, ...]:
    """The topic filters of one estate."""
    return (
        topics.device_events(estate, "+", "+"),
        topics.device_status(estate, "+", "+"),
        topics.member_events(estate, "+", "+"),
        topics.time(estate),
        topics.vendor("+", estate, "+"),
    )


def estate_of(topic: str) -> str:
    """The estate in a topic, whatever else is in it; empty where there is none."""
    parts = topic.split("/", 3)
    place = {"estates": 1, "vendors": 2}.get(parts[0], len(parts))
    return parts[place] if place < len(parts) else ""


def mark_of(estate: str) -> str:
    """The topic on which a shard says that its session reads an estate's topics from here on."""
    return f"{_MARKS}/read/{estate}"


def marked(topic: str) -> str | None:
    """The estate of a mark; None for any other topic."""
    return topic[len(_MARKS) + 6 :] if topic.startswith(f"{_MARKS}/read/") else None


def drained_mark(token: str) -> str:
    """The topic of a message behind which nothing follows in a session that is given up."""
    return f"{_MARKS}/drained/{token}"


@dataclass(frozen=True, slots=True)
class Unit:
    """One MQTT session and what it takes. `shard` is None where it takes everything or the strays."""

    session: str
    shard: int | None = None
    shards: int = 1

    @property
    def strays(self) -> bool:
        """Whether it takes what belongs to no shard."""
        return self.session == _STRAYS

    def takes(self, estate: str) -> bool:
        """Whether an estate is this shard's; always so where there is one session for all."""
        return self.shard is None or shard_of(estate, self.shards) == self.shard

    def filters(self, estates: Iterable[str]) -> list[str]:
        """What its session subscribes to, where these estates are known."""
        if self.strays:
            return [*SUBSCRIPTIONS, mark_of("+")]
        if self.shard is None:
            return list(SUBSCRIPTIONS)
        return [name for estate in sorted(estates) if self.takes(estate) for name in filters_of(estate)]

    @classmethod
    def of(cls, session: str) -> Unit:
        """The unit of a session's name. Raises ValueError for a name that is none of ours."""
        if session in (ALONE, _STRAYS):
            return cls(session)
        number, _, shards = session.removeprefix(f"{ALONE}-").partition("-of-")
        return cls(session, int(number) - 1, int(shards))


def units_of(shards: int, *, strays: bool) -> tuple[Unit, ...]:
    """The sessions of a system with so many shards."""
    if shards == 1:
        return (Unit(ALONE),)
    own = [Unit(f"{ALONE}-{shard + 1}-of-{shards}", shard, shards) for shard in range(shards)]
    return (*own, *([Unit(_STRAYS)] if strays else []))


class Share(NamedTuple):
    """How many units a process may hold: at most `most`, and gladly `least`."""

    least: int
    most: int
    keeps_most: bool
    """Whether it may stay at `most` while another process has less than `least`."""


def share_of(units: int, members: Sequence[str], me: str) -> Share:
    """The fair share of one of the processes that live, all of which are named."""
    least, over = divmod(units, max(1, len(members)))
    return Share(least, least + (over > 0), sorted(members).index(me) < over)
