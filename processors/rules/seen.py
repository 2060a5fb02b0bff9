"""What the rules about a camera's own findings share: when one that is unsure counts. Pure.

A finding at `sure_confidence` or above counts at once, one below it when another comes within `twice_s`.
"""

from __future__ import annotations

from typing import Any, ClassVar, cast

from pydantic import Field

from eventlog.estate import Estate
from eventlog.ports import Recorded
from eventlog.vocabulary import CameraFall, Severity
from processors.rules.base import (
    Evidence,
    Raise,
    Rule,
    RuleSettings,
    Seconds,
    Step,
    evidence_of,
    value,
)
from processors.rules.titles import title, zone_name

UNSURE_MAX = 8
"""Unsure findings of one place kept at once."""
DISORDER_US = 10_000_000
"""Events come out of order by less than this."""


@value
class Glance:
    """A finding that alone is not enough; `by` is what was seen by whom, where only the same confirms it."""

    at_us: int
    event: Evidence
    by: str = ""


@value
class Seen:
    """The last unsure findings in a place, and when it was last told of."""

    unsure: tuple[Glance, ...] = ()
    told_us: int | None = None


class SeenSettings(RuleSettings):
    sure_confidence: float = Field(0.6, ge=0, le=1, description="from this confidence on, once is enough")
    twice_s: Seconds = Field(10, description="below it, two within this time count, seconds")
    again_s: Seconds = Field(60, description="while it goes on, told again this often at most, seconds")


def zone_of(event: Recorded, estate: Estate) -> str:
    """The zone that a camera's finding names, else the camera's own."""
    named = cast(CameraFall, event.event).zone
    return named or estate.device_zone(event.device)


def confirmed(
    unsure: tuple[Glance, ...], event: Recorded, confidence: float, limits: Any, by: str = ""
) -> tuple[tuple[Evidence, ...], tuple[Glance, ...]]:
    """The evidence of a finding that counts (none when it doesn't yet), and the unsure ones to keep."""
    seen = evidence_of(event)
    if confidence >= limits.sure_confidence:
        return (seen,), unsure
    at_us = event.effective_us
    beside = [each for each in unsure if each.by == by and abs(each.at_us - at_us) <= limits.twice_us]
    kept = (*unsure[1 - UNSURE_MAX :], Glance(at_us, seen, by))
    return ((beside[-1].event, seen) if beside else ()), kept


class SeenTwice(Rule[Seen]):
    """The base of rules that tell what a camera says. One key a zone."""

    Settings = SeenSettings
    State = Seen
    severity: ClassVar[Severity]

    def keys(self, event: Recorded, estate: Estate) -> tuple[str, ...]:
        return (zone_of(event, estate),)

    def on_event(self, key: str, state: Seen, event: Recorded, estate: Estate) -> Step[Seen] | None:
        limits = self.limits(key)
        at_us = event.effective_us
        confidence = cast(CameraFall, event.event).confidence
        found, unsure = confirmed(state.unsure, event, confidence, limits)
        forget_us = at_us + max(limits.twice_us, limits.again_us) + DISORDER_US
        if not found:
            return Step(Seen(unsure, state.told_us), forget_us=forget_us)
        if state.told_us is not None and abs(at_us - state.told_us) < limits.again_us:
            return Step(Seen(unsure, state.told_us), forget_us=forget_us)
        signal = Raise(
            key=key,
            zone=key,
            severity=self.severity,
            title=title(f"{self.name}.title", zone=zone_name(estate, key)),
            at_us=at_us,
            devices=(event.device,),
            evidence=found,
        )
        return Step(Seen(unsure, at_us), (signal,), forget_us=forget_us)
