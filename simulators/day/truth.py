"""What the parts of a simulated day hand to each other: what a perfect sensor reports, the label of an
incident, what reaches the broker. No logic.
"""

from __future__ import annotations

from dataclasses import dataclass

from eventlog.vocabulary import Event


@dataclass(frozen=True, slots=True)
class Emission:
    """What a perfect sensor reports, at the moment it happens (µs since 1970). `device.online` and
    `device.offline` stand for the device's status topic; a member's phone has the member's id and family
    `patrol`."""

    at_us: int
    device: str
    family: str
    event: Event


@dataclass(frozen=True, slots=True)
class Label:
    """One incident (harmless False) or its harmless double (True).

    `kind` is the rule that should find it, `zone` and `place` (door, lane, segment, device or zone) where it
    is, `at_us` the moment from which a perfect observer could know.
    """

    kind: str
    zone: str
    place: str
    at_us: int
    harmless: bool
    story: str


@dataclass(frozen=True, slots=True)
class Sent:
    """An event as it reaches the broker: `at_us` by the device's clock, `received_us` by ours."""

    at_us: int
    received_us: int
    device: str
    family: str
    event: Event
    seq: int
    replay: bool
